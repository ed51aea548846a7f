"""What the page of a bulk action shows, and which of its buttons are on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice import upstreams
from backoffice.badges import word
from backoffice.bulk.outcome import OPEN, TONES, WORST_FIRST, Outcome, done_where, outcome_of, state_in_words, verb_of
from backoffice.gate import Breaker
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.texts import number
from backoffice.times import spell
from backoffice.wording import LATE, things
from backoffice.writes.plan import may

SHOWN_ROWS = 20
State = BulkItem.State
TROUBLED = (State.UNKNOWN, State.FAILED, State.REFUSED)


@dataclass(frozen=True)
class Line:
    """A row that did not end well, with the page of its record where there is one."""

    item: BulkItem
    state: Any
    url: str


@dataclass(frozen=True)
class Count:
    """How many rows are in one state, and where they are listed."""

    state: str
    badge: Any
    count: int
    url: str


def parts(request: HttpRequest, bulk: BulkAction) -> dict[str, Any]:
    """Everything that the page, or its live part, shows."""
    verb, outcome = verb_of(bulk), outcome_of(bulk)
    user = cast(User, request.user)
    query = f"?{urlencode({'list': request.GET['list']})}" if request.GET.get("list") else ""
    is_allowed = may(user, verb.permission)
    again = outcome.of(State.FAILED, State.UNKNOWN)
    return {
        "bulk": bulk,
        "label": done_where(verb),
        "things": things(verb.resource),
        "outcome": outcome,
        "state": word(state_in_words(bulk, outcome), TONES),
        "phase": phase_in_words(bulk, outcome),
        "counts": _counts(request, bulk, outcome),
        "lines": _troubled(bulk),
        "troubled": outcome.of(*TROUBLED),
        "has_rest": bulk.is_over
        and is_allowed
        and bulk.items.exclude(state=State.CONFIRMED).exclude(sends={}).exists(),
        "confirmed_by": confirmed_by(bulk),
        "carried_out_for": str(bulk.actor or _("the operator")),
        "percent": round(100 * outcome.ended / outcome.total) if outcome.total else 100,
        "can_cancel": is_allowed and bool(outcome.of(State.WAITING)),
        "retry_label": _retry_label(outcome) if is_allowed and again else "",
        "off": upstreams.why_off(verb.upstream),
        "query": query,
        "list_url": _list_url(request, bulk),
    }


def phase_in_words(bulk: BulkAction, outcome: Outcome) -> str:
    """What is going on, and once it is over what came of it."""
    if bulk.is_over or not outcome.of(*OPEN):
        return outcome.sentence
    told = _("{ended} of {total} rows have an outcome.").format(
        ended=number(outcome.ended), total=number(outcome.total)
    )
    breaker = upstreams.open_breaker(verb_of(bulk).upstream)
    if breaker.refusal():
        waiting = outcome.of(State.WAITING)
        return f"{told} {_paused(bulk, breaker, waiting)}" if waiting else told
    silent_for = timezone.now() - (bulk.heartbeat_at or bulk.confirmed_at)
    if bulk.state == BulkAction.State.QUEUED or silent_for > LATE:
        return f"{told} {_not_in_hand(silent_for)}"
    return told


def _paused(bulk: BulkAction, breaker: Breaker, waiting: int) -> str:
    return _("{upstream} is paused until {time} UTC: {reason}. The {count} rows that wait go on by themselves.").format(
        upstream=upstreams.UPSTREAMS[verb_of(bulk).upstream].label,
        time=f"{breaker.paused_until:%H:%M:%S}",
        reason=breaker.reason,
        count=number(waiting),
    )


def _not_in_hand(silent_for: timedelta) -> str:
    if silent_for > LATE:
        told = _("It waits for a worker; none has worked on it for {time}, is one running?")
        return told.format(time=spell(silent_for))
    return _("It waits for a worker.")


def confirmed_by(bulk: BulkAction) -> str:
    """Who confirmed it. Sending failed rows again puts it into another name; the first row's write keeps the first."""
    first = bulk.items.order_by("position").values_list("pk", flat=True)[:1]
    write = RemoteWrite.objects.filter(pk__in=list(first)).select_related("actor").first()
    who = write.actor if write else bulk.actor
    return str(who or _("the operator"))


def record_urls(bulk: BulkAction, remote_ids: list[str]) -> Mapping[str, str]:
    """The pages of the mirrored records with these ids."""
    model = RESOURCES[verb_of(bulk).resource].model
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    found = model._default_manager.filter(remote_id__in=remote_ids).values_list("remote_id", "pk")
    return {remote_id: reverse(name, args=[pk]) for remote_id, pk in found}


def _counts(request: HttpRequest, bulk: BulkAction, outcome: Outcome) -> list[Count]:
    rows = f"{reverse('admin:backoffice_bulkitem_changelist')}?bulk={bulk.pk}"
    may_list = request.user.has_perm("backoffice.view_bulkitem")
    return [
        Count(state, word(state, TONES), count, f"{rows}&state={state}" if may_list else "")
        for state in (*reversed(WORST_FIRST), *OPEN)
        if (count := outcome.of(state))
    ]


def _troubled(bulk: BulkAction) -> list[Line]:
    items = list(bulk.items.filter(state__in=TROUBLED).order_by("position")[:SHOWN_ROWS])
    urls = record_urls(bulk, [item.remote_id for item in items])
    return [Line(item, word(item.state, TONES), urls.get(item.remote_id, "")) for item in items]


def _retry_label(outcome: Outcome) -> str:
    failed, unknown = outcome.of(State.FAILED), outcome.of(State.UNKNOWN)
    if failed:
        return _("Retry failed ({count})").format(count=number(failed))
    return _("Look for the unknown ({count})").format(count=number(unknown))


def _list_url(request: HttpRequest, bulk: BulkAction) -> str:
    """The list that the rows were selected from, with the filters it had."""
    meta = RESOURCES[verb_of(bulk).resource].model._meta
    filters = QueryDict(request.GET.get("list", "")[:2000]).urlencode()
    return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") + (f"?{filters}" if filters else "")
