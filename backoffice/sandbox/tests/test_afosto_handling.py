"""Shipments, lists and parcels: from an order to a parcel that arrived, and what is refused on the way."""

from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.tests import afosto_shapes as shapes
from backoffice.sandbox.tests.afosto_shapes import body_of, done, refused
from backoffice.sandbox.tests.conftest import MovableClock

GOODS = {"MUG-BLK-300": 2, "TEAPOT-1L": 1}
UNKNOWN = "f8ce9c67-249b-4eda-beed-3dfee62366e2"


@pytest.fixture
def shipment(afosto: Afosto) -> dict[str, Any]:
    return afosto.new_shipment(GOODS)


@pytest.fixture
def listed(afosto: Afosto, shipment: dict[str, Any]) -> dict[str, Any]:
    return afosto.new_list(shipment["id"])


def flags(desk: httpx.Client, shipment_id: str) -> set[str]:
    """Those of a shipment that are set, as the calls state them."""
    body = body_of(desk.get(f"/lcs/shipments/{shipment_id}"), shapes.SHIPMENT)
    return {name.removeprefix("is_") for name, value in body.items() if name.startswith("is_") and value}


def ids_of(body: dict[str, Any]) -> list[str]:
    return [its["id"] for its in body["items"]]


def test_a_shipment_goes_all_the_way(sandbox: Sandbox, desk: httpx.Client, afosto: Afosto, clock: MovableClock) -> None:
    contact, method, location = (next(iter(its)) for its in (afosto.contacts, afosto.methods, afosto.locations))
    to = {"entity_type": "address", "entity_id": contact["shipping"]["primary"]["id"]}
    given = {
        "addressing": {"to": to, "from": {"entity_type": "location", "entity_id": location["id"]}},
        "type": "delivery",
        "method_id": method["id"],
        "contact_id": contact["id"],
        "items": [{"sku": sku, "quantity": count} for sku, count in GOODS.items()],
        "ship_at": "2026-01-02T17:00:00+01:00",
    }
    made = body_of(desk.post("/lcs/shipments", json=given), shapes.SHIPMENT)
    assert [piece["sku"] for piece in made["items"]] == ["MUG-BLK-300", "MUG-BLK-300", "TEAPOT-1L"]
    assert made["ship_at"] == "2026-01-02T16:00:00+00:00" and made["items"][0]["position"] == "A1.04"
    assert flags(desk, made["id"]) == {"editable", "outbound"}

    wanted = {"shipments": [{"id": made["id"], "label": "K7"}], "due_at": "2026-01-01T15:00:00Z"}
    created = body_of(desk.post("/lcs/lists", json=wanted), shapes.LIST_CREATED)
    path = f"/lcs/lists/{created['id']}"
    detail = body_of(desk.get(path), shapes.LIST)
    assert detail["sorting_labels"] == [{"shipment_id": made["id"], "label": "K7"}]
    assert [group["quantity"] for group in detail["items"]] == [2, 1]
    assert (created["is_assigned"], created["due_at"]) == (False, "2026-01-01T15:00:00+00:00")
    assert flags(desk, made["id"]) == {"editable", "outbound", "listed"}

    done(desk.put(f"{path}/state", json={"sub": "picker"}))
    first, second, teapot = ids_of(made)
    clock.forward(minutes=5)
    done(desk.put(f"{path}/items", json=[{"id": first, "is_handled": True}]))
    detail = body_of(desk.get(path))
    assert (detail["is_in_progress"], detail["started_at"]) == (True, "2026-01-01T12:05:00+00:00")
    assert detail["items"][0]["handled_ids"] == [first] and detail["sub"] == "picker"
    assert flags(desk, made["id"]) == {"outbound", "listed"}
    clock.forward(minutes=5)
    done(desk.put(f"{path}/items", json=[{"id": its, "is_handled": True} for its in (second, teapot)]))
    detail = body_of(desk.get(path))
    assert (detail["is_in_progress"], detail["is_finished"]) == (False, True)
    assert detail["finished_at"] == "2026-01-01T12:10:00+00:00" != detail["started_at"]
    assert flags(desk, made["id"]) == {"outbound", "listed", "handled"}

    box = {"shipment_id": made["id"], "weight": 900, "length": 30, "width": 20, "height": 10}
    parcels = [
        body_of(desk.post("/lcs/parcels", json={**box, "item_ids": ids}), shapes.PARCEL)
        for ids in ([first, second], [teapot])
    ]
    assert [(its["count"], its["weight"], its["label"]) for its in parcels] == [(2, 900, None), (1, 900, None)]
    assert flags(desk, made["id"]) == {"outbound", "listed", "handled", "boxed", "complete"}
    for parcel in parcels:
        done(desk.post(f"/lcs/parcels/{parcel['id']}/label"))
    clock.forward(seconds=2)
    assert flags(desk, made["id"]) == {"outbound", "listed", "handled", "boxed", "complete", "labeled"}
    for parcel in parcels:
        done(desk.put(f"/lcs/parcels/{parcel['id']}/transit"))
    sent = body_of(desk.get(f"/lcs/shipments/{made['id']}"))
    assert sent["is_in_transit"] and all(piece["is_in_transit"] for piece in sent["items"])
    assert {its["in_transit_at"] for its in sent["parcels"]} == {"2026-01-01T12:10:02+00:00"}
    for parcel in parcels:
        done(desk.put(f"/lcs/parcels/{parcel['id']}/finished"))
    over = body_of(desk.get(f"/lcs/shipments/{made['id']}"), shapes.SHIPMENT)
    assert over["is_finished"] and not over["is_in_transit"]
    assert all(its["is_delivered"] and its["finished_at"] for its in over["parcels"])
    assert all(piece["is_finished"] and not piece["is_in_transit"] for piece in over["items"])


