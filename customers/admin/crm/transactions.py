"""Transactions of the CRM: the list, and the page of one. They come about at L4YERCAK3."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import times
from backoffice.admin.fetching import Fetch
from backoffice.admin.filters import AgeFilter, value_filter
from backoffice.admin.readonly import Fact, Section
from backoffice.admin.related import linked
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from customers import crm_words
from customers.admin.crm.base import CrmAdmin, line_section
from customers.admin.filters import StatusFilter
from customers.models import Transaction
from customers.money import shown_amount
from customers.verbs.crm import REFRESH_TRANSACTION


class TransactionStatus(StatusFilter):
    words = crm_words.TRANSACTION


@admin.register(Transaction)
class TransactionAdmin(CrmAdmin):
    """The CRM's transactions as mirrored here."""

    resource_name = "layercake.transactions"
    tones = crm_words.TRANSACTION
    refresh = REFRESH_TRANSACTION
    fetch = Fetch(
        REFRESH_TRANSACTION.permission, read=lambda api, id: single.fetch("layercake.transactions", api, id, BY_HAND)
    )
    list_display = ("shown_name", "shown_customer", "state_badge", "shown_method", "made", "amount", "age")
    list_display_links = ("shown_name",)
    list_filter = (
        TransactionStatus, value_filter("payment_method", _("payment method")),
        value_filter("currency", _("currency")),
        AgeFilter,
    )  # fmt: skip
    search_fields = ("search_text",)
    is_indexed = True
    search_help_text = _("Name, customer, e-mail or id")
    bulk_verbs = (REFRESH_TRANSACTION,)
    name_columns = ("display_name",)
    export_columns = (
        ("remote_id", "remote_id"), ("display_name", "display_name"), ("status", "status"), ("subtype", "subtype"),
        ("customer_email", "customer_email"), ("customer_name", "customer_name"),
        ("payment_method", "payment_method"), ("invoice_remote_id", "invoice_remote_id"), ("currency", "currency"),
        ("subtotal_minor_units", "subtotal"), ("tax_minor_units", "tax"), ("total_minor_units", "total"),
        ("created_at", "remote_created_at"), ("updated_at", "remote_updated_at"), ("synced_at", "synced_at"),
        ("vanished_at", "vanished_at"),
    )  # fmt: skip

    @admin.display(description=_("transaction"), ordering="display_name")
    def shown_name(self, transaction: Transaction) -> str:
        return str(transaction)

    @admin.display(description=_("customer"), ordering="customer_email")
    def shown_customer(self, transaction: Transaction) -> str:
        return transaction.customer_email or transaction.customer_name or "–"

    @admin.display(description=_("paid by"), ordering="payment_method")
    def shown_method(self, transaction: Transaction) -> str:
        return transaction.payment_method or "–"

    @admin.display(description=_("when"), ordering="remote_created_at")
    def made(self, transaction: Transaction) -> SafeString | str:
        return times.at(transaction.remote_created_at)

    @admin.display(description=_("total"), ordering="total")
    def amount(self, transaction: Transaction) -> str:
        return shown_amount(transaction.total, transaction.currency)

    def own_facts(self, request: HttpRequest, obj: Any) -> Iterable[Fact]:
        yield Fact(gettext("State"), self.state(obj))
        yield Fact(gettext("Kind"), obj.subtype or "–")
        yield Fact(gettext("Customer"), obj.customer_name or "–", obj.customer_email)
        yield Fact(gettext("Paid by"), obj.payment_method or "–")
        yield Fact(gettext("Total"), shown_amount(obj.total, obj.currency))
        yield Fact(gettext("Invoice"), linked(request, obj.invoice, obj.invoice_remote_id))

    def own_sections(self, request: HttpRequest, obj: Any) -> Iterable[Section]:
        yield line_section(obj)
