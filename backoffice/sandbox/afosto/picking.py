"""Handling lists: what to pick from which shelf, or to sort onto it, in walking order."""

from collections.abc import Iterable, Mapping
from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.pieces import on_list
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import conflict, invalid
from backoffice.sandbox.storage import Row

_MARKS = ("is_handled", "is_serviced", "is_finished", "position", "lot_number", "expires_at")


class Picking:
    """What calls do with handling lists. All raise Refusal."""

    def __init__(self, records: Records) -> None:
        self._records = records

    def row(self, handling_list: Body) -> Body:
        """A list as the paged read states it: pieces flat."""
        own = {name: value for name, value in handling_list.items() if name != "labels"}
        return _in_order({**own, "items": self._records.pieces.of_list(handling_list["id"])})

    def body(self, handling_list: Body) -> Body:
        """A list as the detail read and the search state it: pieces in groups."""
        labels = {label["shipment_id"]: label["label"] for label in handling_list["labels"]}
        rows = self._records.pieces.rows({"list_id = ?": handling_list["id"]})
        items = on_list(rows, labels, self.walk(handling_list["location_id"]))
        own = {name: value for name, value in handling_list.items() if name != "labels"}
        return _in_order({**own, "items": items, "sorting_labels": handling_list["labels"]})

    def created(self, handling_list: Body) -> Body:
        """A list as the create call answers it."""
        absent = ("labels", "number", "is_cancelled")
        own = {name: value for name, value in handling_list.items() if name not in absent}
        return {**own, "is_assigned": bool(handling_list["sub"])}

    def walk(self, location_id: str) -> dict[str, int]:
        """Position -> its place in the walk through a location."""
        return {its["code"]: its["sorting"] for its in self._records.positions.of(location_id)}

    def create(self, wanted: Iterable[Mapping[str, Any]], due_at: str | None = None) -> Body:
        """A list of these shipments (``id``, ``label``), all of one location and one direction."""
        records = self._records
        with records.storage.transaction():
            labels = {its["id"]: its.get("label") or f"K{number}" for number, its in enumerate(wanted, start=1)}
            shipments = [self._listable(shipment_id) for shipment_id in labels]
            places = {(_location_of(its), its["is_outbound"]) for its in shipments}
            if len(places) != 1:
                raise invalid("shipments")
            handling_list = records.lists.add(self._new(places.pop(), labels, due_at))
            for shipment in shipments:
                rows = records.pieces.rows({"shipment_id = ?": shipment["id"], "parcel_id IS ?": None})
                records.pieces.change((row["id"] for row in rows), list_id=handling_list["id"])
                records.roll_up(shipment["id"], list_id=handling_list["id"])
            return records.roll_up_list(handling_list["id"])

    def delete(self, list_id: str) -> None:
        """Cancel a list that is not finished; its shipments can be listed again."""
        records = self._records
        with records.storage.transaction():
            handling_list = records.lists.get(list_id)
            if handling_list["is_cancelled"]:
                return
            if handling_list["is_finished"]:
                raise conflict("The handling list is finished")
            rows = records.pieces.rows({"list_id = ?": list_id})
            records.pieces.change((row["id"] for row in rows), list_id=None)
            records.save(records.lists, list_id, is_cancelled=True, is_in_progress=False)
            for shipment_id in handling_list["shipments"]:
                shipment = records.shipments.find(shipment_id)
                if shipment and shipment["list_id"] == list_id:
                    records.roll_up(shipment_id, list_id=None)
            if records.deleted_lists_vanish:
                records.lists.remove(list_id)

    def set_state(self, list_id: str, given: Mapping[str, Any]) -> None:
        """Assign (``sub``; empty: to nobody), hold or release (``is_on_hold``) a list that is not over."""
        records = self._records
        with records.storage.transaction():
            handling_list = records.lists.get(list_id)
            wanted = {**given, "sub": given["sub"] or None} if "sub" in given else dict(given)
            if any(handling_list[name] != value for name, value in wanted.items()):
                _refuse_if_over(handling_list)
                records.save(records.lists, list_id, **wanted)

    def mark(self, list_id: str, marks: Iterable[Mapping[str, Any]]) -> None:
        """Mark pieces of a list: all of them, or none where one is refused."""
        records, wanted = self._records, {mark["id"]: mark for mark in marks}
        with records.storage.transaction():
            handling_list = records.lists.get(list_id)
            rows = records.pieces.among(wanted, list_id=list_id)
            changed = [(row, new) for row in rows if (new := _changes(row, wanted[row["id"]]))]
            if not changed:
                return
            _refuse_if_over(handling_list)
            if handling_list["is_on_hold"]:
                raise conflict("The handling list is on hold")
            if undone := [row["id"] for row, new in changed if row["parcel_id"] and new.get("is_handled") is False]:
                raise conflict("The piece is packed", *undone)
            for row, new in changed:
                records.pieces.change([row["id"]], **new)
            records.roll_up_list(list_id)
            for shipment_id in {row["shipment_id"] for row, _ in changed}:
                records.roll_up(shipment_id)

    def _listable(self, shipment_id: str) -> Body:
        shipment = self._records.shipments.find(shipment_id)
        if shipment is None:
            raise invalid("shipments", shipment_id)
        if shipment["list_id"]:
            raise conflict("The shipment is on a list already", shipment_id)
        if shipment["is_canceled"] or shipment["is_finished"] or shipment["is_in_transit"]:
            raise conflict("The shipment is canceled, under way or over", shipment_id)
        return shipment

    def _new(self, place: tuple[str, bool], labels: Mapping[str, str], due_at: str | None) -> Body:
        records, moment = self._records, self._records.moment()
        return {
            "id": records.ids.uuid(),
            "number": records.number("PL", 20_400),
            "sub": None,
            "location_id": place[0],
            "shipments": list(labels),
            "is_outbound": place[1],
            "is_in_progress": False,
            "is_on_hold": False,
            "is_cancelled": False,
            "is_finished": False,
            "started_at": None,
            "finished_at": None,
            "due_at": due_at,
            "labels": [{"shipment_id": its, "label": label} for its, label in labels.items()],
            "created_at": moment,
            "updated_at": moment,
        }


def _refuse_if_over(handling_list: Body) -> None:
    if handling_list["is_cancelled"] or handling_list["is_finished"]:
        state = "cancelled" if handling_list["is_cancelled"] else "finished"
        raise conflict(f"The handling list is {state}")


def _location_of(shipment: Body) -> str:
    end = shipment["addressing"]["from" if shipment["is_outbound"] else "to"]
    if not end or end["entity_type"] != "location":
        raise invalid("shipments", shipment["id"])
    return str(end["entity_id"])


def _changes(row: Row, mark: Mapping[str, Any]) -> dict[str, Any]:
    return {name: mark[name] for name in _MARKS if name in mark and row[name] != mark[name]}


def _in_order(body: Body) -> Body:
    """Times of creation and change come last, as the contract's examples have it."""
    last = ("created_at", "updated_at")
    return {**{name: value for name, value in body.items() if name not in last}, **{name: body[name] for name in last}}
