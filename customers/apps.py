"""The customers app: Kirim's customers, setup links and accounts, Apideck's support customers."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Makes the app's resources known to the sync engine, its verbs to the writes, its inbox to the webhooks."""

    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        from customers import limits, needs, needs_erasure, pasted, search, subscriptions, sync, tasks, verbs, webhooks  # noqa: F401  importing registers them
        from customers.identity import own  # noqa: F401
