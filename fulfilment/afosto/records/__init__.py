"""Afosto's records: one for each shape of an answer. Contract: Afosto fulfilment 1.0.

The sources leave open which members are required and which may be null, so a record requires its id and what tells one
shape from another, and takes null, absent and empty text alike.
"""

from fulfilment.afosto.records.lists import (
    HandlingListCreated,
    HandlingListHead,
    HandlingListRecord,
    HandlingListRowRecord,
    PieceGroupRecord,
    PieceRecord,
    SortingLabel,
)
from fulfilment.afosto.records.places import (
    AddressRecord,
    AddressSet,
    ContactRecord,
    CountryPrice,
    DpdPointRecord,
    LocationRecord,
    MethodRecord,
    Organisation,
    Organisations,
    PhoneNumber,
    PhoneNumbers,
    PointHitRecord,
    PointRecord,
    PositionRecord,
    SkuRecord,
)
from fulfilment.afosto.records.services import (
    Counted,
    FileRecord,
    SubscriptionRecord,
    TaskRecord,
)
from fulfilment.afosto.records.shipments import (
    Addressing,
    AddressRef,
    CarrierEnd,
    CorrectionRecord,
    LabelRecord,
    ParcelPart,
    ParcelPieceRecord,
    ParcelRecord,
    ShipmentRecord,
    ShipmentRowRecord,
)

__all__ = [
    "AddressRecord",
    "AddressRef",
    "AddressSet",
    "Addressing",
    "CarrierEnd",
    "ContactRecord",
    "CorrectionRecord",
    "Counted",
    "CountryPrice",
    "DpdPointRecord",
    "FileRecord",
    "HandlingListCreated",
    "HandlingListHead",
    "HandlingListRecord",
    "HandlingListRowRecord",
    "LabelRecord",
    "LocationRecord",
    "MethodRecord",
    "Organisation",
    "Organisations",
    "ParcelPart",
    "ParcelPieceRecord",
    "ParcelRecord",
    "PhoneNumber",
    "PhoneNumbers",
    "PieceGroupRecord",
    "PieceRecord",
    "PointHitRecord",
    "PointRecord",
    "PositionRecord",
    "ShipmentRecord",
    "ShipmentRowRecord",
    "SkuRecord",
    "SortingLabel",
    "SubscriptionRecord",
    "TaskRecord",
]
