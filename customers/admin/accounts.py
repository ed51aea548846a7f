"""WhatsApp accounts."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin import live, searching
from backoffice.admin.filters import AgeFilter
from backoffice.admin.mirror import MirrorAdmin, copyable
from backoffice.admin.readonly import Button, Fact
from customers import states
from customers.admin import account_pages
from customers.admin.account_lines import REFRESH, sync_button
from customers.admin.filters import AccountStatus
from customers.admin.owner import shown_owner
from customers.admin.traces import traces_of_owner
from customers.models import Customer, WhatsAppAccount
from customers.pasted import link_ending
from customers.verbs import kirim as verbs


@admin.register(WhatsAppAccount)
class WhatsAppAccountAdmin(MirrorAdmin):
    """Kirim's WhatsApp accounts as mirrored here."""

    resource_name = "kirim.accounts"
    tones = states.ACCOUNT
    list_display = ("shown_name", "number", "state", "owner", "age")
    list_select_related = ("customer",)
    list_filter = (AccountStatus, AgeFilter)
    search_fields = ("search_text",)
    is_indexed = looks_elsewhere = True
    search_help_text = _("Name, number, id or customer")
    bulk_verbs = (verbs.SYNC_TEMPLATES,)
    name_columns = ("name", "phone_number")
    export_columns = (
        ("phone_number_id", "phone_number_id"), ("phone_number", "phone_number"), ("name", "name"),
        ("status", "status"), ("customer_remote_id", "customer_remote_id"),
        ("customer", lambda account: account.customer.name if account.customer else ""),
        ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("account"), ordering="name")
    def shown_name(self, account: WhatsAppAccount) -> str:
        return str(account)

    @admin.display(description=_("number"), ordering="phone_number", empty_value="–")
    def number(self, account: WhatsAppAccount) -> str | None:
        return account.phone_number or None

    @admin.display(description=_("customer"), ordering="customer__name")
    def owner(self, account: WhatsAppAccount) -> str:
        if account.customer:
            return account.customer.name
        return account.customer_remote_id or gettext("the organization itself")

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part) | Q(customer__search_text__contains=part) | link_ending(part, "customer")

    def elsewhere(self, part: str) -> Iterable[Q]:
        yield link_ending(part, "customer")
        yield Q(customer__in=searching.related(Customer, part))

    def traces(self, obj: WhatsAppAccount) -> Iterable[live.Trace]:
        return traces_of_owner(obj.customer_id)

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("Number"), copyable(obj.phone_number) if obj.phone_number else gettext("none yet"))
        yield Fact(gettext("Name"), obj.name or "–")
        yield Fact(gettext("Customer"), shown_owner(request, obj))
        yield from super().facts(request, obj)

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        yield from sync_button(request, obj)
        if request.user.has_perm(REFRESH):
            url = reverse("admin:refresh_account", args=[obj.pk])
            off = account_pages.why_not_refreshed(obj) or self.upstream_off
            yield Button(gettext("Refresh from Kirim"), url, "sync", off=off, is_main=True)

    def get_urls(self) -> list[URLPattern]:
        return [*account_pages.urls(), *super().get_urls()]
