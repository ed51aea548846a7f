"""Handling lists in their three shapes, and the pieces on them."""

from backoffice.records import Aware
from fulfilment.afosto.records.base import AfostoRecord, Part


class PieceRecord(Part, frozen=True, kw_only=True):
    """One physical piece: three of one SKU are three of these. Source: ``items`` of shipments and of list rows."""

    id: str
    reference: str | None = None
    sku: str | None = None
    position: str | None = None
    description: str | None = None
    is_listed: bool | None = None
    is_handled: bool | None = None
    is_boxed: bool | None = None
    is_in_transit: bool | None = None
    is_finished: bool | None = None
    is_missing: bool | None = None


class PieceGroupRecord(Part, frozen=True, kw_only=True):
    """Pieces of one SKU, shelf and shipment: a pick line. Source: ``items`` of ``GET /lcs/lists/{id}``."""

    ids: list[str]
    handled_ids: list[str] | None = None
    shipment_id: str | None = None
    sku: str | None = None
    description: str | None = None
    position: str | None = None
    quantity: int | None = None
    sorting_label: str | None = None
    rank: int | None = None


class SortingLabel(Part, frozen=True, kw_only=True):
    """The bin or cart of a shipment on a list."""

    shipment_id: str | None = None
    label: str | None = None


class HandlingListHead(AfostoRecord, frozen=True, kw_only=True):
    """What all three shapes of a handling list have."""

    id: str
    sub: str | None = None
    location_id: str | None = None
    shipments: list[str] | None = None
    is_outbound: bool | None = None
    is_in_progress: bool | None = None
    is_on_hold: bool | None = None
    is_finished: bool | None = None
    started_at: Aware | None = None
    finished_at: Aware | None = None
    due_at: Aware | None = None
    created_at: Aware | None = None
    updated_at: Aware | None = None


class HandlingListRowRecord(HandlingListHead, frozen=True, kw_only=True):
    """A list with its pieces one by one. Source: items of ``GET /lcs/lists``."""

    number: str | None = None
    is_cancelled: bool | None = None
    items: list[PieceRecord] | None = None


class HandlingListRecord(HandlingListHead, frozen=True, kw_only=True):
    """A list with its pieces in groups. Sources: ``GET /lcs/lists/{id}``, items of ``POST /lcs/lists/search``."""

    number: str | None = None
    is_cancelled: bool | None = None
    items: list[PieceGroupRecord] | None = None
    sorting_labels: list[SortingLabel] | None = None


class HandlingListCreated(HandlingListHead, frozen=True, kw_only=True):
    """What a create answers: only this shape has ``is_assigned``; number and items are not there. Read it again."""

    is_assigned: bool | None = None
