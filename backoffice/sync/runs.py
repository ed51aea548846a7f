"""The life of a SyncRun: queued, claimed by one process, kept alive by its heartbeat, ended in one of four ways."""

import os
from collections.abc import Callable
from datetime import timedelta
from time import monotonic, sleep
from typing import Any

from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice import audit
from backoffice.models import AuditEntry, Notification, SyncRun
from backoffice.notify import tell
from backoffice.process import this_process
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number_lazy, written

BUSY_WAIT_S = 30.0
POLL_S = 0.5
BUSY = "busy"
HELD = "held"
_MODES: dict[str, Text] = {
    SyncRun.Mode.NORMAL: pgettext_lazy("how much a run reads", "normal"),
    SyncRun.Mode.HOT: pgettext_lazy("how much a run reads", "hot"),
    SyncRun.Mode.FULL: pgettext_lazy("how much a run reads", "full"),
}
_DOORS: dict[str, str] = {
    SyncRun.Trigger.PERSON: AuditEntry.Door.PAGE, SyncRun.Trigger.COMMAND: AuditEntry.Door.COMMAND,
}  # fmt: skip
_LOST = _("Its process ended without a word; the next run goes on where it stopped.")


class RunLost(Exception):
    """Another process has declared this run dead: whatever is not committed must not be."""


class StopRequested(Exception):
    """Somebody, or the end of the process, asked the run to stop. The text says who."""


def queue(
    resource: str,
    *,
    trigger: str,
    mode: str = SyncRun.Mode.NORMAL,
    is_dry: bool = False,
    user: User | None = None,
    after: SyncRun | None = None,
    accepts: SyncRun | None = None,
) -> SyncRun:
    """Write down that a resource is to be synced. A run that waits already and would do the same is joined."""
    wanted = {"resource": resource, "mode": mode, "is_dry": is_dry, "accepts": accepts}
    waiting = SyncRun.objects.filter(state=SyncRun.State.QUEUED, trigger=trigger, **wanted).first()
    with transaction.atomic():
        run = waiting or SyncRun.objects.create(**wanted, trigger=trigger, started_by=user, after=after)
        if door := _DOORS.get(trigger):
            note_run("sync_accept" if accepts else "sync", run, user, door)
    return run


def note_run(verb: str, run: SyncRun, user: User | None, door: str) -> None:
    """What somebody wanted of a run, in the audit. What runs want by themselves is not noted."""
    told: list[Text] = [
        _MODES.get(run.mode, run.mode),
        *([pgettext_lazy("of a run that writes nothing", "dry")] if run.is_dry else []),
        *([format_lazy(_("accepts #{run}"), run=run.accepts_id)] if run.accepts_id else []),
    ]
    known = RESOURCES.get(run.resource)
    audit.note(
        verb, user=user, door=door, kind="run", remote_id=str(run.pk), label=str(run),
        detail=", ".join(map(written, told)), upstream=known.upstream if known else "",
    )  # fmt: skip


def claim(run: SyncRun, check_stop: Callable[[], None] = lambda: None, wait_s: float = BUSY_WAIT_S) -> bool:
    """Make this process the one that carries out ``run``.

    Waits up to ``wait_s`` for another run of the same resource to end; still busy then, the run ends as failed with
    error ``busy``. False when there is nothing to carry out: busy, somebody else did, or this worker is told to end,
    and then the run stays queued for another one.
    """
    me = this_process()
    mine = {"host": me.host, "pid": me.pid, "parent_pid": os.getppid(), "process_started": me.started}
    queued = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED)
    give_up_at = monotonic() + wait_s
    while True:
        now = timezone.now()
        try:
            with transaction.atomic():
                begun = queued.filter(stop_requested_at=None).update(
                    state=SyncRun.State.RUNNING, started_at=now, heartbeat_at=now, **mine
                )
            run.refresh_from_db()
            queued.update(stop_requested_at=None)  # what is still queued was told to wait for another worker
            return bool(begun)
        except IntegrityError:
            queued.filter(pid=None).update(**mine)  # so that a worker that is told to end finds what waits in it
            if bury_silent(run.resource):
                continue
            if monotonic() >= give_up_at:
                with transaction.atomic():
                    is_mine = queued.update(state=SyncRun.State.FAILED, error=BUSY, ended_at=now)
                    run.refresh_from_db()
                    if is_mine:
                        _tell(run)
                return False
            check_stop()
            sleep(POLL_S)


def bury_silent(resource: str) -> bool:
    """End the running run of ``resource`` as interrupted if whoever carried it out is gone; whether it did."""
    other = SyncRun.objects.filter(resource=resource, state=SyncRun.State.RUNNING).first()
    if other is None or not other.is_silent():
        return False
    lost = SyncRun.objects.filter(pk=other.pk, state=SyncRun.State.RUNNING, heartbeat_at=other.heartbeat_at)
    with transaction.atomic():
        buried = lost.update(state=SyncRun.State.INTERRUPTED, error=written(_LOST), ended_at=timezone.now())
        if buried:
            other.refresh_from_db()
            _tell(other)
    return bool(buried)


def keep_alive(run: SyncRun, **progress: Any) -> None:
    """Say that the run lives, and how far it came. Raises RunLost when it was declared dead meanwhile."""
    progress["heartbeat_at"] = timezone.now()
    alive = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, pid=run.pid, started_at=run.started_at)
    if not alive.update(**progress):
        raise RunLost(f"{run} was given to another process")
    for name, value in progress.items():
        setattr(run, name, value)


