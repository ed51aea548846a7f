"""One run of one resource, from claim to end."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from time import monotonic
from typing import Any

import structlog
from django.db import DatabaseError, transaction
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import database, limits, upstreams
from backoffice.client import BACKGROUND
from backoffice.errors import BackofficeError, RemoteAuthFailed, RemoteError, RemoteRejected
from backoffice.models import SyncRun
from backoffice.sync import references, rejected, runs, vanish
from backoffice.sync.ahead import ahead
from backoffice.sync.changes import Cause
from backoffice.sync.resource import RESOURCES, Batch, Resource
from backoffice.sync.store import CHUNK, Store
from backoffice.sync.tally import Met, Tally
from backoffice.texts import Text, written

log = structlog.get_logger(__name__)

BATCHES_A_COMMIT = 20
ROWS_A_COMMIT = CHUNK  # locked and compared in one go
COMMIT_EVERY_S = 1.0
HEARTBEAT_EVERY_S = 5.0
LOOKS_A_STREAM = 500
ASK_EVERY_S = 1.0  # whether somebody wants the run to stop: a process that is told to end has 15 s

Progress = Callable[[SyncRun], None]
StopSignal = Callable[[], bool]


@limits.everything()
def carry_out(
    run: SyncRun,
    *,
    should_stop: StopSignal = lambda: False,
    on_progress: Progress = lambda run: None,
    busy_wait_s: float = runs.BUSY_WAIT_S,
    is_trial: bool = False,
) -> SyncRun:
    """Carry out a queued run to one of its ends. Never raises for what a remote or the database does.

    Args:
        should_stop: asked about once a second; true ends the run as interrupted.
        on_progress: called after every commit.
        busy_wait_s: how long to wait for another run of the resource.
        is_trial: call the upstream even while it is paused after failures: a person asked, so one call may find out.

    A finished run, or one that another process carries out, is left alone. Whatever the end, committed pages stay.
    """

    def check_signal() -> None:
        if should_stop():
            raise runs.StopRequested(_("The process was asked to end; the next run goes on where it stopped."))

    try:
        if not runs.claim(run, check_signal, busy_wait_s):
            return run
    except runs.StopRequested as stop:
        runs.request_stop(run)
        run.refresh_from_db()
        log.info("run stopped before it began", run=run.pk, reason=str(stop))
        return run
    except DatabaseError as problem:
        run.state, run.error = SyncRun.State.FAILED, written(database.trouble(problem))
        log.error("the run could not begin; it stays queued", run=run.pk, error=str(problem))
        return run
    with structlog.contextvars.bound_contextvars(run=run.pk, resource=run.resource):
        _carry_out_claimed(run, check_signal, on_progress, is_trial)
    return run


def _carry_out_claimed(run: SyncRun, check_signal: Callable[[], None], on_progress: Progress, is_trial: bool) -> None:
    resource = RESOURCES.get(run.resource)
    if resource is None:
        told = format_lazy(_("There is no resource {resource} any more."), resource=run.resource)
        return runs.finish(run, SyncRun.State.FAILED, told)
    sweep: Sweep | None = None
    error: Text
    try:
        if run.mode == SyncRun.Mode.HOT and not resource.has_hot_set:
            return runs.finish(run, SyncRun.State.SUCCEEDED)
        with resource.client(BACKGROUND) as api:
            if is_trial:
                api.breaker.paused_until = None
            sweep = Sweep(run, resource, api, check_signal, on_progress)
            state, error = sweep.carry_out()
        if state in {SyncRun.State.SUCCEEDED, SyncRun.State.PARTIAL} and not run.is_dry:
            upstreams.remember(resource.upstream)
    except runs.StopRequested as stop:
        state, error = SyncRun.State.INTERRUPTED, lazystr(stop)
    except KeyboardInterrupt:
        state, error = SyncRun.State.INTERRUPTED, _("Stopped by Ctrl-C; the next run goes on where it stopped.")
    except (RemoteError, BackofficeError) as problem:
        state, error = SyncRun.State.FAILED, lazystr(problem)
    except runs.RunLost:
        log.warning("run was declared dead while it lived; nothing more is written by it")
        return run.refresh_from_db()
    except DatabaseError as problem:
        state, error = SyncRun.State.FAILED, database.trouble(problem)
    except Exception as problem:
        told = format_lazy(_("A fault of ours ({kind}); the log says where."), kind=type(problem).__name__)
        runs.finish(run, SyncRun.State.FAILED, told)
        raise
    tally = asdict(sweep.tally) if sweep else {}
    seconds = sweep.seconds if sweep else 0.0
    try:
        runs.finish(run, state, error, seconds=seconds, **tally)
    except DatabaseError as problem:
        run.state, run.error = SyncRun.State.FAILED, written(error or database.trouble(problem))
        log.error("the run's end could not be written; the next run will find it silent", error=str(problem))
    log.info("run ended", state=run.state, error=run.error, seconds=round(seconds, 2), **tally)


class Sweep:
    """The reading, storing and settling of one claimed run."""

    def __init__(
        self,
        run: SyncRun,
        resource: Resource,
        api: Any,
        check_signal: Callable[[], None] = lambda: None,
        on_progress: Progress = lambda run: None,
    ) -> None:
        self.run = run
        self.resource = resource
        self.api = api
        self.store = Store(resource, Cause(run=run), is_dry=run.is_dry)
        self.met = Met()
        self.tally = Tally()
        self._check_signal = check_signal
        self._on_progress = on_progress
        self._unread = 0  # readings of single records, or of one record's own, that failed
        self._first_unread = ""
        self._rows = 0  # of the sweep in hand, each as often as it came
        self._stated: int | None = None  # how many the remote says there are
        self._has_slipped = False  # rows were seen to move while the list was read
        self._waiting: list[Batch] = []
        self._started = self._committed = self._beat = self._asked = monotonic()

    @property
    def seconds(self) -> float:
        """First request to last commit."""
        return self._committed - self._started

    def carry_out(self) -> tuple[str, Text]:
        """Resume if there is something to resume, sweep from page one, settle what is gone; state and error.

        A hot run reads the hot set only, and says nothing of what is gone.
        """
        if self.run.mode == SyncRun.Mode.HOT:
            self._begin_sweep()
            self._read_hot()
            return self._end(held=False)
        before = runs.to_resume(self.run)
        if before is not None:
            self._enter(SyncRun.Phase.RESUMING, resumes_id=before.pk)
            self._resume(before.checkpoint)
        self._begin_sweep()
        self.read_all()
        if self._may_have_slipped:
            self.read_all()
        self._store_keyless()
        if self._proves_absence and not self.run.is_dry and self.run.swept_from:
            rejected.settle_unmet(self.resource.name, self.run.swept_from)
        held = self._settle_absence()
        self._read_details()
        return self._end(held=held)

    def _begin_sweep(self) -> None:
        self._enter(SyncRun.Phase.SWEEPING, swept_from=timezone.now())
        self.met.begin_sweep()
        self._rows, self._stated, self._has_slipped = 0, None, False

    def _read_hot(self) -> None:
        """The hot set, and then those that were in it and are no longer: one by one, as something happened to them."""
        for stream in self.resource.hot_streams(self.api):
            self._take_all(stream)
        left = self.resource.hot().order_by("pk").values_list("pk", "remote_id")
        self._look_at([remote_id for pk, remote_id in left.iterator(chunk_size=10_000) if pk not in self.met.swept])

    def _read_details(self) -> None:
        """The single reads that a run owes after its sweep, where they tell more than the list's rows."""
        if self.run.is_dry or self.resource.detail is None:
            return
        due = self.resource.details_due(full=self.run.mode == SyncRun.Mode.FULL)
        ids = list(due.order_by("pk").values_list("remote_id", flat=True))
        if ids:
            self._enter(SyncRun.Phase.DETAILS)
        self._look_at(ids)

    def _look_at(self, remote_ids: list[str]) -> None:
        """Read objects one by one, in streams so that a stop is heard in time."""
        for start in range(0, len(remote_ids), LOOKS_A_STREAM):
            self._take_all(self.resource.looks(self.api, remote_ids[start : start + LOOKS_A_STREAM]))

    def _end(self, *, held: bool) -> tuple[str, Text]:
        if not self.run.is_dry:
            references.resolve(self.resource.model)
        self._committed = monotonic()
        if held:
            return SyncRun.State.PARTIAL, runs.HELD
        shortfalls = self._shortfalls()
        told = " ".join(map(written, shortfalls))
        return (SyncRun.State.PARTIAL, told) if told else (SyncRun.State.SUCCEEDED, "")

    def _resume(self, checkpoint: dict[str, Any] | None) -> None:
        try:
            self.read_all(checkpoint)
        except RemoteAuthFailed:
            raise
        except RemoteRejected as error:  # a cursor that the remote no longer knows: the fresh sweep will do
            log.info("checkpoint is no longer good", error=str(error))

    def read_all(self, checkpoint: dict[str, Any] | None = None) -> None:
        """Read and store everything from ``checkpoint`` on."""
        is_full = self.run.mode == SyncRun.Mode.FULL
        for stream in self.resource.streams(self.api, full=is_full, checkpoint=checkpoint):
            self._take_all(stream)

    def take(self, batch: Batch) -> None:
        """Store one batch at once."""
        self._waiting.append(batch)
        self._commit()

    def _take_all(self, stream: Iterable[Batch]) -> None:
        """Store what ``stream`` reads, several batches a commit. What was read before an error is stored first."""
        try:
            for batch in self.ahead(stream):
                self._waiting.append(batch)
                if self._is_due():
                    self._commit()
        except (RemoteError, runs.StopRequested):
            self._commit()
            raise
        self._commit()

    def ahead(self, stream: Iterable[Any]) -> Iterator[Any]:
        """Items of ``stream``, read on another thread, with the heartbeat kept up while waiting."""
        with closing(ahead(stream, self._keep_alive)) as items:
            for item in items:
                self._keep_alive()
                yield item

    def _is_due(self) -> bool:
        rows = sum(len(batch.rows) for batch in self._waiting)
        is_late = monotonic() - self._committed > COMMIT_EVERY_S
        return is_late or rows >= ROWS_A_COMMIT or len(self._waiting) >= BATCHES_A_COMMIT

    def _commit(self) -> None:
        """Rows and checkpoint in one transaction, no request inside it."""
        batches, self._waiting = self._waiting, []
        if not batches:
            return
        with transaction.atomic():
            tally = self.store.take(batches, self.met, self.tally)
            if not self.run.is_dry:
                self.resource.batches_stored(batches)
            progress = {} if self.run.is_dry else {"checkpoint": batches[-1].checkpoint}
            runs.keep_alive(self.run, **progress, **asdict(tally))
        self.tally = tally
        for batch in batches:
            self._rows += len(batch.rows)
            self._stated = self._stated if batch.stated is None else batch.stated
            self._has_slipped = self._has_slipped or batch.has_slipped
            if batch.error:
                self.miss(batch.error)
        for error in self.store.unkept().values():
            self.miss(error)
        self._committed = self._beat = monotonic()
        self._on_progress(self.run)

    def _keep_alive(self) -> None:
        self._check_signal()
        now = monotonic()
        if now - self._beat >= HEARTBEAT_EVERY_S:
            self._beat = now
            runs.keep_alive(self.run)
        if now - self._asked >= ASK_EVERY_S:
            self._asked = now
            runs.check_stop(self.run)

    def _enter(self, phase: str, **values: Any) -> None:
        runs.keep_alive(self.run, phase=phase, **values)
        runs.check_stop(self.run)

    def miss(self, error: RemoteError) -> None:
        """Remember that something could not be read, though the rest could."""
        self._unread += 1
        self._first_unread = self._first_unread or str(error)

    def _store_keyless(self) -> None:
        if self.resource.keyless_is_normal:
            with transaction.atomic():
                self.count(fetched=len(self.met.keyless), **self.resource.store_keyless(self.met.keyless, self.store))

    @property
    def _proves_absence(self) -> bool:
        """Whether what the sweep in hand did not meet may be gone: not if it ended before the count it was told."""
        return self.resource.proves_absence and not (self._stated is not None and self._rows < self._stated)

    @property
    def _may_have_slipped(self) -> bool:
        """Whether rows moved between pages while they were read: some came twice, and fewer came than there are."""
        if self._has_slipped:
            return True
        met = self.met.swept.count + len(self.met.unstored) + self.met.unreadable_ids
        return self._stated is not None and met < min(self._stated, self._rows)

    def _settle_absence(self) -> bool:
        """Mark what is proven gone; whether candidates are held back for a person."""
        if not self._proves_absence or self.met.unreadable_ids:
            return False
        self._enter(SyncRun.Phase.CONFIRMING)
        candidates = vanish.candidates(self.resource, self.met, self.run.swept_from)
        if vanish.is_held(self.resource, len(candidates), self.run.accepts):
            runs.keep_alive(self.run, held=len(candidates))
            return True
        vanish.settle(self, candidates)
        return False

    def count(self, **counts: int) -> None:
        """Add to the tally and show it."""
        self.tally = self.tally.plus(**counts)
        runs.keep_alive(self.run, **asdict(self.tally))

    def _shortfalls(self) -> list[Text]:
        told: list[Text] = []
        if self.tally.failed:
            some = _("{failed} of {fetched} records could not be taken; see rejected records.")
            told.append(format_lazy(some, failed=self.tally.failed, fetched=self.tally.fetched))
        if self._unread:
            some = _("{count} readings failed, the first with {error}.")
            told.append(format_lazy(some, count=self._unread, error=self._first_unread))
        return told