@pytest.mark.parametrize(
    ("change", "problem", "member"),
    [
        ({"items": []}, "invalid value", "items"),
        ({"items": [{"sku": "X", "quantity": 0}]}, "invalid value", "items"),
        ({"items": None}, "invalid value", "items"),
        ({"type": "gift"}, "invalid value", "type"),
        ({"ship_at": "2026-01-01T12:00:00"}, "invalid value", "ship_at"),
        ({"ship_at": "0001-01-01T00:00:00+14:00"}, "invalid value", "ship_at"),
        ({"method_id": UNKNOWN}, "invalid value", "method_id"),
        ({"contact_id": UNKNOWN}, "invalid value", "contact_id"),
        ({"prior_shipments": [UNKNOWN]}, "invalid value", "prior_shipments"),
        (
            {"addressing": {"to": {"entity_type": "address", "entity_id": UNKNOWN}}},
            "invalid value",
            "addressing.to.entity_id",
        ),
        ({"addressing": {}}, "invalid value", "addressing"),
    ],
)
def test_a_wrong_shipment_is_refused_and_nothing_is_made(
    desk: httpx.Client, afosto: Afosto, change: dict[str, Any], problem: str, member: str
) -> None:
    to = {"entity_type": "address", "entity_id": next(iter(afosto.addresses))["id"]}
    right = {"addressing": {"to": to}, "type": "delivery", "items": [{"sku": "X", "quantity": 1}]}
    refused(desk.post("/lcs/shipments", json={**right, **change}), 400, problem, member)
    assert len(afosto.shipments) == len(afosto.pieces) == 0
    lenient = {
        **right,
        "items": [{"sku": "X", "quantity": 2.0, "description": None, "service": None}],
        "order_id": None,
    }
    assert len(body_of(desk.post("/lcs/shipments", json=lenient), shapes.SHIPMENT_BARE)["items"]) == 2


