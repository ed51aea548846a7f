"""Afosto's resources: what the sync engine has to know about locations, methods, recipients, lists, shipments, parcels.

No list is sorted or filtered by the time of a change, so there is no delta read: sweeps read everything, hot runs what
is open.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, ClassVar

import msgspec
from django.db.models import F, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.client import NumberedPage, Page, Patience
from backoffice.records import RecordError
from backoffice.sync.resource import Batch, CursorResource, NumberedResource, Resource, register
from fulfilment.afosto import (
    AfostoAPI,
    ContactRecord,
    HandlingListRecord,
    HandlingListRowRecord,
    LocationRecord,
    MethodRecord,
    ParcelRecord,
    PieceGroupRecord,
    ShipmentRecord,
    ShipmentRowRecord,
)
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment, ShippingMethod


class AfostoResource(Resource):
    """What all of them share."""

    upstream = "afosto"
    every_minutes = 60

    def client(self, patience: Patience) -> AfostoAPI:
        return AfostoAPI.from_settings(patience)


@register
class Locations(AfostoResource, NumberedResource):
    """All locations."""

    name = "afosto.locations"
    label = _("Locations")
    model = Location
    record = LocationRecord
    endpoint = "GET /lcs/locations/{id}"

    def page(self, api: AfostoAPI, number: int) -> NumberedPage:
        return api.list_locations(number)

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_location(remote_id)


@register
class Methods(AfostoResource):
    """All shipping methods, in one answer."""

    name = "afosto.methods"
    label = _("Shipping methods")
    model = ShippingMethod
    record = MethodRecord
    endpoint = "GET /lcs/methods/{id}"

    def streams(self, api: AfostoAPI, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        yield self._all(api)

    def _all(self, api: AfostoAPI) -> Iterator[Batch]:
        rows, sent_at = api.list_methods()
        yield Batch(rows, sent_at)

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_method(remote_id)


@register
class Contacts(AfostoResource, CursorResource):
    """All contacts: those who parcels go to."""

    name = "afosto.contacts"
    label = _("Recipients")
    model = Recipient
    record = ContactRecord
    endpoint = "GET /rel/contacts/{id}"

    def page(self, api: AfostoAPI, part: str, cursor: str | None) -> Page:
        return api.list_contacts(cursor)

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_contact(remote_id)


@register
class HandlingLists(AfostoResource, NumberedResource):
    """All handling lists. The list gives flat pieces, the single read and the search give them grouped to pick lines.

    So a single read changes the members of the row that both have, and of the pieces whether they are handled.
    """

    name = "afosto.handling_lists"
    label = _("Handling lists")
    model = HandlingList
    record = HandlingListRowRecord
    endpoint = "GET /lcs/lists/{id}"
    detail = HandlingListRecord
    has_hot_set = True

    def page(self, api: AfostoAPI, number: int) -> NumberedPage:
        return api.list_lists(number)

    def hot_streams(self, api: AfostoAPI) -> Iterator[Iterable[Batch]]:
        yield self.pages(partial(api.search_lists, {"is_finished": ["0"]}), is_detail=True)

    def hot(self) -> QuerySet[HandlingList]:
        return HandlingList.objects.filter(vanished_at=None).exclude(state__in=["finished", "cancelled"])

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_list(remote_id)

    def details_due(self, *, full: bool) -> QuerySet[HandlingList]:
        return _due(HandlingList.objects, self.hot(), full=full)

    def list_shape(self, detail: bytes, stored: Mapping[str, Any] | None) -> bytes:
        try:
            groups = HandlingListRecord.read(detail).items or []
        except RecordError:
            return detail
        members = msgspec.json.decode(detail, type=dict[str, msgspec.Raw])
        pieces = _flat(groups, (stored or {}).get("items") or [])
        return msgspec.json.encode({**row_members(members, stored, self.record.members()), "items": pieces})


def _flat(groups: Iterable[PieceGroupRecord], stored: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The pieces of pick lines one by one, in the stored order; what groups do not tell of them stays."""
    known = {piece["id"]: piece for piece in stored}
    order = {id: place for place, id in enumerate(known)}
    pieces = []
    for group in groups:
        words = {"sku": group.sku, "position": group.position, "description": group.description}
        told = {name: word for name, word in words.items() if word}
        handled = set(group.handled_ids or [])
        for id in group.ids:
            piece = {"is_listed": True, **known.get(id, {}), "id": id, **told}
            if id not in known or bool(piece.get("is_handled")) is not (id in handled):
                piece["is_handled"] = id in handled
            pieces.append(piece)
    return sorted(pieces, key=lambda piece: order.get(piece["id"], len(order)))


