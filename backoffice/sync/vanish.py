"""When a row may be called gone: a complete sweep did not meet it *and* a second look does not find it."""

from array import array
from collections.abc import Iterable, Iterator
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from backoffice.errors import RemoteError, RemoteNotFound, RemoteUnsupported
from backoffice.models import SyncRun
from backoffice.sync.ahead import in_order
from backoffice.sync.changes import Cause, Changes
from backoffice.sync.resource import Batch, Resource
from backoffice.sync.seen import SeenRows
from backoffice.sync.tally import Met

BRAKE_ROWS = 20
BRAKE_SHARE = 0.10
IN_FLIGHT = 4
CHUNK = 500


class Sweep(Protocol):
    """What settling needs of the sweep in hand (engine.py)."""

    run: SyncRun
    resource: Resource
    api: Any
    met: Met

    def ahead(self, stream: Iterable[Any]) -> Iterator[Any]: ...
    def read_all(self, checkpoint: dict[str, Any] | None = None) -> None: ...
    def take(self, batch: Batch) -> None: ...
    def count(self, **counts: int) -> None: ...
    def miss(self, error: RemoteError) -> None: ...


def candidates(resource: Resource, met: Met, since: datetime | None) -> "array[int]":
    """Primary keys of living rows that the sweep begun at ``since`` has not met, in order."""
    living = resource.sweepable()
    found = array("q")
    if living.count() == met.swept_living:
        return found
    absent = resource.may_vanish(living).filter(_not_touched(since)).order_by("pk")
    for pk in absent.values_list("pk", flat=True).iterator(chunk_size=10_000):
        if pk not in met.swept:
            found.append(pk)
    return found


def _not_touched(since: datetime | None) -> Q:
    """Rows that nothing has brought a body for since; nor, as it seems, in the future: our clock was ahead once."""
    return Q(synced_at__lt=since) | Q(synced_at__gt=timezone.now())


def is_held(resource: Resource, count: int, accepted: SyncRun | None) -> bool:
    """Whether so many rows would vanish that a person has to say yes first: over 20 and over 10 %."""
    if count <= BRAKE_ROWS or count <= BRAKE_SHARE * resource.sweepable().count():
        return False
    return accepted is None or count > accepted.held


def settle(sweep: Sweep, pks: "array[int]") -> None:
    """Look a second time for every candidate and mark those that are gone.

    Each is read by its id; where the remote has no such read, or says that it cannot do it, the whole list is read a
    second time. A look that fails proves nothing; one after which no other would do better raises its RemoteError.
    """
    left = _settle_by_reading(sweep, pks) if sweep.resource.can_read else pks
    if left:
        _settle_by_sweeping(sweep, left)


def _settle_by_sweeping(sweep: Sweep, pks: "array[int]") -> None:
    first, sweep.met.swept = sweep.met.swept, SeenRows()
    sweep.read_all()
    second, sweep.met.swept = sweep.met.swept, first
    if not sweep.met.unreadable_ids:
        _mark(sweep, [pk for pk in pks if pk not in second])


def _settle_by_reading(sweep: Sweep, pks: "array[int]") -> "array[int]":
    """Those that are left, as the remote says that it cannot read a single one."""
    left, refusals = array("q"), list[RemoteError]()
    for start in range(0, len(pks), CHUNK):
        rows = sweep.resource.model._default_manager.filter(pk__in=pks[start : start + CHUNK].tolist())
        gone: list[int] = []
        for pk, batch, error in sweep.ahead(_looks(sweep, dict(rows.values_list("pk", "remote_id")), refusals)):
            if isinstance(error, RemoteNotFound):
                gone.append(pk)
            elif isinstance(error, RemoteUnsupported):
                left.append(pk)
            elif error is not None:
                sweep.miss(error)
            else:
                sweep.take(batch)  # it is there after all: the list had only missed it
        _mark(sweep, gone)
    return left


def _looks(
    sweep: Sweep, ids: dict[int, str], refusals: list[RemoteError]
) -> Iterator[tuple[int, Batch | None, RemoteError | None]]:
    def look(pk: int, remote_id: str) -> tuple[int, Batch | None, RemoteError | None]:
        if refusals:  # it cannot read any: not asked again
            return pk, None, refusals[0]
        try:
            batch = sweep.resource.look(sweep.api, remote_id, sweep.run.checkpoint)
        except RemoteError as error:
            if error.is_for_all:
                raise
            if isinstance(error, RemoteUnsupported):
                refusals.append(error)
            return pk, None, error
        return pk, batch, None

    return in_order((partial(look, pk, remote_id) for pk, remote_id in ids.items()), IN_FLIGHT)


def _mark(sweep: Sweep, pks: list[int]) -> None:
    """Tombstones for rows that nothing newer than this sweep has touched."""
    now = timezone.now()
    with transaction.atomic():
        rows = sweep.resource.sweepable().filter(_not_touched(sweep.run.swept_from), pk__in=pks)
        gone = list(rows.values_list("pk", "remote_id"))
        if not sweep.run.is_dry:
            sweep.resource.model._default_manager.filter(pk__in=[pk for pk, _ in gone]).update(vanished_at=now)
            changes = Changes(sweep.resource.name, Cause(run=sweep.run))
            changes.keep(changes.vanishing(remote_id for _, remote_id in gone))
        sweep.count(vanished=len(gone))
