"""Pieces as pages need them: the pick lines of a handling list; what a shipment is made of, and what is left to pack.

A list and a shipment whose single read is not here yet give what their rows tell: flat pieces, or none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar

import msgspec

from backoffice.records import Record
from backoffice.texts import Text
from fulfilment.afosto import (
    CorrectionRecord,
    HandlingListRecord,
    HandlingListRowRecord,
    ParcelPart,
    ParcelRecord,
    PieceGroupRecord,
    PieceRecord,
    ShipmentRecord,
)
from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.states import in_words

R = TypeVar("R", bound=Record)

STATES = ("missing", "finished", "in transit", "boxed", "handled", "listed")
"""The states of a piece beside *open*, each by the flag ``is_…``; the first that is set counts."""


@dataclass(frozen=True)
class PickLine:
    """Pieces of one SKU, shelf and shipment. Without the list's single read each piece is a line of its own."""

    ids: tuple[str, ...]
    handled_ids: frozenset[str] = frozenset()
    missing_ids: frozenset[str] = frozenset()
    sku: str = ""
    description: str = ""
    position: str = ""
    rank: int | None = None  # its place in the walk
    sorting_label: str = ""  # the bin or cart of its shipment
    shipment_id: str = ""
    shipment_number: str = ""
    references: Mapping[str, str] = field(default_factory=dict)  # of the pieces that have one, by their id

    @cached_property
    def left(self) -> tuple[str, ...]:
        """The pieces that are to be handled still."""
        return tuple(id for id in self.ids if id not in self.handled_ids | self.missing_ids)


@dataclass(frozen=True)
class Piece:
    """One physical piece of a shipment."""

    id: str
    sku: str = ""
    description: str = ""
    position: str = ""
    reference: str = ""
    is_listed: bool = False
    is_handled: bool = False
    is_boxed: bool = False
    is_in_transit: bool = False
    is_finished: bool = False
    is_missing: bool = False
    parcel_id: str = ""
    parcel_number: str = ""

    @property
    def state(self) -> str:
        """The state that counts; *open* where no flag is set."""
        return next((state for state in STATES if getattr(self, f"is_{state.replace(' ', '_')}")), "open")

    @property
    def state_in_words(self) -> Text:
        """The same for people."""
        return in_words(self.state)


@dataclass(frozen=True)
class BoxedIn:
    """A parcel as its shipment tells of it."""

    id: str
    number: str
    piece_ids: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """What a shipment is made of. ``is_known`` is false until its single read is here; then all else is empty."""

    is_known: bool
    pieces: tuple[Piece, ...] = ()
    parcels: tuple[BoxedIn, ...] = ()
    backorders: tuple[CorrectionRecord, ...] = ()
    overage: tuple[CorrectionRecord, ...] = ()

    @cached_property
    def left_to_box(self) -> tuple[Piece, ...]:
        """The pieces that can go into a parcel, those that were picked first."""
        left = (piece for piece in self.pieces if not (piece.is_boxed or piece.is_missing))
        return tuple(sorted(left, key=lambda piece: not piece.is_handled))


def pick_lines(handling_list: HandlingList) -> list[PickLine]:
    """The lines of a list in walking order: by rank, then by position. One query, for the numbers of its shipments."""
    of_list = Shipment.objects.filter(remote_id__in=handling_list.shipment_ids)
    shipments = list(of_list.only("remote_id", "number", "detail"))
    numbers = {shipment.remote_id: shipment.number for shipment in shipments}
    known = _known_pieces(handling_list, shipments)
    groups = (group for group in groups_of(handling_list) if group.ids)
    return sorted((_line(group, known, numbers.get(group.shipment_id or "", "")) for group in groups), key=_walk)


def groups_of(handling_list: HandlingList) -> list[PieceGroupRecord]:
    """The pieces of a list as its single read groups them; each by itself, and of no shipment, until that is here."""
    detail = _read(handling_list.detail, HandlingListRecord)
    return [_as_group(piece) for piece in flat_pieces(handling_list)] if detail is None else detail.items or []