def check_stop(run: SyncRun) -> None:
    """Raises StopRequested when somebody asked this run to stop."""
    if SyncRun.objects.filter(pk=run.pk, stop_requested_at__isnull=False).exists():
        raise StopRequested(_("Stopped on request; the next run goes on where it stopped."))


def finish(run: SyncRun, state: str, error: Text = "", **counts: Any) -> None:
    """Write the run's end, last of all. A run that was declared dead meanwhile keeps that end."""
    now = timezone.now()
    told = written(error)[:500]
    end = {"state": state, "error": told, "phase": SyncRun.Phase.DONE, "ended_at": now, "heartbeat_at": now}
    mine = SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING, started_at=run.started_at)
    with transaction.atomic():
        is_ended = mine.update(**end, **counts)
        run.refresh_from_db()
        if is_ended:
            _tell(run)


def _tell(run: SyncRun) -> None:
    """Tell the person who started a run that it has ended."""
    if run.started_by_id is not None:
        resource = RESOURCES.get(run.resource)
        them = resource.label if resource else run.resource
        what = format_lazy(_("Dry sync of {things}") if run.is_dry else _("Sync of {things}"), things=them)
        sentence = format_lazy("{what}: {end}", what=what, end=_end_in_words(run))
        tell(run.started_by_id, Notification.Kind.RUN, f"run {run.pk}", sentence, reverse("run", args=[run.pk]))


def _end_in_words(run: SyncRun) -> Text:
    if run.error == HELD:
        told = _("held, {count} records look gone. A supervisor has to look.")
        return format_lazy(told, count=number_lazy(run.held))
    if run.error == BUSY:
        return _("nothing was done, another run was still going.")
    if run.state == SyncRun.State.SUCCEEDED:
        return format_lazy(_("done, {count} read."), count=number_lazy(run.fetched))
    if run.state == SyncRun.State.PARTIAL:
        return format_lazy(_("done, {count} read, but some could not be taken."), count=number_lazy(run.fetched))
    if run.state == SyncRun.State.INTERRUPTED:
        return _("cut off. The next run goes on where it stopped.")
    return _("failed. Its page says why.")


def to_resume(run: SyncRun) -> SyncRun | None:
    """The run before this one, if it was cut off in the middle and this one may go on where it stopped."""
    if run.mode == SyncRun.Mode.FULL or run.is_dry:
        return None
    before = (
        SyncRun.objects.filter(resource=run.resource, is_dry=False, started_at__isnull=False, pk__lt=run.pk)
        .exclude(mode=SyncRun.Mode.HOT)
        .first()
    )
    if before is None or not before.checkpoint:
        return None
    ends = {SyncRun.State.INTERRUPTED}
    if not RESOURCES[run.resource].proves_absence:  # read record by record: one bad one must not hide those behind it
        ends.add(SyncRun.State.FAILED)
    return before if before.state in ends else None


def why_not_acceptable(run: SyncRun) -> Text:
    """Why the rows that ``run`` holds back cannot be released any more, in a sentence; "" when they can."""
    if run.error != HELD:
        return _("This run holds nothing back, so there is nothing to approve.")
    done = [SyncRun.State.SUCCEEDED, SyncRun.State.PARTIAL]
    accepting = _later(run).filter(accepts=run).exclude(state__in=[SyncRun.State.FAILED, SyncRun.State.INTERRUPTED])
    if other := accepting.first():
        return format_lazy(_("It was approved already: run #{run} marks what is still gone."), run=other.pk)
    if newer := _later(run).filter(resource=run.resource, state__in=done).exclude(error=HELD).first():
        return format_lazy(_("A later run, #{run}, has read everything again. What it says counts."), run=newer.pk)
    return ""


def _later(run: SyncRun) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(pk__gt=run.pk, is_dry=False)


def request_stop(run: SyncRun) -> bool:
    """Ask a run to stop; one that only waits is ended here. False when it is over already."""
    now = timezone.now()
    told = written(_("Stopped before it began."))
    if SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.QUEUED).update(
        state=SyncRun.State.INTERRUPTED, ended_at=now, stop_requested_at=now, error=told
    ):
        return True
    return bool(SyncRun.objects.filter(pk=run.pk, state=SyncRun.State.RUNNING).update(stop_requested_at=now))


def request_stop_of_children(parent_pid: int) -> int:
    """Ask the runs that this host's worker ``parent_pid``, or a child of it, carries out to stop; how many."""
    of_worker = Q(parent_pid=parent_pid) | Q(pid=parent_pid)
    living = [SyncRun.State.QUEUED, SyncRun.State.RUNNING]
    its = SyncRun.objects.filter(of_worker, state__in=living, host=this_process().host)
    return its.update(stop_requested_at=timezone.now())


def silent_runs() -> list[SyncRun]:
    """Runs whose process is gone, now ended as interrupted."""
    running = SyncRun.objects.filter(state=SyncRun.State.RUNNING)
    return [run for run in running if run.is_silent() and bury_silent(run.resource)]


def forgotten_runs(older_than: timedelta) -> list[SyncRun]:
    """Runs that have waited longer than that and wait for no other run: their task was lost."""
    waiting = SyncRun.objects.filter(state=SyncRun.State.QUEUED, queued_at__lt=timezone.now() - older_than)
    return [run for run in waiting.select_related("after") if run.after is None or run.after.is_over]