def test_a_shipment_is_changed_while_it_is_editable(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    path = f"/lcs/shipments/{shipment['id']}"
    ups = next(its["id"] for its in afosto.methods if its["carrier_code"] == "ups")
    changed = body_of(desk.put(path, json={"method_id": ups, "secret": "x", "is_finished": True}), shapes.SHIPMENT)
    assert (changed["method_id"], changed["secret"], changed["is_finished"]) == (ups, shipment["secret"], False)
    afosto.pick(listed["id"])
    assert body_of(desk.put(path, json={"method_id": ups})) == body_of(desk.get(path))  # changes nothing
    refused(desk.put(path, json={"type": "internal"}), 400, "invalid value", "is_editable")


def test_a_canceled_shipment_stays_without_pieces_and_parcels(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    afosto.new_parcel(shipment["id"])
    path = f"/lcs/shipments/{shipment['id']}"
    done(desk.delete(path))
    done(desk.delete(path))
    body = body_of(desk.get(path), shapes.SHIPMENT)
    assert body["is_canceled"] and not body["is_editable"] and not body["is_listed"]
    assert (body["items"], body["parcels"], len(afosto.parcels)) == ([], [], 0)
    assert body_of(desk.get(f"/lcs/lists/{listed['id']}"))["items"] == []
    for answer in (
        desk.put(f"{path}/items/backorders", json=[]),
        desk.post(f"{path}/invoice"),
        desk.post("/lcs/lists", json={"shipments": [{"id": shipment["id"]}]}),
        desk.post("/lcs/parcels", json={"shipment_id": shipment["id"], "item_ids": [UNKNOWN]}),
    ):
        refused(answer, 409)
    sent = afosto.new_shipment(GOODS)
    afosto.send_off(afosto.new_parcel(sent["id"])["id"])
    refused(desk.delete(f"/lcs/shipments/{sent['id']}"), 409)


def test_corrections_replace_each_other_whole(desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any]) -> None:
    path = f"/lcs/shipments/{shipment['id']}/items"
    two = [{"sku": "A", "quantity": 2}, {"sku": "B", "quantity": 1, "position": "A1.04"}]
    body = body_of(desk.put(f"{path}/backorders", json=two), shapes.SHIPMENT)
    assert [(its["sku"], its["quantity"]) for its in body["backorders"]] == [("A", 2), ("B", 1)]
    assert body_of(desk.put(f"{path}/backorders", json=two[:1]))["backorders"] == body["backorders"][:1]
    over = body_of(desk.put(f"{path}/overage", json=two))
    assert over["is_overcomplete"] and len(over["backorders"]) == 1
    assert not body_of(desk.put(f"{path}/overage", json=[]))["is_overcomplete"]
    refused(desk.put(f"{path}/overage", json=[{"sku": "A"}]), 400)
    done(desk.post(f"/lcs/shipments/{shipment['id']}/invoice"))
    done(desk.post(f"/lcs/shipments/{shipment['id']}/invoice"))
    assert len(afosto.invoices) == 2  # each call bills


def test_missing_pieces_end_a_list_but_leave_the_shipment_incomplete(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    *mugs, teapot = ids_of(shipment)
    afosto.pick(listed["id"], *mugs)
    path = f"/lcs/shipments/{shipment['id']}/items/missing"
    done(desk.put(path, json=[{"id": teapot, "is_missing": True}]))
    done(desk.put(path, json=[{"id": teapot, "is_missing": True}]))
    assert body_of(desk.get(f"/lcs/lists/{listed['id']}"))["is_finished"]
    refused(desk.post("/lcs/parcels", json={"shipment_id": shipment["id"], "item_ids": [teapot]}), 409)
    afosto.new_parcel(shipment["id"])
    assert flags(desk, shipment["id"]) == {"outbound", "listed", "handled", "boxed"}
    done(desk.put(path, json=[{"id": teapot, "is_missing": False}]))
    assert not body_of(desk.get(f"/lcs/lists/{listed['id']}"))["is_finished"]
    refused(desk.put(path, json=[{"id": mugs[0], "is_missing": True}]), 409, "conflict", mugs[0])
    refused(desk.put(path, json=[{"id": UNKNOWN, "is_missing": True}]), 400, "invalid value", UNKNOWN)


def test_positions_are_taken_from_where_the_goods_lie_now(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    first, *_ = ids_of(shipment)
    afosto.pick(listed["id"], first)
    afosto.warehouse.put_skus(listed["location_id"], [{"sku": "MUG-BLK-300", "position": "D3.42"}])
    done(desk.put(f"/lcs/shipments/{shipment['id']}/positions"))
    positions = [its["position"] for its in body_of(desk.get(f"/lcs/shipments/{shipment['id']}"))["items"]]
    assert positions == ["A1.04", "D3.42", "A3.10"]


def test_a_list_takes_shipments_once_of_one_place_and_direction(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any]
) -> None:
    inbound, other = afosto.new_shipment({"A": 1}, is_outbound=False), afosto.new_shipment({"A": 1})
    for ids in ([shipment["id"], inbound["id"]], [UNKNOWN]):
        refused(desk.post("/lcs/lists", json={"shipments": [{"id": its} for its in ids]}), 400)
    assert len(afosto.lists) == 0
    both = {"shipments": [{"id": shipment["id"]}, {"id": other["id"]}]}
    body_of(desk.post("/lcs/lists", json=both))
    refused(desk.post("/lcs/lists", json={"shipments": [{"id": other["id"]}]}), 409, "conflict", other["id"])
    sorting = afosto.new_list(inbound["id"])
    assert sorting["is_outbound"] is False
    afosto.pick(sorting["id"])
    assert afosto.shipment_body(inbound["id"])["is_finished"]  # sorted is all there is to do


def test_a_list_that_is_over_or_held_takes_no_new_marks_but_repeats(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    path, ids = f"/lcs/lists/{listed['id']}", ids_of(shipment)
    done(desk.put(f"{path}/state", json={"is_on_hold": True, "sub": "me"}))
    refused(desk.put(f"{path}/items", json=[{"id": ids[0], "is_handled": True}]), 409)
    done(desk.put(f"{path}/state", json={"is_on_hold": False, "sub": ""}))
    assert body_of(desk.get(path))["sub"] is None
    refused(desk.put(f"{path}/items", json=[{"id": ids[0], "is_handled": True}, {"id": UNKNOWN}]), 400)
    assert body_of(desk.get(path))["started_at"] is None  # none of them was marked
    everything = [{"id": its, "is_handled": True} for its in ids]
    done(desk.put(f"{path}/items", json=everything))
    done(desk.put(f"{path}/items", json=everything))
    refused(desk.put(f"{path}/items", json=[{"id": ids[0], "is_handled": False}]), 409)
    refused(desk.put(f"{path}/state", json={"is_on_hold": True}), 409)
    refused(desk.delete(path), 409)


@pytest.mark.parametrize("vanish", [False, True])
def test_deleting_a_list_frees_its_shipments(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any], vanish: bool
) -> None:
    afosto.deleted_lists_vanish = vanish
    path = f"/lcs/lists/{listed['id']}"
    done(desk.delete(path))
    if vanish:
        refused(desk.get(path), 404)
        refused(desk.delete(path), 404)
    else:
        gone = body_of(desk.get(path), shapes.LIST)
        assert gone["is_cancelled"] and gone["items"] == [] and gone["shipments"] == [shipment["id"]]
        done(desk.delete(path))
        refused(desk.put(f"{path}/state", json={"sub": "me"}), 409)
    assert flags(desk, shipment["id"]) == {"editable", "outbound"}
    body_of(desk.post("/lcs/lists", json={"shipments": [{"id": shipment["id"]}]}))


def test_a_piece_is_in_one_parcel_at_most(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], clock: MovableClock
) -> None:
    first, second, teapot = ids_of(shipment)
    stranger = ids_of(afosto.new_shipment({"A": 1}))[0]
    wanted = {"shipment_id": shipment["id"], "item_ids": [first]}
    parcel = body_of(desk.post("/lcs/parcels", json=wanted))
    refused(desk.post("/lcs/parcels", json={**wanted, "item_ids": [second, first]}), 409, "conflict", first)
    refused(desk.post("/lcs/parcels", json={**wanted, "item_ids": [stranger]}), 400, "invalid value", stranger)
    refused(desk.post("/lcs/parcels", json={**wanted, "item_ids": []}), 400, "invalid value", "item_ids")
    refused(desk.post("/lcs/parcels", json={**wanted, "shipment_id": UNKNOWN}), 400, "invalid value", "shipment_id")
    assert len(afosto.parcels) == 1
    other = body_of(desk.post("/lcs/parcels", json={**wanted, "item_ids": [teapot]}))

    path = f"/lcs/parcels/{parcel['id']}/items"
    clock.forward(minutes=1)
    added = desk.post(path, json={"ids": [first, second, teapot, stranger, UNKNOWN]})
    assert body_of(added) == {"success": 2, "failed": 3}
    removed = desk.request("DELETE", path, json={"ids": [first, teapot]})
    assert body_of(removed) == {"success": 1, "failed": 1}
    body = body_of(desk.get(f"/lcs/parcels/{parcel['id']}"), shapes.PARCEL)
    assert (ids_of(body), body["count"], body["updated_at"]) == ([second], 1, "2026-01-01T12:01:00+00:00")
    assert body_of(desk.post(path, json={"ids": []})) == {"success": 0, "failed": 0}
    done(desk.delete(f"/lcs/parcels/{other['id']}"))
    refused(desk.delete(f"/lcs/parcels/{other['id']}"), 404)
    boxed = [its["is_boxed"] for its in body_of(desk.get(f"/lcs/shipments/{shipment['id']}"))["items"]]
    assert boxed == [False, True, False]


def test_a_parcel_that_left_stays_as_it_is(desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any]) -> None:
    parcel = afosto.new_parcel(shipment["id"])
    path = f"/lcs/parcels/{parcel['id']}"
    done(desk.put(path, json={"weight": 2000, "tracking_code": "3S1"}))
    done(desk.put(f"{path}/transit"))
    before = body_of(desk.get(path))
    assert (before["weight"], before["tracking_code"]) == (2000, "3S1")
    done(desk.put(path, json={"weight": 2000}))
    for answer in (
        desk.put(path, json={"weight": 1}),
        desk.delete(path),
        desk.put(f"{path}/transit"),
        desk.post(f"{path}/label"),
        desk.post(f"{path}/items", json={"ids": []}),
    ):
        refused(answer, 409)
    assert body_of(desk.get(path)) == before
    afosto.deliver(parcel["id"])
    there = body_of(desk.get(path))
    assert (there["is_in_transit"], there["is_delivered"], there["is_finished"]) == (False, True, False)
    done(desk.put(f"{path}/finished"))
    refused(desk.put(f"{path}/finished"), 409)
    refused(desk.put(path, json={"weight": -1}), 400, "invalid value", "weight")


