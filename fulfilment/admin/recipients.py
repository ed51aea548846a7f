"""Who parcels go to, and how they travel: recipients and shipping methods."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from backoffice import times
from backoffice.admin import live
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, choice_filter, value_filter
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.badges import badge
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError
from backoffice.texts import Text, number
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from fulfilment.admin.base import AfostoAdmin
from fulfilment.admin.parcel_lines import grams
from fulfilment.admin.points import service_points
from fulfilment.admin.shipment_lines import shipment_section
from fulfilment.admin.shown import DAYTIMES, address_lines
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Recipient, ShippingMethod
from fulfilment.services import rereads

REFRESH = "fulfilment.refresh_recipient"


@admin.register(Recipient)
class RecipientAdmin(AfostoAdmin):
    """Afosto's contacts as mirrored here."""

    resource_name = "afosto.contacts"
    fetch = Fetch(REFRESH, read=lambda api, remote_id: rereads.fetch(api, Recipient, remote_id))
    list_display = ("shown_name", "shown_email", "place", "shown_country", "age")
    list_display_links = ("shown_name",)
    list_filter = (
        value_filter("country_code", _("country")),
        choice_filter("is_guest", _("kind"), [("True", _("Guests")), ("False", _("Contacts"))]), AgeFilter,
    )  # fmt: skip
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, e-mail, phone, postal code or id")
    name_columns = ("given_name", "additional_name", "family_name", "organisation", "email")
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("organisation", "organisation"), ("email", "email"),
        ("phone", "phone"), ("postal_code", "postal_code"), ("city", "locality"), ("country", "country_code"),
        ("is_guest", "is_guest"), ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"),
        ("deleted_at", "deleted_at"), ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def state(self, row: Any) -> SafeString:
        """Whether it is there still."""
        if row.deleted_at:
            return badge(_("deleted at Afosto"), "bad")
        return badge(_("guest") if row.is_guest else _("contact"), "dull")

    @admin.display(description=_("recipient"), ordering="family_name")
    def shown_name(self, recipient: Recipient) -> str:
        return str(recipient)

    @admin.display(description=_("e-mail"), ordering="email", empty_value="–")
    def shown_email(self, recipient: Recipient) -> str | None:
        return recipient.email or None

    @admin.display(description=_("place"), ordering="postal_code")
    def place(self, recipient: Recipient) -> str:
        return " ".join(filter(None, (recipient.postal_code, recipient.locality))) or "–"

    @admin.display(description=_("country"), ordering="country_code")
    def shown_country(self, recipient: Recipient) -> str:
        return recipient.country_code or "–"

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part)

    def traces(self, obj: Recipient) -> Iterable[live.Trace]:
        yield live.trace("shipments", obj.shipments.all(), "synced_at", "detail_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("Kind"), self.state(obj))
        yield Fact(_("E-mail"), obj.email or "–")
        yield Fact(_("Phone"), obj.phone or "–")
        yield Fact(_("Organisation"), obj.organisation or "–")
        if obj.deleted_at:
            yield Fact(_("Deleted at Afosto"), times.at(obj.deleted_at))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield Section(_("Address"), "fulfilment/admin/parts/_address.html", {"lines": address_lines(obj)})
        if request.user.has_perm("fulfilment.view_shipment"):
            yield shipment_section(request, obj.shipments.all())

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        if request.user.has_perm(REFRESH):
            url = reverse("admin:refresh_recipient", args=[obj.pk])
            yield Button(_("Refresh from Afosto"), url, "sync", off=self.upstream_off, is_main=True)

    def get_urls(self) -> list[URLPattern]:
        return [path("<int:pk>/refresh/", refresh, name="refresh_recipient"), *super().get_urls()]


@require_POST
@staff_page("fulfilment.view_recipient", REFRESH)
def refresh(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read a recipient at Afosto again."""
    recipient = get_object_or_404(Recipient, pk=pk)
    try:
        with AfostoAPI.from_settings(PERSON) as api:
            rereads.fetch(api, Recipient, recipient.remote_id)
    except RemoteError as error:
        messages.error(request, _not_refreshed(remote_error_in_words(error, "Afosto")))
    except BackofficeError as error:
        messages.error(request, _not_refreshed(str(error)))
    else:
        messages.success(request, gettext("{recipient} was read from Afosto again.").format(recipient=recipient))
    return redirect("admin:fulfilment_recipient_change", pk)


def _not_refreshed(why: Text) -> str:
    return gettext("It was not refreshed. {reason}").format(reason=why)


@admin.register(ShippingMethod)
class ShippingMethodAdmin(AfostoAdmin):
    """Afosto's shipping methods as mirrored here. They are set up at Afosto."""

    resource_name = "afosto.methods"
    list_display = ("shown_name", "state_badge", "carrier_code", "shown_weight", "is_carrier_location", "age")
    list_display_links = ("shown_name",)
    list_filter = (
        choice_filter("is_enabled", _("state"), [("True", _("Enabled")), ("False", _("Disabled"))]),
        value_filter("carrier_code", _("carrier")), AgeFilter,
    )  # fmt: skip
    search_fields = ("name",)
    search_help_text = _("Name, carrier or id")
    name_columns = ("name", "label")
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("label", "label"), ("carrier", "carrier_code"),
        ("provider", "provider"), ("is_enabled", "is_enabled"), ("is_configured", "is_configured"),
        ("max_weight", "max_weight"), ("delivery_during", "delivery_during"),
        ("is_carrier_location", "is_carrier_location"), ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        points = Button(_("Service points"), reverse("admin:service_points"), "pin_drop", is_link=True)
        changes.buttons = [points, *changes.buttons]

    def get_urls(self) -> list[URLPattern]:
        return [path("points/", service_points, name="service_points"), *super().get_urls()]

    def state(self, row: Any) -> SafeString:
        """Whether it can be used."""
        if not row.is_enabled:
            return badge(_("disabled"), "dull")
        return badge(_("enabled"), "good") if row.is_configured else badge(_("not set up"), "warn")

    @admin.display(description=_("state"), ordering="is_enabled")
    def state_badge(self, row: Any) -> SafeString:
        return self.state(row)

    @admin.display(description=_("method"), ordering="name")
    def shown_name(self, method: ShippingMethod) -> str:
        return str(method)

    @admin.display(description=_("up to"), ordering="max_weight")
    def shown_weight(self, method: ShippingMethod) -> str:
        return grams(method.max_weight)

    def holding(self, part: str) -> Q:
        named = Q(name__icontains=part) | Q(label__icontains=part) | Q(carrier_code__icontains=part)
        return named | Q(remote_id__iexact=part)

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(_("State"), self.state(obj))
        yield Fact(_("Carrier"), obj.carrier_code or "–", obj.provider)
        yield Fact(pgettext_lazy("the name of a shipping method", "Called"), obj.label or "–")
        yield Fact(_("Up to"), grams(obj.max_weight))
        yield Fact(
            pgettext_lazy("at what time of the day", "Delivered"),
            DAYTIMES.get(obj.delivery_during, obj.delivery_during) or "–",
        )
        yield Fact(_("Goes to"), _("a service point") if obj.is_carrier_location else _("the recipient's address"))
        if request.user.has_perm("fulfilment.view_shipment"):
            yield Fact(_("Shipments"), number(obj.shipments.filter(vanished_at=None).count()))
