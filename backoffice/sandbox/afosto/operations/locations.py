"""Locations, their positions and what lies there."""

from flask import request

from backoffice.sandbox.afosto import rules, searches
from backoffice.sandbox.afosto.locations import position_body
from backoffice.sandbox.afosto.operations.base import Answer, Calls, as_kept, flag_of, json_body
from backoffice.sandbox.afosto.paging import PAGE

OPERATIONS = {
    "GET /lcs/locations": ("list_locations", "lcs:locations:read"),
    "POST /lcs/locations": ("create_location", "lcs:locations:write"),
    "GET /lcs/locations/<location_id>": ("get_location", "lcs:locations:read"),
    "PUT /lcs/locations/<location_id>": ("update_location", "lcs:locations:write"),
    "GET /lcs/locations/<location_id>/positions": ("list_positions", "lcs:locations:read"),
    "PUT /lcs/locations/<location_id>/positions": ("reorder_positions", "lcs:locations:write"),
    "DELETE /lcs/locations/<location_id>/positions": ("delete_positions", "lcs:locations:write"),
    "GET /lcs/locations/<location_id>/positions/<code>": ("get_position", "lcs:locations:read"),
    "POST /lcs/locations/<location_id>/positions/search": ("find_positions", "lcs:locations:read"),
    "GET /lcs/locations/<location_id>/skus": ("list_skus", "lcs:locations:read"),
    "PUT /lcs/locations/<location_id>/skus": ("update_skus", "lcs:locations:write"),
    "POST /lcs/search/locations": ("search_locations", "lcs:locations:read"),
}
_NO_NEXT_PAGE = {PAGE: ""}


class LocationCalls(Calls):
    """See OPERATIONS."""

    def list_locations(self) -> Answer:
        asked = {
            "json_extract(body, '$.address_id') = ?": request.args.get("address_id") or None,
            "json_extract(body, '$.is_disabled') = ?": flag_of("is_disabled"),
        }
        conditions = {sql: value for sql, value in asked.items() if value is not None}
        return self.numbered(self.afosto.locations, as_kept, conditions)

    def create_location(self) -> Answer:
        given = rules.allowed(json_body(), rules.CREATE_LOCATION)
        return Answer(self.afosto.warehouse.create(given), _NO_NEXT_PAGE)

    def get_location(self, location_id: str) -> Answer:
        return Answer(self.afosto.locations.get(location_id))

    def update_location(self, location_id: str) -> Answer:
        given = rules.allowed(json_body(), rules.CREATE_LOCATION)
        return Answer(self.afosto.warehouse.update(location_id, given))

    def list_positions(self, location_id: str) -> Answer:
        self.afosto.locations.get(location_id)
        return self.by_cursor(self.afosto.positions, position_body, {"owner = ?": location_id})

    def reorder_positions(self, location_id: str) -> Answer:
        codes = rules.allowed_list(json_body(), rules.CODES, "positions")
        return Answer(self.afosto.warehouse.reorder(location_id, codes), _NO_NEXT_PAGE)

    def delete_positions(self, location_id: str) -> Answer:
        codes = rules.allowed_list(json_body(), rules.CODES, "positions")
        return Answer(self.afosto.warehouse.delete_positions(location_id, codes), _NO_NEXT_PAGE)

    def get_position(self, location_id: str, code: str) -> Answer:
        return Answer(self.afosto.warehouse.position(location_id, code))

    def find_positions(self, location_id: str) -> Answer:
        """One hit of one SKU is an object, everything else an array: the contract knows both."""
        wanted = rules.allowed_list(json_body(), rules.CODES, "skus")
        found = self.afosto.warehouse.skus(location_id, wanted)
        return Answer(found[0] if len(wanted) == len(found) == 1 else found, _NO_NEXT_PAGE)

    def list_skus(self, location_id: str) -> Answer:
        return Answer(self.afosto.warehouse.skus(location_id))

    def update_skus(self, location_id: str) -> Answer:
        given = rules.allowed_list(json_body(), rules.SKUS, "skus")
        return Answer(self.afosto.warehouse.put_skus(location_id, given), _NO_NEXT_PAGE)

    def search_locations(self) -> Answer:
        return self.searched(searches.LOCATIONS, self.afosto.locations, as_kept)