def test_a_bulk_call_sets_all_that_its_constraints_hold_for(
    desk: httpx.Client, afosto: Afosto, shipment: dict[str, Any], listed: dict[str, Any]
) -> None:
    mugs = {"key": "skus", "operator": "in", "value": ["MUG-BLK-300"]}
    own = {"key": "list_ids", "operator": "in", "value": [listed["id"]]}
    other = afosto.new_shipment(GOODS)
    body = {"command": "set_parameters", "parameters": {"is_handled": True}, "constraints": [mugs, own]}
    done(desk.put("/lcs/bulk/items", json=body))
    assert [its["is_handled"] for its in afosto.pieces.of_shipment(shipment["id"])] == [True, True, False]
    assert not any(its["is_handled"] for its in afosto.pieces.of_shipment(other["id"]))
    assert body_of(desk.get(f"/lcs/lists/{listed['id']}"))["is_in_progress"]
    refused(desk.put("/lcs/bulk/items", json={**body, "constraints": []}), 400, "invalid value", "constraints")
    refused(desk.put("/lcs/bulk/items", json={**body, "command": "delete"}), 400, "invalid value", "command")
    refused(desk.put("/lcs/bulk/items", json={**body, "parameters": {"x": 1}}), 400, "invalid value", "parameters")
    parcel = afosto.new_parcel(other["id"], item_ids=ids_of(other)[:1])
    moved = {**body, "parameters": {"parcel_id": parcel["id"]}}
    refused(desk.put("/lcs/bulk/items", json=moved), 400, "invalid value", "parcel_id")
    other_mugs = [mugs, {"key": "shipment_ids", "operator": "in", "value": [other["id"]]}]
    done(desk.put("/lcs/bulk/items", json={**moved, "constraints": other_mugs}))
    assert afosto.parcel_body(parcel["id"])["count"] == 2


