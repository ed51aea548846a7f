"""Keeping the keys: rows whose content changed since their keys were read are read again, in parts.

What changed is told by content: the row's payload hash (which also changes with what a record reads), whether it is
gone, and whose it is; compared in the database with what was noted. Nobody has to tell, so nothing is missed, and a run
that is stopped goes on where it was.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from django.db import transaction
from django.db.models import BooleanField, Case, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from backoffice.sync.sql import Table
from customers.identity import lock
from customers.identity.sources import SOURCES, Kind, Source
from customers.models.identity import ChangedKey, IdentityKey, IdentityRecord

CHUNK = 2000
KEY = ("source", "source_id", "resource", "record_id", "remote_id", "kind", "value", "value_hash")
"""The columns of a key, as they are inserted."""
Held = tuple[int, int, str, str]
"""A key as it is compared: source_id, record_id, kind, value."""


def refresh(sources: Iterable[Source] | None = None) -> int:
    """Read the keys of all rows that changed; how many rows that were. Safe to repeat, and to stop at any time."""
    return sum(_refresh(source, stale(source)) for source in sources or list(SOURCES.values()))


def refresh_row(resource: str, pk: int) -> None:
    """Read the keys of one row again, if it changed; nobody waits for the next round of all."""
    source = SOURCES[resource]
    _refresh(source, stale(source).filter(pk=pk))


def rebuild() -> int:
    """Read the keys of all rows, as after a change of how values are spelt; how many rows."""
    return sum(_refresh(source, _states(source)) for source in list(SOURCES.values()))


def _states(source: Source) -> QuerySet[Any]:
    """The rows that matter, with their state: ``is_gone`` and ``holder``."""
    holder = f"{source.owner}_id" if source.owner else "pk"
    gone = Case(When(source.gone, then=Value(True)), default=Value(False), output_field=BooleanField())
    rows = source.model._default_manager.annotate(is_gone=gone, holder=Coalesce(F(holder), 0))
    known = IdentityRecord.objects.filter(source=source.resource, record_id=OuterRef("pk"))
    return rows.filter(Q(is_gone=False) | Exists(known))  # what was gone before it was met has no keys to lose


def stale(source: Source) -> QuerySet[Any]:
    """The rows whose keys are not those of their state."""
    same = IdentityRecord.objects.filter(
        source=source.resource,
        record_id=OuterRef("pk"),
        payload_hash=OuterRef("payload_hash"),
        is_gone=OuterRef("is_gone"),
        holder_id=OuterRef("holder"),
    )
    return _states(source).filter(~Exists(same))


def _refresh(source: Source, rows: QuerySet[Any]) -> int:
    columns = ("remote_id", "payload_hash", *source.columns)
    if source.owner:
        columns = (*columns, f"{source.owner}__remote_id")
        rows = rows.select_related(source.owner)
    rows = rows.order_by("pk").only(*columns)
    if not rows.exists():  # as in most minutes: nobody is kept waiting
        return 0
    count, last, is_more = 0, 0, True
    while is_more:
        with transaction.atomic():
            lock.take()
            taken = list(rows.filter(pk__gt=last)[:CHUNK])
            if taken:
                _take(source, taken)
        is_more = len(taken) == CHUNK
        count, last = count + len(taken), taken[-1].pk if taken else last
    return count


def _take(source: Source, rows: Sequence[Any]) -> None:
    """Make the keys of these rows what they should be, and note what that touches."""
    held = {
        (source_id, record_id, kind, value): pk
        for pk, source_id, record_id, kind, value in IdentityKey.objects.filter(
            source=source.resource, source_id__in=[row.pk for row in rows]
        ).values_list("pk", "source_id", "record_id", "kind", "value")
    }
    wanted: dict[Held, str] = {}
    for row in rows:
        if not row.is_gone:
            remote_id = getattr(row, source.owner).remote_id if source.owner else row.remote_id
            wanted |= {(row.pk, row.holder, kind, value): remote_id for kind, value in source.keys(row)}
    lost, won = held.keys() - wanted.keys(), wanted.keys() - held.keys()
    IdentityKey.objects.filter(pk__in=[held[key] for key in lost]).delete()
    Table(IdentityKey).insert(KEY, [_key(source, key, wanted[key]) for key in won])
    _note(source, rows)
    changed = {(kind, value) for _, _, kind, value in lost | won if kind != Kind.NAME}
    ChangedKey.objects.bulk_create(
        [ChangedKey(kind=kind, value=value) for kind, value in changed], ignore_conflicts=True
    )
    touched = {record_id for _, record_id, _, _ in lost | won}
    IdentityRecord.objects.filter(source=source.holder, record_id__in=touched).update(is_touched=True)


def _key(source: Source, key: Held, remote_id: str) -> tuple[Any, ...]:
    """The values of ``KEY``."""
    source_id, record_id, kind, value = key
    return source.resource, source_id, source.holder, record_id, remote_id, kind, value, _hash(kind, value)


def _hash(kind: str, value: str) -> int:
    """48 bits: the sum of as many as a record can have fits into the database's whole numbers."""
    return int.from_bytes(blake2b(f"{kind}\n{value}".encode(), digest_size=6).digest(), "big")


def _note(source: Source, rows: Sequence[Any]) -> None:
    """Note the state that the keys are of now."""
    IdentityRecord.objects.bulk_create(
        [
            IdentityRecord(
                source=source.resource, record_id=row.pk, holder_id=row.holder,
                payload_hash=bytes(row.payload_hash), is_gone=row.is_gone,
            )
            for row in rows
        ],
        update_conflicts=True, unique_fields=["source", "record_id"],
        update_fields=["holder_id", "payload_hash", "is_gone"],
    )  # fmt: skip
