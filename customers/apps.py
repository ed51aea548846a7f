"""The customers app: Kirim's customers, setup links and accounts."""

from django.apps import AppConfig


class CustomersConfig(AppConfig):
    """Makes the app's resources known to the sync engine."""

    name = "customers"
    verbose_name = "Customers"

    def ready(self) -> None:
        from customers import sync  # noqa: F401  importing registers the resources
