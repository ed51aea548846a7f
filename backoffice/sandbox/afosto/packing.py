"""Parcels: which pieces went into which box, and how far it is."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import conflict, invalid
from backoffice.sandbox.storage import Row


def parcel_body(records: Records, parcel: Body) -> Body:
    """A parcel as every call states it."""
    items = records.pieces.of_parcel(parcel["id"])
    return {**parcel, "count": len(items), "items": items}


class Packing:
    """What calls do with parcels, but for labels. All raise Refusal."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def body(self, parcel_id: str) -> Body:
        """One parcel."""
        return parcel_body(self._records, self._records.parcels.get(parcel_id))

    def create(self, given: Mapping[str, Any]) -> Body:
        """A parcel of pieces that are in none yet: all of them, or none where one is refused."""
        records = self._records
        with records.storage.transaction():
            shipment = records.shipments.find(given["shipment_id"])
            if shipment is None:
                raise invalid("shipment_id")
            if shipment["is_canceled"] or shipment["is_finished"]:
                raise conflict("The shipment is canceled or over", "shipment_id")
            rows = records.pieces.among(given["item_ids"], shipment_id=shipment["id"])
            if refused := [row["id"] for row in rows if not _can_be_packed(row)]:
                raise conflict("The piece is packed already, or missing", *refused)
            parcel = records.parcels.add(self._new(shipment, given))
            records.pieces.change((row["id"] for row in rows), parcel_id=parcel["id"])
            records.roll_up(shipment["id"])
            return self.body(parcel["id"])

    def update(self, parcel_id: str, given: Mapping[str, Any]) -> None:
        """Change a parcel that has not left."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            if any(parcel[name] != value for name, value in given.items()):
                _refuse_if_gone(parcel)
                records.save(records.parcels, parcel_id, **given)

    def delete(self, parcel_id: str) -> None:
        """Take a parcel that has not left apart; its pieces can be packed again."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            _refuse_if_gone(parcel)
            rows = records.pieces.rows({"parcel_id = ?": parcel_id})
            records.pieces.change((row["id"] for row in rows), parcel_id=None)
            records.parcels.remove(parcel_id)
            records.roll_up(parcel["shipment_id"])

    def add_items(self, parcel_id: str, ids: Iterable[str]) -> Body:
        """Put more pieces in; counts those that went in or were in, and those that could not."""
        parcel = self._records.parcels.get(parcel_id)

        def may_go(row: Row) -> bool:
            return row["shipment_id"] == parcel["shipment_id"] and (
                row["parcel_id"] == parcel_id or _can_be_packed(row)
            )

        return self._move(parcel, ids, may_go, parcel_id)

    def remove_items(self, parcel_id: str, ids: Iterable[str]) -> Body:
        """Take pieces out; counts those that came out, and those that were not in."""
        parcel = self._records.parcels.get(parcel_id)
        return self._move(parcel, ids, lambda row: row["parcel_id"] == parcel_id, None)

    def send_off(self, parcel_id: str) -> None:
        """Mark a parcel as handed to the carrier; only once."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            _refuse_if_gone(parcel)
            self._progress(parcel, "IN_TRANSIT", is_in_transit=True, in_transit_at=records.moment())

    def deliver(self, parcel_id: str) -> None:
        """What a carrier does at the door: the parcel has arrived, but is not finished yet."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            if not parcel["is_in_transit"]:
                raise conflict("The parcel is not under way")
            self._progress(parcel, "DELIVERED", is_in_transit=False, is_delivered=True)

    def finish(self, parcel_id: str) -> None:
        """Mark a parcel as delivered and done with; only once."""
        records = self._records
        with records.storage.transaction():
            parcel = records.parcels.get(parcel_id)
            if parcel["is_finished"]:
                raise conflict("The parcel is finished")
            event = None if parcel["is_delivered"] else "DELIVERED"
            members = {"is_in_transit": False, "is_delivered": True, "is_finished": True}
            self._progress(parcel, event, **members, finished_at=records.moment())

    def _progress(self, parcel: Body, event: str | None, **members: Any) -> None:
        records = self._records
        parcel = records.save(records.parcels, parcel["id"], **members)
        flags = {name: parcel[name] for name in ("is_in_transit", "is_finished")}
        rows = records.pieces.rows({"parcel_id = ?": parcel["id"]})
        records.pieces.change((row["id"] for row in rows), **flags)
        if event:
            records.tell_of_parcel(parcel, event)
        records.roll_up(parcel["shipment_id"])

    def _move(self, parcel: Body, ids: Iterable[str], may_move: Callable[[Row], bool], target: str | None) -> Body:
        records, wanted = self._records, list(dict.fromkeys(ids))
        with records.storage.transaction():
            _refuse_if_gone(parcel)
            rows = [row for its in wanted for row in records.pieces.rows({"id = ?": its}) if may_move(row)]
            if rows:
                records.pieces.change((row["id"] for row in rows), parcel_id=target)
                records.parcels.change(parcel["id"], updated_at=records.moment())
                records.roll_up(parcel["shipment_id"])
        return {"success": len(rows), "failed": len(wanted) - len(rows)}

    def _new(self, shipment: Body, given: Mapping[str, Any]) -> Body:
        records, moment = self._records, self._records.moment()
        return {
            "id": records.ids.uuid(),
            "number": records.number("PC", 30_800),
            **{name: given.get(name, 0) for name in ("weight", "length", "width", "height")},
            "tracking_code": given.get("tracking_code"),
            "tracking_url": given.get("tracking_url"),
            "position": None,
            "label": None,
            "shipment_id": shipment["id"],
            "is_in_transit": False,
            "is_delivered": False,
            "is_outbound": shipment["is_outbound"],
            "is_finished": False,
            "file_id": None,
            "ship_at": shipment["ship_at"],
            "in_transit_at": None,
            "finished_at": None,
            "created_at": moment,
            "updated_at": moment,
        }


def _can_be_packed(row: Row) -> bool:
    return not row["parcel_id"] and not row["is_missing"]


def _refuse_if_gone(parcel: Body) -> None:
    if parcel["is_in_transit"] or parcel["is_delivered"] or parcel["is_finished"]:
        raise conflict("The parcel has left")
