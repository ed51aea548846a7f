"""Backorders and overage: lines of SKUs that Afosto replaces whole, so the lines of others are sent along."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from fulfilment.models import Shipment
from fulfilment.pieces import contents_of

Line = Mapping[str, Any]
"""A line: sku, quantity, perhaps position and description.

As a change, quantity 0 takes it out, an empty position is the line that has none, and no position is all of the SKU.
"""


def lines_of(shipment: Shipment, kind: str) -> list[dict[str, Any]]:
    """The lines of ``backorders`` or ``overage`` as they are here."""
    lines = getattr(contents_of(shipment), kind)
    return [_less_empty(msgspec.structs.asdict(line)) for line in lines]


def changed_lines(seen: Iterable[Line], rows: Iterable[Line]) -> list[dict[str, Any]]:
    """What a form with ``rows`` changes of the lines ``seen`` that it began with; what it has no more is set to 0."""
    before, now = [{"position": "", **line} for line in seen], [{"position": "", **row} for row in rows]
    kept = {name_of(row) for row in now}
    changed = [row for row in now if quantity(row, before) != row["quantity"]]
    return changed + [{**line, "quantity": 0} for line in before if name_of(line) not in kept]


def merged(there: Sequence[Line], changes: Sequence[Line]) -> list[dict[str, Any]]:
    """The lines as they are with the changed ones in the place of those that they touch."""
    kept = [dict(line) for line in there if not any(_touches(change, line) for change in changes)]
    for change in changes:
        known = next((line for line in there if _touches(change, line)), {})
        if change["quantity"]:
            kept.append(_less_empty({**known, **change}))
    return kept


def quantity(change: Line, lines: Iterable[Line]) -> int:
    """How many pieces of what a change is about stand in the lines."""
    return sum(line["quantity"] for line in lines if _touches(change, line))


def name_of(line: Line) -> str:
    """A line as sentences name it."""
    return f"{line['sku']} at {line['position']}" if line.get("position") else str(line["sku"])


def _touches(change: Line, line: Line) -> bool:
    is_there = change.get("position") in {None, line.get("position") or ""}
    return bool(line["sku"] == change["sku"] and is_there)


def _less_empty(line: Line) -> dict[str, Any]:
    return {name: value for name, value in line.items() if value not in {"", None}}
