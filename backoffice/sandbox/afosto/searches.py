"""Searches: constraints on records and pieces, as conditions of SQL."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.refusal import Refusal, invalid

_LISTED = "IN (SELECT value FROM json_each(?))"
_FLAGGED = "IN (SELECT CAST(value AS INTEGER) FROM json_each(?))"


@dataclass(frozen=True)
class Search:
    """What one search call takes.

    Args:
        member: where its constraints have their strings.
        keys: key -> SQL that holds for a row whose value is in a JSON list, the one question mark.
        flags: those of ``keys`` whose strings are "1" and "0".
    """

    member: str
    keys: Mapping[str, str]
    flags: frozenset[str] = frozenset()

    def conditions(self, constraints: Iterable[Body]) -> dict[str, str]:
        """SQL -> its value, for rows that meet all constraints. Raises Refusal (400)."""
        wanted: dict[str, list[str]] = {}
        for constraint in constraints:
            key, values = constraint.get("key"), constraint.get(self.member)
            if not isinstance(key, str) or key not in self.keys:
                raise invalid("key")
            if constraint.get("operator") != "in":
                raise invalid("operator")
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise Refusal(400, errors={"must be a list of strings": [self.member]})
            if key in self.flags and not set(values) <= {"1", "0"}:
                raise invalid(self.member)
            wanted[key] = [value for value in wanted.get(key, values) if value in values]
        return {self.keys[key]: msgspec.json.encode(values).decode() for key, values in wanted.items()}


def _member(name: str) -> str:
    return f"json_extract(body, '$.{name}') {_LISTED}"


def _flag(name: str) -> str:
    return f"json_extract(body, '$.{name}') {_FLAGGED}"


_LIST_FLAGS = ("is_on_hold", "is_in_progress", "is_finished")
LISTS = Search(
    "values",
    {
        "ids": f"id {_LISTED}",
        "sub": _member("sub"),
        "location_id": _member("location_id"),
        **{name: _flag(name) for name in _LIST_FLAGS},
        "is_assigned": f"(json_extract(body, '$.sub') IS NOT NULL) {_FLAGGED}",
    },
    frozenset({*_LIST_FLAGS, "is_assigned"}),
)
_PRIOR = "SELECT 1 FROM json_each(body, '$.prior_shipments') prior"
SHIPMENTS = Search(
    "value",
    {
        "ids": f"id {_LISTED}",
        "secret": _member("secret"),
        "is_outbound": _flag("is_outbound"),
        "from_id": _member("addressing.from.entity_id"),
        "from_type": _member("addressing.from.entity_type"),
        "to_id": _member("addressing.to.entity_id"),
        "to_type": _member("addressing.to.entity_type"),
        "prior_ids": f"EXISTS ({_PRIOR} WHERE prior.value {_LISTED})",
    },
    frozenset({"is_outbound"}),
)
PARCELS = Search("values", {"ids": f"id {_LISTED}", "is_delivered": _flag("is_delivered")}, frozenset({"is_delivered"}))
LOCATIONS = METHODS = Search("values", {"ids": f"id {_LISTED}"})

_COLUMN_FLAGS = ("is_missing", "is_in_transit", "is_finished", "is_serviced", "is_handled")
_OUTBOUND = "SELECT id FROM shipments WHERE json_extract(body, '$.is_outbound')"
_LABELED = "SELECT id FROM parcels WHERE json_extract(body, '$.label.file_id') IS NOT NULL"
ITEMS = Search(
    "value",
    {
        "ids": f"id {_LISTED}",
        "skus": f"sku {_LISTED}",
        "position": f"position {_LISTED}",
        "list_ids": f"list_id {_LISTED}",
        "parcel_ids": f"parcel_id {_LISTED}",
        "shipment_ids": f"shipment_id {_LISTED}",
        **{name: f"{name} {_FLAGGED}" for name in _COLUMN_FLAGS},
        "is_listed": f"(list_id IS NOT NULL) {_FLAGGED}",
        "is_boxed": f"(parcel_id IS NOT NULL) {_FLAGGED}",
        "is_labeled": f"coalesce(parcel_id IN ({_LABELED}), 0) {_FLAGGED}",
        "is_outbound": f"(shipment_id IN ({_OUTBOUND})) {_FLAGGED}",
    },
    frozenset({*_COLUMN_FLAGS, "is_listed", "is_boxed", "is_labeled", "is_outbound"}),
)
