"""Handling lists, and searches for pieces wherever they are."""

from collections.abc import Callable
from typing import Any

from backoffice.sandbox.afosto import rules, searches
from backoffice.sandbox.afosto.operations.base import NO_CONTENT, Answer, Calls, json_body, page_request
from backoffice.sandbox.afosto.paging import number_of
from backoffice.sandbox.afosto.pieces import in_parcel, in_shipment, on_list
from backoffice.sandbox.afosto.refusal import invalid
from backoffice.sandbox.storage import Row

OPERATIONS = {
    "GET /lcs/lists": ("list_lists", "lcs:handling:read"),
    "POST /lcs/lists": ("create_list", "lcs:handling:write"),
    "POST /lcs/lists/search": ("search_lists", "lcs:handling:read"),
    "GET /lcs/lists/<list_id>": ("get_list", "lcs:handling:read"),
    "DELETE /lcs/lists/<list_id>": ("delete_list", "lcs:handling:write"),
    "PUT /lcs/lists/<list_id>/items": ("update_list_items", "lcs:handling:write"),
    "PUT /lcs/lists/<list_id>/state": ("update_list_state", "lcs:handling:write"),
    "POST /lcs/search/shipments/items": ("search_shipment_items", "lcs:shipments:read"),
    "POST /lcs/search/lists/items": ("search_list_items", "lcs:handling:read"),
    "POST /lcs/search/parcels/items": ("search_parcel_items", "lcs:handling:read"),
    "PUT /lcs/bulk/items": ("bulk_update_items", "lcs:handling:write lcs:shipments:write"),
}


class ListCalls(Calls):
    """See OPERATIONS."""

    def list_lists(self) -> Answer:
        return self.numbered(self.afosto.lists, self.afosto.picking.row)

    def create_list(self) -> Answer:
        given = rules.allowed(json_body(), rules.CREATE_LIST)
        created = self.afosto.picking.create(given["shipments"], given.get("due_at"))
        return Answer(self.afosto.picking.created(created))

    def search_lists(self) -> Answer:
        return self.searched(searches.LISTS, self.afosto.lists, self.afosto.picking.body)

    def get_list(self, list_id: str) -> Answer:
        with self.afosto.storage.transaction():
            return Answer(self.afosto.list_body(list_id))

    def delete_list(self, list_id: str) -> Answer:
        self.afosto.picking.delete(list_id)
        return NO_CONTENT

    def update_list_items(self, list_id: str) -> Answer:
        self.afosto.picking.mark(list_id, rules.allowed_list(json_body(), rules.LIST_MARKS, "items"))
        return NO_CONTENT

    def update_list_state(self, list_id: str) -> Answer:
        self.afosto.picking.set_state(list_id, rules.allowed(json_body(), rules.LIST_STATE))
        return NO_CONTENT

    def search_shipment_items(self) -> Answer:
        return self._grouped(("shipment_id", "sku"), in_shipment)

    def search_list_items(self) -> Answer:
        return self._grouped(("list_id", "shipment_id", "sku", "position"), self._on_its_list, "list_id IS NOT NULL")

    def search_parcel_items(self) -> Answer:
        return self._grouped(("id",), lambda rows: in_parcel(rows[0]), "parcel_id IS NOT NULL")

    def bulk_update_items(self) -> Answer:
        given = rules.allowed(json_body(), rules.BULK)
        parameters = rules.allowed(given["parameters"], rules.BULK_PARAMETERS)
        if not parameters:
            raise invalid("parameters")
        self.afosto.set_pieces(searches.ITEMS.conditions(given["constraints"]), parameters)
        return NO_CONTENT

    def _grouped(self, columns: tuple[str, ...], shape: Callable[[list[Row]], Any], also: str = "true") -> Answer:
        """The page of groups of pieces, those that came last first."""
        conditions = self.conditions(searches.ITEMS)
        asked = page_request()
        where, storage = " AND ".join([also, *conditions]), self.afosto.storage
        groups = f"SELECT {', '.join(columns)} FROM pieces WHERE {where} GROUP BY {', '.join(columns)}"  # noqa: S608
        values = tuple(conditions.values())
        with storage.transaction():
            page = (asked.size, (number_of(asked) - 1) * asked.size)
            found = storage.rows(f"{groups} ORDER BY min(seq) DESC LIMIT ? OFFSET ?", (*values, *page))
            (total,) = storage.rows(f"SELECT count(*) AS groups FROM ({groups})", values)  # noqa: S608
            keys = [{f"{name} IS ?": key[name] for name in columns} for key in found]
            bodies = [shape(self.afosto.pieces.rows({**conditions, **key})) for key in keys]
        return Answer(bodies, self.count_header(total["groups"]))

    def _on_its_list(self, rows: list[Row]) -> Any:
        handling_list = self.afosto.lists.get(rows[0]["list_id"])
        labels = {its["shipment_id"]: its["label"] for its in handling_list["labels"]}
        walk = self.afosto.picking.walk(handling_list["location_id"])
        mine = {row["id"] for row in rows}
        whole = on_list(self.afosto.pieces.rows({"list_id = ?": handling_list["id"]}), labels, walk)
        (group,) = on_list(rows, labels, walk)
        return {**group, "rank": next(its["rank"] for its in whole if mine <= set(its["ids"]))}
