"""The customers app: Kirim's customers, setup links and accounts, Apideck's support customers."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

NOTED = {
    "erase": _("Erase here"),
    "identity_confirm": _("Say that they are the same"),
    "identity_reject": _("Say that they are not the same"),
    "identity_unlink": _("Unlink"),
    "identity_undo": _("Undo a decision"),
}
"""What is done here alone, as the audit tells it."""


class CustomersConfig(AppConfig):
    """Makes the app's resources known to the sync engine, its verbs to the writes, its inbox to the webhooks."""

    name = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        from backoffice import audit
        from customers import (  # noqa: F401  importing registers them
            desk,
            limits,
            needs,
            needs_erasure,
            pasted,
            search,
            subscriptions,
            sync,
            tasks,
            verbs,
            webhooks,
        )
        from customers.identity import own  # noqa: F401

        audit.register(NOTED, {"note"})
