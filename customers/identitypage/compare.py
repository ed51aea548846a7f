"""Two records side by side: what is equal is marked, what differs stands beside it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.admin.mirror import gone_since
from backoffice.admin.related import linked
from customers.identity.links import Rows, records_of
from customers.identity.sources import CUSTOMERS, Kind
from customers.identitypage import words
from customers.models import IdentityDecision, IdentityKey, IdentityLink
from customers.services.identity import LINK

MAX_VALUES = 6  # of one kind and side, that are shown
Keys = Mapping[tuple[str, int, str], Sequence[str]]
"""Normalized values by resource, record and kind."""


@dataclass(frozen=True)
class Value:
    """One value of one side."""

    text: str
    is_equal: bool


@dataclass(frozen=True)
class Line:
    """What both sides have of a kind."""

    label: str
    customer: list[Value]
    other: list[Value]


@dataclass(frozen=True)
class Card:
    """A pair, ready to be shown."""

    link: IdentityLink
    customer: SafeString | str
    other: SafeString | str
    system: str
    notices: list[SafeString]
    state: SafeString
    strength: SafeString
    proof: list[SafeString]
    lines: list[Line]
    confirm: str = ""  # where each is posted to; "" where the person may not, or there is nothing of the kind to do
    reject: str = ""
    unlink: str = ""
    undo: str = ""


def cards(request: HttpRequest, links: Sequence[IdentityLink]) -> list[Card]:
    """One for each link. Costs a query for each resource, one for the keys and one for the decisions."""
    rows, keys, newest = records_of(links), _keys(links), _newest(links) if links else {}
    return [_card(request, link, rows, keys, newest) for link in links]


def _card(
    request: HttpRequest, link: IdentityLink, rows: Rows, keys: Keys, newest: Mapping[tuple[int, str, int], int]
) -> Card:
    row = rows.get((link.resource, link.record_id))
    sides = [one for one in (link.customer, row) if one is not None and one.vanished_at]
    may = request.user.has_perm(LINK)
    undoable = newest.get((link.customer_id, link.resource, link.record_id))
    is_confirmed = link.state == IdentityLink.State.CONFIRMED
    return Card(
        link=link,
        customer=linked(request, link.customer, link.customer.remote_id),
        other=linked(request, row, link.remote_id),
        system=words.system(link.resource),
        notices=[gone_since(one) for one in sides],
        state=words.state(link),
        strength=words.strength_badge(link),
        proof=list(words.proof(link)),
        lines=list(_lines(link, keys)),
        confirm=reverse("confirm_identity", args=[link.pk]) if may and not is_confirmed else "",
        reject=reverse("reject_identity", args=[link.pk]) if may and link.state == "suggested" else "",
        unlink=reverse("unlink_identity", args=[link.pk]) if may and is_confirmed else "",
        undo=reverse("undo_identity", args=[undoable]) if may and undoable and link.state != "suggested" else "",
    )


def _lines(link: IdentityLink, keys: Keys) -> Iterable[Line]:
    for kind in (Kind.NAME, Kind.EMAIL, Kind.PHONE):
        ours = keys.get((CUSTOMERS, link.customer_id, kind), ())
        theirs = keys.get((link.resource, link.record_id, kind), ())
        if ours or theirs:
            label = _("words of the name") if kind == Kind.NAME else str(kind.label)  # sorted: not as it is spoken
            yield Line(label, _values(ours, theirs), _values(theirs, ours))


def _values(own: Sequence[str], others: Sequence[str]) -> list[Value]:
    """The equal ones first."""
    values = sorted((Value(text, text in others) for text in own), key=lambda value: (not value.is_equal, value.text))
    return values[:MAX_VALUES]


def _keys(links: Sequence[IdentityLink]) -> Keys:
    wanted: dict[str, set[int]] = defaultdict(set)
    for link in links:
        wanted[CUSTOMERS].add(link.customer_id)
        wanted[link.resource].add(link.record_id)
    found: dict[tuple[str, int, str], list[str]] = defaultdict(list)
    if wanted:
        named = Q(pk__in=[])
        for resource, records in wanted.items():
            named |= Q(resource=resource, record_id__in=records)
        rows: Any = IdentityKey.objects.filter(named).values_list("resource", "record_id", "kind", "value").distinct()
        for resource, record_id, kind, value in rows:
            found[resource, record_id, kind].append(value)
    return found


def _newest(links: Sequence[IdentityLink]) -> dict[tuple[int, str, int], int]:
    """The newest decision about each pair, where that was no undoing."""
    decisions = IdentityDecision.objects.filter(
        customer__in={link.customer_id for link in links}, record_id__in={link.record_id for link in links}
    ).order_by("pk").values_list("customer", "resource", "record_id", "pk", "verb")  # fmt: skip
    newest = {(customer, resource, record): (pk, verb) for customer, resource, record, pk, verb in decisions}
    return {pair: pk for pair, (pk, verb) in newest.items() if verb != IdentityDecision.Verb.UNDO}
