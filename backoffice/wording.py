"""What runs and errors say, in words for people."""

import re
from datetime import UTC, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.errors import (
    RemoteAuthFailed,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRejected,
    RemoteUnavailable,
    RemoteUnconnected,
    RemoteUnsupported,
)
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


def a(noun: str) -> str:
    """A noun with its article: "a customer", "an invoice"."""
    return f"{'an' if noun[:1].lower() in 'aeiou' else 'a'} {noun}"


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


def remote_error_in_words(error: RemoteError, label: str) -> str:
    """What happened at the upstream called ``label`` and what to do, with the technical part in parentheses."""
    if isinstance(error, RemoteNotFound):
        return f"{label} does not know it. {_('It may be gone there: refresh the record, or check its id.')}"
    if isinstance(error, RemoteUnconnected):
        return f"{label}'s connection to the system behind it does not work; its owner has to repair it. ({error})"
    if isinstance(error, RemoteUnsupported):
        return f"The system behind {label} cannot do this. {_('Do it in that system itself.')} ({error})"
    if isinstance(error, RemoteRejected) and not isinstance(error, RemoteAuthFailed):
        return f"{label} refused it: {_remote_words(error)}."
    return f"{_what_to_do(error, label)} ({error})"


def _what_to_do(error: RemoteError, label: str) -> str:
    if isinstance(error, RemoteAuthFailed) and not error.is_for_all and "{" in error.endpoint:
        told = _(
            "{label} does not let us do this to this record. Look at the record there; where the same works with "
            "another one, our key is not the matter, else an operator has to check it."
        )
        return told.format(label=label)
    if isinstance(error, RemoteAuthFailed):
        return f"{label} refuses our key or plan. An operator has to check it."
    if isinstance(error, RemoteUnavailable) and error.retry_at:
        until = error.retry_at.astimezone(UTC) + timedelta(seconds=59)  # the minutes shown are over by then
        moment = f"{until:%H:%M}" if until.date() == timezone.now().date() else f"{until:%Y-%m-%d %H:%M}"
        return f"{label} asks us to wait until {moment} UTC; try again then."
    if isinstance(error, RemoteLimited):
        return f"{label} asks us to wait. Try again in a minute; if it lasts, tell an operator."
    if isinstance(error, RemoteUnavailable):
        return f"{label} does not answer now. Try again in a minute; if it lasts, tell an operator."
    return f"{label} answered something we cannot take; tell a developer."


def _remote_words(error: RemoteRejected) -> str:
    """What the remote itself said, with its reference; our own reason where it said nothing."""
    words = re.sub(r"^answered \d{3}: ", "", error.reason).rstrip(".")
    return f"{words} (request {error.request_id})" if error.request_id else words
