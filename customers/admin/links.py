"""Setup links: who has which, and how long they can still be used."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.http import HttpRequest
from django.utils.safestring import SafeString

from backoffice import times
from backoffice.admin.mirror import MirrorAdmin
from backoffice.admin.readonly import Fact
from backoffice.badges import word
from customers import states
from customers.admin.customers import link_ends
from customers.admin.filters import EndingFilter, LinkAgeFilter, LinkStatus
from customers.admin.owner import shown_owner
from customers.models import SetupLink


@admin.register(SetupLink)
class SetupLinkAdmin(MirrorAdmin):
    """Kirim's setup links as mirrored here."""

    resource_name = "kirim.setup_links"
    tones = states.LINK
    list_display = ("last_four", "customer_name", "state", "ends", "created", "age")
    list_select_related = ("customer",)
    list_filter = (LinkStatus, EndingFilter, LinkAgeFilter)
    search_fields = ("token_last4",)
    search_help_text = "Last four, id or customer"
    export_columns = (
        ("remote_id", "remote_id"), ("customer_remote_id", "customer_remote_id"),
        ("customer", lambda link: link.customer.name if link.customer else ""), ("state", states.link_state),
        ("token_last4", "token_last4"), ("created_at", "remote_created_at"), ("expires_at", "expires_at"),
        ("consumed_at", "consumed_at"), ("success_redirect_url", "success_redirect_url"),
        ("failure_redirect_url", "failure_redirect_url"), ("synced_at", "synced_at"),
    )  # fmt: skip

    @admin.display(description="last four")
    def last_four(self, link: SetupLink) -> str:
        return f"…{link.token_last4}"

    @admin.display(description="customer", ordering="customer__name")
    def customer_name(self, link: SetupLink) -> str:
        return link.customer.name if link.customer else link.customer_remote_id

    @admin.display(description="state", ordering="status")
    def state(self, link: SetupLink) -> SafeString:
        return word(states.link_state(link), states.LINK)

    @admin.display(description="ends", ordering="expires_at")
    def ends(self, link: SetupLink) -> Any:
        return link_ends(link)

    @admin.display(description="created", ordering="remote_created_at")
    def created(self, link: SetupLink) -> SafeString | str:
        return times.at(link.remote_created_at)

    def holding(self, part: str) -> Q:
        return (
            Q(token_last4__iexact=part)
            | Q(remote_id__iexact=part)
            | Q(customer_remote_id__iexact=part)
            | Q(customer__search_text__contains=part)
        )

    def fresh_at(self, row: SetupLink, swept_from: datetime | None) -> datetime | None:
        """A link's age counts from the last reading of its customer's links: a normal sync does not read all."""
        read_at = row.customer.links_read_at if row.customer else None
        return max(row.synced_at, read_at) if read_at else row.synced_at

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact("State", self.state(obj))
        yield Fact("Customer", shown_owner(request, obj))
        yield Fact("Last four", obj.token_last4)
        yield Fact("Ends", link_ends(obj))
        yield Fact("Used", times.at(obj.consumed_at, "not yet"))
        yield Fact("After success to", obj.success_redirect_url or "–")
        yield Fact("After failure to", obj.failure_redirect_url or "–")
        yield from super().facts(request, obj)
