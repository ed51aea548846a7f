"""Customers: the list, the page of one, fetch by id, refresh."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from backoffice import freshness, times
from backoffice.admin.filters import AgeFilter
from backoffice.admin.mirror import MirrorAdmin
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.badges import word
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError, RemoteNotFound
from backoffice.payloads import shown_payload
from backoffice.records import Aware
from backoffice.wording import remote_error_in_words
from customers import states
from customers.admin.filters import ActiveLinkFilter, CustomerStatus, TeamFilter
from customers.forms import FetchForm
from customers.kirim import CustomerDetailRecord, KirimAPI
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.services import CustomerService

SHOWN_LINKS = 50
ABOUT_THE_ID = frozenset({400, 404, 422})


@dataclass(frozen=True)
class AccountLine:
    """An account as the customer's page shows it."""

    name: str
    number: str
    state: SafeString
    onboarded: Any


@dataclass(frozen=True)
class LinkLine:
    """A setup link as the customer's page shows it."""

    link: SetupLink
    state: SafeString
    ends: Any
    consumed: Any


@admin.register(Customer)
class CustomerAdmin(MirrorAdmin):
    """Kirim's customers as mirrored here."""

    resource_name = "kirim.customers"
    tones = states.CUSTOMER
    list_display = ("shown_name", "shown_email", "state", "team_id", "age")
    list_filter = (CustomerStatus, TeamFilter, ActiveLinkFilter, AgeFilter)
    search_fields = ("search_text",)
    search_help_text = "Name, e-mail, id or metadata"
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("email", "email"), ("status", "status"), ("team_id", "team_id"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("archived_at", "archived_at"),
        ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description="name", ordering="name")
    def shown_name(self, customer: Customer) -> str:
        return customer.name or "(no name)"

    @admin.display(description="e-mail", ordering="email", empty_value="–")
    def shown_email(self, customer: Customer) -> str | None:
        return customer.email or None

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part) | Q(remote_id__iexact=part)

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if request.user.has_perm("customers.fetch_customer"):
            changes.page_form = reverse("admin:fetch_customer")

    # -- the page of one ----------------------------------------------------------------------------------------------

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact("State", self.state(obj))
        yield Fact("E-mail", obj.email or "–")
        yield Fact("Team", obj.team_id or "–")
        yield from super().facts(request, obj)
        if obj.archived_at:
            yield Fact("Archived", times.at(obj.archived_at))
        yield Fact("Setup links read", times.ago(obj.links_read_at))
        yield Fact("Read by itself", times.ago(obj.detail_at), "with its accounts")

    def sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        if obj.metadata:
            yield Section("Metadata", "customers/parts/_metadata.html", {"metadata": _pairs(obj.metadata)})
        if request.user.has_perm("customers.view_whatsappaccount"):
            yield Section(
                "WhatsApp accounts", "customers/parts/_accounts.html", {"accounts": account_lines(obj), "customer": obj}
            )
        if request.user.has_perm("customers.view_setuplink"):
            links = obj.setup_links.order_by("vanished_at", "-remote_created_at", "-pk")[:SHOWN_LINKS]
            lines = [link_line(link) for link in links]
            yield Section("Setup links", "customers/parts/_links.html", {"links": lines, "read": obj.links_read_at})
        yield from super().sections(request, obj)
        if obj.detail and self.may_see_payload(request):
            payload = shown_payload(obj.detail, CustomerDetailRecord.members())
            title = "Raw payload of the last single read"
            yield Section(title, "admin/parts/_payload.html", {"payload": payload, "read": times.at(obj.detail_at)})

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        if request.user.has_perm("customers.refresh_customer"):
            url = reverse("admin:refresh_customer", args=[obj.pk])
            yield Button("Refresh from Kirim", url, "sync", off=self.upstream_off, is_main=True)

    # -- reading at Kirim ---------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("fetch/", view(self.fetch_view), name="fetch_customer"),
            path("<int:pk>/refresh/", view(self.refresh_view), name="refresh_customer"),
            *super().get_urls(),
        ]

    def fetch_view(self, request: HttpRequest) -> HttpResponseBase:
        """A form for an id; POST reads that customer at Kirim and goes to its page."""
        if not request.user.has_perms(["customers.view_customer", "customers.fetch_customer"]):
            raise PermissionDenied
        form = FetchForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            try:
                with KirimAPI.from_settings(PERSON) as api:
                    customer = CustomerService(api).fetch(form.cleaned_data["remote_id"])
            except RemoteNotFound as error:
                form.add_error("remote_id", f"{error.reason}. Look for a typing error; nothing was changed.")
            except RemoteError as error:
                field = "remote_id" if error.status in ABOUT_THE_ID else None
                form.add_error(field, f"Nothing was fetched. {remote_error_in_words(error, 'Kirim')}")
            except BackofficeError as error:
                form.add_error(None, f"Nothing was fetched. {error}")
            else:
                messages.success(request, f"{customer} was fetched from Kirim.")
                return redirect(self._url("change"), customer.pk)
        context = {
            **self.admin_site.each_context(request),
            "title": "Fetch a customer by its id",
            "opts": self.opts,
            "form": form,
            "off": self.upstream_off,
            "list_url": reverse(self._url("changelist")),
        }
        return TemplateResponse(request, "customers/fetch.html", context)

    def refresh_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """POST: read the customer and its links at Kirim again."""
        if not request.user.has_perms(["customers.view_customer", "customers.refresh_customer"]):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        customer = get_object_or_404(Customer, pk=pk)
        try:
            with KirimAPI.from_settings(PERSON) as api:
                CustomerService(api).refresh(customer)
        except RemoteNotFound:
            messages.warning(request, not_known(customer))
        except RemoteError as error:
            messages.error(request, f"Not everything could be refreshed. {remote_error_in_words(error, 'Kirim')}")
        except BackofficeError as error:
            messages.error(request, f"Not everything could be refreshed. {error}")
        else:
            messages.success(request, "Refreshed from Kirim, with its setup links.")
        return redirect(self._url("change"), pk)


