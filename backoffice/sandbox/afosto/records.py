"""Everything that this Afosto keeps, and how a change of pieces and parcels carries on to shipments and lists."""

from typing import Any

from backoffice.sandbox.afosto.assumptions import LABEL_TAKES_S, SLIP_TAKES_S
from backoffice.sandbox.afosto.documents import Body, Documents
from backoffice.sandbox.afosto.events import Events
from backoffice.sandbox.afosto.pieces import Pieces
from backoffice.sandbox.afosto.rollup import list_progress, shipment_flags
from backoffice.sandbox.clock import Clock, offset_stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.storage import Storage


class Records:
    """The tables of one storage. ``now`` may be set: a seed lives through the past."""

    label_takes_s = LABEL_TAKES_S
    slip_takes_s = SLIP_TAKES_S
    file_as_array = False  # whether a file is answered inside an array
    deleted_lists_vanish = False  # or turn ``is_cancelled``

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, events: Events) -> None:
        self.storage, self.ids, self.now, self.events = storage, ids, now, events
        self.locations = Documents(storage, "locations", "location")
        self.positions = Documents(storage, "positions", "position", owned_by="location_id")
        self.methods = Documents(storage, "methods", "shipping method")
        self.contacts = Documents(storage, "contacts", "contact")
        self.addresses = Documents(storage, "addresses", "address")
        self.orders = Documents(storage, "orders", "order")
        self.shipments = Documents(storage, "shipments", "shipment")
        self.lists = Documents(storage, "lists", "handling list")
        self.parcels = Documents(storage, "parcels", "parcel", owned_by="shipment_id")
        self.pieces = Pieces(storage)
        self.tasks = Documents(storage, "tasks", "task", owned_by="runs_for")
        self.files = Documents(storage, "files", "file")
        self.purchases = Documents(storage, "purchases", "purchase", owned_by="parcel_id")
        self.invoices = Documents(storage, "invoices", "invoice", owned_by="shipment_id")
        self.printers = Documents(storage, "printers", "printer")
        self.print_jobs = Documents(storage, "print_jobs", "print job")

    def moment(self) -> str:
        """Now, as Afosto writes it."""
        return offset_stamp(self.now())

    def number(self, prefix: str, first: int) -> str:
        """The next number of its kind, such as ``PL-20401``."""
        return f"{prefix}-{first + self.storage.count_up(f'number {prefix}')}"

    def save(self, kind: Documents, record_id: str, **members: Any) -> Body:
        """Change a record, with its time of change; nothing happens where all is so already."""
        body = kind.get(record_id)
        if all(body[name] == value for name, value in members.items()):
            return body
        return kind.change(record_id, **members, updated_at=self.moment())

    def roll_up(self, shipment_id: str, **members: Any) -> Body:
        """Carry a change of its pieces, its parcels or these members on to a shipment, and tell of it by its order."""
        before = self.shipments.get(shipment_id)
        pieces = self.pieces.rows({"shipment_id = ?": shipment_id})
        flags = shipment_flags({**before, **members}, pieces, self.parcels.of(shipment_id))
        after = self.save(self.shipments, shipment_id, **members, **flags)
        if before != after:
            is_closed = _is_over(after) and not _is_over(before)
            self.tell_of_order(after, "ORDER_CLOSED" if is_closed else "ORDER_UPDATED")
        return after

    def roll_up_list(self, list_id: str) -> Body:
        """Carry a change of its pieces on to a handling list."""
        pieces = self.pieces.rows({"list_id = ?": list_id})
        return self.save(self.lists, list_id, **list_progress(self.lists.get(list_id), pieces, self.moment()))

    def tell_of_order(self, shipment: Body, event: str) -> None:
        """Tell of a shipment by its order, where it has one."""
        if order := shipment["order_id"] and self.orders.find(shipment["order_id"]):
            self.events.emit(event, "order", order["id"], {"id": order["id"], "number": order["number"]})

    def tell_of_parcel(self, parcel: Body, event: str) -> None:
        """Tell how far a parcel is."""
        self.events.emit(event, "delivery", parcel["id"], {"id": parcel["id"]})


def _is_over(shipment: Body) -> bool:
    return bool(shipment["is_finished"] or shipment["is_canceled"])
