"""Settling: an unknown write is looked for, never sent. What is neither found nor proven absent stays unknown."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy

from backoffice import audit, limits, texts, upstreams
from backoffice.client import BACKGROUND, Patience
from backoffice.correlation import correlated
from backoffice.errors import BackofficeError, RemoteError, WriteIsSettled
from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.pasted import without_secrets
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
AGAIN = gettext_lazy("It can be sent again.")


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
        WriteAttempt.objects.filter(write=write, outcome=WriteAttempt.Outcome.OPEN).update(
            outcome=WriteAttempt.Outcome.LOST, ended_at=timezone.now(), error="The process ended before the answer."
        )
        told = "The process that sent it ended before the answer came; we look by ourselves."
        settle(write, State.UNKNOWN, was=State.SENT, error=f"{told} {texts.written(WAIT)}")
    elif write.state == State.PLANNED:
        told = "Nothing was sent: the process that had it in hand ended before."
        settle(write, State.FAILED, was=State.PLANNED, error=f"{told} {texts.written(AGAIN)}")


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
        return _looked(write, f"It was sent to {write.identity}, which is not configured now: nobody can look there.")
    is_late = timezone.now() >= (write.sent_at or write.planned_at) + SEND_DEADLINE
    try:
        with correlated(write.correlation_id), limits.everything(), verb.client(patience) as api:
            found = verb.look(api, write, is_late)
    except RemoteError as error:
        return _looked(write, f"Looking did not work. {remote_error_in_words(error, label)}")
    except BackofficeError as error:
        return _looked(write, f"Looking did not work. {error}")
    if found.state == State.UNKNOWN:
        return _looked(write, found.told)
    told = {"error": found.told} if found.state == State.FAILED else {"remark": found.told}
    if found.remote_id:
        told["remote_id"] = found.remote_id
    settle(write, found.state, was=State.UNKNOWN, secret_lost=found.secret_lost, **told)
    RemoteWrite.objects.filter(pk=write.pk).update(looked_at=timezone.now(), looks=F("looks") + 1)
    write.refresh_from_db()


def settle_by_hand(write: RemoteWrite, actor: Actor, *, was_done: bool, reason: str) -> None:
    """A person looked at the remote and says what looking could not. Raises NotAllowed, WriteIsSettled."""
    actor.check(SETTLE)
    who = actor.user or "the operator"
    state = State.CONFIRMED if was_done else State.FAILED
    told: dict[str, Any] = {"remark" if was_done else "error": f"Settled by hand by {who}: {without_secrets(reason)}"}
    if was_done:  # whatever its answer held, nobody here has seen it
        told["secret_lost"] = verb_of(write).has_secret
    with transaction.atomic():
        if write.state != State.UNKNOWN or not settle(write, state, was=State.UNKNOWN, **told):
            raise WriteIsSettled(f"It is {write.state} already; nothing was changed.")
        audit.note_done_with("settle_by_hand", [write], actor.user, actor.door, outcome=write.state, reason=reason)


def _looked(write: RemoteWrite, told: str) -> None:
    looks = write.looks + 1
    pause = min(timedelta(minutes=2 ** min(looks - 1, 12)), LONGEST_PAUSE)
    RemoteWrite.objects.filter(pk=write.pk, state=State.UNKNOWN).update(
        looks=looks, looked_at=timezone.now(), next_look_at=timezone.now() + pause, remark=told[:500]
    )
    write.refresh_from_db()
