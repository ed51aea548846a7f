"""Customers: the list, and the page of one."""

import json
import re
from collections.abc import Iterable
from typing import Any, cast
from uuid import UUID

from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin import live
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter
from backoffice.admin.mirror import MirrorAdmin
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.admin.related import url_of
from backoffice.payloads import shown_payload
from backoffice.writes.history import visible_writes
from customers import states
from customers.admin import customer_forms, customer_reads, customer_verbs
from customers.admin.account_lines import account_section
from customers.admin.filters import ActiveLinkFilter, CustomerStatus, TeamFilter
from customers.admin.link_lines import link_section
from customers.admin.traces import traces_of_customer
from customers.kirim import CustomerDetailRecord
from customers.metadata import reference_in, visible
from customers.models import Customer
from customers.pasted import MARK, link_ending
from customers.person.address import page_url
from customers.services import CustomerService
from customers.services.customers import why_not
from customers.services.links import why_no_link
from customers.verbs import kirim as verbs

SHOWN_LINKS = 50


@admin.register(Customer)
class CustomerAdmin(MirrorAdmin):
    """Kirim's customers as mirrored here."""

    resource_name = "kirim.customers"
    own_moments = ("detail_at", "links_read_at")
    tones = states.CUSTOMER
    fetch = Fetch(
        "customers.fetch_customer",
        read=lambda api, remote_id: CustomerService(api).fetch(remote_id),
        shape=re.compile(r"cus_[0-9A-HJKMNP-TV-Z]{26}"),  # as in the contract
        shape_in_words=_('is "cus_" and 26 capital letters and digits'),
    )
    list_display = ("shown_name", "shown_email", "state", "team_id", "age", "everywhere")
    list_filter = (CustomerStatus, TeamFilter, ActiveLinkFilter, AgeFilter)
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, e-mail, id or metadata")
    bulk_verbs = (verbs.SUSPEND_CUSTOMER, verbs.ACTIVATE_CUSTOMER, verbs.ARCHIVE_CUSTOMER, verbs.REFRESH_CUSTOMER)
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("email", "email"), ("status", "status"), ("team_id", "team_id"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("archived_at", "archived_at"),
        ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, customer: Customer) -> str:
        return customer.name or gettext("(no name)")

    @admin.display(description=_("e-mail"), ordering="email", empty_value="–")
    def shown_email(self, customer: Customer) -> str | None:
        return customer.email or None

    @admin.display(description=_("all systems"))
    def everywhere(self, customer: Customer) -> SafeString | str:
        """The page over all systems; none for an id that no address can carry."""
        url = page_url(customer)
        if not url:
            return "–"
        told = gettext("All systems: {customer}").format(customer=customer)
        return format_html('<a href="{}" aria-label="{}">{}</a>', url, told, gettext("Open"))

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part) | link_ending(part, "pk")

    def elsewhere(self, part: str) -> Iterable[Q]:
        return [link_ending(part, "pk")] if part.startswith(MARK) else []

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if request.user.has_perm(verbs.CREATE_CUSTOMER.permission):
            url = reverse("admin:create_customer")
            new = Button(gettext("New customer"), url, "add", off=self.upstream_off, is_main=True, is_link=True)
            changes.buttons = [new, *changes.buttons]

    # -- the page of one ----------------------------------------------------------------------------------------------

    def traces(self, obj: Customer) -> Iterable[live.Trace]:
        return traces_of_customer(obj)

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("All systems"), self.everywhere(obj))
        yield Fact(gettext("E-mail"), obj.email or "–")
        yield Fact(gettext("Team"), obj.team_id or "–")
        yield from super().facts(request, obj)
        if obj.archived_at:
            yield Fact(gettext("Archived"), times.at(obj.archived_at))
        yield Fact(gettext("Setup links read"), times.ago(obj.links_read_at))
        yield Fact(gettext("Read by itself"), times.ago(obj.detail_at), gettext("with its accounts"))
        if created_by := _creation(request, obj):
            yield Fact(gettext("Created from here"), created_by)

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        if metadata := visible(obj.metadata):
            yield Section(gettext("Metadata"), "customers/parts/_metadata.html", {"metadata": _pairs(metadata)})
        if request.user.has_perm("customers.view_whatsappaccount"):
            part = account_section(request, obj, url_of(obj))
            yield Section(gettext("WhatsApp accounts"), "customers/parts/_accounts.html", part)
        if request.user.has_perm("customers.view_setuplink"):
            links = obj.setup_links.order_by("vanished_at", "-remote_created_at", "-pk")[:SHOWN_LINKS]
            yield Section(gettext("Setup links"), "customers/parts/_links.html", link_section(request, obj, links))
        yield from super().sections(request, obj)
        if obj.detail and self.may_see_payload(request):
            payload = shown_payload(obj.detail, CustomerDetailRecord.members())
            title = gettext("Raw payload of the last single read")
            yield Section(title, "admin/parts/_payload.html", {"payload": payload, "read": times.at(obj.detail_at)})

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        off = self.upstream_off
        if request.user.has_perm(verbs.UPDATE_CUSTOMER.permission):
            url = reverse("admin:update_customer", args=[obj.pk])
            yield Button(gettext("Edit"), url, "edit", off=why_not("update", obj) or off, is_link=True)
        yield from customer_verbs.buttons(request, obj, f"{reverse(self._url('changelist'))}{obj.pk}/", off)
        if request.user.has_perm(verbs.CREATE_LINK.permission):
            url = reverse("admin:create_setup_link", args=[obj.pk])
            yield Button(gettext("New setup link"), url, "link", off=why_no_link(obj) or off, is_link=True)
        if request.user.has_perm(verbs.REFRESH_CUSTOMER.permission):
            url = reverse("admin:refresh_customer", args=[obj.pk])
            yield Button(gettext("Refresh from Kirim"), url, "sync", off=off, is_main=True)

    # -- pages of their own -------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            path("create/", customer_forms.create, name="create_customer"),
            path("<int:pk>/refresh/", customer_reads.refresh, name="refresh_customer"),
            path("<int:pk>/update/", customer_forms.update, name="update_customer"),
            path("<int:pk>/update/resolve/", customer_forms.resolve, name="resolve_customer_update"),
            *customer_verbs.urls(),
            *super().get_urls(),
        ]


def _creation(request: HttpRequest, customer: Customer) -> SafeString | str:
    """Who created the customer from here, with the write; "" where nobody did or the person may not see it."""
    try:
        reference = UUID(reference_in(customer.metadata))
    except ValueError:
        return ""
    user = cast(User, request.user)
    created = visible_writes(user).filter(
        pk=reference, target=verbs.CREATE_CUSTOMER.target, verb=verbs.CREATE_CUSTOMER.name, remote_id=customer.remote_id
    ).first()  # fmt: skip
    if created is None:
        return ""
    url = reverse("admin:backoffice_remotewrite_change", args=[created.pk])
    who = created.actor or gettext("the operator")
    told = gettext('<a href="{url}">by {who}</a> {when}')
    return format_html(told, url=url, who=who, when=times.ago(created.planned_at))


def _pairs(metadata: Any) -> list[tuple[str, str]]:
    if not isinstance(metadata, dict):
        return [(gettext("metadata"), _short(metadata))]
    return [(name, value if isinstance(value, str) else _short(value)) for name, value in metadata.items()]


def _short(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
