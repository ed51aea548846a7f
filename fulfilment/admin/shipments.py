"""Shipments: the list, and the page of one."""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times, upstreams
from backoffice.admin import deeds, live, searching
from backoffice.admin.deeds import Deed
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, Section
from backoffice.admin.related import linked
from backoffice.texts import number
from fulfilment import states
from fulfilment.admin import parcel_deeds, points
from fulfilment.admin.base import AfostoAdmin, told
from fulfilment.admin.filters import (
    AssigneeOfShipmentFilter,
    LocationFilter,
    MethodFilter,
    ShipFilter,
    direction_filter,
    state_filter,
)
from fulfilment.admin.new_list import MAX_CHOSEN
from fulfilment.admin.parcel_lines import parcel_section
from fulfilment.admin.shown import TYPES, address_lines, due, progress, recipient_name, station
from fulfilment.forms.shipments import BackordersForm, CancelShipmentForm, MethodForm, MissingForm, OverageForm
from fulfilment.models import LabelJob, Parcel, Recipient, Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.lists import why_not_listable
from fulfilment.services.shipments import ShipmentService, why_not
from fulfilment.verbs.lists import CREATE_LIST
from fulfilment.verbs.shipments import (
    CANCEL_SHIPMENT,
    REFRESH_SHIPMENT,
    SET_BACKORDERS,
    SET_METHOD,
    SET_MISSING,
    SET_OVERAGE,
    TAKE_DEFAULT_POSITIONS,
)

NEW_LIST = "new_list"
DEEDS = (
    Deed(
        SET_METHOD, (_("What is labelled already keeps the label that it has."),), _("has this method."), why_not,
        MethodForm,
    ),
    Deed(
        TAKE_DEFAULT_POSITIONS, (_("Pieces that are not handled yet are looked for where their SKUs lie now."),),
        _("has the shelves where its SKUs lie."), why_not,
    ),
    Deed(
        SET_BACKORDERS, (_("What stands here is delivered later, beside what the shipment holds."),),
        _("has these backorders."), why_not, BackordersForm,
    ),
    Deed(SET_OVERAGE, (_("What stands here was found too much."),), _("has this overage."), why_not, OverageForm),
    Deed(
        SET_MISSING, (_("What is ticked was not found. Untick what was found after all."),),
        _("has these pieces marked."), why_not, MissingForm,
    ),
    Deed(
        CANCEL_SHIPMENT,
        (
            _("This is final: a cancelled shipment is neither picked nor sent, and nobody can bring it back."),
            _("The record stays here and at Afosto, with its history."),
        ),
        _("is cancelled."), why_not, CancelShipmentForm,
    ),
)  # fmt: skip


