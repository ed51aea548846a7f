"""What runs and errors say, in words for people."""

import re
from datetime import UTC, timedelta

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

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
from backoffice.texts import Text, number, percent, source
from backoffice.times import spell

LATE = timedelta(minutes=2)


def label_of(resource: str) -> str:
    """The resource's name for people; its own name where it is no longer known."""
    known = RESOURCES.get(resource)
    return str(known.label) if known else resource


def things(resource: str) -> str:
    """The resource's name inside a sentence: "customers", "WhatsApp accounts"."""
    known = RESOURCES.get(resource)
    return str(known.model._meta.verbose_name_plural) if known else resource


def a(noun: Text) -> str:
    """A noun with its article: "a customer", "an invoice"."""
    if source(noun)[:1].lower() in "aeiou":
        return pgettext("with its article", "an {noun}").format(noun=noun)
    return pgettext("with its article", "a {noun}").format(noun=noun)


def error_in_words(run: SyncRun) -> str:
    """Why the run ended as it did, and what to do; empty where there is nothing to say."""
    them = things(run.resource)
    if run.error == BUSY:
        return _(
            "Another run of {things} was still going after {seconds} s, so this one did nothing. "
            "Run again once that one is over."
        ).format(things=them, seconds=number(BUSY_WAIT_S, 0))
    if run.error == HELD:
        return _(
            "{count} {things} look gone, more than {rows} and more than {share} of all. "
            "Nothing was marked as gone. Look at the upstream: if they really are gone, a supervisor approves this run."
        ).format(count=number(run.held), things=them, rows=number(BRAKE_ROWS), share=percent(BRAKE_SHARE))
    return run.error


def phase_in_words(run: SyncRun) -> str:
    """What the run is doing now."""
    if run.state == SyncRun.State.QUEUED:
        if run.after and not run.after.is_over:
            them = things(run.after.resource)
            return _("waiting for run #{run} of {things}").format(run=run.after.pk, things=them)
        waiting = timezone.now() - run.queued_at
        if waiting > LATE:
            told = _("waiting for a worker; none has taken it for {time}, is one running?")
            return told.format(time=spell(waiting))
        return _("waiting for a worker")
    if run.stop_requested_at and not run.is_over:
        return _("stopping: it ends within seconds, what it has stored stays")
    return str(run.get_phase_display())


def started_by_in_words(run: SyncRun) -> str:
    """Who or what started it."""
    return str(run.started_by) if run.started_by else str(run.get_trigger_display())


def _remote_error_in_words(error: RemoteError, label: str) -> str:
    if isinstance(error, RemoteNotFound):
        told = _("{label} does not know it. It may be gone there: refresh the record, or check its id.")
        return told.format(label=label)
    if isinstance(error, RemoteRejected) and not isinstance(
        error, RemoteAuthFailed | RemoteUnconnected | RemoteUnsupported
    ):
        return _("{label} refused it: {words}.").format(label=label, words=_remote_words(error))
    return f"{_what_to_do(error, label)} ({error})"


remote_error_in_words = lazy(_remote_error_in_words, str)
"""What happened at the upstream called ``label`` and what to do, with the technical part in parentheses.

It becomes text where it is shown or kept, so that it can stand in sentences that are.
"""


def _what_to_do(error: RemoteError, label: str) -> str:
    if isinstance(error, RemoteUnconnected):
        told = _("{label}'s connection to the system behind it does not work; its owner has to repair it.")
        return told.format(label=label)
    if isinstance(error, RemoteUnsupported):
        return _("The system behind {label} cannot do this. Do it in that system itself.").format(label=label)
    if isinstance(error, RemoteAuthFailed) and not error.is_for_all and "{" in error.endpoint:
        told = _(
            "{label} does not let us do this to this record. Look at the record there; where the same works with "
            "another one, our key is not the matter, else an operator has to check it."
        )
        return told.format(label=label)
    if isinstance(error, RemoteAuthFailed):
        return _("{label} refuses our key or plan. An operator has to check it.").format(label=label)
    if isinstance(error, RemoteUnavailable) and error.retry_at:
        until = error.retry_at.astimezone(UTC) + timedelta(seconds=59)  # the minutes shown are over by then
        moment = f"{until:%H:%M}" if until.date() == timezone.now().date() else f"{until:%Y-%m-%d %H:%M}"
        return _("{label} asks us to wait until {moment} UTC; try again then.").format(label=label, moment=moment)
    if isinstance(error, RemoteLimited):
        return _("{label} asks us to wait. Try again in a minute; if it lasts, tell an operator.").format(label=label)
    if isinstance(error, RemoteUnavailable):
        told = _("{label} does not answer now. Try again in a minute; if it lasts, tell an operator.")
        return told.format(label=label)
    return _("{label} answered something we cannot take; tell a developer.").format(label=label)


def _remote_words(error: RemoteRejected) -> str:
    """What the remote itself said, with its reference; our own reason where it said nothing."""
    words = re.sub(r"^answered \d{3}: ", "", error.reason).rstrip(".")
    return _("{words} (request {id})").format(words=words, id=error.request_id) if error.request_id else words
