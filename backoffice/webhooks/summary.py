"""What webhooks told in the last day, and what only sweeps found: on the desk a line for each upstream."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import connection
from django.db.models import Count, F, Max, Q, Value
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice import limits, times, upstreams
from backoffice.access import about_readable, readable_resources
from backoffice.badges import Tone
from backoffice.kept import Statement, moment_of
from backoffice.models import RowChange, UpstreamState, WebhookDelivery
from backoffice.sync.resource import RESOURCES
from backoffice.texts import number
from backoffice.webhooks.inboxes import INBOXES, Inbox

DAY = timedelta(days=1)
NOTHING = Q(pk=None)


@dataclass(frozen=True)
class Summary:
    """One upstream's webhooks in a sentence."""

    label: str
    tone: Tone
    word: str
    sentence: Any
    advice: str = ""
    url: str = ""  # of the changes that no event told of


@dataclass(frozen=True)
class Heard:
    """The events of a day."""

    number: int
    last: datetime | None


def unannounced() -> Q:
    """Changes that a sweep found though an event should have told of them: those where an inbox takes events."""
    of_upstream = (
        Q(resource__in=[name for name, resource in RESOURCES.items() if resource.upstream == inbox.upstream])
        & ~inbox.silent
        for inbox in INBOXES.values()
        if inbox.is_open()
    )
    return Q(run__isnull=False) & reduce(or_, of_upstream, NOTHING)


def summaries(user: User | AnonymousUser, states: Mapping[str, UpstreamState]) -> list[Summary]:
    """A line for each inbox whose upstream is on. One query."""
    readable = readable_resources(user)
    heard: dict[str, Heard] = {}
    missed = dict.fromkeys(INBOXES, 0)
    for kind, name, count, last in _statement(user, readable).run():
        if kind == "heard":
            heard[name] = Heard(count, moment_of(last))
        else:
            missed[RESOURCES[name].upstream] += count
    url = reverse("admin:backoffice_rowchange_changelist") if user.has_perm("backoffice.view_rowchange") else ""
    return [
        _summary(inbox, heard.get(name), missed[name], _reads_all_of(name, readable), states.get(name), url)
        for name, inbox in INBOXES.items()
        if upstreams.is_on(name)
    ]


_STATEMENTS: dict[tuple[Any, ...], Statement] = {}
_MOST_STATEMENTS = 200


def _statement(user: User | AnonymousUser, readable: list[str]) -> Statement:
    """What came and what did not, of these resources; kept, as it changes with the inboxes that are open alone."""
    is_open = (name for name, inbox in INBOXES.items() if inbox.is_open())
    key = (connection.vendor, limits.held(), *readable, *is_open)
    if key not in _STATEMENTS:
        if len(_STATEMENTS) >= _MOST_STATEMENTS:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _build(user)
    return _STATEMENTS[key]


def _build(user: User | AnonymousUser) -> Statement:
    now = timezone.now()
    received = WebhookDelivery.objects.filter(received_at__gte=now - DAY)
    found = RowChange.objects.filter(unannounced(), about_readable(user), changed_at__gte=now - DAY)
    heard = received.order_by().values(kind=Value("heard"), name=F("upstream"))
    missed = found.order_by().values(kind=Value("missed"), name=F("resource"))
    both = heard.annotate(number=Count("pk"), last=Max("received_at")).union(
        missed.annotate(number=Count("remote_id", distinct=True), last=Max("changed_at")), all=True
    )
    sql, params = both.query.get_compiler(connection=connection).as_sql()
    return Statement(sql, tuple(params), now)


def _reads_all_of(upstream: str, readable: list[str]) -> bool:
    return all(name in readable for name, resource in RESOURCES.items() if resource.upstream == upstream)


def _summary(
    inbox: Inbox,
    events: Heard | None,
    missed: int,
    reads_all: bool,
    state: UpstreamState | None,
    url: str,
) -> Summary:
    label = _("{label}'s webhooks").format(label=upstreams.UPSTREAMS[inbox.upstream].label)
    if not inbox.is_open():
        sentence = _("Not set up: what changes there shows here after the next sync.")
        advice = _("To set them up: {to_do}, and start again.").format(to_do=inbox.to_do())
        return Summary(label, "dull", pgettext("webhooks", "off"), sentence, advice)
    advice = ""
    if _is_refused(state, events.last if events else None):
        advice = _("The last delivery was refused: its signature did not hold. `doctor` says what to do.")
    if events is None and inbox.is_quiet and not advice:
        sentence = _("No event came in the last day; there is one only when something happens.")
        return Summary(label, "good", pgettext("webhooks", "quiet"), sentence)
    if events is None:
        told = _("A secret is set, but no event came in the last day.")
        advice = advice or _("`doctor` says whether there is a subscription that delivers here.")
        sentence = format_html("{} {}", told, _missed(missed, reads_all))
        return Summary(label, "warn", pgettext("webhooks", "silent"), sentence, advice, _those(url, missed))
    told = ngettext(
        "{count} event in the last day, the last one {ago}.",
        "{count} events in the last day, the last one {ago}.",
        events.number,
    )
    heard = format_html(told, count=number(events.number), ago=times.ago(events.last))
    tone: Tone = "warn" if advice or missed else "good"
    sentence = format_html("{} {}", heard, _missed(missed, reads_all))
    return Summary(label, tone, pgettext("webhooks", "heard"), sentence, advice, _those(url, missed))


def only_refused(upstream: str) -> bool:
    """Whether deliveries came in the last day and the signature of the last one did not hold."""
    last = WebhookDelivery.objects.filter(upstream=upstream, received_at__gte=timezone.now() - DAY)
    return _is_refused(upstreams.state_of(upstream), last.aggregate(last=Max("received_at"))["last"])


def _is_refused(state: UpstreamState | None, last: datetime | None) -> bool:
    refused_at = state.delivery_refused_at if state else None
    return bool(refused_at and refused_at >= timezone.now() - DAY and not (last and last > refused_at))


def _missed(missed: int, reads_all: bool) -> str:
    """``reads_all``: whether the count covers all; only then is none said to be none."""
    if not missed:
        return _("Sweeps found no change that an event should have told of.") if reads_all else ""
    told = ngettext(
        "Sweeps found {count} record changed of which no event had told.",
        "Sweeps found {count} records changed of which no event had told.",
        missed,
    )
    return told.format(count=number(missed))


def _those(url: str, missed: int) -> str:
    return f"{url}?cause=unannounced&changed=day" if url and missed else ""
