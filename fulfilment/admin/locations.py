"""Locations: the list, the page of one, and the page that makes one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from backoffice import times
from backoffice.admin import live
from backoffice.admin.deeds import Deed, created, page
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, choice_filter
from backoffice.admin.mirror import copyable
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.badges import badge
from backoffice.texts import number
from backoffice.views import staff_page
from fulfilment.admin.base import AfostoAdmin
from fulfilment.forms.locations import NewLocationForm, RenameForm, SkusForm, WalkOrderForm, shelves_of
from fulfilment.models import HandlingList, Location
from fulfilment.services.locations import LocationService, why_not
from fulfilment.states import OVER
from fulfilment.verbs.locations import (
    CREATE_LOCATION,
    DISABLE_LOCATION,
    ENABLE_LOCATION,
    REFRESH_LOCATION,
    RENAME_LOCATION,
    SET_SKUS,
    SET_WALK_ORDER,
)

SHOWN_SHELVES = 500
DEEDS = (
    Deed(
        RENAME_LOCATION, (_("All else of the location stays as it is at Afosto."),), _("has its new name."), why_not,
        RenameForm,
    ),
    Deed(ENABLE_LOCATION, (_("Goods can be picked and received there again."),), _("is enabled."), why_not),
    Deed(
        DISABLE_LOCATION,
        (_("Nothing new is picked or received there."), _("Nothing is deleted. It can be enabled again at any time.")),
        _("is disabled."), why_not,
    ),
    Deed(
        SET_WALK_ORDER, (_("Pick lists lead past the shelves in this order."),), _("has its new walking order."),
        why_not, WalkOrderForm,
    ),
    Deed(
        SET_SKUS, (_("New pick lines lead to these shelves."),), _("has these SKUs on their shelves."), why_not,
        SkusForm,
    ),
)  # fmt: skip


def _fetched(api: Any, remote_id: str) -> Location:
    """A location with its shelves, which come by a read of their own."""
    service = LocationService(api)
    return service.refresh(service.fetch(remote_id))


@admin.register(Location)
class LocationAdmin(AfostoAdmin):
    """Afosto's locations as mirrored here."""

    resource_name = "afosto.locations"
    own_moments = ("positions_at",)
    deeds = DEEDS
    refresh = REFRESH_LOCATION
    fetch = Fetch(REFRESH_LOCATION.permission, read=_fetched)
    list_display = ("shown_name", "state_badge", "shown_reference", "shelves", "age")
    list_display_links = ("shown_name",)
    list_filter = (
        choice_filter("is_disabled", _("state"), [("False", _("Enabled")), ("True", _("Disabled"))]),
        AgeFilter,
    )
    search_fields = ("name",)
    search_help_text = _("Name, reference or id")
    bulk_verbs = (REFRESH_LOCATION,)
    name_columns = ("name",)
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("reference", "reference"),
        ("address_remote_id", "address_remote_id"), ("is_disabled", "is_disabled"), ("positions_at", "positions_at"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if request.user.has_perm(CREATE_LOCATION.permission):
            url = reverse("admin:create_location")
            new = Button(_("New location"), url, "add", off=self.upstream_off, is_main=True, is_link=True)
            changes.buttons = [new, *changes.buttons]

    def state(self, row: Any) -> SafeString:
        """Whether it is in use."""
        return badge(_("disabled"), "dull") if row.is_disabled else badge(_("enabled"), "good")

    @admin.display(description=_("state"), ordering="is_disabled")
    def state_badge(self, row: Any) -> SafeString:
        return self.state(row)

    @admin.display(description=_("location"), ordering="name")
    def shown_name(self, location: Location) -> str:
        return str(location)

    @admin.display(description=_("reference"), ordering="reference")
    def shown_reference(self, location: Location) -> str:
        return location.reference or "–"

    @admin.display(description=_("shelves read"), ordering="positions_at")
    def shelves(self, location: Location) -> SafeString | str:
        return times.ago(location.positions_at)

    def holding(self, part: str) -> Q:
        return Q(name__icontains=part) | Q(reference__icontains=part) | Q(remote_id__iexact=part)

    def traces(self, obj: Location) -> Iterable[live.Trace]:
        yield live.trace("lists", obj.lists.all(), "synced_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("State"), self.state(obj))
        yield Fact(_("Reference"), obj.reference or "–")
        yield Fact(
            _("Address"), copyable(obj.address_remote_id) if obj.address_remote_id else "–", _("its id at Afosto")
        )
        yield Fact(_("Shelves read"), times.ago(obj.positions_at))
        if request.user.has_perm("fulfilment.view_handlinglist"):
            open_lists = HandlingList.objects.filter(location=obj, vanished_at=None)
            yield Fact(_("Open lists"), number(open_lists.exclude(state__in=OVER).count()))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        shelves = shelves_of(obj)
        part = {"shelves": shelves[:SHOWN_SHELVES], "count": len(shelves), "read": obj.positions_at}
        yield Section(_("Shelves in walking order"), "fulfilment/admin/parts/_shelves.html", part)

    def get_urls(self) -> list[URLPattern]:
        return [path("create/", create, name="create_location"), *super().get_urls()]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("fulfilment.view_location", CREATE_LOCATION.permission)
def create(request: HttpRequest) -> HttpResponseBase:
    """The form of a new location; POST makes it at Afosto and goes to its page."""
    if request.method != "POST":
        return _form_page(request, NewLocationForm(row=None))
    form = NewLocationForm(request.POST, row=None)
    if not form.is_valid():
        return _form_page(request, form)
    done = format_lazy(_("{location} was made at Afosto."), location=form.sends()["name"])
    return created(request, CREATE_LOCATION, form, lambda made: done, lambda: _form_page(request, form))


def _form_page(request: HttpRequest, form: NewLocationForm) -> HttpResponseBase:
    does = (_("A location cannot be deleted at Afosto, only disabled."),)
    part = "fulfilment/admin/parts/_addresses.html"
    return page(request, CREATE_LOCATION, form, gettext("New location"), does=does, part=part)
