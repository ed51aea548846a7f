"""Everything this Afosto knows, and what happens in it without a call of ours."""

from collections.abc import Iterable, Mapping
from typing import Any

from backoffice.sandbox.afosto import arrivals, life, seed
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.events import Events
from backoffice.sandbox.afosto.labelling import Labelling
from backoffice.sandbox.afosto.locations import Warehouse
from backoffice.sandbox.afosto.packing import Packing
from backoffice.sandbox.afosto.picking import Picking
from backoffice.sandbox.afosto.planning import Planning
from backoffice.sandbox.afosto.printing import Printing
from backoffice.sandbox.afosto.records import Records
from backoffice.sandbox.afosto.refusal import conflict, invalid
from backoffice.sandbox.afosto.tokens import Tokens
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switches


class Afosto(Records):
    """The state, and the work on it: ``planning picking packing labelling warehouse printing tokens``.

    A storage that was filled before is taken as it is (not ``is_new``), whatever the counts and ``seed_number`` say.

    Args:
        client: id and secret that tokens are given for.
        emails: of people that other systems know too; some contacts get these.
    """

    def __init__(
        self,
        storage: Storage,
        switches: Switches,
        *,
        seed_number: int,
        lists: int,
        parcels: int,
        now: Clock,
        client: tuple[str, str],
        emails: Iterable[str] = (),
    ) -> None:
        self.is_new = storage.note("seed") is None
        self.seed = seed_number if self.is_new else storage.note("seed") or 0
        ids = IdSource(storage, self.seed)
        super().__init__(storage, ids, now, Events(storage, ids, now, switches))
        self.switches, self.client = switches, client
        self.tokens = Tokens(storage, ids, now)
        self.planning, self.picking, self.packing = Planning(self), Picking(self), Packing(self)
        self.labelling, self.warehouse, self.printing = Labelling(self, switches), Warehouse(self), Printing(self)
        with storage.transaction():
            if self.is_new:
                seed.fill(self, lists=lists, parcels=parcels, emails=list(emails))
                storage.set_note("seed", seed_number)

    def list_body(self, list_id: str) -> Body:
        """A handling list as the detail read states it. Raises Refusal (404)."""
        return self.picking.body(self.lists.get(list_id))

    def shipment_body(self, shipment_id: str) -> Body:
        """A shipment as the detail read states it. Raises Refusal (404)."""
        return self.planning.body(shipment_id)

    def parcel_body(self, parcel_id: str) -> Body:
        """A parcel as every call states it. Raises Refusal (404)."""
        return self.packing.body(parcel_id)

    def new_shipment(
        self, goods: Mapping[str, int], *, is_outbound: bool = True, method: str = "postnl", **members: Any
    ) -> Body:
        """A shipment of so many pieces of each SKU, with its order, between the warehouse and a contact.

        Args:
            method: the carrier's code.
            members: of the create call's body, instead of those made up here.
        """
        return arrivals.new_shipment(self, goods, is_outbound=is_outbound, method=method, **members)

    def new_list(self, *shipment_ids: str, due_at: str | None = None, sub: str | None = None) -> Body:
        """A handling list of these shipments, assigned to ``sub``; in the detail shape."""
        with self.storage.transaction():
            handling_list = self.picking.create([{"id": its} for its in shipment_ids], due_at)
            if sub:
                self.picking.set_state(handling_list["id"], {"sub": sub})
            return self.list_body(handling_list["id"])

    def new_parcel(self, shipment_id: str, **members: Any) -> Body:
        """A parcel of all pieces of a shipment that can be packed, or of ``item_ids``."""
        rows = self.pieces.rows({"shipment_id = ?": shipment_id, "parcel_id IS ?": None, "is_missing = ?": 0})
        given = {"item_ids": [row["id"] for row in rows], "weight": 1250, "length": 40, "width": 30, "height": 20}
        return self.packing.create({"shipment_id": shipment_id, **given, **members})

    def pick(self, list_id: str, *piece_ids: str) -> None:
        """Mark pieces of a list as handled; all that are not missing where none are named."""
        ids = piece_ids or [its["id"] for its in self.pieces.of_list(list_id) if not its["is_missing"]]
        self.picking.mark(list_id, [{"id": its, "is_handled": True} for its in ids])

    def send_off(self, parcel_id: str) -> None:
        """A parcel goes out."""
        self.packing.send_off(parcel_id)

    def deliver(self, parcel_id: str) -> None:
        """A parcel that is under way arrives."""
        self.packing.deliver(parcel_id)

    def set_pieces(self, conditions: Mapping[str, Any], parameters: Mapping[str, Any]) -> None:
        """The bulk call: set these on all pieces for which the conditions hold. Raises Refusal (400, 409)."""
        with self.storage.transaction():
            rows = self.pieces.rows(conditions)
            columns = dict(parameters)
            if parcel_id := columns.get("parcel_id"):
                parcel = self.parcels.find(parcel_id)
                if parcel is None or any(row["shipment_id"] != parcel["shipment_id"] for row in rows):
                    raise invalid("parcel_id")
                if boxed := [row["id"] for row in rows if row["parcel_id"] not in (None, parcel_id)]:
                    raise conflict("The piece is packed", *boxed)
            self.pieces.change((row["id"] for row in rows), **columns)
            for shipment_id in {row["shipment_id"] for row in rows}:
                self.roll_up(shipment_id)
            for list_id in {row["list_id"] for row in rows if row["list_id"]}:
                self.roll_up_list(list_id)

    def carry_out_due(self) -> None:
        """What the clock has brought: tasks that are ready, jobs that are printed."""
        self.labelling.carry_out_due()
        self.printing.print_due()

    def finish_tasks(self) -> None:
        """Complete all tasks that run, whatever the clock says."""
        self.labelling.carry_out_due(all_of_them=True)

    def tick(self) -> None:
        """Let a moment of life pass: orders come, lists are made, parcels go out and arrive.

        What happens depends on the seed and on how many ticks there were; tasks alone look at the clock.
        """
        with self.storage.transaction():
            self.carry_out_due()
            self.events.forget_old()
            life.live(self)
