"""Settling: an unknown write is looked for, never sent. What is neither found nor proven absent stays unknown."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, limits, upstreams
from backoffice.badges import in_words
from backoffice.client import BACKGROUND, Patience
from backoffice.correlation import correlated
from backoffice.errors import BackofficeError, RemoteError, WriteIsSettled
from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.pasted import without_secrets
from backoffice.texts import Text, written
from backoffice.wording import remote_error_in_words
from backoffice.writes.plan import Actor
from backoffice.writes.sending import SEND_DEADLINE, WAIT, settle
from backoffice.writes.verbs import verb_of

State = RemoteWrite.State

SENT_AT_MOST = timedelta(seconds=60)  # a sending ends within 45 s: what is *sent* longer has lost its process
LONGEST_PAUSE = timedelta(hours=6)  # between two looks
LOOK_TAKES_AT_MOST = timedelta(seconds=BACKGROUND.total_s)
MAX_LOOKS_A_ROUND = 50
SETTLE = "backoffice.settle_remotewrite"
AGAIN = _("It can be sent again.")


def find_lost() -> None:
    """Give those writes an end whose process is gone: *sent* for over a minute is unknown, *planned* was never sent."""
    long_ago = timezone.now() - SENT_AT_MOST
    for write in RemoteWrite.objects.filter(state=State.SENT, sent_at__lt=long_ago):
        leave(write)
    for write in RemoteWrite.objects.filter(state=State.PLANNED, waits_since__lt=long_ago):
        leave(write)


def leave(write: RemoteWrite) -> None:
    """Give a write an end whose process is gone, or goes now without an answer: *unknown* where it was sent."""
    if write.state == State.SENT:
        lost = written(_("The process ended before the answer."))
        WriteAttempt.objects.filter(write=write, outcome=WriteAttempt.Outcome.OPEN).update(
            outcome=WriteAttempt.Outcome.LOST, ended_at=timezone.now(), error=lost
        )
        told = _("The process that sent it ended before the answer came; we look by ourselves. {advice}")
        settle(write, State.UNKNOWN, was=State.SENT, error=format_lazy(told, advice=WAIT))
    elif write.state == State.PLANNED:
        told = _("Nothing was sent: the process that had it in hand ended before. {advice}")
        settle(write, State.FAILED, was=State.PLANNED, error=format_lazy(told, advice=AGAIN))


def settle_due() -> Iterator[RemoteWrite]:
    """Look for the unknown writes whose time has come, the longest waiting first; each as it is then."""
    due = RemoteWrite.objects.filter(state=State.UNKNOWN, next_look_at__lte=timezone.now()).order_by("next_look_at")
    for write in due[:MAX_LOOKS_A_ROUND]:
        if _claim(write):
            look_for(write, BACKGROUND)
            yield write


def _claim(write: RemoteWrite) -> bool:
    """Keep other rounds from looking for it meanwhile; whoever dies over it has it looked for after the pause."""
    due = RemoteWrite.objects.filter(pk=write.pk, state=State.UNKNOWN, next_look_at=write.next_look_at)
    return bool(due.update(next_look_at=timezone.now() + LOOK_TAKES_AT_MOST))


def look_for(write: RemoteWrite, patience: Patience) -> None:
    """Look once for an unknown write. It is then *confirmed*, *failed*, or still *unknown* with what looking found."""
    if write.state != State.UNKNOWN:
        return
    verb = verb_of(write)
    label = upstreams.UPSTREAMS[write.upstream].label
    if write.identity != upstreams.identity(write.upstream):
        told = _("It was sent to {installation}, which is not configured now: nobody can look there.")
        return _looked(write, format_lazy(told, installation=write.identity))
    is_late = timezone.now() >= (write.sent_at or write.planned_at) + SEND_DEADLINE
    try:
        with correlated(write.correlation_id), limits.everything(), verb.client(patience) as api:
            found = verb.look(api, write, is_late)
    except RemoteError as error:
        words = remote_error_in_words(error, label)
        return _looked(write, format_lazy(_("Looking did not work. {told}"), told=words))
    except BackofficeError as error:
        return _looked(write, format_lazy(_("Looking did not work. {told}"), told=error))
    if found.state == State.UNKNOWN:
        return _looked(write, found.told)
    columns = {"error": found.told} if found.state == State.FAILED else {"remark": found.told}
    if found.remote_id:
        columns["remote_id"] = found.remote_id
    settle(write, found.state, was=State.UNKNOWN, secret_lost=found.secret_lost, **columns)
    RemoteWrite.objects.filter(pk=write.pk).update(looked_at=timezone.now(), looks=F("looks") + 1)
    write.refresh_from_db()


def settle_by_hand(write: RemoteWrite, actor: Actor, *, was_done: bool, reason: str) -> None:
    """A person looked at the remote and says what looking could not. Raises NotAllowed, WriteIsSettled."""
    actor.check(SETTLE)
    who = actor.user or _("the operator")
    state = State.CONFIRMED if was_done else State.FAILED
    sentence = format_lazy(_("Settled by hand by {who}: {reason}"), who=who, reason=without_secrets(reason))
    told: dict[str, Any] = {"remark" if was_done else "error": sentence}
    if was_done:  # whatever its answer held, nobody here has seen it
        told["secret_lost"] = verb_of(write).has_secret
    with transaction.atomic():
        if write.state != State.UNKNOWN or not settle(write, state, was=State.UNKNOWN, **told):
            sentence = format_lazy(_("It is {state} already; nothing was changed."), state=in_words(write.state))
            raise WriteIsSettled(sentence)
        audit.note_done_with("settle_by_hand", [write], actor.user, actor.door, outcome=write.state, reason=reason)


def _looked(write: RemoteWrite, told: Text) -> None:
    looks = write.looks + 1
    pause = min(timedelta(minutes=2 ** min(looks - 1, 12)), LONGEST_PAUSE)
    RemoteWrite.objects.filter(pk=write.pk, state=State.UNKNOWN).update(
        looks=looks, looked_at=timezone.now(), next_look_at=timezone.now() + pause, remark=written(told)[:500]
    )
    write.refresh_from_db()
