"""A list with what we are doing to it: its lines, the pieces in hand, and the writes that did not end well."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.writelines import WriteLine, write_lines
from backoffice.writes.history import visible_writes
from fulfilment.models import HandlingList
from fulfilment.pieces import pick_lines
from fulfilment.stations.pick import Stop
from fulfilment.verbs.lists import MARK_HANDLED
from fulfilment.verbs.shipments import SET_BACKORDERS, SET_MISSING, SET_OVERAGE

State = RemoteWrite.State
TOLD_FOR = timedelta(days=2)  # what was refused or failed longer ago is on "Needs you" only
MAX_TROUBLES = 50
SHORT = (SET_MISSING, SET_BACKORDERS, SET_OVERAGE)
UNDER_WAY = (State.PLANNED, State.SENT, State.UNKNOWN)


@dataclass(frozen=True)
class Line:
    """One line as the pick screen shows it, with the writes about it that need a look."""

    stop: Stop
    is_now: bool
    troubles: list[WriteLine] = field(default_factory=list)
    put_back: str = ""  # the picked piece that can be unmarked, as no parcel holds it
    found: str = ""  # the missing piece that may turn up
    write_id: UUID = field(default_factory=uuid4)  # of the form that does either


def stops_of(handling_list: HandlingList) -> list[Stop]:
    """The lines in walking order. Two queries.

    A piece whose mark is under way, or whose outcome nobody knows, is in hand: no scan takes it a second time.
    """
    under_way = RemoteWrite.objects.filter(_marks(handling_list), state__in=UNDER_WAY)
    in_hand = {id for sends in under_way.values_list("sends", flat=True) for id in _ids(sends)}
    return [Stop.of(line, in_hand) for line in pick_lines(handling_list)]


def lines_of(
    person: User | AnonymousUser,
    handling_list: HandlingList,
    stops: list[Stop],
    now: Stop | None,
    boxed: AbstractSet[str],
) -> tuple[list[Line], list[WriteLine]]:
    """The lines with the writes that did not end well, and such writes that belong to no line of the list.

    Args:
        boxed: the pieces that are in parcels: those are not put back any more.
    """
    mine: Mapping[str, list[WriteLine]] = {stop.key: [] for stop in stops}
    others: list[WriteLine] = []
    for told in write_lines(person, _troubled(person, handling_list)):
        about = [stop for stop in stops if _is_about(told.write, stop)]
        if told.write.verb == MARK_HANDLED.name and about and not _is_open(told.write, about[0]):
            continue  # done after all by another scan
        (mine[about[0].key] if about else others).append(told)
    lines = [
        Line(
            stop,
            stop is now,
            mine[stop.key],
            put_back=next((id for id in reversed(stop.ids) if id in stop.handled_ids - boxed), ""),
            found=next((id for id in stop.ids if id in stop.missing_ids), "") if stop.shipment_id else "",
        )
        for stop in stops
    ]
    return lines, others


def writes_about(handling_list: HandlingList) -> QuerySet[RemoteWrite]:
    """All that was written about the list and its shipments."""
    of_shipments = Q(target=SET_MISSING.target, remote_id__in=handling_list.shipment_ids)
    return RemoteWrite.objects.filter(Q(target=MARK_HANDLED.target, remote_id=handling_list.remote_id) | of_shipments)


def _troubled(person: User | AnonymousUser, handling_list: HandlingList) -> Iterable[RemoteWrite]:
    short = Q(target=SET_MISSING.target, verb__in=[verb.name for verb in SHORT])
    about = _marks(handling_list) | (short & Q(remote_id__in=handling_list.shipment_ids))
    ended = Q(state__in=[State.REFUSED, State.FAILED], dismissed_at=None, settled_at__gte=timezone.now() - TOLD_FOR)
    rows = visible_writes(person).filter(about, ended | Q(state=State.UNKNOWN)).select_related("follows")
    return rows[:MAX_TROUBLES]


def _marks(handling_list: HandlingList) -> Q:
    return Q(target=MARK_HANDLED.target, verb=MARK_HANDLED.name, remote_id=handling_list.remote_id)


def _ids(sends: Mapping[str, Any]) -> list[str]:
    return [item["id"] for item in sends.get("items", []) if "id" in item]


def _is_about(write: RemoteWrite, stop: Stop) -> bool:
    if ids := _ids(write.sends):
        return not set(stop.ids).isdisjoint(ids)
    skus = {item.get("sku") for item in write.sends.get("items", [])}
    return write.remote_id == stop.shipment_id and stop.sku in skus


def _is_open(write: RemoteWrite, stop: Stop) -> bool:
    return not (stop.handled_ids | stop.missing_ids).issuperset(_ids(write.sends))
