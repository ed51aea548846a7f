"""The commands that change lists and shipments at Afosto, one case each, and a small Afosto for them to change."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import F

from backoffice.client import PERSON
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.sync.resource import Batch
from backoffice.tests.shell import Ended, command, run
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Shipment
from fulfilment.tests.syncing import Upstream, mirrored

KEYS = ["write", "verb", "target", "state", "remote_id", "status", "request_id", "error"]
OTHER_SHELF = "Z9.99"
PICKER = "user-of-ayu"


def lists(*argv: str) -> Ended:
    return run(command("fulfilment.management.commands.handling_list"), *argv)


def shipments(*argv: str) -> Ended:
    return run(command("fulfilment.management.commands.shipment"), *argv)


def writes(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.writes"), *argv)


@dataclass
class World:
    """An Afosto with what the verbs need, all of it mirrored; the ids are of mirrored objects."""

    there: Upstream
    open: list[str]  # two shipments on no list
    listed: list[str]  # two on ``picking``, the first of three pieces
    picking: str  # an open list
    held: str  # a list on hold

    @classmethod
    def of(cls, there: Upstream) -> "World":
        """Make it at an empty Afosto, and read it from there."""
        afosto = there.afosto
        open = [afosto.new_shipment({"MUG-BLK-300": 1, "TEAPOT-1L": 1})["id"] for _ in range(2)]
        listed = [
            afosto.new_shipment({"MUG-BLK-300": 2, "TEAPOT-1L": 1})["id"],
            afosto.new_shipment({"SPOON-SET-6": 1})["id"],
        ]
        on_held = afosto.new_shipment({"MUG-BLK-300": 1})["id"]
        picking, held = afosto.new_list(*listed)["id"], afosto.new_list(on_held)["id"]
        afosto.picking.set_state(held, {"is_on_hold": True})
        for kind in ("backorders", "overage"):
            afosto.planning.set_corrections(open[0], kind, [{"sku": "MUG-BLK-300", "quantity": 2}])
        with AfostoAPI.from_settings(PERSON) as api:
            for resource, read in (("afosto.shipments", api.list_shipments), ("afosto.handling_lists", api.list_lists)):
                page = read(1)
                single.take(resource, Batch(page.rows, page.sent_at), BY_HAND)
        there.calls.clear()
        return cls(there, open, listed, picking, held)

    @property
    def afosto(self) -> Afosto:
        return self.there.afosto

    @property
    def other_method(self) -> str:
        """A method that no shipment has."""
        used = self.shipment(self.open[0])["method_id"]
        return next(str(method["id"]) for method in self.afosto.methods if method["id"] != used)

    def pieces(self, shipment_id: str) -> list[str]:
        """The ids of a shipment's pieces, there."""
        return [piece["id"] for piece in self.afosto.pieces.of_shipment(shipment_id)]

    def shipment(self, id: str) -> Any:
        """A shipment as it is there."""
        return self.afosto.shipment_body(id)

    def handling_list(self, id: str) -> Any:
        """A list as it is there."""
        return self.afosto.list_body(id)

    def corrections(self, kind: str) -> dict[str, int]:
        """How many of which SKU the first open shipment has there."""
        return {line["sku"]: line["quantity"] for line in self.shipment(self.open[0])[kind]}

    def sent(self) -> list[tuple[str, str]]:
        """The requests so far that would change something."""
        return [(method, path) for method, path, _ in self.there.calls if method != "GET" and "search" not in path]

    def trouble(self, kind: str, **how: Any) -> None:
        """Turn a switch of the sandbox."""
        self.there.turn_on(kind, **how)

    def calm(self) -> None:
        """Turn all switches off."""
        for kind in ("latency", "down", "limit", "fail", "drop"):
            self.there.turn_off(kind)

    def state(self) -> Any:
        """All that Afosto holds of lists, shipments and pieces."""
        afosto = self.afosto
        return [list(afosto.lists), list(afosto.shipments), afosto.storage.rows("SELECT * FROM pieces")]

    def assert_mirrored(self) -> None:
        """Lists and shipments are here as Afosto lists them, and the shipments' pieces as it states them.

        A list that was just made is not here in the shape of Afosto's list yet: of its pieces less is known.
        """
        assert mirrored("afosto.shipments") == self.there.bodies("afosto.shipments")
        here, there = mirrored("afosto.handling_lists"), self.there.bodies("afosto.handling_lists")
        for id in there.keys() - {self.picking, self.held}:
            known = {piece["id"]: piece for piece in there[id]["items"]}
            pieces = here[id]["items"]
            assert len(pieces) == len(known) and all(piece.items() <= known[piece["id"]].items() for piece in pieces)
            here[id]["items"] = there[id]["items"]
        assert here == there
        for shipment in Shipment.objects.filter(detail_at__gte=F("synced_at")):
            whole = {name: value for name, value in self.shipment(shipment.remote_id).items() if name != "secret"}
            assert shipment.detail == whole


