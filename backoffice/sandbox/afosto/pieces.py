"""Pieces: what lies on shelves, lists and in parcels, one by one; and the shapes in which calls tell of them."""

from collections.abc import Callable, Iterable, Mapping
from itertools import groupby
from typing import Any

import msgspec

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.refusal import invalid
from backoffice.sandbox.storage import Row, Storage, insert_into

TABLE = """
CREATE TABLE IF NOT EXISTS pieces (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, shipment_id TEXT NOT NULL, list_id TEXT,
    parcel_id TEXT, reference TEXT, sku TEXT NOT NULL, position TEXT, order_item_id TEXT, claim_item_id TEXT,
    description TEXT NOT NULL, hs_code TEXT, service TEXT NOT NULL DEFAULT '[]', lot_number TEXT, expires_at TEXT,
    is_handled INTEGER NOT NULL DEFAULT 0, is_serviced INTEGER NOT NULL DEFAULT 0,
    is_missing INTEGER NOT NULL DEFAULT 0, is_in_transit INTEGER NOT NULL DEFAULT 0,
    is_finished INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS pieces_shipment ON pieces (shipment_id);
CREATE INDEX IF NOT EXISTS pieces_list ON pieces (list_id);
CREATE INDEX IF NOT EXISTS pieces_parcel ON pieces (parcel_id);
"""
_COLUMNS = (
    "id",
    "shipment_id",
    "reference",
    "sku",
    "position",
    "order_item_id",
    "claim_item_id",
    "description",
    "hs_code",
    "service",
)
_INSERT = insert_into("pieces", _COLUMNS)
_AMONG = "id IN (SELECT value FROM json_each(?))"


class Pieces:
    """All pieces, as rows with the columns of the table."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        storage.create(TABLE)

    def __len__(self) -> int:
        return self._storage.count("pieces")

    def add_all(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Keep new ones; members that are not given are null."""
        self._storage.run_many(_INSERT, [[piece.get(name) for name in _COLUMNS] for piece in pieces])

    def rows(self, conditions: Mapping[str, Any]) -> list[Row]:
        """Those for which these hold (SQL -> its value), oldest first."""
        return self._storage.select("pieces", conditions)

    def among(self, ids: Iterable[str], **owner: str) -> list[Row]:
        """Those with these ids, of one ``shipment_id`` or ``list_id``. Raises Refusal (400) where one is not there."""
        wanted = list(dict.fromkeys(ids))
        conditions = {
            _AMONG: msgspec.json.encode(wanted).decode(),
            **{f"{name} = ?": its for name, its in owner.items()},
        }
        rows = self.rows(conditions)
        if missing := set(wanted) - {row["id"] for row in rows}:
            raise invalid(*sorted(missing))
        return rows

    def of_shipment(self, shipment_id: str) -> list[Body]:
        """A shipment's pieces, flat."""
        return [flat(row) for row in self.rows({"shipment_id = ?": shipment_id})]

    def of_list(self, list_id: str) -> list[Body]:
        """A handling list's pieces, flat."""
        return [flat(row) for row in self.rows({"list_id = ?": list_id})]

    def of_parcel(self, parcel_id: str) -> list[Body]:
        """A parcel's pieces, in the parcel's own shape."""
        return [in_parcel(row) for row in self.rows({"parcel_id = ?": parcel_id})]

    def change(self, ids: Iterable[str], **columns: Any) -> None:
        """Set these columns of these pieces. No rule of the API is applied."""
        sets = ", ".join(f"{name} = ?" for name in columns)
        sql = f"UPDATE pieces SET {sets} WHERE {_AMONG}"  # noqa: S608  all names are ours
        self._storage.run(sql, (*columns.values(), msgspec.json.encode(list(ids)).decode()))

    def remove_of_shipment(self, shipment_id: str) -> None:
        """Take away all of a shipment."""
        self._storage.run("DELETE FROM pieces WHERE shipment_id = ?", (shipment_id,))


def flat(row: Row) -> Body:
    """One piece, as shipments and rows of handling lists state it."""
    return {
        "id": row["id"],
        "reference": row["reference"],
        "sku": row["sku"],
        "position": row["position"],
        "order_item_id": row["order_item_id"],
        "claim_item_id": row["claim_item_id"],
        "description": row["description"],
        "is_listed": row["list_id"] is not None,
        "is_handled": bool(row["is_handled"]),
        "is_boxed": row["parcel_id"] is not None,
        "is_in_transit": bool(row["is_in_transit"]),
        "is_finished": bool(row["is_finished"]),
        "is_missing": bool(row["is_missing"]),
        "hs_code": row["hs_code"],
        "service": msgspec.json.decode(row["service"]),
    }


def in_parcel(row: Row) -> Body:
    """One piece, as parcels state it."""
    return {"id": row["id"], "sku": row["sku"], "quantity": 1, "description": row["description"]}


def on_list(rows: list[Row], labels: Mapping[str, str], walk: Mapping[str, int]) -> list[Body]:
    """Pieces of one list in its grouped shape, in walking order.

    Args:
        labels: shipment id -> its sorting label.
        walk: position -> its place in the walk; unknown ones come last.
    """
    groups = _grouped(rows, lambda row: (row["shipment_id"], row["sku"], row["position"] or ""))
    groups.sort(key=lambda its: (walk.get(its[0]["position"] or "", len(walk)), its[0]["seq"]))
    return [_list_group(its, labels, rank) for rank, its in enumerate(groups, start=1)]


def _list_group(rows: list[Row], labels: Mapping[str, str], rank: int) -> Body:
    first = rows[0]
    return {
        "ids": _ids(rows),
        "handled_ids": _ids(row for row in rows if row["is_handled"]),
        "shipment_id": first["shipment_id"],
        "sku": first["sku"],
        "description": first["description"],
        "position": first["position"],
        "quantity": len(rows),
        "sorting_label": labels.get(first["shipment_id"], ""),
        "rank": rank,
    }


def in_shipment(rows: list[Row]) -> Body:
    """Pieces of one SKU and shipment: which of them are where."""
    first = rows[0]
    placed = {
        "handled": _ids(row for row in rows if row["is_handled"]),
        "boxed": _ids(row for row in rows if row["parcel_id"]),
        "listed": _ids(row for row in rows if row["list_id"]),
        "finished": _ids(row for row in rows if row["is_finished"]),
        "missing": _ids(row for row in rows if row["is_missing"]),
    }
    return {
        "ids": _ids(rows),
        "sku": first["sku"],
        "quantity": len(rows),
        "hs_code": first["hs_code"],
        "description": first["description"],
        "references": [
            {name: row[name] for name in ("order_item_id", "claim_item_id")} for row in rows if row["order_item_id"]
        ],
        "lists": _by(rows, "list_id", "id"),
        "parcels": _by(rows, "parcel_id", "id"),
        "positions": _by(rows, "position", "code"),
        **{f"{name}_ids": ids for name, ids in placed.items()},
        "shipment_id": first["shipment_id"],
        "totals": {name: len(ids) for name, ids in placed.items()},
    }


def _by(rows: list[Row], column: str, name: str) -> list[Body]:
    groups = _grouped([row for row in rows if row[column]], lambda row: row[column])
    return [{name: its[0][column], "item_ids": _ids(its)} for its in groups]


def _grouped(rows: list[Row], key: Callable[[Row], Any]) -> list[list[Row]]:
    return [list(its) for _, its in groupby(sorted(rows, key=key), key=key)]


def _ids(rows: Iterable[Row]) -> list[str]:
    return [row["id"] for row in rows]
