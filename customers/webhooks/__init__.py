"""The webhooks of the customers app, a module for each remote: how they are signed and worded, and what they bring."""

from customers.webhooks import kirim  # noqa: I001  the first to be registered is the first in every list
from customers.webhooks import apideck
from customers.webhooks import layercake

__all__ = ["apideck", "kirim", "layercake"]
