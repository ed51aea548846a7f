"""Handling lists: the list, and the page of one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, Q, Subquery
from django.db.models.functions import Lower
from django.db.models.lookups import Exact, IsNull
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin import live, searching
from backoffice.admin.deeds import Deed
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.admin.related import linked
from fulfilment import states
from fulfilment.admin import new_list
from fulfilment.admin.base import AfostoAdmin, told
from fulfilment.admin.filters import AssigneeFilter, DueFilter, LocationFilter, direction_filter, state_filter
from fulfilment.admin.shipment_lines import shipment_section
from fulfilment.admin.shown import due, progress, station
from fulfilment.board import holder_of, holders
from fulfilment.forms.lists import AssignForm, AssignManyForm, DeleteListForm, MarkHandledForm
from fulfilment.models import HandlingList, Parcel, Recipient, Shipment
from fulfilment.pieces import pick_lines
from fulfilment.services.lists import HandlingListService, why_not
from fulfilment.states import OVER
from fulfilment.verbs.lists import (
    ASSIGN_LIST,
    CREATE_LIST,
    DELETE_LIST,
    HOLD_LIST,
    MARK_HANDLED,
    REFRESH_LIST,
    RELEASE_LIST,
)

DEEDS = (
    Deed(
        ASSIGN_LIST,
        (
            _("Whoever held the list before loses it: taking over is assigning it anew."),
            _("Afosto knows no way back to nobody."),
        ),
        _("is assigned."), why_not, AssignForm,
    ),
    Deed(HOLD_LIST, (_("Nothing is picked from the list until it is released."),), _("is on hold."), why_not),
    Deed(RELEASE_LIST, (_("Its pieces can be picked again."),), _("is released."), why_not),
    Deed(
        MARK_HANDLED,
        (_("What is marked counts as picked, or sorted. The pick screen does the same by scanning."),),
        _("has these pieces marked as handled."), why_not, MarkHandledForm,
    ),
    Deed(
        DELETE_LIST,
        (
            _("This is final: the list is cancelled, and nobody can bring it back."),
            _("Its shipments stay and can be put on another list."),
        ),
        _("is deleted at Afosto."), why_not, DeleteListForm,
    ),
)  # fmt: skip


@admin.register(HandlingList)
class HandlingListAdmin(AfostoAdmin):
    """Afosto's handling lists as mirrored here."""

    resource_name = "afosto.handling_lists"
    own_moments = ("detail_at",)
    tones = states.LIST
    deeds = DEEDS
    refresh = REFRESH_LIST
    fetch = Fetch(REFRESH_LIST.permission, read=lambda api, remote_id: HandlingListService(api).fetch(remote_id))
    list_display = ("shown_number", "state_badge", "shown_location", "held_by", "due", "shown_progress", "age")
    list_display_links = ("shown_number",)
    list_select_related = ("location",)
    list_filter = (
        state_filter(states.LIST), LocationFilter, AssigneeFilter, DueFilter, direction_filter, AgeFilter,
    )  # fmt: skip
    search_fields = ("search_text",)
    is_indexed = looks_elsewhere = True
    search_help_text = _("Number, id, SKU, tracking code or recipient")
    bulk_verbs = (ASSIGN_LIST, HOLD_LIST, RELEASE_LIST, REFRESH_LIST)
    confirm_forms = {ASSIGN_LIST.name: AssignManyForm}  # noqa: RUF012  Django's own way to declare an admin
    export_columns = (
        ("remote_id", "remote_id"), ("number", "number"), ("state", "state"), ("sub", "sub"),
        ("location_remote_id", "location_remote_id"), ("location", told("name", "location")), ("due_at", "due_at"),
        ("is_outbound", "is_outbound"), ("pieces", "piece_count"), ("handled", "handled_count"),
        ("missing", "missing_count"), ("started_at", "started_at"), ("finished_at", "finished_at"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        names = holders()
        for handling_list in changes.result_list:
            handling_list.held_by = holder_of(handling_list, names) or gettext("nobody")
        if request.user.has_perm(CREATE_LIST.permission):
            url = reverse("admin:create_handlinglist")
            new = Button(_("New handling list"), url, "add", off=self.upstream_off, is_main=True, is_link=True)
            changes.buttons = [new, *changes.buttons]

    @admin.display(description=_("list"), ordering="number")
    def shown_number(self, handling_list: HandlingList) -> str:
        return str(handling_list)

    @admin.display(description=_("location"), ordering="location__name")
    def shown_location(self, handling_list: HandlingList) -> str:
        return str(handling_list.location or handling_list.location_remote_id or "–")

    @admin.display(description=_("held by"), ordering="sub")
    def held_by(self, handling_list: Any) -> str:
        return str(handling_list.held_by)

    @admin.display(description=_("due"), ordering="due_at")
    def due(self, handling_list: HandlingList) -> SafeString | str:
        return due(handling_list.due_at, is_over=handling_list.state in OVER)

    @admin.display(description=_("handled"), ordering="handled_count")
    def shown_progress(self, handling_list: HandlingList) -> SafeString | str:
        return progress(handling_list.handled_count, handling_list.piece_count, handling_list.missing_count)

    def holding(self, part: str) -> Q:
        of_list = Shipment.objects.order_by().filter(list=OuterRef("pk"))
        told = of_list.filter(Q(Exact(Lower("number"), part)) | Q(contact__search_text__contains=part))
        # As a value: what EXISTS asks, PostgreSQL may ask of all shipments first.
        shipments = IsNull(Subquery(told.values("pk")[:1]), False)
        parcels = Parcel.objects.filter(Exact(Lower("tracking_code"), part), shipment__list=OuterRef("pk"))
        return Q(search_text__contains=part) | Q(shipments) | Q(Exists(parcels))

    def elsewhere(self, part: str) -> Iterable[Q]:
        shipments, parcels = Shipment.objects.order_by(), Parcel.objects.order_by()
        yield Q(pk__in=shipments.filter(Exact(Lower("number"), part)).values("list"))
        yield Q(pk__in=parcels.filter(Exact(Lower("tracking_code"), part)).values("shipment__list"))
        yield Q(pk__in=shipments.filter(contact__in=searching.related(Recipient, part)).values("list"))

    # -- the page of one ----------------------------------------------------------------------------------------------

    def traces(self, obj: HandlingList) -> Iterable[live.Trace]:
        yield live.trace("shipments", obj.shipments.all(), "synced_at", "detail_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("State"), self.state(obj))
        yield Fact(_("Kind"), _("Pick list") if obj.is_outbound else _("Sort list"))
        yield Fact(_("Location"), linked(request, obj.location, obj.location_remote_id))
        yield Fact(_("Held by"), holder_of(obj, holders()) or gettext("nobody"))
        yield Fact(_("Due"), due(obj.due_at, is_over=obj.state in OVER))
        yield Fact(_("Handled"), progress(obj.handled_count, obj.piece_count, obj.missing_count))
        if obj.started_at:
            yield Fact(_("Started"), times.at(obj.started_at))
        if obj.finished_at:
            yield Fact(_("Finished"), times.at(obj.finished_at))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield Section(_("Pick lines"), "fulfilment/admin/parts/_pick_lines.html", {"lines": pick_lines(obj)})
        if request.user.has_perm("fulfilment.view_shipment"):
            rows = Shipment.objects.filter(Q(remote_id__in=obj.shipment_ids) | Q(list=obj))
            yield shipment_section(request, rows, obj.shipment_ids)

    def stations(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        yield from station("pick_list", obj, _("Pick"), MARK_HANDLED.permission, request)
        yield from station("printed_list", obj, _("Print"), "fulfilment.view_handlinglist", request)

    def get_urls(self) -> list[URLPattern]:
        return [path("create/", new_list.create, name="create_handlinglist"), *super().get_urls()]