def not_known(customer: Customer) -> str:
    """What it means here that Kirim does not know the customer."""
    if customer.vanished_at:
        return f"Kirim does not know {customer.remote_id}; it is marked as gone here already."
    return f"Kirim no longer knows {customer.remote_id}. The next full sync settles what becomes of it here."


def account_lines(customer: Customer) -> list[AccountLine]:
    """The customer's accounts: from the last single read where it is newer than the list, else from the list.

    The single read tells when an account was onboarded; the list does not.
    """
    stored = list(customer.accounts.filter(vanished_at=None))
    listed = [account.synced_at for account in stored]
    swept_from = freshness.swept_from_of(WhatsAppAccount)
    if swept_from:
        listed.append(swept_from)
    if customer.detail and customer.detail_at and all(customer.detail_at >= moment for moment in listed):
        return [_from_detail(account) for account in customer.detail.get("whatsapp_accounts") or []]
    onboarded = {
        account["phone_number_id"]: account.get("onboarded_at")
        for account in (customer.detail or {}).get("whatsapp_accounts") or []
        if account.get("phone_number_id")
    }
    return [
        AccountLine(
            account.name or "",
            account.phone_number or "",
            word(account.status, states.ACCOUNT),
            times.at(_time(onboarded.get(account.phone_number_id)), "not known"),
        )
        for account in stored
    ]


def _from_detail(account: dict[str, Any]) -> AccountLine:
    return AccountLine(
        account.get("name") or "",
        account.get("phone_number") or "",
        word(account.get("status"), states.ACCOUNT),
        times.at(_time(account.get("onboarded_at")), "not yet"),
    )


def _time(text: Any) -> datetime | None:
    """A time of a stored single read, in UTC. None for what cannot be read: only columns are checked when stored."""
    try:
        return msgspec.convert(text, Aware).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None


def link_line(link: SetupLink) -> LinkLine:
    """One setup link."""
    return LinkLine(
        link,
        word(states.link_state(link), states.LINK),
        link_ends(link),
        times.at(link.consumed_at),
    )


def link_ends(link: SetupLink) -> Any:
    """When the link ends or ended: "in 3 h", with the exact time on hover; only the time where it no longer matters."""
    return times.ago(link.expires_at) if link.status == "active" else times.at(link.expires_at)


def _pairs(metadata: Any) -> list[tuple[str, str]]:
    if not isinstance(metadata, dict):
        return [("metadata", _short(metadata))]
    return [(name, value if isinstance(value, str) else _short(value)) for name, value in metadata.items()]


def _short(value: Any) -> str:
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
