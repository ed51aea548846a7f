"""Shipments and shipping methods."""

from flask import request

from backoffice.sandbox.afosto import points, rules, searches
from backoffice.sandbox.afosto.operations.base import NO_CONTENT, Answer, Calls, as_kept, json_body
from backoffice.sandbox.afosto.planning import shipment_row

OPERATIONS = {
    "GET /lcs/shipments": ("list_shipments", "lcs:shipments:read"),
    "POST /lcs/shipments": ("create_shipment", "lcs:shipments:write"),
    "GET /lcs/shipments/<shipment_id>": ("get_shipment", "lcs:shipments:read"),
    "PUT /lcs/shipments/<shipment_id>": ("update_shipment", "lcs:shipments:write"),
    "DELETE /lcs/shipments/<shipment_id>": ("cancel_shipment", "lcs:shipments:write"),
    "PUT /lcs/shipments/<shipment_id>/positions": ("refresh_positions", "lcs:shipments:write"),
    "POST /lcs/shipments/<shipment_id>/invoice": ("invoice_shipment", "lcs:shipments:write"),
    "PUT /lcs/shipments/<shipment_id>/items/backorders": ("set_backorders", "lcs:shipments:write"),
    "PUT /lcs/shipments/<shipment_id>/items/overage": ("set_overage", "lcs:shipments:write"),
    "PUT /lcs/shipments/<shipment_id>/items/missing": ("set_missing", "lcs:shipments:write"),
    "POST /lcs/search/shipments": ("search_shipments", "lcs:shipments:read"),
    "POST /lcs/search/methods": ("search_methods", "lcs:shipments:read"),
    "GET /lcs/methods": ("list_methods", "lcs:shipments:read"),
    "GET /lcs/methods/<method_id>": ("get_method", "lcs:shipments:read"),
    "GET /lcs/points/<carrier>": ("list_points", "lcs:points:read"),
    "GET /lcs/points/<carrier>/<point_id>": ("get_point", "lcs:points:read"),
    "GET /lcs/dpd/points": ("list_dpd_points", "lcs:dpd:read"),
    "GET /lcs/dpd/points/<point_id>": ("get_dpd_point", "lcs:dpd:read"),
}


class ShipmentCalls(Calls):
    """See OPERATIONS."""

    def list_shipments(self) -> Answer:
        return self.numbered(self.afosto.shipments, shipment_row)

    def create_shipment(self) -> Answer:
        return Answer(self.afosto.planning.create(rules.allowed(json_body(), rules.CREATE_SHIPMENT)))

    def get_shipment(self, shipment_id: str) -> Answer:
        with self.afosto.storage.transaction():
            return Answer(self.afosto.shipment_body(shipment_id))

    def update_shipment(self, shipment_id: str) -> Answer:
        return Answer(self.afosto.planning.update(shipment_id, rules.allowed(json_body(), rules.UPDATE_SHIPMENT)))

    def cancel_shipment(self, shipment_id: str) -> Answer:
        self.afosto.planning.cancel(shipment_id)
        return NO_CONTENT

    def refresh_positions(self, shipment_id: str) -> Answer:
        self.afosto.planning.take_positions(shipment_id)
        return NO_CONTENT

    def invoice_shipment(self, shipment_id: str) -> Answer:
        self.afosto.planning.invoice(shipment_id)
        return NO_CONTENT

    def set_backorders(self, shipment_id: str) -> Answer:
        return self._set_corrections(shipment_id, "backorders")

    def set_overage(self, shipment_id: str) -> Answer:
        return self._set_corrections(shipment_id, "overage")

    def set_missing(self, shipment_id: str) -> Answer:
        self.afosto.planning.set_missing(shipment_id, rules.allowed_list(json_body(), rules.MISSING, "items"))
        return NO_CONTENT

    def search_shipments(self) -> Answer:
        return self.searched(searches.SHIPMENTS, self.afosto.shipments, shipment_row)

    def search_methods(self) -> Answer:
        methods = self.afosto.methods.where(self.conditions(searches.METHODS))
        return Answer(methods, self.count_header(len(methods)))

    def list_methods(self) -> Answer:
        country = request.args.get("country_code")
        methods = list(self.afosto.methods)
        if country:
            methods = [its for its in methods if country in {served["code"] for served in its["countries"]}]
        return Answer(methods)

    def get_method(self, method_id: str) -> Answer:
        return Answer(as_kept(self.afosto.methods.get(method_id)))

    def list_points(self, carrier: str) -> Answer:
        country, postal_code = request.args.get("country_code"), request.args.get("postal_code")
        return Answer(points.points_near(carrier, country, postal_code))

    def get_point(self, carrier: str, point_id: str) -> Answer:
        return Answer(points.point(carrier, point_id, request.args.get("country_code")))

    def list_dpd_points(self) -> Answer:
        return Answer(points.dpd_points_near(request.args.get("country_code"), request.args.get("postal_code")))

    def get_dpd_point(self, point_id: str) -> Answer:
        return Answer(points.dpd_point(point_id))

    def _set_corrections(self, shipment_id: str, kind: str) -> Answer:
        corrections = rules.allowed_list(json_body(), rules.CORRECTIONS, kind)
        return Answer(self.afosto.planning.set_corrections(shipment_id, kind, corrections))
