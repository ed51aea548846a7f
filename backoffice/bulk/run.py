"""Carrying out: each row is claimed, planned as a write with the row's own id, and ends as that write does.

Several may work on one bulk action at once, and any of them may die: the row is the truth.
"""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from time import monotonic

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, upstreams
from backoffice.acting import acting
from backoffice.bulk.outcome import OPEN, outcome_of, verb_of
from backoffice.client import BACKGROUND, Patience, RemoteClient
from backoffice.correlation import correlated
from backoffice.errors import (
    BackofficeError,
    NotAllowed,
    NotConfigured,
    RemoteError,
    RemoteRejected,
    WriteIsSettled,
)
from backoffice.models import AuditEntry, BulkAction, BulkItem, Notification, RemoteWrite
from backoffice.notify import tell
from backoffice.texts import Text, capital, written
from backoffice.wording import remote_error_in_words
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.plan import Actor, check_within, plan
from backoffice.writes.sending import settle
from backoffice.writes.verbs import ReadVerb, WriteVerb

State = BulkItem.State
log = structlog.get_logger(__name__)

PATIENCE = BACKGROUND.for_writing()  # for reads too: no row keeps a worker longer than a write may
AT_ONCE = 4  # so many tasks work on one bulk action
TURN_S = 5.0  # a task ends after this and queues up again, so that others get their turn
LOST_AFTER = timedelta(seconds=60)  # a row claimed longer ago has lost its worker: a sending ends within 45 s
SILENT_AFTER = timedelta(seconds=60)
HEARTBEAT_S = 2.0
PATIENT_FOR = timedelta(minutes=15)  # so long the rows wait for an upstream that pauses, with none confirmed


def work(
    bulk: BulkAction,
    *,
    patience: Patience = PATIENCE,
    within_s: float = TURN_S,
    waits_out_pauses: bool = True,
    goes_on: Callable[[], bool] = lambda: True,
) -> bool:
    """Carry out rows one after another for ``within_s`` seconds; whether there is more to do at once.

    No row is begun that would end later, as far as the rows before it tell; the first always is. Safe to run twice and
    by several at once. Raises nothing that the remote or the rules say: it stands in the rows.

    Args:
        waits_out_pauses: while the upstream is paused (it asked us to wait, or failed again and again) the rows wait
            for the reaper to go on; otherwise each of them fails at once and says why.
        goes_on: asked before each row.
    """
    begun, longest_s, heartbeat_at = monotonic(), 0.0, 0.0
    with correlated(bulk.correlation_id), ExitStack() as stack:
        api = _client(stack, bulk, patience)
        while goes_on() and (longest_s == 0.0 or monotonic() - begun + longest_s <= within_s):
            if waits_out_pauses and api is not None and _is_paused(api, bulk):
                return False
            if monotonic() - heartbeat_at > HEARTBEAT_S:
                heartbeat_at = monotonic()
                _give_sign(bulk)
            item = _claim(bulk)
            if item is None:
                break
            row_begun = monotonic()
            _carry_out_row(bulk, item, patience, api)
            longest_s = max(longest_s, monotonic() - row_begun)
    finish(bulk)
    return bulk.items.filter(state=State.WAITING).exists()


def is_crowded(bulk: BulkAction) -> bool:
    """Whether as many as may work on it do so."""
    fresh = timezone.now() - LOST_AFTER
    return bulk.items.filter(state=State.RUNNING, claimed_at__gte=fresh).count() >= AT_ONCE


def waiting(bulk: BulkAction) -> int:
    """How many rows wait."""
    return bulk.items.filter(state=State.WAITING).count()


def tasks_for(bulk: BulkAction) -> int:
    """How many tasks are worth their while: no more than there are rows."""
    return min(AT_ONCE, bulk.items.filter(state__in=OPEN)[:AT_ONCE].count())


def silent_bulk_actions() -> QuerySet[BulkAction]:
    """Those that are not over and that nobody has worked on for a minute."""
    long_ago = timezone.now() - SILENT_AFTER
    unfinished = BulkAction.objects.filter(state__in=[BulkAction.State.QUEUED, BulkAction.State.RUNNING])
    return unfinished.annotate(sign=Coalesce("heartbeat_at", "confirmed_at")).filter(sign__lt=long_ago)


def hand_out_again(bulk: BulkAction) -> None:
    """The reaper hands it to workers once more; it counts as silent again in a minute, not before."""
    finish(bulk)
    BulkAction.objects.filter(pk=bulk.pk).update(heartbeat_at=timezone.now())


