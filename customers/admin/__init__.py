"""The admin of Kirim's records: read, search, fetch and refresh; nothing is changed at Kirim from here."""

from customers.admin import accounts, customers, links

__all__ = ["accounts", "customers", "links"]
