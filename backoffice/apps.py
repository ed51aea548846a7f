"""The kernel as a Django app."""

from django.apps import AppConfig


class BackofficeConfig(AppConfig):
    """Name and label; the kernel has nothing to set up of its own."""

    name = "backoffice"
    verbose_name = "Operations"