def finish(bulk: BulkAction) -> None:
    """End it where no row waits or is in hand. What is *unknown* has an end here: it is settled by looking."""
    is_open = Exists(BulkItem.objects.filter(bulk=OuterRef("pk"), state__in=OPEN))
    over = BulkAction.objects.filter(pk=bulk.pk, ended_at=None).exclude(is_open)
    state = BulkAction.State.CANCELLED if bulk.items.filter(state=State.CANCELLED).exists() else BulkAction.State.DONE
    now = timezone.now()
    with transaction.atomic():
        if over.update(state=state, ended_at=now):
            log.info("bulk action ended", bulk=str(bulk.pk), verb=bulk.verb, target=bulk.target, state=state)
            _tell(bulk, now)


def _tell(bulk: BulkAction, ended_at: datetime) -> None:
    """Tell who it was done for: that is somebody else after a retry, which ends once more."""
    actor_id = BulkAction.objects.values_list("actor_id", flat=True).get(pk=bulk.pk)
    sentence = lazy(_ended, str)(bulk)
    key = f"bulk {bulk.pk} {ended_at.isoformat()}"
    tell(actor_id, Notification.Kind.BULK, key, sentence, reverse("bulk", args=[bulk.pk]))


def _ended(bulk: BulkAction) -> str:
    return f"{capital(str(bulk))}: {outcome_of(bulk).sentence}"


def _client(stack: ExitStack, bulk: BulkAction, patience: Patience) -> RemoteClient | None:
    """One client for all rows of a turn. None where there can be none now: each row then says why by itself."""
    try:
        return stack.enter_context(verb_of(bulk).client(patience))
    except BackofficeError:
        return None


def _is_paused(api: RemoteClient, bulk: BulkAction) -> bool:
    """Whether to leave the rows waiting: the upstream pauses, but not for our key, and not for too long already."""
    if api.breaker.refusal() is None or api.breaker.key_refused:
        return False
    newest = bulk.items.filter(state=State.CONFIRMED).order_by("-ended_at").values_list("ended_at", flat=True).first()
    return timezone.now() - (newest or bulk.confirmed_at) < PATIENT_FOR


def _give_sign(bulk: BulkAction) -> None:
    now = timezone.now()
    unfinished = BulkAction.objects.filter(pk=bulk.pk, ended_at=None)
    unfinished.update(heartbeat_at=now, state=BulkAction.State.RUNNING)


def _claim(bulk: BulkAction) -> BulkItem | None:
    """Take the next row that waits, else one whose worker is gone; as it was before, None where there is neither."""
    now = timezone.now()
    free = bulk.items.select_for_update(skip_locked=True).order_by("position")
    with transaction.atomic(durable=True):
        item = free.filter(state=State.WAITING).first()
        if item is None:
            item = free.filter(state=State.RUNNING, claimed_at__lt=now - LOST_AFTER).first()
        if item is not None:
            BulkItem.objects.filter(pk=item.pk).update(state=State.RUNNING, claimed_at=now)
    return item


def _carry_out_row(bulk: BulkAction, item: BulkItem, patience: Patience, api: RemoteClient | None) -> None:
    """Bring one row to its end, whatever happens."""
    verb = verb_of(bulk)
    # Fresh from the database for each row: who lost the permission meanwhile does nothing more.
    actor = Actor(User.objects.get(pk=bulk.actor_id) if bulk.actor_id else None, RemoteWrite.Door.BULK)
    try:
        with acting(actor.door, lambda: actor.user):
            if isinstance(verb, WriteVerb):
                _write(bulk, item, verb, actor, patience, api)
            elif isinstance(verb, ReadVerb):
                _read(item, verb, actor, patience, api)
    except NotAllowed as error:
        _note_denied(bulk, item, actor)
        _refuse(item, error)
    except WriteIsSettled as error:
        _leave_to_others(item, error)
    except Exception as error:  # a fault of ours in one row; the others must not wait for it for ever
        log.exception("a row of a bulk action failed", bulk=str(bulk.pk), item=str(item.pk))
        fault = _("Nothing was sent. This is a fault of ours ({error}); tell a developer.")
        _give_up(item, format_lazy(fault, error=type(error).__name__))