def flat_pieces(handling_list: HandlingList) -> list[PieceRecord]:
    """The pieces of a list one by one, as the list's row tells of them."""
    row = _read(handling_list.payload, HandlingListRowRecord)
    return (row and row.items) or []


def contents_of(shipment: Shipment, newer: Iterable[Parcel] = ()) -> Contents:
    """The pieces and parcels of a shipment.

    Args:
        newer: parcels of it that were read after its own single read: what lies in them is told by them.
    """
    detail = _read(shipment.detail, ShipmentRecord)
    if detail is None:
        return Contents(is_known=False)
    told = {parcel.id: _boxed_in(parcel) for parcel in detail.parcels or []}
    stale = {id for parcel in told.values() for id in parcel.piece_ids}
    for parcel in newer:
        record = _read(parcel.payload, ParcelRecord)
        if record is not None and record.items is not None:
            told[record.id] = _boxed_in(record)
    parcels = tuple(told.values())
    boxed_in = {id: parcel for parcel in parcels for id in parcel.piece_ids}
    taken_out = stale - boxed_in.keys()
    return Contents(
        is_known=True,
        pieces=tuple(
            _piece(piece, boxed_in.get(piece.id), is_out=piece.id in taken_out) for piece in detail.items or []
        ),
        parcels=parcels,
        backorders=tuple(detail.backorders or ()),
        overage=tuple(detail.overage or ()),
    )


def _known_pieces(handling_list: HandlingList, shipments: Iterable[Shipment]) -> dict[str, Piece]:
    """What is known of each piece. The list's row is read seldom, so where shipments tell of a piece they count."""
    known = {piece.id: _piece(piece, None) for piece in flat_pieces(handling_list)}
    return known | {piece.id: piece for shipment in shipments for piece in contents_of(shipment).pieces}


def _as_group(piece: PieceRecord) -> PieceGroupRecord:
    handled = [piece.id] if piece.is_handled else []
    return PieceGroupRecord(
        ids=[piece.id], handled_ids=handled, sku=piece.sku, description=piece.description, position=piece.position
    )


def _line(group: PieceGroupRecord, known: Mapping[str, Piece], number: str) -> PickLine:
    pieces = [piece for id in group.ids if (piece := known.get(id))]
    return PickLine(
        ids=tuple(group.ids),
        handled_ids=frozenset(group.handled_ids or ()),
        missing_ids=frozenset(piece.id for piece in pieces if piece.is_missing),
        sku=group.sku or "",
        description=group.description or "",
        position=group.position or "",
        rank=group.rank,
        sorting_label=group.sorting_label or "",
        shipment_id=group.shipment_id or "",
        shipment_number=number,
        references={piece.id: piece.reference for piece in pieces if piece.reference},
    )


def _walk(line: PickLine) -> tuple[Any, ...]:
    return (line.rank is None, line.rank or 0, not line.position, line.position, line.sorting_label, line.sku)


def _boxed_in(parcel: ParcelPart | ParcelRecord) -> BoxedIn:
    return BoxedIn(parcel.id, parcel.number or "", tuple(piece.id for piece in parcel.items or []))


def _piece(piece: PieceRecord, parcel: BoxedIn | None, *, is_out: bool = False) -> Piece:
    """A piece that lies in ``parcel``, if in any; or that was taken out of one since its shipment told of it."""
    return Piece(
        id=piece.id,
        sku=piece.sku or "",
        description=piece.description or "",
        position=piece.position or "",
        reference=piece.reference or "",
        is_listed=bool(piece.is_listed),
        is_handled=bool(piece.is_handled),
        is_boxed=(bool(piece.is_boxed) or parcel is not None) and not is_out,
        is_in_transit=bool(piece.is_in_transit),
        is_finished=bool(piece.is_finished),
        is_missing=bool(piece.is_missing),
        parcel_id=parcel.id if parcel else "",
        parcel_number=parcel.number if parcel else "",
    )


def _read(stored: Any, record: type[R]) -> R | None:
    """A stored body as its record; None where there is none, or none that this version can read."""
    if stored is None:
        return None
    try:
        return msgspec.convert(stored, record)
    except msgspec.ValidationError:
        return None