def row_members(
    detail: Mapping[str, msgspec.Raw], stored: Mapping[str, Any] | None, known: frozenset[str]
) -> dict[str, Any]:
    """The members of a list's row as a single read tells them.

    Null, absent, empty and false mean the same: where both sides say it, the stored words stay, or the next sweep would
    find every row changed. So does what only rows have, and what only single reads have is left out.

    Args:
        known: members that both shapes have.
    """
    if stored is None:
        return {name: value for name, value in detail.items() if name in known}
    row: dict[str, Any] = {}
    for name in {**stored, **detail}:
        told = _said(_decoded(detail[name])) if name in detail else None
        if name in stored:
            is_of_rows_only = name not in detail and name not in known
            if is_of_rows_only or told == _said(stored[name]):
                row[name] = stored[name]
            elif name in detail:
                row[name] = detail[name]
        elif name in known and told is not None:
            row[name] = detail[name]
    return row


def _said(value: Any) -> Any:
    """A value less all in it that is null, empty or false; None where nothing is left."""
    if isinstance(value, dict):
        return {name: said for name, item in value.items() if (said := _said(item)) is not None} or None
    if isinstance(value, list):
        return [_said(item) for item in value] or None
    return None if value is False or value == "" else value


def _decoded(value: msgspec.Raw) -> Any:
    try:
        return msgspec.json.decode(value)
    except msgspec.MsgspecError:  # a number beyond all bounds: the store rejects the row for it
        return bytes(value)


@register
class Shipments(AfostoResource, NumberedResource):
    """All shipments. Their pieces and parcels are in the single read only."""

    name = "afosto.shipments"
    label = _("Shipments")
    model = Shipment
    record = ShipmentRowRecord
    endpoint = "GET /lcs/shipments/{id}"
    detail = ShipmentRecord
    decides_by_detail = True
    has_hot_set = True
    hot_every_minutes: ClassVar = 5

    def page(self, api: AfostoAPI, number: int) -> NumberedPage:
        return api.list_shipments(number)

    def hot_streams(self, api: AfostoAPI) -> Iterator[Iterable[Batch]]:
        """New ones, found by their pieces that are not finished: no search finds open shipments themselves."""
        found: set[str] = set()
        yield self._note_shipments(api, found)
        known = Shipment.objects.filter(remote_id__in=found).values_list("remote_id", flat=True)
        yield self.looks(api, sorted(found.difference(known)))

    def _note_shipments(self, api: AfostoAPI, found: set[str]) -> Iterator[Batch]:
        for batch in self.pages(partial(api.search_shipment_items, {"is_finished": ["0"]})):
            found.update(filter(None, map(_shipment_of, batch.rows)))
            yield replace(batch, rows=[])

    def hot(self) -> QuerySet[Shipment]:
        return Shipment.objects.filter(vanished_at=None).exclude(state__in=["finished", "cancelled"])

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_shipment(remote_id)

    def details_due(self, *, full: bool) -> QuerySet[Shipment]:
        return _due(Shipment.objects, self.hot(), full=full)

    def list_shape(self, detail: bytes, stored: Mapping[str, Any] | None) -> bytes:
        try:
            members = msgspec.json.decode(detail, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return detail
        return msgspec.json.encode(row_members(members, stored, self.record.members()))


def _shipment_of(group: bytes) -> str:
    try:
        return str(msgspec.json.decode(group)["shipment_id"])
    except (msgspec.MsgspecError, ValueError, RecursionError, KeyError, TypeError):
        return ""


def _due(rows: Any, open_rows: QuerySet[Any], *, full: bool) -> QuerySet[Any]:
    """Those whose row changed after their detail was read; of those never read the open ones, in a full run all."""
    changed = Q(detail_at__lt=F("synced_at"))
    never = Q(detail_at=None) if full else Q(detail_at=None, pk__in=open_rows.values("pk"))
    due: QuerySet[Any] = rows.filter(changed | never, vanished_at=None)
    return due


@register
class Parcels(AfostoResource, NumberedResource):
    """All parcels."""

    name = "afosto.parcels"
    label = _("Parcels")
    model = Parcel
    record = ParcelRecord
    endpoint = "GET /lcs/parcels/{id}"
    has_hot_set = True

    def page(self, api: AfostoAPI, number: int) -> NumberedPage:
        return api.list_parcels(number)

    def hot_streams(self, api: AfostoAPI) -> Iterator[Iterable[Batch]]:
        yield self.pages(partial(api.search_parcels, {"is_delivered": ["0"]}))

    def hot(self) -> QuerySet[Parcel]:
        return Parcel.objects.filter(vanished_at=None).exclude(state__in=["finished", "delivered"])

    def read(self, api: AfostoAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_parcel(remote_id)
