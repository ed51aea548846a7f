"""Support customers: the list, and the page of one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.access import hidden_members, note_seen
from backoffice.admin import deeds
from backoffice.admin.deed_admin import DeedAdmin
from backoffice.admin.deeds import Deed
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, Filter, choice_filter, value_filter
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from backoffice.badges import badge, word
from backoffice.masking import SHOWN_MASKED
from backoffice.texts import Text
from customers import states
from customers.admin.filters import StatusFilter
from customers.admin.support import erasing, forms
from customers.apideck import ERASURE
from customers.forms.support import BANK_LABELS, DeleteForm
from customers.models import SupportCustomer
from customers.models.support import erased_here, phone_text
from customers.services.erasure import ERASE, why_not_erasable
from customers.services.support import SupportCustomerService, why_not, why_unsupported
from customers.verbs.support import CREATE, DELETE, REFRESH, UPDATE

INDIVIDUAL_LABELS: Mapping[bool | None, Text] = {True: _("a person"), False: _("a company"), None: _("not told")}
_MORE_LINES, _REGION = ("line2", "line3", "line4"), ("state", "country")
_LINES = "customers/support/parts/_lines.html"


class SupportStatus(StatusFilter):
    words = states.SUPPORT


class ErasureFilter(Filter):
    """Who is to be erased, and who was."""

    title, parameter_name = _("erasure"), "erasure"
    narrowed: ClassVar = {
        "asked": Q(status=ERASURE) & ~erased_here(), "erased": erased_here(), "none": ~Q(status=ERASURE),
    }  # fmt: skip

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            ("asked", gettext("Asked for, not done here")),
            ("erased", gettext("Erased here")),
            ("none", gettext("Not asked for")),
        ]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(self.narrowed.get(value, Q(pk=None)))


@admin.register(SupportCustomer)
class SupportCustomerAdmin(DeedAdmin):
    """Apideck's support customers as mirrored here."""

    resource_name = "apideck.customers"
    own_moments = ("erased_at",)
    tones = states.SUPPORT
    refresh = REFRESH
    fetch = Fetch("customers.fetch_supportcustomer", lambda api, id: SupportCustomerService(api).fetch(id))
    deeds = (
        Deed(
            DELETE,
            (
                _("Apideck deletes it in the support tool behind it: this is final, and nobody can bring it back."),
                _("What is kept here of it stays, marked as gone."),
            ),
            _("is deleted."), why_not, DeleteForm,
        ),
    )  # fmt: skip
    list_display = ("shown_name", "company", "shown_email", "shown_phone", "state_badge", "age")
    list_display_links = ("shown_name",)
    list_filter = (
        SupportStatus, choice_filter("individual", _("it is"), [("True", _("A person")), ("False", _("A company"))]),
        ErasureFilter, value_filter("currency", _("currency")), AgeFilter,
    )  # fmt: skip
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, company, e-mail, phone or id")
    bulk_verbs = (REFRESH, DELETE)
    export_columns = (
        ("remote_id", "remote_id"), ("name", "name"), ("first_name", "first_name"), ("last_name", "last_name"),
        ("company_name", "company_name"), ("individual", "individual"), ("email", "email"), ("phone", "phone"),
        ("status", "status"), ("currency", "currency"), ("created_at", "remote_created_at"),
        ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"), ("erased_at", "erased_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def state(self, row: Any) -> SafeString:
        if row.erased_at and row.search_text == row.remote_id.lower():
            return badge(gettext("erased here"), "dull")
        return word(row.status, self.tones) if row.status else badge(gettext("not told"), "dull")

    @admin.display(description=_("state"), ordering="status")
    def state_badge(self, row: Any) -> SafeString:
        return self.shown_state(row)

    @admin.display(description=_("name"), ordering="name")
    def shown_name(self, customer: SupportCustomer) -> str:
        return str(customer)

    @admin.display(description=_("company"), ordering="company_name", empty_value="–")
    def company(self, customer: SupportCustomer) -> str | None:
        return customer.company_name or None

    @admin.display(description=_("e-mail"), ordering="email", empty_value="–")
    def shown_email(self, customer: SupportCustomer) -> str | None:
        return customer.email or None

    @admin.display(description=_("phone"), ordering="phone", empty_value="–")
    def shown_phone(self, customer: SupportCustomer) -> str | None:
        return customer.phone or None

    def holding(self, part: str) -> Q:
        return Q(search_text__contains=part)

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if request.user.has_perm(CREATE.permission):
            url, off = reverse("admin:create_supportcustomer"), why_unsupported("create") or self.upstream_off
            new = Button(gettext("New support customer"), url, "add", off=off, is_main=True, is_link=True)
            changes.buttons = [new, *changes.buttons]

    # -- the page of one ----------------------------------------------------------------------------------------------

    def notices(self, request: HttpRequest, obj: Any) -> Iterable[str]:
        yield from super().notices(request, obj)
        if obj.wants_erasure:
            yield gettext("Apideck shows it as a request for erasure. A supervisor erases what is kept here of it.")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.shown_state(obj))
        if obj.is_erased:
            who = obj.erased_by or gettext("the operator")
            yield Fact(gettext("Erased here"), times.at(obj.erased_at), gettext("by {who}").format(who=who))
            yield Fact(gettext("Reason"), obj.erase_reason or gettext("none given"))
            return
        yield Fact(gettext("It is"), INDIVIDUAL_LABELS[obj.individual])
        yield Fact(gettext("Company"), obj.company_name or "–")
        yield Fact(gettext("Currency"), obj.currency or "–")
        yield from self._money(request, obj)

    def _money(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        """Tax number and bank account, as far as they are the person's to see."""
        if hidden_members(request.user, self.resource_name):
            yield Fact(gettext("Tax number"), SHOWN_MASKED)
            yield Fact(gettext("Bank account"), SHOWN_MASKED)
            return
        note_seen(request.user, self.resource_name, obj.remote_id, obj.payload)
        account = obj.payload.get("bank_accounts") or {}
        told = ", ".join(f"{label}: {account[name]}" for name, label in BANK_LABELS.items() if account.get(name))
        yield Fact(gettext("Tax number"), obj.payload.get("tax_number") or "–")
        yield Fact(gettext("Bank account"), told or "–")

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        if obj.is_erased:
            return
        payload = obj.payload
        emails = [_of_kind(one, one.get("email")) for one in _items(payload, "emails")]
        yield Section(gettext("E-mails"), _LINES, {"lines": emails})
        phones = [_of_kind(one, phone_text(one)) for one in _items(payload, "phone_numbers")]
        yield Section(gettext("Phone numbers"), _LINES, {"lines": phones})
        yield Section(gettext("Addresses"), _LINES, {"lines": [_address(one) for one in _items(payload, "addresses")]})
        if payload.get("notes"):
            yield Section(gettext("Notes"), _LINES, {"lines": [payload["notes"]]})

    def buttons(self, request: HttpRequest, obj: Any) -> Iterable[Button]:
        if request.user.has_perm(UPDATE.permission):
            url = reverse("admin:update_supportcustomer", args=[obj.pk])
            yield Button(gettext("Edit"), url, "edit", off=why_not("update", obj) or self.upstream_off, is_link=True)
        yield from deeds.buttons(request, self.deeds, obj)
        if request.user.has_perm(ERASE) and (obj.status == ERASURE or obj.is_erased or obj.vanished_at):
            url = reverse("admin:erase_supportcustomer", args=[obj.pk])
            yield Button(gettext("Erase here…"), url, "delete_forever", off=why_not_erasable(obj), is_link=True)
        for button in deeds.refresh_button(request, REFRESH, obj):
            off = why_unsupported("refresh") or button.off
            yield Button(button.label, button.url, button.icon, off=off, is_main=True)

    def get_urls(self) -> list[URLPattern]:
        return [
            path("create/", forms.create, name="create_supportcustomer"),
            path("<int:pk>/update/", forms.update, name="update_supportcustomer"),
            path("<int:pk>/erase/", erasing.page, name="erase_supportcustomer"),
            *super().get_urls(),
        ]


def _items(payload: Mapping[str, Any], name: str) -> Iterator[Mapping[str, Any]]:
    return (item for item in payload.get(name) or [] if isinstance(item, dict))


def _of_kind(item: Mapping[str, Any], text: Any) -> str:
    return f"{text} ({item['type']})" if item.get("type") else str(text)


def _address(item: Mapping[str, Any]) -> str:
    street = " ".join(str(item[name]) for name in ("line1", "street_number") if item.get(name))
    city = " ".join(str(item[name]) for name in ("postal_code", "city") if item.get(name))
    lines, region = ([item.get(name) for name in names] for names in (_MORE_LINES, _REGION))
    parts = [item.get("name"), street, *lines, city, *region]
    return _of_kind(item, ", ".join(str(part) for part in parts if part) or item.get("string") or "–")