@dataclass(frozen=True)
class Case:
    """One verb as a command: what is typed, what is sent, and how to tell at Afosto that it was done."""

    name: str  # as the write names the verb
    run: Callable[..., Ended]
    argv: Callable[[World], list[str]]
    method: str
    path: str  # shell pattern
    permission: str
    is_done: Callable[[World], bool]
    target: str = "handling_list"
    status: int = 204
    is_repeated: bool = True  # after a lost answer
    is_told: bool = True  # looking can tell that it was not done

    def __str__(self) -> str:
        return self.name


def _are_listed(world: World) -> bool:
    found = {world.shipment(id)["list_id"] for id in world.open}
    return len(found) == 1 and None not in found


def _are_handled(world: World) -> bool:
    handled = [piece["is_handled"] for piece in world.afosto.pieces.of_shipment(world.listed[0])]
    return handled == [True, True, False]


def _is_reset(world: World) -> bool:
    return OTHER_SHELF not in {piece["position"] for piece in world.afosto.pieces.of_shipment(world.listed[0])}


def _reset(world: World) -> list[str]:
    world.afosto.pieces.change(world.pieces(world.listed[0]), position=OTHER_SHELF)
    return ["take_default_positions", world.listed[0]]


CASES = [
    Case(
        "create", lists, lambda world: ["create", "--shipment", *world.open, "--due", "2026-11-30T16:00+00:00"],
        "POST", "/lcs/lists", "fulfilment.create_handlinglist", _are_listed, status=200, is_repeated=False,
    ),
    Case(
        "assign", lists, lambda world: ["assign", world.picking, "--sub", PICKER],
        "PUT", "/lcs/lists/*/state", "fulfilment.assign_handlinglist",
        lambda world: world.handling_list(world.picking)["sub"] == PICKER,
    ),
    Case(
        "hold", lists, lambda world: ["hold", world.picking],
        "PUT", "/lcs/lists/*/state", "fulfilment.hold_handlinglist",
        lambda world: world.handling_list(world.picking)["is_on_hold"],
    ),
    Case(
        "release", lists, lambda world: ["release", world.held],
        "PUT", "/lcs/lists/*/state", "fulfilment.release_handlinglist",
        lambda world: not world.handling_list(world.held)["is_on_hold"],
    ),
    Case(
        "mark_handled", lists,
        lambda world: ["mark_handled", world.picking, "--piece", *world.pieces(world.listed[0])[:2]],
        "PUT", "/lcs/lists/*/items", "fulfilment.mark_handled_handlinglist", _are_handled,
    ),
    Case(
        "delete", lists, lambda world: ["delete", world.picking, "--yes", "--reason", "made twice"],
        "DELETE", "/lcs/lists/*", "fulfilment.delete_handlinglist",
        lambda world: world.handling_list(world.picking)["is_cancelled"]
        and not world.shipment(world.listed[0])["list_id"],
    ),
    Case(
        "set_method", shipments, lambda world: ["set_method", world.open[0], "--method", world.other_method],
        "PUT", "/lcs/shipments/*", "fulfilment.set_method_shipment",
        lambda world: world.shipment(world.open[0])["method_id"] != world.shipment(world.open[1])["method_id"],
        target="shipment", status=200,
    ),
    Case(
        "take_default_positions", shipments, _reset,
        "PUT", "/lcs/shipments/*/positions", "fulfilment.take_default_positions_shipment", _is_reset,
        target="shipment", is_told=False,
    ),
    Case(
        "set_backorders", shipments,
        lambda world: ["set_backorders", world.open[0], "--sku", "TEAPOT-1L", "--quantity", "1"],
        "PUT", "*/items/backorders", "fulfilment.set_backorders_shipment",
        lambda world: world.corrections("backorders") == {"MUG-BLK-300": 2, "TEAPOT-1L": 1},
        target="shipment", status=200,
    ),
    Case(
        "set_overage", shipments,
        lambda world: ["set_overage", world.open[0], "--items", '[{"sku": "MUG-BLK-300", "quantity": 3}]'],
        "PUT", "*/items/overage", "fulfilment.set_overage_shipment",
        lambda world: world.corrections("overage") == {"MUG-BLK-300": 3}, target="shipment", status=200,
    ),
    Case(
        "set_missing", shipments,
        lambda world: ["set_missing", world.listed[0], "--piece", world.pieces(world.listed[0])[2]],
        "PUT", "*/items/missing", "fulfilment.set_missing_shipment",
        lambda world: world.afosto.pieces.of_list(world.picking)[2]["is_missing"], target="shipment",
    ),
    Case(
        "cancel", shipments, lambda world: ["cancel", world.listed[1], "--yes", "--reason", "order withdrawn"],
        "DELETE", "/lcs/shipments/*", "fulfilment.cancel_shipment",
        lambda world: world.shipment(world.listed[1])["is_canceled"], target="shipment",
    ),
]  # fmt: skip
