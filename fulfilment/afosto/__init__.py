"""Afosto: its records and its client, nothing else."""

from fulfilment.afosto.client import AfostoAPI
from fulfilment.afosto.records import (
    ContactRecord,
    CorrectionRecord,
    Counted,
    DpdPointRecord,
    FileRecord,
    HandlingListCreated,
    HandlingListRecord,
    HandlingListRowRecord,
    LocationRecord,
    MethodRecord,
    ParcelPart,
    ParcelRecord,
    PieceGroupRecord,
    PieceRecord,
    PointHitRecord,
    PositionRecord,
    ShipmentRecord,
    ShipmentRowRecord,
    SkuRecord,
    SubscriptionRecord,
    TaskRecord,
)

__all__ = [
    "AfostoAPI", "ContactRecord", "CorrectionRecord", "Counted", "DpdPointRecord", "FileRecord",
    "HandlingListCreated", "HandlingListRecord", "HandlingListRowRecord", "LocationRecord", "MethodRecord",
    "ParcelPart", "ParcelRecord", "PieceGroupRecord", "PieceRecord", "PointHitRecord", "PositionRecord",
    "ShipmentRecord", "ShipmentRowRecord", "SkuRecord", "SubscriptionRecord", "TaskRecord",
]  # fmt: skip
