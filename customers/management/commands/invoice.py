"""``manage.py invoice``: the CRM's invoices as mirrored here."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy

from backoffice.badges import in_words
from backoffice.commands import shown
from customers import invoicing
from customers.crm_commands import CrmCommand
from customers.models import Invoice
from customers.money import shown_amount
from customers.verbs import crm as verbs


class Command(CrmCommand):
    """``state`` is the one that staff see: what is past its date is overdue. ``status`` is L4YERCAK3's word."""

    help = "List, show and fetch invoices."
    model = Invoice
    noun = gettext_lazy("invoice")
    view = "customers.view_invoice"
    fetching = verbs.REFRESH_INVOICE.permission
    refreshing = verbs.REFRESH_INVOICE
    states = invoicing.STATES
    members = (
        "remote_id", "invoice_number", "status", "client_remote_id", "client_name", "currency", "subtotal", "tax",
        "total", "paid_amount", "due_date", "paid_at", "line_items", "remote_created_at", "remote_updated_at",
        "synced_at", "vanished_at",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|show|fetch")
        listing = self.add_reading(parsers)
        listing.add_argument("--state", choices=list(invoicing.STATES), help="only those, as staff see them")

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self.list, "show": self.show, "fetch": self.fetch,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def asked_for(self, options: dict[str, Any]) -> QuerySet[Any]:
        rows = super().asked_for(options)
        return rows.filter(invoicing.in_state(options["state"])) if options["state"] else rows

    def columns(self, row: Any) -> dict[str, Any]:
        due = row.due_date.isoformat() if row.due_date else None
        return {**super().columns(row), "due_date": due, "state": invoicing.state_of(row)}

    def in_short(self, row: Any) -> str:
        state = in_words(invoicing.state_of(row), invoicing.STATES) or "-"
        amount = shown_amount(row.total, row.currency, "-")
        return (
            f"{shown(row.remote_id):<28}  {shown(state):<12}  {shown(row)}  {shown(row.client_name)}  {shown(amount)}"
        )
