"""What runs say of themselves, in words for people."""

from datetime import timedelta

from django.utils import timezone

from backoffice.models import SyncRun
from backoffice.sync.resource import RESOURCES
from backoffice.sync.runs import BUSY, BUSY_WAIT_S, HELD
from backoffice.sync.vanish import BRAKE_ROWS, BRAKE_SHARE
from backoffice.times import spell

LATE = timedelta(minutes=2)


def label_of(resource: str) -> str:
    """The resource's name for people; its own name where it is no longer known."""
    known = RESOURCES.get(resource)
    return known.label if known else resource


def things(resource: str) -> str:
    """The resource's name inside a sentence: "customers", "WhatsApp accounts"."""
    label = label_of(resource)
    first = label.partition(" ")[0]
    return label[:1].lower() + label[1:] if first[1:].islower() else label


def error_in_words(run: SyncRun) -> str:
    """Why the run ended as it did, and what to do; empty where there is nothing to say."""
    them = things(run.resource)
    if run.error == BUSY:
        return (
            f"Another run of {them} was still going after {BUSY_WAIT_S:.0f} s, so this one did nothing. "
            "Run again once that one is over."
        )
    if run.error == HELD:
        return (
            f"{run.held:,} {them} look gone, more than {BRAKE_ROWS} and more than {BRAKE_SHARE:.0%} of all. "
            "Nothing was marked as gone. Look at the upstream: if they really are gone, a supervisor approves this run."
        )
    return run.error


def phase_in_words(run: SyncRun) -> str:
    """What the run is doing now."""
    if run.state == SyncRun.State.QUEUED:
        if run.after and not run.after.is_over:
            return f"waiting for run #{run.after.pk} of {things(run.after.resource)}"
        waiting = timezone.now() - run.queued_at
        late = f"; none has taken it for {spell(waiting)}, is one running?" if waiting > LATE else ""
        return f"waiting for a worker{late}"
    if run.stop_requested_at and not run.is_over:
        return "stopping: it ends within seconds, what it has stored stays"
    return str(run.get_phase_display())


def started_by_in_words(run: SyncRun) -> str:
    """Who or what started it."""
    return str(run.started_by) if run.started_by else str(run.get_trigger_display())
