"""Packing a shipment by scanning: what a scan puts into the open box. Pure: no query, no request."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from django.utils.translation import gettext as _

from fulfilment.pieces import Piece
from fulfilment.stations.scanning import Codes, Verdict, among, cleaned


@dataclass(frozen=True)
class Scan:
    """What a scan means. ``piece`` goes into the box, only where it was *taken*."""

    verdict: Verdict
    sentence: str
    piece: str = ""


def read(scan: str, pieces: Sequence[Piece], in_box: AbstractSet[str]) -> Scan:
    """What a scan means while the pieces ``in_box`` are in the open box."""
    text = cleaned(scan)
    if not text:
        return Scan(Verdict.NOTED, _("Nothing was scanned."))
    meant = among(text, pieces, codes)
    if not meant:
        told = _("{scan} does not belong to this shipment. Put it aside.")
        return Scan(Verdict.WRONG, told.format(scan=text[:60]))
    meant.sort(key=lambda piece: not piece.is_handled)  # what was picked goes first
    free = [piece for piece in meant if _is_left(piece) and piece.id not in in_box]
    if free:
        inside = sum(piece.sku == free[0].sku for piece in pieces if piece.id in in_box) + 1
        told = _("In the box: {count} × {sku}.").format(count=inside, sku=free[0].sku)
        return Scan(Verdict.TAKEN, told, free[0].id)
    is_one = text.casefold() in map(str.casefold, _own_codes(meant[0]))
    if any(piece.id in in_box for piece in meant):
        one, all_of_it = _("That piece of {sku} is in the box already."), _("All of {sku} is in the box already.")
        return Scan(Verdict.AGAIN, (one if is_one else all_of_it).format(sku=meant[0].sku))
    if any(piece.is_boxed for piece in meant):
        one = _("That piece of {sku} is in a parcel already; this one is too many. Put it aside.")
        all_of_it = _("All of {sku} is in a parcel already; this one is too many. Put it aside.")
    else:
        one = _("That piece of {sku} is marked as missing. Put it aside and tell the desk.")
        all_of_it = _("All of {sku} is marked as missing. Put it aside and tell the desk.")
    return Scan(Verdict.WRONG, (one if is_one else all_of_it).format(sku=meant[0].sku))


def codes(piece: Piece) -> Iterable[str]:
    """All that can be scanned for a piece."""
    yield from Codes(piece.sku, piece.position).names()
    yield from _own_codes(piece)


def _own_codes(piece: Piece) -> tuple[str, ...]:
    """What is written on this very piece."""
    return tuple(filter(None, (piece.id, piece.reference)))


def _is_left(piece: Piece) -> bool:
    return not (piece.is_boxed or piece.is_missing)
