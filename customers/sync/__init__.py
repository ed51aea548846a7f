"""The resources of the customers app, a module for each remote: what the sync engine has to know about them."""

from customers.sync import kirim  # noqa: I001  in the order in which every list shows them
from customers.sync import support, crm

__all__ = ["crm", "kirim", "support"]
