"""From the row to the mirror: deliveries are claimed, coalesced per object, and their object is read again.

A body is a hint only, so what the remote says now is stored, in whatever order deliveries came and however often.
Nothing is lost with a worker: a claim that is older than a minute is void, and the row waits again.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from time import monotonic
from typing import Any
from uuid import uuid4

import structlog
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, limits, upstreams
from backoffice.client import Patience, RemoteClient
from backoffice.correlation import correlated
from backoffice.errors import (
    BackofficeError,
    NotConfigured,
    RemoteError,
    RemoteNotFound,
    RemoteUnavailable,
    UpstreamChanged,
)
from backoffice.models import AuditEntry, WebhookDelivery
from backoffice.sync.changes import Cause
from backoffice.texts import Text, written
from backoffice.webhooks import bodies
from backoffice.webhooks.bodies import Unreadable
from backoffice.webhooks.inboxes import INBOXES, Ignored, Inbox, Subject, Unprocessable
from backoffice.wording import remote_error_in_words

log = structlog.get_logger(__name__)
State = WebhookDelivery.State

CLAIM_HOLDS = timedelta(seconds=60)
CLAIMED_AT_ONCE = 100
LOOK_AHEAD = 2000  # deliveries that are processed together came one soon after the other
ROUND_S = 45.0  # then other tasks have their turn
MAX_TRIES = 8
PAUSES = {tries: timedelta(minutes=min(2 ** (tries - 1), 30)) for tries in range(1, MAX_TRIES)}  # 91 min in all
# The calls about one object end well within its claim; the pauses above are the repeats.
PATIENCE = Patience(background=True, tries=2, deadline_s=8, total_s=15, longest_wait_s=5)
UNKNOWN_THERE = _("{label} no longer knows it; the next sweep settles what becomes of it.")


def process_due() -> bool:
    """Process the deliveries that wait; whether the round's time ended before all were done."""
    _give_up_endless_ones()
    ends_at = monotonic() + ROUND_S
    with _Round(PATIENCE) as work:
        while claimed := work.claim(due()):
            work.process(claimed, ends_at)
            if monotonic() >= ends_at:
                return due().exists()
    return False


@limits.everything()
def replay(deliveries: QuerySet[WebhookDelivery], patience: Patience, by: User | None) -> list[int]:
    """Process these deliveries again, from their first try on, whatever came of them; here and now.

    The rows say what came of it. Answers the keys of those that were processed: one that somebody else has in hand is
    left to him.

    Args:
        by: who wants it; None is the operator of the machine.
    """
    ids = list(deliveries.order_by("pk").values_list("pk", flat=True))
    replayed: list[int] = []
    with _Round(patience) as work:
        for start in range(0, len(ids), CLAIMED_AT_ONCE):
            chosen = WebhookDelivery.objects.filter(pk__in=ids[start : start + CLAIMED_AT_ONCE])
            fresh = {"state": State.RECEIVED, "error": "", "tries": 0, "processed_at": None}
            claimed = work.claim(chosen.exclude(_in_hand()), **fresh)
            log.info("deliveries replayed", deliveries=[one.pk for one in claimed], by=str(by or "the operator"))
            AuditEntry.objects.bulk_create(_replayed(one, by) for one in claimed)
            work.process(claimed)
            replayed += [one.pk for one in claimed]
    return replayed


def _replayed(delivery: WebhookDelivery, by: User | None) -> AuditEntry:
    return audit.entry(
        "replay", user=by, kind="delivery", remote_id=str(delivery.pk), upstream=delivery.upstream,
        label=f"{delivery.event} {delivery.event_id}",
    )  # fmt: skip