def _write(
    bulk: BulkAction, item: BulkItem, verb: WriteVerb, actor: Actor, patience: Patience, api: RemoteClient | None
) -> None:
    """Plan the row's write, or find the one that is there, and bring it on as far as that is safe."""
    sends = {**bulk.sends, **item.sends}
    write, _ = plan(
        verb, actor, id=item.pk, remote_id=item.remote_id, sends=sends, reason=bulk.reason, bulk=bulk, label=item.name
    )
    if item.state == State.WAITING:
        if write.state == RemoteWrite.State.UNKNOWN:
            settling.look_for(write, patience)
        if write.state == RemoteWrite.State.FAILED:  # proven not done, and a person wants it sent again
            renew(write, actor)
    elif write.state == RemoteWrite.State.SENT and write.sent_at and timezone.now() - write.sent_at > LOST_AFTER:
        settling.leave(write)  # its worker is gone; nobody sends it once more
    if write.state == RemoteWrite.State.PLANNED:
        carry_out(write, patience, api=api)
    elif write.state != RemoteWrite.State.SENT:
        _follow(item, write)


def _follow(item: BulkItem, write: RemoteWrite) -> None:
    """Let the row say what its write says."""
    ended_at = write.settled_at or timezone.now()
    BulkItem.objects.filter(pk=item.pk).update(state=write.state, error=write.error, ended_at=ended_at, claimed_at=None)


def _read(item: BulkItem, verb: ReadVerb, actor: Actor, patience: Patience, api: RemoteClient | None) -> None:
    """Read one object again."""
    actor.check(verb.permission)
    check_within(verb, actor, item.remote_id)
    label = upstreams.UPSTREAMS[verb.upstream].label
    try:
        if api is not None:
            verb.read(api, item.remote_id)
        else:
            with verb.client(patience) as own:
                verb.read(own, item.remote_id)
    except RemoteError as error:
        state = State.REFUSED if isinstance(error, RemoteRejected) else State.FAILED
        _end(item, state, remote_error_in_words(error, label))
    except NotConfigured as error:
        _end(item, State.FAILED, _sentence(error))
    except BackofficeError as error:
        _end(item, State.REFUSED, _sentence(error))
    else:
        _end(item, State.CONFIRMED)


def _note_denied(bulk: BulkAction, item: BulkItem, actor: Actor) -> None:
    audit.note(
        bulk.verb, user=actor.user, door=actor.door, kind=bulk.target, remote_id=item.remote_id, label=item.name,
        upstream=verb_of(bulk).upstream, outcome=AuditEntry.Outcome.DENIED, reason=bulk.reason, bulk_id=bulk.pk,
    )  # fmt: skip


def _refuse(item: BulkItem, error: NotAllowed) -> None:
    """The person may not (any more). Nothing is sent, so a write that is there stays as true as it was."""
    write = RemoteWrite.objects.filter(pk=item.pk).first()
    if write is None:
        _end(item, State.REFUSED, _sentence(error))
    elif write.state == RemoteWrite.State.PLANNED:
        settle(write, RemoteWrite.State.REFUSED, was=RemoteWrite.State.PLANNED, error=written(_sentence(error)))
    elif write.state in {RemoteWrite.State.FAILED, RemoteWrite.State.UNKNOWN}:
        _end(item, State(write.state), _sentence(error))
    elif write.state != RemoteWrite.State.SENT:
        _follow(item, write)


def _leave_to_others(item: BulkItem, error: WriteIsSettled) -> None:
    """The write may not be sent by us: somebody else has it in hand and ends the row, or it can never be sent again."""
    write = RemoteWrite.objects.get(pk=item.pk)
    if write.state == RemoteWrite.State.FAILED:
        _end(item, State.FAILED, _sentence(error))
    elif write.state not in {RemoteWrite.State.PLANNED, RemoteWrite.State.SENT}:
        _follow(item, write)


def _give_up(item: BulkItem, error: Text) -> None:
    """After a fault of ours. What was sent already is left to become *unknown* and to be looked for."""
    write = RemoteWrite.objects.filter(pk=item.pk).first()
    if write is None:
        _end(item, State.FAILED, error)
    elif write.state == RemoteWrite.State.PLANNED:
        settle(write, RemoteWrite.State.FAILED, was=RemoteWrite.State.PLANNED, error=written(error))


def _sentence(error: BackofficeError) -> Text:
    """What it says, as a text that waits for its reader's language."""
    return lazy(str, str)(error)


def _end(item: BulkItem, state: BulkItem.State, error: Text = "") -> None:
    told = written(error)[:500]
    BulkItem.objects.filter(pk=item.pk).update(state=state, error=told, ended_at=timezone.now(), claimed_at=None)
