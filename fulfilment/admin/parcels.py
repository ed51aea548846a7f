"""Parcels: the list, and the page of one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin import live, searching
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, Section
from backoffice.admin.related import linked
from backoffice.texts import number
from fulfilment import states
from fulfilment.admin.base import AfostoAdmin, told
from fulfilment.admin.filters import (
    LocationOfShipmentFilter,
    MethodOfShipmentFilter,
    ShipFilter,
    direction_filter,
    state_filter,
)
from fulfilment.admin.parcel_deeds import DEEDS
from fulfilment.admin.parcel_lines import grams, job_section
from fulfilment.admin.shown import address_lines, due, station, tracking
from fulfilment.forms.parcels import pieces_in
from fulfilment.models import Parcel, Recipient, Shipment
from fulfilment.services.parcels import ParcelService
from fulfilment.verbs.parcels import FINISH_PARCEL, MARK_IN_TRANSIT, REFRESH_PARCEL, REQUEST_LABEL, REQUEST_SLIP


@admin.register(Parcel)
class ParcelAdmin(AfostoAdmin):
    """Afosto's parcels as mirrored here."""

    resource_name = "afosto.parcels"
    tones = states.PARCEL
    deeds = DEEDS
    refresh = REFRESH_PARCEL
    fetch = Fetch(REFRESH_PARCEL.permission, read=lambda api, remote_id: ParcelService(api).fetch(remote_id))
    list_display = (
        "shown_number", "state_badge", "shown_shipment", "recipient", "shown_tracking", "shown_weight", "due", "age",
    )  # fmt: skip
    list_display_links = ("shown_number",)
    list_select_related = ("shipment", "shipment__contact")
    list_filter = (
        state_filter(states.PARCEL), LocationOfShipmentFilter, MethodOfShipmentFilter, ShipFilter,
        direction_filter, AgeFilter,
    )  # fmt: skip
    search_fields = ("search_text",)
    is_indexed = looks_elsewhere = True
    search_help_text = _("Number, id, tracking code, SKU or recipient")
    bulk_verbs = (REQUEST_LABEL, REQUEST_SLIP, MARK_IN_TRANSIT, FINISH_PARCEL, REFRESH_PARCEL)
    export_columns = (
        ("remote_id", "remote_id"), ("number", "number"), ("state", "state"),
        ("shipment_remote_id", "shipment_remote_id"), ("shipment", told("number", "shipment")),
        ("recipient", told("name", "shipment", "contact")), ("tracking_code", "tracking_code"),
        ("tracking_url", "tracking_url"), ("weight", "weight"), ("length", "length"), ("width", "width"),
        ("height", "height"), ("pieces", "piece_count"), ("is_outbound", "is_outbound"), ("ship_at", "ship_at"),
        ("in_transit_at", "in_transit_at"), ("finished_at", "finished_at"), ("created_at", "remote_created_at"),
        ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("parcel"), ordering="number")
    def shown_number(self, parcel: Parcel) -> str:
        return str(parcel)

    @admin.display(description=_("shipment"), ordering="shipment__number")
    def shown_shipment(self, parcel: Parcel) -> str:
        return str(parcel.shipment or parcel.shipment_remote_id or "–")

    @admin.display(description=_("recipient"), ordering="shipment__contact__family_name")
    def recipient(self, parcel: Parcel) -> str:
        contact = parcel.shipment and parcel.shipment.contact
        return str(contact) if contact else "–"

    @admin.display(description=_("tracking"), ordering="tracking_code")
    def shown_tracking(self, parcel: Parcel) -> SafeString | str:
        return tracking(parcel)

    @admin.display(description=_("weight"), ordering="weight")
    def shown_weight(self, parcel: Parcel) -> str:
        return grams(parcel.weight)

    @admin.display(description=_("to be sent"), ordering="ship_at")
    def due(self, parcel: Parcel) -> SafeString | str:
        return due(parcel.ship_at, is_over=parcel.state in states.GONE_OUT)

    def holding(self, part: str) -> Q:
        return (
            Q(search_text__contains=part)
            | Q(Exact(Lower("shipment_remote_id"), part))
            | Q(Exact(Lower("shipment__number"), part))
            | Q(shipment__contact__search_text__contains=part)
        )

    def elsewhere(self, part: str) -> Iterable[Q]:
        yield Q(Exact(Lower("shipment_remote_id"), part))
        yield Q(shipment__in=Shipment.objects.order_by().filter(Exact(Lower("number"), part)))
        yield Q(shipment__contact__in=searching.related(Recipient, part))

    # -- the page of one ----------------------------------------------------------------------------------------------

    def traces(self, obj: Parcel) -> Iterable[live.Trace]:
        yield live.trace("label jobs", obj.label_jobs.all(), "requested_at", "accepted_at", "ended_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("State"), self.state(obj))
        yield Fact(_("Shipment"), linked(request, obj.shipment, obj.shipment_remote_id))
        contact = obj.shipment and obj.shipment.contact
        yield Fact(_("Recipient"), linked(request, contact, obj.shipment.contact_remote_id if obj.shipment else ""))
        yield Fact(_("Tracking"), tracking(obj))
        yield Fact(_("Weight"), grams(obj.weight))
        yield Fact(_("Size"), _size(obj))
        yield Fact(pgettext_lazy("of a parcel", "Place"), obj.position or "–")
        yield Fact(_("To be sent"), due(obj.ship_at, is_over=obj.state in states.GONE_OUT))
        yield Fact(_("Label requested"), times.at(obj.label_requested_at, _("not yet")))
        if obj.label_reference:
            yield Fact(_("Label reference"), copyable(obj.label_reference))
        if obj.label_text:
            yield Fact(_("On the label"), obj.label_text)
        if obj.in_transit_at:
            yield Fact(_("In transit since"), times.at(obj.in_transit_at))
        if obj.finished_at:
            yield Fact(_("Finished"), times.at(obj.finished_at))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        part = {"pieces": pieces_in(obj), "count": obj.piece_count}
        yield Section(_("Pieces in it"), "fulfilment/admin/parts/_pieces_in.html", part)
        if request.user.has_perm("fulfilment.view_labeljob"):
            yield job_section(request, obj)
        contact = obj.shipment and obj.shipment.contact
        if contact and request.user.has_perm("fulfilment.view_recipient"):
            address = {"lines": address_lines(contact), "recipient": contact}
            yield Section(_("Goes to"), "fulfilment/admin/parts/_address.html", address)

    def stations(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        if obj.shipment:
            yield from station("pack_shipment", obj.shipment, _("Pack"), "fulfilment.create_parcel", request)


def _size(parcel: Parcel) -> str:
    sides = (parcel.length, parcel.width, parcel.height)
    told = " × ".join("?" if side is None else number(side) for side in sides)
    return gettext("{sides} cm").format(sides=told) if any(sides) else "–"
