"""Setup links: who has which, how long they can still be used, and what is wrong with them."""

from collections.abc import Iterable
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.contrib import admin
from django.db.models import Q
from django.db.models.functions import Lower
from django.db.models.lookups import Exact
from django.http import HttpRequest
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import freshness, times
from backoffice.admin import live, searching
from backoffice.admin.mirror import MirrorAdmin, MirrorChangeList
from backoffice.admin.readonly import Button, Fact
from backoffice.badges import word
from customers import states
from customers.admin import link_changes, link_pages
from customers.admin.filters import EndingFilter, LinkAgeFilter, LinkStatus
from customers.admin.link_lines import EATEN, HALF_DONE, SECRET_LOST, link_ends, marks_of
from customers.admin.owner import shown_owner
from customers.admin.traces import traces_of_link
from customers.models import Customer, SetupLink
from customers.pasted import ending_so
from customers.replacements import half_done_of, lost_secrets
from customers.services.links import why_inactive, why_no_link
from customers.verbs.kirim import REPLACE_LINK_PERMISSION, REVOKE_LINK, UPDATE_REDIRECTS

SHOWN_ONCE = _("was shown once, when it was made; it is not kept")


class LinkChangeList(MirrorChangeList):
    """Rows that know what is wrong with them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        marks = marks_of(self.result_list)
        for row in self.result_list:
            row.marks = marks[row.remote_id]


@admin.register(SetupLink)
class SetupLinkAdmin(MirrorAdmin):
    """Kirim's setup links as mirrored here."""

    resource_name = "kirim.setup_links"
    tones = states.LINK
    list_display = ("last_four", "customer_name", "state", "attention", "ends", "created", "age")
    list_select_related = ("customer",)
    list_filter = (LinkStatus, EndingFilter, LinkAgeFilter)
    search_fields = ("token_last4",)
    is_indexed = looks_elsewhere = True
    search_help_text = _("Last four, the link itself, id or customer")
    export_columns = (
        ("remote_id", "remote_id"), ("customer_remote_id", "customer_remote_id"),
        ("customer", lambda link: link.customer.name if link.customer else ""), ("state", states.link_state),
        ("token_last4", "token_last4"), ("created_at", "remote_created_at"), ("expires_at", "expires_at"),
        ("consumed_at", "consumed_at"), ("success_redirect_url", "success_redirect_url"),
        ("failure_redirect_url", "failure_redirect_url"), ("synced_at", "synced_at"),
    )  # fmt: skip

    @admin.display(description=_("last four"))
    def last_four(self, link: SetupLink) -> str:
        return f"…{link.token_last4}"

    @admin.display(description=_("customer"), ordering="customer__name")
    def customer_name(self, link: SetupLink) -> str:
        return link.customer.name if link.customer else link.customer_remote_id

    @admin.display(description=_("state"), ordering="status")
    def state(self, link: SetupLink) -> SafeString:
        return word(states.link_state(link), states.LINK)

    @admin.display(description=_("attention"), empty_value="")
    def attention(self, link: Any) -> SafeString:
        return format_html_join(" ", "{}", [(mark,) for mark in link.marks])

    @admin.display(description=_("ends"), ordering="expires_at")
    def ends(self, link: SetupLink) -> Any:
        return link_ends(link)

    @admin.display(description=_("created"), ordering="remote_created_at")
    def created(self, link: SetupLink) -> SafeString | str:
        return times.at(link.remote_created_at)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[MirrorChangeList]:
        return LinkChangeList

    def holding(self, part: str) -> Q:
        return reduce(or_, _whole_values(part)) | Q(customer__search_text__contains=part)

    def elsewhere(self, part: str) -> Iterable[Q]:
        yield from _whole_values(part)
        yield Q(customer__in=searching.related(Customer, part))

    def fresh_at(self, row: SetupLink, swept_from: datetime | None) -> datetime | None:
        """A link's age counts from the last reading of its customer's links: a normal sync does not read all."""
        read_at = row.customer.links_read_at if row.customer else None
        return max(row.synced_at, read_at) if read_at else row.synced_at

    # -- the page of one ----------------------------------------------------------------------------------------------

    def traces(self, obj: SetupLink) -> Iterable[live.Trace]:
        return traces_of_link(obj)

    def facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("Customer"), shown_owner(request, obj))
        yield Fact(gettext("Last four"), f"…{obj.token_last4}")
        yield Fact(gettext("The link itself"), SHOWN_ONCE)
        yield Fact(gettext("Ends"), times.both(obj.expires_at))
        yield Fact(gettext("Used"), times.at(obj.consumed_at, gettext("not yet")))
        yield Fact(gettext("After success to"), obj.success_redirect_url or "–")
        yield Fact(gettext("After failure to"), obj.failure_redirect_url or "–")
        yield from super().facts(request, obj)

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[str]:
        if states.is_usable(obj) and lost_secrets([obj]):
            yield str(SECRET_LOST)
        if revocation := half_done_of([obj]).get(obj.remote_id):
            yield f"{HALF_DONE} {revocation.error or revocation.remark}"
        if states.was_eaten(obj, freshness.swept_from_of(Customer)):
            yield from self._eaten(request, obj)
        yield from super().notices(request, obj)

    def _eaten(self, request: HttpRequest, link: SetupLink) -> Iterable[str]:
        newer = SetupLink.objects.filter(states.usable_links(), customer=link.customer).exclude(pk=link.pk).first()
        if newer:
            url = reverse("admin:customers_setuplink_change", args=[newer.pk])
            told = gettext('{eaten} The customer has another one: <a href="{url}">{link}</a>')
            yield format_html(told, eaten=EATEN, url=url, link=newer)
        else:
            told = gettext("{eaten} Replace it, and send the new one by a channel that opens no links.")
            yield told.format(eaten=EATEN)

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        may = request.user.has_perm
        off = self.upstream_off
        revocation = half_done_of([obj]).get(obj.remote_id)
        if revocation and may(REPLACE_LINK_PERMISSION):
            url = reverse("admin:resume_setup_link", args=[obj.pk])
            off_now = off or link_changes.why_not_resumed(revocation)
            yield Button(gettext("Resume: revoke it"), url, "undo", off=off_now, is_main=True)
        if may(REPLACE_LINK_PERMISSION):
            url = reverse("admin:replace_setup_link", args=[obj.pk])
            yield Button(gettext("Replace"), url, "autorenew", off=why_no_link(obj.customer) or off, is_link=True)
        if may(UPDATE_REDIRECTS.permission):
            url = reverse("admin:setup_link_redirects", args=[obj.pk])
            yield Button(gettext("Change redirects"), url, "edit", off=why_inactive(obj) or off, is_link=True)
        if may(REVOKE_LINK.permission):
            url = reverse("admin:revoke_setup_link", args=[obj.pk])
            yield Button(gettext("Revoke"), url, "block", off=why_inactive(obj) or off, is_link=True)

    def get_urls(self) -> list[URLPattern]:
        return [*link_pages.urls(), *super().get_urls()]


def _whole_values(part: str) -> list[Q]:
    """Links with a word of a search as a value."""
    return [ending_so(part), Q(Exact(Lower("remote_id"), part)), Q(Exact(Lower("customer_remote_id"), part))]
