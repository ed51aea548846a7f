"""The fulfilment app: Afosto's handling lists, shipments, parcels and locations."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FulfilmentConfig(AppConfig):
    """Makes the app's resources known to the sync engine, its verbs to the writes, its tasks to the schedule."""

    name = "fulfilment"
    verbose_name = _("Fulfilment")

    def ready(self) -> None:
        from backoffice import audit
        from fulfilment import desk, identity, limits, needs, search, subscriptions, sync, tasks, verbs, webhooks  # noqa: F401  importing registers them

        audit.register({"open_document": _("Open a document")}, {"picker"})
