"""The admin of what is mirrored of customers, a module for each kind; what changes something has pages of its own."""

from customers.admin import accounts, crm, customers, links, same, support

__all__ = ["accounts", "crm", "customers", "links", "same", "support"]
