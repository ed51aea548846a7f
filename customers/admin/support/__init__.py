"""The admin of Apideck's support customers: the list and the page of one, its forms, and the erasure of its copy."""

from customers.admin.support import customers, erasing, forms

__all__ = ["customers", "erasing", "forms"]
