"""The words of the CRM's states with their colours; those of invoices are in ``customers.invoicing``."""

from collections.abc import Mapping

from backoffice.badges import Tone

CONTACT: Mapping[str, Tone] = {
    "active": "good", "inactive": "dull", "unsubscribed": "warn", "blocked": "bad", "archived": "dull",
}  # fmt: skip
ORGANIZATION: Mapping[str, Tone] = {"active": "good", "prospect": "info", "archived": "dull"}
TRANSACTION: Mapping[str, Tone] = {
    "pending": "info", "completed": "good", "failed": "bad", "refunded": "warn", "invoiced": "info",
}  # fmt: skip
