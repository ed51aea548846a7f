"""A pick list on paper: by position for the walk, by shipment for the bins, with codes that a scanner reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import segno
from django.utils.safestring import SafeString, mark_safe

from fulfilment.pieces import PickLine

MAX_CODE_CHARS = 300


@dataclass(frozen=True)
class Row:
    """One line on paper."""

    line: PickLine
    code: SafeString | str
    left: int


@dataclass(frozen=True)
class Bin:
    """What belongs together in one bin: the lines of one shipment."""

    label: str
    shipment_number: str
    rows: list[Row]
    pieces: int


def rows_of(lines: Iterable[PickLine]) -> list[Row]:
    """The lines in the order of the walk, each with the code of its SKU."""
    return [Row(line, code(line.sku), len(line.left)) for line in lines]


def bins_of(rows: Iterable[Row]) -> list[Bin]:
    """The same lines by shipment, in the order of their labels."""

    def of(row: Row) -> tuple[int, str, str, str]:
        label = row.line.sorting_label  # K2 stands before K10
        return len(label), label, row.line.shipment_number, row.line.shipment_id

    bins = []
    for (_, label, number, _), group in groupby(sorted(rows, key=of), key=of):
        found = list(group)
        bins.append(Bin(label, number, found, sum(len(row.line.ids) for row in found)))
    return bins


@lru_cache(maxsize=2_000)
def code(text: str) -> SafeString | str:
    """A text as a QR code in SVG; "" where there is no text, or more than a code on a list can hold.

    QR instead of a bar code: it needs no font and no other package, and takes long SKUs and any character.
    """
    if not text or len(text) > MAX_CODE_CHARS:
        return ""
    drawn = segno.make(text, error="m", micro=False, encoding="utf-8" if not text.isascii() else None)
    return mark_safe(drawn.svg_inline(scale=3, border=2, omitsize=True))  # noqa: S308  drawn here: squares only