@admin.register(Shipment)
class ShipmentAdmin(AfostoAdmin):
    """Afosto's shipments as mirrored here."""

    resource_name = "afosto.shipments"
    own_moments = ("detail_at",)
    tones = states.SHIPMENT
    deeds = DEEDS
    refresh = REFRESH_SHIPMENT
    fetch = Fetch(REFRESH_SHIPMENT.permission, read=lambda api, remote_id: ShipmentService(api).fetch(remote_id))
    list_display = (
        "shown_number", "state_badge", "recipient", "shown_method", "shown_location", "due", "shown_progress", "age",
    )  # fmt: skip
    list_display_links = ("shown_number",)
    list_select_related = ("contact", "method", "location")
    list_filter = (
        state_filter(states.SHIPMENT), LocationFilter, AssigneeOfShipmentFilter, ShipFilter, MethodFilter,
        direction_filter, AgeFilter,
    )  # fmt: skip
    search_fields = ("piece_text",)
    is_indexed = looks_elsewhere = True
    search_help_text = _("Number, id, order, SKU, tracking code or recipient")
    bulk_verbs = (REFRESH_SHIPMENT, CANCEL_SHIPMENT)
    export_columns = (
        ("remote_id", "remote_id"), ("number", "number"), ("state", "state"), ("type", "type"),
        ("recipient", recipient_name), ("recipient_remote_id", "contact_remote_id"),
        ("method", told("name", "method")), ("method_remote_id", "method_remote_id"),
        ("location", told("name", "location")), ("location_remote_id", "location_remote_id"),
        ("list_remote_id", "list_remote_id"), ("order_id", "order_id"), ("ship_at", "ship_at"),
        ("expected_at", "expected_at"), ("is_outbound", "is_outbound"), ("pieces", "piece_count"),
        ("handled", "handled_count"), ("packed", "boxed_count"), ("missing", "missing_count"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("shipment"), ordering="number")
    def shown_number(self, shipment: Shipment) -> str:
        return str(shipment)

    @admin.display(description=_("recipient"), ordering="contact__family_name")
    def recipient(self, shipment: Shipment) -> str:
        return recipient_name(shipment)

    @admin.display(description=_("method"), ordering="method__name")
    def shown_method(self, shipment: Shipment) -> str:
        return str(shipment.method or shipment.method_remote_id or "–")

    @admin.display(description=_("location"), ordering="location__name")
    def shown_location(self, shipment: Shipment) -> str:
        return str(shipment.location or shipment.location_remote_id or "–")

    @admin.display(description=_("to be sent"), ordering="ship_at")
    def due(self, shipment: Shipment) -> SafeString | str:
        return due(shipment.ship_at, is_over=shipment.state in states.SENT)

    @admin.display(description=_("packed"), ordering="boxed_count")
    def shown_progress(self, shipment: Shipment) -> SafeString | str:
        return progress(shipment.boxed_count, shipment.piece_count, shipment.missing_count)

    def holding(self, part: str) -> Q:
        of_it = Parcel.objects.filter(shipment=OuterRef("pk"))
        parcels = of_it.filter(Q(Exact(Lower("tracking_code"), part)) | Q(Exact(Lower("number"), part)))
        return (
            Q(piece_text__contains=part)
            | Q(Exact(Lower("number"), part))
            | Q(remote_id=part)
            | Q(contact__search_text__contains=part)
            | Q(Exists(parcels))
        )

    def elsewhere(self, part: str) -> Iterable[Q]:
        yield Q(Exact(Lower("number"), part))  # these two are not in the text until it is read by itself
        yield Q(remote_id=part)
        parcels = Parcel.objects.order_by()
        yield Q(pk__in=parcels.filter(Exact(Lower("tracking_code"), part)).values("shipment"))
        yield Q(pk__in=parcels.filter(Exact(Lower("number"), part)).values("shipment"))
        yield Q(contact__in=searching.related(Recipient, part))

    # -- a new list of those that are selected ------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, tuple[Callable[..., Any], str, str]]:
        offered = super().get_actions(request)
        if request.user.has_perm(CREATE_LIST.permission) and request.user.has_perm("fulfilment.view_handlinglist"):
            offered[NEW_LIST] = (_new_list, NEW_LIST, gettext("Make a handling list…"))
        return offered

    # -- the page of one ----------------------------------------------------------------------------------------------

    def traces(self, obj: Shipment) -> Iterable[live.Trace]:
        yield live.trace("parcels", obj.parcels.all(), "synced_at", "vanished_at")
        jobs = LabelJob.objects.filter(parcel__shipment=obj)
        yield live.trace("label jobs", jobs, "requested_at", "accepted_at", "ended_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("State"), self.state(obj), _beside(obj))
        yield Fact(_("Direction"), _("Outbound") if obj.is_outbound else _("Inbound"), TYPES.get(obj.type, obj.type))
        yield Fact(_("Recipient"), linked(request, obj.contact, obj.contact_remote_id))
        yield Fact(_("Method"), linked(request, obj.method, obj.method_remote_id))
        if obj.service_point_id:
            yield Fact(_("Service point"), copyable(obj.service_point_id))
        yield Fact(_("Location"), linked(request, obj.location, obj.location_remote_id))
        on_list = gettext("on a list that is not told yet") if obj.is_listed else gettext("on none")
        yield Fact(_("Handling list"), linked(request, obj.list, obj.list_remote_id, none=on_list))
        yield Fact(_("To be sent"), due(obj.ship_at, is_over=obj.state in states.SENT))
        if obj.expected_at:
            yield Fact(_("Expected"), times.at(obj.expected_at))
        yield Fact(_("Handled"), progress(obj.handled_count, obj.piece_count, obj.missing_count))
        yield Fact(_("Packed"), progress(obj.boxed_count, obj.piece_count))
        if obj.order_id:
            yield Fact(_("Order"), copyable(obj.order_id))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        contents = contents_of(obj)
        yield Section(_("Pieces"), "fulfilment/admin/parts/_pieces.html", {"contents": contents})
        if request.user.has_perm("fulfilment.view_parcel"):
            yield parcel_section(request, obj)
        if contents.backorders or contents.overage:
            both = [(_("Delivered later"), contents.backorders), (_("Too much"), contents.overage)]
            yield Section(_("Backorders and overage"), "fulfilment/admin/parts/_corrections.html", {"kinds": both})
        if obj.contact and request.user.has_perm("fulfilment.view_recipient"):
            part = {"lines": address_lines(obj.contact), "recipient": obj.contact}
            yield Section(_("Goes to"), "fulfilment/admin/parts/_address.html", part)

    def stations(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        yield from station("pack_shipment", obj, _("Pack"), "fulfilment.create_parcel", request)
        yield from deeds.buttons(request, [parcel_deeds.NEW_PARCEL], obj)
        if request.user.has_perms([CREATE_LIST.permission, "fulfilment.view_handlinglist"]):
            url = f"{reverse('admin:create_handlinglist')}?shipment={obj.pk}"
            off = why_not_listable(obj) or upstreams.why_off(CREATE_LIST.upstream)
            yield Button(_("New handling list"), url, off=off, is_link=True)
        if obj.method and obj.method.is_carrier_location and request.user.has_perm(points.VIEW):
            yield Button(_("Service points"), points.url_near(obj), "pin_drop", is_link=True)

    def get_urls(self) -> list[Any]:
        return [*deeds.urls([parcel_deeds.NEW_PARCEL]), *super().get_urls()]


def _new_list(model_admin: Any, request: HttpRequest, queryset: QuerySet[Shipment]) -> HttpResponseBase:
    keys = [str(key) for key in queryset.values_list("pk", flat=True)[: MAX_CHOSEN + 1]]
    if len(keys) > MAX_CHOSEN:
        told = gettext("Nothing was done: a list is made of {count} shipments at most. Select fewer.")
        messages.error(request, told.format(count=number(MAX_CHOSEN)))
        return redirect(f"{reverse('admin:fulfilment_shipment_changelist')}?{request.GET.urlencode()}")
    return redirect(f"{reverse('admin:create_handlinglist')}?{urlencode([('shipment', key) for key in keys])}")


def _beside(shipment: Shipment) -> str:
    """What stands beside the state: whether what was packed is what was ordered."""
    marks = (
        (shipment.is_overcomplete, _("more than ordered")),
        (bool(shipment.boxed_count) and not shipment.is_complete, _("packed pieces differ from the listed ones")),
        (not shipment.is_editable and shipment.state not in states.SENT, _("can no longer be edited at Afosto")),
    )
    return ", ".join(str(told) for is_so, told in marks if is_so)
