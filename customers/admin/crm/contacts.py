"""Contacts of the CRM: the list, and the page of one."""

import json
from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models.functions import Lower
from django.http import HttpRequest
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.admin import live
from backoffice.admin.deeds import Deed
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, value_filter
from backoffice.admin.readonly import Button, Fact, ReadOnlyChangeList, Section
from customers import crm_words
from customers.admin.crm import importing, new
from customers.admin.crm.base import CrmAdmin, invoice_section, transaction_section
from customers.admin.filters import StatusFilter
from customers.forms.crm import DeleteContactForm, EditContactForm
from customers.models import Contact, Transaction
from customers.services.contacts import ContactService, why_not
from customers.services.crm import member
from customers.verbs.crm import CREATE_CONTACT, DELETE_CONTACT, REFRESH_CONTACT, UPDATE_CONTACT

DEEDS = (
    Deed(
        UPDATE_CONTACT, (_("Only what you change is sent."),), _("was changed at L4YERCAK3."), why_not, EditContactForm
    ),
    Deed(
        DELETE_CONTACT,
        (
            _("Nobody can bring a deleted contact back from here."),
            _("L4YERCAK3 may keep it as archived. Invoices and transactions stay."),
        ),
        _("is deleted at L4YERCAK3."), why_not, DeleteContactForm,
    ),
)  # fmt: skip


class ContactStatus(StatusFilter):
    words = crm_words.CONTACT


@admin.register(Contact)
class ContactAdmin(CrmAdmin):
    """The CRM's contacts as mirrored here."""

    resource_name = "layercake.contacts"
    tones = crm_words.CONTACT
    deeds = DEEDS
    refresh = REFRESH_CONTACT
    fetch = Fetch("customers.fetch_contact", read=lambda api, remote_id: ContactService(api).fetch(remote_id))
    list_display = ("shown_name", "shown_email", "shown_phone", "shown_company", "kind", "state_badge", "age")
    list_display_links = ("shown_name",)
    list_filter = (ContactStatus, value_filter("subtype", _("kind")), AgeFilter)
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, e-mail, phone, company, tag or id")
    bulk_verbs = (REFRESH_CONTACT, DELETE_CONTACT)
    name_columns = ("display_name", "email")
    export_columns = (
        ("remote_id", "remote_id"), ("display_name", "display_name"), ("email", "email"), ("phone", "phone"),
        ("company", "company"), ("status", "status"), ("subtype", "subtype"),
        ("tags", lambda contact: ", ".join(contact.tags)), ("created_at", "remote_created_at"),
        ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("contact"), ordering="display_name")
    def shown_name(self, contact: Contact) -> str:
        return str(contact)

    @admin.display(description=_("e-mail"), ordering="email")
    def shown_email(self, contact: Contact) -> str:
        return contact.email or "–"

    @admin.display(description=_("phone"), ordering="phone")
    def shown_phone(self, contact: Contact) -> str:
        return contact.phone or "–"

    @admin.display(description=_("company"), ordering="company")
    def shown_company(self, contact: Contact) -> str:
        return contact.company or "–"

    @admin.display(description=_("kind"), ordering="subtype")
    def kind(self, contact: Contact) -> str:
        return contact.subtype or "–"

    def prepare_list(self, request: HttpRequest, changes: ReadOnlyChangeList) -> None:
        super().prepare_list(request, changes)
        if request.user.has_perm(CREATE_CONTACT.permission):
            url = reverse("admin:import_contacts")
            changes.buttons = [
                Button(gettext("Import"), url, "upload", off=self.upstream_off, is_link=True),
                *changes.buttons,
            ]
        self.offer_new(request, changes, CREATE_CONTACT, reverse("admin:create_contact"))

    def traces(self, obj: Contact) -> Iterable[live.Trace]:
        yield live.trace("invoices", obj.invoices.all(), "synced_at", "vanished_at")
        yield live.trace("transactions", _bought_by(obj), "synced_at", "vanished_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("Kind"), obj.subtype or "–")
        yield Fact(gettext("E-mail"), obj.email or "–")
        yield Fact(gettext("Phone"), obj.phone or "–")
        yield Fact(gettext("Company"), obj.company or "–")
        if obj.tags:
            yield Fact(gettext("Tags"), ", ".join(obj.tags))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        if fields := member("customFields", obj.payload):
            pairs = [(name, value if isinstance(value, str) else _json(value)) for name, value in fields.items()]
            yield Section(gettext("Custom fields"), "customers/parts/_metadata.html", {"metadata": pairs})
        yield from invoice_section(request, obj.invoices.all())
        yield from transaction_section(request, _bought_by(obj))

    def get_urls(self) -> list[URLPattern]:
        return [
            path("create/", new.view_of(new.CONTACT), name="create_contact"),
            path("import/", importing.view, name="import_contacts"),
            *super().get_urls(),
        ]


def _bought_by(contact: Contact) -> Any:
    """Transactions name nobody but an e-mail address, which more than one person may use."""
    if not contact.email:
        return Transaction.objects.none()
    return Transaction.objects.alias(lower=Lower("customer_email")).filter(lower=contact.email.lower())


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
