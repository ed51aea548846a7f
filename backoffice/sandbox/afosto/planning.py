"""Shipments: what is to go where, piece by piece."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.packing import parcel_body
from backoffice.sandbox.afosto.people import CHANNEL
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import conflict, invalid
from backoffice.sandbox.clock import offset_stamp

DETAIL_ONLY = ("order_id", "is_labeled", "is_serviced", "is_boxed", "is_handled", "backorders", "overage")
"""Members of the kept body that rows of lists and searches lack, beside items and parcels."""

_NOT_AT_CARRIER = {"is_carrier_location": False, "carrier_location_reference": None}


def shipment_row(shipment: Body) -> Body:
    """A shipment as lists and searches state it."""
    return {name: value for name, value in shipment.items() if name not in DETAIL_ONLY}


class Planning:
    """What calls do with shipments. All raise Refusal."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def body(self, shipment_id: str) -> Body:
        """A shipment in detail."""
        records = self._records
        shipment = records.shipments.get(shipment_id)
        parcels = [parcel_body(records, parcel) for parcel in records.parcels.of(shipment_id)]
        return {**shipment, "items": records.pieces.of_shipment(shipment_id), "parcels": parcels}

    def create(self, given: Mapping[str, Any]) -> Body:
        """A new shipment from the members of a checked body; each quantity becomes so many pieces."""
        records = self._records
        with records.storage.transaction():
            self._check(given)
            shipment = records.shipments.add(self._new(given))
            walk = self._positions_of(shipment)
            records.pieces.add_all(
                piece for item in given["items"] for piece in self._pieces(shipment["id"], item, walk)
            )
            records.tell_of_order(shipment, "ORDER_OPENED")
            records.roll_up(shipment["id"])
            return self.body(shipment["id"])

    def update(self, shipment_id: str, given: Mapping[str, Any]) -> Body:
        """Change what can be changed of a shipment that is editable."""
        records = self._records
        with records.storage.transaction():
            shipment = records.shipments.get(shipment_id)
            self._check(given)
            wanted = {**given, **_addressing(given)}
            if any(shipment[name] != value for name, value in wanted.items()):
                if not shipment["is_editable"]:
                    raise invalid("is_editable")
                records.roll_up(shipment_id, **wanted)
            return self.body(shipment_id)

    def cancel(self, shipment_id: str) -> None:
        """Cancel a shipment that is neither under way nor over."""
        records = self._records
        with records.storage.transaction():
            shipment = records.shipments.get(shipment_id)
            if shipment["is_canceled"]:
                return
            parcels = records.parcels.of(shipment_id)
            if shipment["is_finished"] or any(its["is_in_transit"] or its["is_delivered"] for its in parcels):
                raise conflict("The shipment is under way or over")
            for parcel in parcels:
                records.parcels.remove(parcel["id"])
            records.pieces.remove_of_shipment(shipment_id)
            records.roll_up(shipment_id, is_canceled=True, list_id=None)
            if shipment["list_id"]:
                records.roll_up_list(shipment["list_id"])

    def take_positions(self, shipment_id: str) -> None:
        """Give all pieces that are not handled yet the shelves where their SKUs lie now."""
        records = self._records
        with records.storage.transaction():
            walk = self._positions_of(records.shipments.get(shipment_id))
            for row in records.pieces.rows({"shipment_id = ?": shipment_id, "is_handled = ?": 0}):
                if row["sku"] in walk:
                    records.pieces.change([row["id"]], position=walk[row["sku"]])

    def set_corrections(self, shipment_id: str, kind: str, corrections: list[Body]) -> Body:
        """Replace the ``backorders`` or the ``overage``, whole."""
        records = self._records
        with records.storage.transaction():
            self._writable(shipment_id)
            kept = [_correction(correction) for correction in corrections]
            records.roll_up(shipment_id, **{kind: kept})
            return self.body(shipment_id)

    def set_missing(self, shipment_id: str, marks: Iterable[Mapping[str, Any]]) -> None:
        """Mark pieces of a shipment as not found, or as found after all."""
        records, wanted = self._records, {mark["id"]: mark["is_missing"] for mark in marks}
        with records.storage.transaction():
            records.shipments.get(shipment_id)
            rows = records.pieces.among(wanted, shipment_id=shipment_id)
            changed = [row for row in rows if bool(row["is_missing"]) is not wanted[row["id"]]]
            if not changed:
                return
            self._writable(shipment_id)
            if boxed := [row["id"] for row in changed if row["parcel_id"]]:
                raise conflict("The piece is packed", *boxed)
            for row in changed:
                records.pieces.change([row["id"]], is_missing=wanted[row["id"]])
            records.roll_up(shipment_id)
            for list_id in {row["list_id"] for row in changed if row["list_id"]}:
                records.roll_up_list(list_id)

    def invoice(self, shipment_id: str) -> None:
        """Bill a shipment, each time anew."""
        records = self._records
        with records.storage.transaction():
            shipment = self._writable(shipment_id)
            records.invoices.add({"id": records.ids.uuid(), "shipment_id": shipment["id"], "made_at": records.moment()})

    def _writable(self, shipment_id: str) -> Body:
        shipment = self._records.shipments.get(shipment_id)
        if shipment["is_canceled"]:
            raise conflict("The shipment is canceled")
        return shipment

    def _check(self, given: Mapping[str, Any]) -> None:
        """What a shipment refers to must be there. Raises Refusal (400)."""
        records = self._records
        for end in ("to", "from"):
            ref = given.get("addressing", {}).get(end)
            kind = records.addresses if ref and ref["entity_type"] == "address" else records.locations
            if ref and kind.find(ref["entity_id"]) is None:
                raise invalid(f"addressing.{end}.entity_id")
        for name, kind in (("method_id", records.methods), ("contact_id", records.contacts)):
            if given.get(name) and kind.find(given[name]) is None:
                raise invalid(name)
        if unknown := [its for its in given.get("prior_shipments", []) if records.shipments.find(its) is None]:
            raise invalid("prior_shipments", *unknown)

    def _new(self, given: Mapping[str, Any]) -> Body:
        records = self._records
        now, moment = records.now(), records.moment()
        ship_at = given.get("ship_at") or offset_stamp(now + timedelta(hours=8))
        return {
            "id": records.ids.uuid(),
            "number": records.number("SH", 51_000),
            "type": given["type"],
            "method_id": given.get("method_id"),
            "contact_id": given.get("contact_id"),
            "channel_id": given.get("channel_id") or CHANNEL,
            "order_id": given.get("order_id"),
            **_addressing(given),
            "ship_at": ship_at,
            "estimated_ship_at": given.get("estimated_ship_at") or ship_at,
            "expected_at": given.get("expected_at") or offset_stamp(now + timedelta(hours=28)),
            "stack_id": records.ids.uuid(),
            "is_editable": True,
            "is_outbound": given.get("is_outbound", True),
            "is_labeled": False,
            "is_serviced": False,
            "is_complete": False,
            "is_overcomplete": False,
            "is_boxed": False,
            "is_handled": False,
            "is_listed": False,
            "is_finished": False,
            "is_in_transit": False,
            "is_canceled": False,
            "backorders": [_correction(its) for its in given.get("backorders", [])],
            "overage": [_correction(its) for its in given.get("overage", [])],
            "secret": records.ids.hex(16),
            "prior_shipments": given.get("prior_shipments", []),
            "list_id": None,
            "created_at": moment,
            "updated_at": moment,
        }

    def _pieces(self, shipment_id: str, item: Mapping[str, Any], walk: Mapping[str, str]) -> Iterable[Body]:
        references = item.get("references", [])
        for number in range(item["quantity"]):
            yield {
                **(references[number] if number < len(references) else {}),
                "id": self._records.ids.uuid(),
                "shipment_id": shipment_id,
                "reference": item.get("reference"),
                "sku": item["sku"],
                "position": item.get("position") or walk.get(item["sku"]),
                "description": item.get("description", item["sku"]),
                "hs_code": item.get("hs_code"),
                "service": msgspec.json.encode(item.get("service", [])).decode(),
            }

    def _positions_of(self, shipment: Body) -> dict[str, str]:
        """SKU -> shelf, at the location that a shipment leaves or comes to."""
        end = shipment["addressing"]["from" if shipment["is_outbound"] else "to"]
        positions = self._records.positions.of(end["entity_id"]) if end else []
        return {sku["sku"]: position["code"] for position in positions for sku in position["skus"]}


def _addressing(given: Mapping[str, Any]) -> dict[str, Body]:
    if "addressing" not in given:
        return {}
    return {"addressing": {end: _ref(given["addressing"].get(end)) for end in ("to", "from")}}


def _ref(given: Mapping[str, Any] | None) -> Body | None:
    if given is None:
        return None
    carrier = {**_NOT_AT_CARRIER, **(given.get("carrier") or {})}
    return {"entity_type": given["entity_type"], "entity_id": given["entity_id"], "carrier": carrier}


def _correction(given: Mapping[str, Any]) -> Body:
    defaults = {"description": "", "position": ""}
    return {"sku": given["sku"], "quantity": given["quantity"], **{k: given.get(k, v) for k, v in defaults.items()}}
