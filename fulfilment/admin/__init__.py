"""The admin of Afosto's objects: lists and pages; each verb has a page of its own."""

from fulfilment.admin import customers, labels, lists, locations, parcels, pickers, recipients, shipments

__all__ = ["customers", "labels", "lists", "locations", "parcels", "pickers", "recipients", "shipments"]
