"""``manage.py transaction``: the CRM's transactions as mirrored here."""

from argparse import ArgumentParser
from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy

from backoffice.commands import shown
from customers import crm_words
from customers.crm_commands import CrmCommand
from customers.models import Transaction
from customers.money import shown_amount
from customers.verbs import crm as verbs


class Command(CrmCommand):
    """Amounts are in minor units of ``currency``."""

    help = "List, show and fetch transactions."
    model = Transaction
    noun = gettext_lazy("transaction")
    view = "customers.view_transaction"
    fetching = verbs.REFRESH_TRANSACTION.permission
    refreshing = verbs.REFRESH_TRANSACTION
    states = crm_words.TRANSACTION
    members = (
        "remote_id", "display_name", "status", "subtype", "customer_email", "customer_name", "payment_method",
        "invoice_remote_id", "currency", "subtotal", "tax", "total", "line_items", "remote_created_at",
        "remote_updated_at", "synced_at", "vanished_at",
    )  # fmt: skip

    def add_arguments(self, parser: ArgumentParser) -> None:
        parsers = parser.add_subparsers(dest="verb", required=True, metavar="list|show|fetch")
        self.add_reading(parsers)

    def handle(self, *args: Any, **options: Any) -> None:
        """Do the verb. Raises BackofficeError and RemoteError, which the base turns into exit codes."""
        doing: dict[str, Callable[[dict[str, Any]], None]] = {
            "list": self.list, "show": self.show, "fetch": self.fetch,
        }  # fmt: skip
        doing[options["verb"]](options)
        self.end()

    def in_short(self, row: Any) -> str:
        return f"{super().in_short(row)}  {shown(shown_amount(row.total, row.currency, '-'))}"
