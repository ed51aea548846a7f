"""The commands that change parcels and locations at Afosto, one case each, and what they change."""

import json
from dataclasses import dataclass
from typing import Any

from backoffice.client import PERSON
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.tests.shell import Ended, command, run
from fulfilment.afosto import AfostoAPI
from fulfilment.tests.list_writes import Case
from fulfilment.tests.syncing import Upstream, mirrored


def parcels(*argv: str) -> Ended:
    return run(command("fulfilment.management.commands.parcel"), *argv)


def locations(*argv: str) -> Ended:
    return run(command("fulfilment.management.commands.location"), *argv)


@dataclass
class Packing:
    """Parcels in each state that a verb needs, all of it mirrored; the ids are of mirrored objects."""

    there: Upstream
    shipment: str  # of four pieces, two of them in ``packed``
    packed: str
    labelled: str
    sent: str  # in transit
    location: str
    off: str  # a disabled location

    @classmethod
    def of(cls, there: Upstream) -> "Packing":
        """Make it at an empty Afosto, and read it from there."""
        afosto = there.afosto
        afosto.label_takes_s = 0
        shipment = afosto.new_shipment({"MUG-BLK-300": 4})["id"]
        afosto.new_list(shipment)
        made = []
        pieces = [piece["id"] for piece in afosto.pieces.of_shipment(shipment)]
        made.append(afosto.packing.create({"shipment_id": shipment, "item_ids": pieces[:2], "weight": 500})["id"])
        for _ in range(2):
            other = afosto.new_shipment({"TEAPOT-1L": 1})["id"]
            made.append(afosto.new_parcel(other, weight=400)["id"])
            afosto.parcels.change(
                made[-1],
                label={"file_id": f"file-{len(made)}", "reference": "R", "label_text": "L", "requested_at": None},
            )
        afosto.send_off(made[2])
        location, off = (row["id"] for row in list(afosto.locations)[:2])
        afosto.locations.change(off, is_disabled=True)
        with AfostoAPI.from_settings(PERSON) as api:
            for resource, read in (
                ("afosto.locations", api.list_locations), ("afosto.shipments", api.list_shipments),
                ("afosto.handling_lists", api.list_lists), ("afosto.parcels", api.list_parcels),
            ):  # fmt: skip
                page = read(1)
                single.take(resource, Batch(page.rows, page.sent_at), BY_HAND)
            for batch in RESOURCES["afosto.shipments"].looks(api, [shipment]):
                single.take("afosto.shipments", batch, BY_HAND)
        there.calls.clear()
        return cls(there, shipment, *made, location, off)

    @property
    def pieces(self) -> list[str]:
        """The pieces of the shipment."""
        return [piece["id"] for piece in self.there.afosto.pieces.of_shipment(self.shipment)]

    def parcel(self, id: str) -> Any:
        """A parcel as it is there."""
        return self.there.afosto.parcel_body(id)

    def inside(self, id: str) -> set[str]:
        """The pieces in a parcel there."""
        return {piece["id"] for piece in self.there.afosto.pieces.of_parcel(id)}

    def place(self, id: str) -> Any:
        """A location as it is there."""
        return self.there.afosto.locations.get(id)

    def shelves(self) -> list[str]:
        """The codes of the shelves of the location there, in walking order."""
        shelves = self.there.afosto.positions.of(self.location)
        return [shelf["code"] for shelf in sorted(shelves, key=lambda its: int(its["sorting"]))]

    def on_shelf(self, code: str) -> list[str]:
        """The SKUs on one of them."""
        shelves = self.there.afosto.positions.of(self.location)
        return [sku["sku"] for shelf in shelves if shelf["code"] == code for sku in shelf["skus"]]

    def sent_requests(self) -> list[tuple[str, str]]:
        """The requests so far that would change something."""
        return [(method, path) for method, path, _ in self.there.calls if method != "GET" and "search" not in path]

    def state(self) -> Any:
        """All that Afosto holds of parcels, pieces and locations."""
        afosto = self.there.afosto
        return [
            list(afosto.parcels),
            list(afosto.locations),
            list(afosto.positions),
            afosto.storage.rows("SELECT * FROM pieces"),
        ]

    def calm(self) -> None:
        """Turn all switches off."""
        for kind in ("latency", "down", "limit", "fail", "drop"):
            self.there.turn_off(kind)

    def assert_mirrored(self) -> None:
        """Parcels and locations are here as Afosto lists them."""
        for resource in ("afosto.parcels", "afosto.locations"):
            assert mirrored(resource) == self.there.bodies(resource)