def test_shelves_can_be_reordered_filled_and_taken_away(desk: httpx.Client, afosto: Afosto) -> None:
    location = next(iter(afosto.locations))
    path = f"/lcs/locations/{location['id']}"

    def walk() -> list[str]:
        return [its["position"] for its in body_of(desk.get(f"{path}/skus"), shapes.SKU)]

    before = walk()
    answer = desk.put(f"{path}/positions", json=["Z9.99", before[4], before[0]])
    assert body_of(answer) == {"success": 3} and answer.headers["x-page"] == ""
    assert walk() == [before[4], before[0], *before[1:4], *before[5:]]
    assert body_of(desk.get(f"{path}/positions/Z9.99"), shapes.POSITION)["sorting"] == 1
    skus = [
        {"sku": "MUG-BLK-300", "position": "Z9.99"},
        {"sku": "NEW", "position": "Z9.99"},
        {"sku": "A", "position": ""},
    ]
    assert body_of(desk.put(f"{path}/skus", json=skus)) == {"success": 2, "failed": 1}
    found = desk.post(f"{path}/positions/search", json=["NEW"])
    assert body_of(found, shapes.SKU)["position"] == "Z9.99"  # one of one is an object
    assert len(body_of(desk.post(f"{path}/positions/search", json=["NEW", "TEAPOT-1L", "?"]), shapes.SKU)) == 2
    assert body_of(desk.post(f"{path}/positions/search", json=["?"])) == []
    assert body_of(desk.request("DELETE", f"{path}/positions", json=["Z9.99", "?"])) == {"success": 1}
    refused(desk.get(f"{path}/positions/Z9.99"), 404)
    rows = [its for size in ("7",) for its in body_of(desk.get(f"{path}/positions", headers={"x-page-size": size}))]
    assert len(rows) == 7
    for row in rows:
        shapes.check(row, shapes.POSITION)
    refused(desk.get("/lcs/locations/nobody/positions"), 404)


def test_a_location_is_made_changed_and_disabled(desk: httpx.Client, afosto: Afosto) -> None:
    address = next(iter(afosto.addresses))["id"]
    made = body_of(desk.post("/lcs/locations", json={"name": "Annex", "address_id": address}), shapes.LOCATION)
    path = f"/lcs/locations/{made['id']}"
    change = {"name": "Annex 2", "address_id": address, "is_disabled": True}
    assert change.items() <= body_of(desk.put(path, json=change), shapes.LOCATION).items()
    assert [its["name"] for its in body_of(desk.get("/lcs/locations", params={"is_disabled": "1"}))] == ["Annex 2"]
    assert len(body_of(desk.get("/lcs/locations", params={"address_id": address}))) == 2
    refused(desk.get("/lcs/locations", params={"is_disabled": "yes"}), 400)
    refused(desk.post("/lcs/locations", json={"name": "x", "address_id": UNKNOWN}), 400, "invalid value", "address_id")
    refused(desk.put(path, json={"name": "x"}), 400, "required", "address_id")
