"""Invoices of the CRM: the list, and the page of one. They are made and changed at L4YERCAK3."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin import live
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, Filter, value_filter
from backoffice.admin.readonly import Fact, Section
from backoffice.admin.related import linked
from backoffice.badges import in_words
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.texts import capital
from customers import invoicing
from customers.admin.crm.base import CrmAdmin, invoice_badge, line_section, transaction_section
from customers.models import Invoice
from customers.money import shown_amount
from customers.verbs.crm import REFRESH_INVOICE

UNPAID = "unpaid"


class InvoiceState(Filter):
    """By the state that staff see, in which what is past its date is overdue."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [
            (UNPAID, gettext("Not paid yet")),
            *((state, capital(in_words(state, invoicing.STATES))) for state in invoicing.STATES),
        ]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(invoicing.unpaid() if value == UNPAID else invoicing.in_state(value))


@admin.register(Invoice)
class InvoiceAdmin(CrmAdmin):
    """The CRM's invoices as mirrored here."""

    resource_name = "layercake.invoices"
    refresh = REFRESH_INVOICE
    fetch = Fetch(REFRESH_INVOICE.permission, read=lambda api, id: single.fetch("layercake.invoices", api, id, BY_HAND))
    list_display = ("shown_number", "client", "state_badge", "shown_due", "amount", "age")
    list_display_links = ("shown_number",)
    list_filter = (InvoiceState, value_filter("currency", _("currency")), AgeFilter)
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Number, client or id")
    bulk_verbs = (REFRESH_INVOICE,)
    name_columns = ("invoice_number",)
    export_columns = (
        ("remote_id", "remote_id"), ("invoice_number", "invoice_number"), ("status", "status"),
        ("state", invoicing.state_of), ("client_remote_id", "client_remote_id"), ("client_name", "client_name"),
        ("currency", "currency"), ("subtotal_minor_units", "subtotal"), ("tax_minor_units", "tax"),
        ("total_minor_units", "total"), ("paid_minor_units", "paid_amount"), ("due_date", "due_date"),
        ("paid_at", "paid_at"), ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"),
        ("synced_at", "synced_at"), ("vanished_at", "vanished_at"),
    )  # fmt: skip

    def state(self, row: Any) -> SafeString:
        """The row's state as a label."""
        return invoice_badge(row)

    @admin.display(description=_("invoice"), ordering="invoice_number")
    def shown_number(self, invoice: Invoice) -> str:
        return str(invoice)

    @admin.display(description=_("client"), ordering="client_name")
    def client(self, invoice: Invoice) -> str:
        return invoice.client_name or invoice.client_remote_id or "–"

    @admin.display(description=_("due"), ordering="due_date")
    def shown_due(self, invoice: Invoice) -> date | str:
        return invoice.due_date or "–"

    @admin.display(description=_("total"), ordering="total")
    def amount(self, invoice: Invoice) -> str:
        return shown_amount(invoice.total, invoice.currency)

    def traces(self, obj: Invoice) -> Iterable[live.Trace]:
        yield live.trace("transactions", obj.transactions.all(), "synced_at", "vanished_at")

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        told = gettext("L4YERCAK3 says: {word}").format(word=obj.status) if obj.status else ""
        yield Fact(gettext("State"), self.state(obj), told)
        yield Fact(
            gettext("Client"), linked(request, obj.organization or obj.contact, obj.client_remote_id, obj.client_name)
        )
        yield Fact(gettext("Total"), shown_amount(obj.total, obj.currency))
        if obj.paid_amount is not None:
            yield Fact(gettext("Paid"), shown_amount(obj.paid_amount, obj.currency))
        yield Fact(gettext("Due"), obj.due_date or "–")
        if obj.paid_at:
            yield Fact(gettext("Paid at"), times.at(obj.paid_at))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield line_section(obj)
        yield from transaction_section(request, obj.transactions.all())
