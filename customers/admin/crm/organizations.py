"""Customer companies of the CRM: the list, and the page of one."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin import live
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, value_filter
from backoffice.admin.readonly import Fact, ReadOnlyChangeList, Section
from backoffice.links import outward
from backoffice.texts import number
from customers import crm_words
from customers.admin.crm import new
from customers.admin.crm.base import CrmAdmin, invoice_section
from customers.admin.filters import StatusFilter
from customers.models import Organization
from customers.services.organizations import OrganizationService
from customers.verbs.crm import CREATE_ORGANIZATION, REFRESH_ORGANIZATION


class OrganizationStatus(StatusFilter):
    words = crm_words.ORGANIZATION


@admin.register(Organization)
class OrganizationAdmin(CrmAdmin):
    """The CRM's customer companies as mirrored here."""

    resource_name = "layercake.organizations"
    tones = crm_words.ORGANIZATION
    refresh = REFRESH_ORGANIZATION
    fetch = Fetch("customers.fetch_organization", read=lambda api, id: OrganizationService(api).fetch(id))
    list_display = ("shown_name", "shown_industry", "shown_website", "contact_count", "state_badge", "age")
    list_display_links = ("shown_name",)
    list_filter = (OrganizationStatus, value_filter("industry", _("industry")), AgeFilter)
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, website, industry, tax id or id")
    bulk_verbs = (REFRESH_ORGANIZATION,)
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("website", "website"), ("industry", "industry"),
        ("tax_id", "tax_id"), ("status", "status"), ("subtype", "subtype"), ("contacts", "contact_count"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("organization"), ordering="name")
    def shown_name(self, organization: Organization) -> str:
        return str(organization)

    @admin.display(description=_("industry"), ordering="industry")
    def shown_industry(self, organization: Organization) -> str:
        return organization.industry or "–"

    @admin.display(description=_("website"), ordering="website")
    def shown_website(self, organization: Organization) -> str:
        return organization.website or "–"

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        self.offer_new(request, changes, CREATE_ORGANIZATION, reverse("admin:create_organization"))

    def traces(self, obj: Organization) -> Iterable[live.Trace]:
        yield live.trace("invoices", obj.invoices.all(), "synced_at", "vanished_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("Kind"), obj.subtype or "–")
        yield Fact(gettext("Website"), outward(obj.website, obj.website) if obj.website else "–")
        yield Fact(gettext("Industry"), obj.industry or "–")
        yield Fact(gettext("Tax id"), obj.tax_id or "–")
        contacts = "–" if obj.contact_count is None else number(obj.contact_count)
        yield Fact(gettext("Contacts"), contacts, gettext("as L4YERCAK3 counts"))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield from invoice_section(request, obj.invoices.all())

    def get_urls(self) -> list[URLPattern]:
        return [path("create/", new.view_of(new.ORGANIZATION), name="create_organization"), *super().get_urls()]