def _case(name: str, argv: Any, method: str, path: str, permission: str, is_done: Any, **more: Any) -> Case:
    is_place = path.startswith("/lcs/locations")
    more = {"target": "location" if is_place else "parcel", **more}
    run = locations if is_place else parcels
    return Case(name, run, argv, method, path, f"fulfilment.{permission}", is_done, **more)


CASES = [
    _case(
        "create", lambda of: ["create", "--shipment", of.shipment, "--piece", *of.pieces[2:], "--weight", "300"],
        "POST", "/lcs/parcels", "create_parcel",
        lambda of: all(piece["is_boxed"] for piece in of.there.afosto.pieces.of_shipment(of.shipment)),
        status=200, is_repeated=False,
    ),
    _case(
        "update", lambda of: ["update", of.packed, "--weight", "750", "--position", "P9"],
        "PUT", "/lcs/parcels/*", "update_parcel",
        lambda of: (of.parcel(of.packed)["weight"], of.parcel(of.packed)["position"]) == (750, "P9"),
    ),
    _case(
        "add_pieces", lambda of: ["add_pieces", of.packed, "--piece", of.pieces[2]],
        "POST", "/lcs/parcels/*/items", "add_pieces_parcel", lambda of: of.inside(of.packed) == set(of.pieces[:3]),
        status=200,
    ),
    _case(
        "remove_pieces", lambda of: ["remove_pieces", of.packed, "--piece", of.pieces[0]],
        "DELETE", "/lcs/parcels/*/items", "remove_pieces_parcel",
        lambda of: of.inside(of.packed) == {of.pieces[1]}, status=200,
    ),
    _case(
        "request_label", lambda of: ["label", of.packed],
        "POST", "/lcs/parcels/*/label", "request_label_parcel",
        lambda of: bool((of.parcel(of.packed)["label"] or {}).get("requested_at")), is_repeated=False,
    ),
    _case(
        "mark_in_transit", lambda of: ["transit", of.labelled],
        "PUT", "/lcs/parcels/*/transit", "mark_in_transit_parcel",
        lambda of: of.parcel(of.labelled)["is_in_transit"], is_repeated=False,
    ),
    _case(
        "finish", lambda of: ["finish", of.sent],
        "PUT", "/lcs/parcels/*/finished", "finish_parcel", lambda of: of.parcel(of.sent)["is_finished"],
        is_repeated=False,
    ),
    _case(
        "delete", lambda of: ["delete", of.packed, "--yes", "--reason", "wrong box"],
        "DELETE", "/lcs/parcels/*", "delete_parcel", lambda of: of.there.afosto.parcels.find(of.packed) is None,
    ),
    _case(
        "rename", lambda of: ["rename", of.location, "--name", "Hall 2"],
        "PUT", "/lcs/locations/*", "rename_location", lambda of: of.place(of.location)["name"] == "Hall 2", status=200,
    ),
    _case(
        "enable", lambda of: ["enable", of.off],
        "PUT", "/lcs/locations/*", "enable_location", lambda of: not of.place(of.off)["is_disabled"], status=200,
    ),
    _case(
        "disable", lambda of: ["disable", of.location],
        "PUT", "/lcs/locations/*", "disable_location", lambda of: of.place(of.location)["is_disabled"], status=200,
    ),
    _case(
        "set_walk_order",
        lambda of: ["set_walk_order", of.location, "--position", *sorted(of.shelves(), key=lambda code: code[::-1])],
        "PUT", "/lcs/locations/*/positions", "set_walk_order_location",
        lambda of: of.shelves() == sorted(of.shelves(), key=lambda code: code[::-1]), status=200,
    ),
    _case(
        "set_skus",
        lambda of: [
            "set_skus", of.location, "--skus", json.dumps([{"sku": "NEW-1", "position": of.shelves()[0]}])
        ],
        "PUT", "/lcs/locations/*/skus", "set_skus_location",
        lambda of: "NEW-1" in of.on_shelf(of.shelves()[0]), status=200,
    ),
]  # fmt: skip
