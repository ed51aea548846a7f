"""The words of the CRM's states with their colours; those of invoices are in ``customers.invoicing``."""

from django.utils.translation import pgettext_lazy

from backoffice.badges import Vocabulary

CONTACT = Vocabulary(
    {"active": "good", "inactive": "dull", "unsubscribed": "warn", "blocked": "bad", "archived": "dull"},
    {
        "active": pgettext_lazy("contact", "active"),
        "inactive": pgettext_lazy("contact", "inactive"),
        "unsubscribed": pgettext_lazy("contact", "unsubscribed"),
        "blocked": pgettext_lazy("contact", "blocked"),
        "archived": pgettext_lazy("contact", "archived"),
    },
)
ORGANIZATION = Vocabulary(
    {"active": "good", "prospect": "info", "archived": "dull"},
    {
        "active": pgettext_lazy("organization", "active"),
        "prospect": pgettext_lazy("organization", "prospect"),
        "archived": pgettext_lazy("organization", "archived"),
    },
)
TRANSACTION = Vocabulary(
    {"pending": "info", "completed": "good", "failed": "bad", "refunded": "warn", "invoiced": "info"},
    {
        "pending": pgettext_lazy("transaction", "pending"),
        "completed": pgettext_lazy("transaction", "completed"),
        "failed": pgettext_lazy("transaction", "failed"),
        "refunded": pgettext_lazy("transaction", "refunded"),
        "invoiced": pgettext_lazy("transaction", "invoiced"),
    },
)
