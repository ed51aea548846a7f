"""Taking pages into the mirror: what is new is inserted, what changed is updated, what is equal is left alone.

All of it runs inside the caller's transaction. Rows are compared by a digest of their bytes; only those that differ
are decoded. A row that cannot be taken is rejected by itself.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from hashlib import blake2b
from typing import Annotated, Any

import msgspec
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from backoffice import upstreams
from backoffice.errors import RemoteContractError
from backoffice.records import REPLACEMENT, Record, RecordError, read_members
from backoffice.sync import details, rejected
from backoffice.sync.changes import Cause, Change, Changes, is_same
from backoffice.sync.drift import DriftCount
from backoffice.sync.resource import Batch, Resource
from backoffice.sync.sql import Table
from backoffice.sync.tally import Met, Tally

MAX_ID_CHARS = 255
CHUNK = 2000
_REPLACEMENT_BYTES = REPLACEMENT.encode()


class Incoming(msgspec.Struct, frozen=True, gc=False):
    """One row on its way in. A struct, as there is one for every row of every sweep."""

    remote_id: str
    body: bytes
    digest: str  # hex
    sent_at: datetime
    owner: str


class Prepared(msgspec.Struct, frozen=True, gc=False):
    """A row that was decoded and checked: the values of all columns, ready for a statement."""

    row: Incoming
    values: tuple[Any, ...]


Refused = tuple[Incoming, str]
"""A row that cannot be taken, and why."""


class Store:
    """The mirror table of one resource."""

    def __init__(self, resource: Resource, cause: Cause, *, is_dry: bool = False) -> None:
        self.resource = resource
        self._run = cause.run
        self._is_dry = is_dry
        self._table = Table(resource.model)
        self._changes = Changes(resource.name, cause)
        self._drift = DriftCount(resource)
        self._record: type[Record] = resource.record
        self._salt = resource.record.fingerprint()
        remote_id = Annotated[str, msgspec.Meta(min_length=1, max_length=MAX_ID_CHARS)]
        key: Any = msgspec.defstruct("Key", [("key", remote_id | None)], rename={"key": resource.key})
        self._key = msgspec.json.Decoder(key)
        self._references = resource.model.references
        self._names: tuple[str, ...] = ()
        self._open_rejections = rejected.open_ids(resource.name)
        self._is_owned = False
        self._unkept: dict[str, RemoteContractError] = {}

    def take(self, batches: Sequence[Batch], met: Met, tally: Tally) -> Tally:
        """Store the rows of ``batches``; the tally with them added. Call it inside a transaction."""
        if not (self._is_dry or self._is_owned):
            upstreams.own(self.resource.upstream)
            self._is_owned = True
        rows: list[Batch] = []
        for batch in batches:
            row, equal = details.as_rows(self.resource, batch) if batch.is_detail else (batch, {})
            rows.append(row)
            unchanged = met.first_times(equal.values())
            tally = tally.plus(fetched=unchanged, unchanged=unchanged)
            self._resolve(equal)
        for group in _groups(rows):
            incoming, tally = self._readable(group, met, tally)
            tally = self._take_group(incoming, met, tally)
        if not self._is_dry:
            self._unkept |= details.keep(self.resource, [batch for batch in batches if batch.is_detail])
            self._drift.keep()
        return tally

    def unkept(self) -> dict[str, RemoteContractError]:
        """Why single reads were not kept since the last time this was asked, by remote id; their rows may have been."""
        told, self._unkept = self._unkept, {}
        return told

    def is_rejected(self, remote_id: str) -> bool:
        """Whether the last that came of it could not be taken, and that is written down."""
        return remote_id in self._open_rejections

    def digest(self, body: bytes) -> str:
        """What tells one body from another: 16 bytes (hex) over it and over the record's definition."""
        return blake2b(body, digest_size=16, person=self._salt).hexdigest()

    def rewrite(self, stored: QuerySet[Any], rows: Sequence[Incoming]) -> dict[str, int]:
        """Make ``rows`` the whole content of ``stored``, unless it is that already. Call it inside a transaction.

        Returns how many were updated (all, if the set changed), unchanged and failed; those that cannot be taken are
        rejected.
        """
        prepared, refused = self._prepare_all(rows)
        replaced = stored.exclude(remote_id__in=[row.remote_id for row, _ in refused])  # the rejected stay as they were
        wanted = {item.row.remote_id: item.row.digest for item in prepared}
        held = {key: bytes(digest).hex() for key, digest in replaced.values_list("remote_id", "payload_hash")}
        differs = wanted != held
        if differs and not self._is_dry:
            replaced.delete()
            refused += self._write(self._insert, prepared)
            self._drift.keep()
        self._drift.forget()  # of unchanged rows nothing is counted twice
        self._reject_all(refused)
        if not self._is_dry:
            self._drift.keep()
        return {"failed": len(refused), "updated" if differs else "unchanged": len(rows) - len(refused)}

    # -- reading the rows ---------------------------------------------------------------------------------------------

    def _readable(self, group: list[Batch], met: Met, tally: Tally) -> tuple[dict[str, Incoming], Tally]:
        """Rows by remote id, where one came twice the later one; those without a usable id are rejected."""
        incoming: dict[str, Incoming] = {}
        withheld = self.resource.withheld()
        decode, salt, secrets = self._key.decode, self._salt, self._record.secrets
        nameless = 0
        for batch in group:
            sent_at, owner = batch.sent_at, batch.owner
            for body in map(self._record.storable, batch.rows) if secrets else batch.rows:
                try:
                    remote_id = decode(body).key
                    if remote_id is None and self.resource.keyless_is_normal:
                        met.keyless.append((body, sent_at))
                        continue
                    if remote_id is None or REPLACEMENT in remote_id:
                        raise RecordError("it is null or holds characters that cannot be kept")
                except (msgspec.MsgspecError, ValueError, RecursionError) as error:
                    nameless += met.first_time_nameless()
                    self._reject("", owner, body, f"no usable id: {error}")
                    continue
                if remote_id in withheld:
                    body = self.resource.reduced(body)
                digest = blake2b(body, digest_size=16, person=salt).hexdigest()
                incoming[remote_id] = Incoming(remote_id, body, digest, sent_at, owner)
        return incoming, tally.plus(fetched=nameless, failed=nameless)

    def _take_group(self, incoming: dict[str, Incoming], met: Met, tally: Tally) -> Tally:
        stored = self._table.stored(list(incoming))
        new: list[Incoming] = []
        differing: dict[int, tuple[Incoming, bool]] = {}
        equal: list[int] = []
        for remote_id, row in incoming.items():
            known = stored.get(remote_id)
            if known is None:
                new.append(row)
            elif known[1] == row.digest and not known[2]:
                equal.append(known[0])
            else:
                differing[known[0]] = row, known[2]
        unchanged = met.first_times(equal)
        tally = tally.plus(fetched=unchanged, unchanged=unchanged)
        if self._open_rejections:
            self._resolve(
                incoming.keys() - {row.remote_id for row in new} - {row.remote_id for row, _ in differing.values()}
            )
        if differing:
            tally = self._update_changed(differing, met, tally)
        if new:
            tally = self._insert_new(new, met, tally)
        return tally

    # -- new rows -----------------------------------------------------------------------------------------------------

    def _insert_new(self, rows: list[Incoming], met: Met, tally: Tally) -> Tally:
        prepared, refused = self._prepare_all(rows)
        if self._is_dry:
            created = sum(met.first_time_unstored(item.row.remote_id) for item in prepared)
        else:
            refused += self._write(self._insert, prepared)
            unwanted = {row.remote_id for row, _ in refused}
            taken = [item.row.remote_id for item in prepared if item.row.remote_id not in unwanted]
            created = met.first_times(self._table.primary_keys(taken))
            self._resolve(taken)
        failed = sum(met.first_time_unstored(row.remote_id) for row, _ in refused)
        self._reject_all(refused)
        return tally.plus(fetched=created + failed, created=created, failed=failed)

    def _insert(self, items: Sequence[Prepared]) -> None:
        self._table.insert(self._names, [item.values for item in items])

    def _write(self, write: Callable[[Sequence[Prepared]], None], items: Sequence[Prepared]) -> list[Refused]:
        """Write all at once; where the database refuses, in halves, until it has named the rows it means."""
        if not items:
            return []
        try:
            with transaction.atomic():
                write(items)
            return []
        except OperationalError:
            raise  # the database is in trouble, not a row
        except (DatabaseError, ValueError, OverflowError) as error:
            if len(items) > 1:
                half = len(items) // 2
                return self._write(write, items[:half]) + self._write(write, items[half:])
            row = items[0].row
            if isinstance(error, IntegrityError) and self._table.stored([row.remote_id]):
                return []  # somebody fetched it by id meanwhile
            return [(row, f"the database refuses it ({type(error).__name__})")]

    # -- rows that differ ---------------------------------------------------------------------------------------------

    def _update_changed(self, differing: dict[int, tuple[Incoming, bool]], met: Met, tally: Tally) -> Tally:
        before = {
            pk: (payload, synced_at)
            for pk, payload, synced_at in self.resource.model._default_manager.filter(pk__in=list(differing))
            .select_for_update(no_key=True)  # rows that refer to these can go on being written
            .order_by("pk")  # as whoever else locks several of them
            .values_list("pk", "payload", "synced_at")
        }
        pk_of = {row.remote_id: pk for pk, (row, _) in differing.items()}
        now = timezone.now()
        stale = {pk for pk, (row, _) in differing.items() if row.sent_at < before[pk][1] <= now}  # not: clock set back
        prepared, refused = self._prepare_all([row for pk, (row, _) in differing.items() if pk not in stale])
        members = {item.row.remote_id: read_members(item.row.body) for item in prepared}
        same: set[int] = set()  # other bytes, or another record definition, but the same content: nobody is told
        for item in prepared:
            pk = pk_of[item.row.remote_id]
            if is_same(before[pk][0], members[item.row.remote_id]) and not differing[pk][1]:
                same.add(pk)

        def update(items: Sequence[Prepared]) -> None:
            rows = [(item, pk_of[item.row.remote_id]) for item in items]
            self._table.update(
                self._names,
                [(*(self._with_time(item, before[pk][1]) if pk in same else item.values), pk) for item, pk in rows],
            )

        if not self._is_dry:
            refused += self._write(update, prepared)
        unwanted = {row.remote_id for row, _ in refused}
        counts: dict[str, int] = defaultdict(int)
        for pk in stale:
            counts["unchanged"] += met.first_times([pk])
        for remote_id in unwanted:
            counts["failed"] += met.first_times([pk_of[remote_id]])
        lost = stale | {pk_of[remote_id] for remote_id in unwanted}
        for pk, (_, has_vanished) in differing.items():
            met.note_vanished(pk, is_still=has_vanished and (self._is_dry or pk in lost))
        changes: list[Change] = []
        for item in prepared:
            pk = pk_of[item.row.remote_id]
            if item.row.remote_id in unwanted:
                continue
            counts["unchanged" if pk in same else "updated"] += met.first_times([pk])
            if pk not in same:
                remote_id = item.row.remote_id
                changes += self._changes.between(remote_id, before[pk][0], members[remote_id], differing[pk][1])
        self._resolve(pk_of.keys() - unwanted)
        self._reject_all(refused)
        if changes and not self._is_dry:
            self._changes.keep(changes)
        return tally.plus(fetched=sum(counts.values()), **counts)

    def _with_time(self, item: Prepared, synced_at: datetime) -> Sequence[Any]:
        """The row's values, but with the time of the body that is stored."""
        values = list(item.values)
        values[self._names.index("synced_at")] = self._table.time(synced_at)
        return values

    # -- decoding -----------------------------------------------------------------------------------------------------

    def _prepare_all(self, rows: Sequence[Incoming]) -> tuple[list[Prepared], list[Refused]]:
        prepared: list[Prepared] = []
        refused: list[Refused] = []
        for row in rows:
            try:
                prepared.append(self._prepare(row))
            except RecordError as error:
                refused.append((row, str(error)))
            except (ValueError, OverflowError) as error:  # a time that no calendar has
                refused.append((row, f"a value is out of range: {error}"))
        return (self._referring(prepared) if self._references and prepared else prepared), refused

    def _prepare(self, row: Incoming) -> Prepared:
        record = self._record.read(row.body)
        # Read and dropped at once: kept for all the rows of a commit, the members cost more than all else here.
        self._drift.note(row.remote_id, read_members(row.body), record)
        values = {
            "remote_id": row.remote_id,
            "payload": row.body,
            "payload_hash": bytes.fromhex(row.digest),
            "synced_at": row.sent_at,
            "vanished_at": None,
            "text_cleaned": _REPLACEMENT_BYTES in row.body,
            **self.resource.model.values_from(record),
            **dict.fromkeys(self._references),
        }
        if not self._names:
            self._names = tuple(values)
            self._converters = self._converters_for(self._names)
        parameters = list(values.values())
        for index, convert in self._converters:
            if parameters[index] is not None:
                parameters[index] = convert(parameters[index])
        return Prepared(row, tuple(parameters))

    def _converters_for(self, names: Sequence[str]) -> list[tuple[int, Callable[[Any], Any]]]:
        """By position, for those columns whose values have to be converted."""
        converters = [(index, self._table.converter(name)) for index, name in enumerate(names)]
        sent_at = names.index("synced_at")  # one and the same for all rows of a page
        return [
            (index, lru_cache(maxsize=16)(convert) if index == sent_at else convert)
            for index, convert in converters
            if convert is not None
        ]

    def _referring(self, prepared: list[Prepared]) -> list[Prepared]:
        """The same rows, related to those targets that are here."""
        for name in self._references:
            source, target = self._names.index(self.resource.model.reference_column(name)), self._names.index(name)
            wanted = {item.values[source] for item in prepared if item.values[source]}
            targets = self.resource.model.target_of(name)._default_manager.filter(remote_id__in=wanted)
            pks = dict(targets.values_list("remote_id", "pk"))
            prepared = [
                Prepared(item.row, (*item.values[:target], pks.get(item.values[source]), *item.values[target + 1 :]))
                for item in prepared
            ]
        return prepared

    # -- what is told beside the rows ---------------------------------------------------------------------------------

    def _reject_all(self, refused: Iterable[Refused]) -> None:
        for row, reason in refused:
            self._reject(row.remote_id, row.owner, row.body, reason)

    def _reject(self, remote_id: str, owner: str, body: bytes, reason: str) -> None:
        if not self._is_dry:
            self._drift.note_rejected(remote_id, body)
            rejected.keep(self.resource.name, self._run, remote_id, owner, body, reason)
            self._open_rejections.add(remote_id)

    def _resolve(self, remote_ids: Iterable[str]) -> None:
        healed = self._open_rejections.intersection(remote_ids) if self._open_rejections else set()
        if healed and not self._is_dry:
            rejected.resolve(self.resource.name, healed)
            self._open_rejections -= healed


def digest_of(record: type[Record], body: bytes) -> str:
    """The same as ``Store.digest``, for whoever writes a row by itself."""
    return blake2b(body, digest_size=16, person=record.fingerprint()).hexdigest()


def _groups(batches: Iterable[Batch]) -> Iterator[list[Batch]]:
    """Batches in groups of up to ``CHUNK`` rows, each compared with one query; a larger batch is split."""
    group: list[Batch] = []
    room = CHUNK
    for batch in batches:
        for start in range(0, len(batch.rows), CHUNK):
            part = batch if len(batch.rows) <= CHUNK else replace(batch, rows=batch.rows[start : start + CHUNK])
            if len(part.rows) > room:
                yield group
                group, room = [], CHUNK
            group.append(part)
            room -= len(part.rows)
    if group:
        yield group