def cause_of(delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery that stands for all that were processed with it in one reading: the last of them, often itself."""
    if delivery.processed_at is None or delivery.state != State.PROCESSED:
        return delivery
    together = WebhookDelivery.objects.filter(upstream=delivery.upstream, processed_at=delivery.processed_at)
    near = together.filter(pk__gte=delivery.pk, pk__lt=delivery.pk + LOOK_AHEAD, state=delivery.state)
    return near.order_by("-pk").first() or delivery


def due() -> QuerySet[WebhookDelivery]:
    """The deliveries to be processed now: new ones, those whose claim is void, those whose pause is over."""
    now = timezone.now()
    waiting = WebhookDelivery.objects.filter(state=State.RECEIVED)
    new = Q(claimed_at=None)
    void = Q(claim__isnull=False, claimed_at__lt=now - CLAIM_HOLDS)
    paused = (Q(tries=tries, claimed_at__lt=now - pause) for tries, pause in PAUSES.items())
    rested = Q(claim=None) & reduce(or_, paused)
    return waiting.filter(new | void | rested).order_by("tries", "pk")  # what failed before must not hold up the rest


def _in_hand() -> Q:
    return Q(state=State.RECEIVED, claim__isnull=False, claimed_at__gte=timezone.now() - CLAIM_HOLDS)


def _give_up_endless_ones() -> None:
    """What was begun so often and never came to an end takes its worker along each time, or meets a fault of ours."""
    void = Q(claim__isnull=False, claimed_at__lt=timezone.now() - CLAIM_HOLDS)
    given_up = WebhookDelivery.objects.filter(void, state=State.RECEIVED, tries__gte=MAX_TRIES)
    sentence = _("Begun {count} times and never ended; the worker's log says why. Tell a developer.")
    told = written(format_lazy(sentence, count=MAX_TRIES))
    if number := given_up.update(state=State.FAILED, error=told, claim=None, processed_at=timezone.now()):
        log.error("deliveries given up", number=number)


@dataclass(frozen=True)
class _Outcome:
    state: WebhookDelivery.State  # received: to be tried again
    error: Text = ""
    is_for_all: bool = False  # no other object of this upstream would do better now


class _Round:
    """Deliveries under one claim, with one client an upstream."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._claim = uuid4()
        self._clients: dict[str, RemoteClient] = {}
        self._open = ExitStack()
        self._halted: dict[str, _Outcome] = {}  # by upstream

    def __enter__(self) -> "_Round":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self._open.close()

    def claim(self, rows: QuerySet[WebhookDelivery], **values: Any) -> list[WebhookDelivery]:
        """Take the first of ``rows`` in hand, so that nobody else does; with ``values`` written to them."""
        if not rows.exists():  # asked first, as beginning to write makes other writers wait
            return []
        with transaction.atomic():
            ids = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:CLAIMED_AT_ONCE])
            taken = WebhookDelivery.objects.filter(pk__in=ids)
            taken.update(claim=self._claim, claimed_at=timezone.now(), **values)
        return list(taken.order_by("tries", "pk"))

    def process(self, deliveries: list[WebhookDelivery], ends_at: float = float("inf")) -> None:
        """Bring claimed deliveries to an end, or to the pause before their next try.

        After ``ends_at`` nothing more is read, and what is left waits as before.
        """
        groups: dict[tuple[str, str], list[tuple[WebhookDelivery, Subject]]] = {}
        plain: dict[_Outcome, list[WebhookDelivery]] = {}
        for delivery in deliveries:
            found = _subject_of(delivery)
            if isinstance(found, Subject):
                groups.setdefault((delivery.upstream, found.id), []).append((delivery, found))
            else:
                plain.setdefault(found, []).append(delivery)
        for outcome, its in plain.items():
            self._settle(its, outcome)
        for (upstream, _id), pairs in groups.items():
            its = [delivery for delivery, _subject in pairs]
            if monotonic() >= ends_at:
                self._update(its, claim=None, claimed_at=None)
            elif its := self._begin(its):
                everything = reduce(or_, (subject for _delivery, subject in pairs))
                self._settle(its, self._outcome(INBOXES[upstream], everything, its[-1]))

    def _begin(self, deliveries: list[WebhookDelivery]) -> list[WebhookDelivery]:
        """Count a try; those that are still ours after what took long before."""
        self._update(deliveries, claimed_at=timezone.now(), tries=F("tries") + 1)
        return list(self._ours(deliveries).order_by("pk"))

    def _outcome(self, inbox: Inbox, subject: Subject, newest: WebhookDelivery) -> _Outcome:
        upstream = inbox.upstream
        if upstream in self._halted:
            return self._halted[upstream]
        with correlated(newest.correlation_id):
            outcome = self._read(inbox, subject, newest)
            log.info("delivery processed", delivery=newest.pk, subject=subject.id, state=outcome.state)
        if outcome.is_for_all:
            self._halted[upstream] = outcome
        return outcome

    def _read(self, inbox: Inbox, subject: Subject, newest: WebhookDelivery) -> _Outcome:
        label = upstreams.UPSTREAMS[inbox.upstream].label
        try:
            inbox.read(self._client(inbox), subject, Cause(delivery=newest))
        except RemoteNotFound:
            return _Outcome(State.PROCESSED, format_lazy(UNKNOWN_THERE, label=label))
        except RemoteError as error:
            state = State.RECEIVED if isinstance(error, RemoteUnavailable) else State.FAILED
            return _Outcome(state, remote_error_in_words(error, label), error.is_for_all)
        except (NotConfigured, UpstreamChanged) as error:
            return _Outcome(State.FAILED, lazystr(error), is_for_all=True)
        except BackofficeError as error:
            return _Outcome(State.FAILED, lazystr(error))
        return _Outcome(State.PROCESSED)

    def _client(self, inbox: Inbox) -> RemoteClient:
        if inbox.upstream not in self._clients:
            self._clients[inbox.upstream] = self._open.enter_context(inbox.client(self._patience))
        return self._clients[inbox.upstream]

    def _settle(self, deliveries: list[WebhookDelivery], outcome: _Outcome) -> None:
        """Write down what came of them: one end for all, or a pause for those that have tries left."""
        now = timezone.now()
        ended = [one for one in deliveries if outcome.state != State.RECEIVED or one.tries >= MAX_TRIES]
        state = outcome.state if outcome.state != State.RECEIVED else State.FAILED
        error = written(outcome.error)[:500]
        self._update(ended, state=state, error=error, processed_at=now, claimed_at=now, claim=None)
        paused = [one for one in deliveries if one not in ended]
        told = format_lazy(_("It is tried again by itself. {error}"), error=outcome.error)
        self._update(paused, error=written(told)[:500], claimed_at=now, claim=None)

    def _update(self, deliveries: list[WebhookDelivery], **values: Any) -> None:
        if deliveries:
            self._ours(deliveries).update(**values)

    def _ours(self, deliveries: list[WebhookDelivery]) -> QuerySet[WebhookDelivery]:
        return WebhookDelivery.objects.filter(pk__in=[one.pk for one in deliveries], claim=self._claim)


def _subject_of(delivery: WebhookDelivery) -> Subject | _Outcome:
    """What the delivery is about, else why there is nothing to read for it."""
    inbox = INBOXES.get(delivery.upstream)
    if inbox is None:
        told = _("Nothing here takes deliveries of {upstream}.")
        return _Outcome(State.FAILED, format_lazy(told, upstream=delivery.upstream))
    try:
        return inbox.subject(delivery.event, bodies.reread(delivery.payload))
    except Ignored as why:
        return _Outcome(State.IGNORED, lazystr(why))
    except (Unprocessable, Unreadable) as why:
        return _Outcome(State.FAILED, lazystr(why))
