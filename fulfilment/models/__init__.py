"""Afosto's handling lists, shipments, parcels and what they hang on, as mirrored here; and our own label jobs."""

from fulfilment.models.labels import LabelJob
from fulfilment.models.lists import HandlingList
from fulfilment.models.parcels import Parcel
from fulfilment.models.people import Picker
from fulfilment.models.places import Location, Recipient, ShippingMethod
from fulfilment.models.shipments import Shipment

__all__ = ["HandlingList", "LabelJob", "Location", "Parcel", "Picker", "Recipient", "Shipment", "ShippingMethod"]
