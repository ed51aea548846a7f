"""What a new Afosto starts with, how it lives, and what outlives a restart."""

from pathlib import Path

import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.tests import afosto_shapes as shapes
from backoffice.sandbox.tests.afosto_shapes import body_of
from backoffice.sandbox.tests.conftest import MovableClock, desk_of

PATHS = ("/lcs/lists", "/lcs/shipments", "/lcs/parcels", "/rel/contacts", "/odr/orders", "/cnt/files", "/lcs/methods")
NOW = "2026-01-01T12:00:00+00:00"


def state_of_list(body: Body) -> str:
    for name in ("cancelled", "finished", "on_hold", "in_progress"):
        if body[f"is_{name}"]:
            return name
    return "assigned" if body["sub"] else "open"


def state_of_shipment(body: Body) -> str:
    names = ("canceled", "finished", "in_transit", "labeled", "boxed", "handled", "listed")
    return next((name for name in names if body[f"is_{name}"]), "open")


def state_of_parcel(body: Body) -> str:
    for name in ("finished", "delivered", "in_transit"):
        if body[f"is_{name}"]:
            return name
    label = body["label"]
    return "packed" if label is None else "labelled" if label["file_id"] else "requested"


def test_the_same_seed_and_clock_give_the_same_bytes(clock: MovableClock) -> None:
    def everything(seed: int) -> list[bytes]:
        with Sandbox(customers=20, lists=5, parcels=5, seed=seed, now=clock) as sandbox:
            desk = desk_of(sandbox)
            for _ in range(8):
                sandbox.afosto.tick()
            return [desk.get(path).content for path in PATHS]

    first, second, other = everything(7), everything(7), everything(8)
    assert first == second and not set(first) & set(other)


def test_a_full_one_has_every_state(busy: Sandbox) -> None:
    afosto = busy.afosto
    outbound = {state_of_list(its) for its in afosto.lists if its["is_outbound"]}
    assert outbound == {"cancelled", "finished", "on_hold", "in_progress", "assigned", "open"}
    assert {"finished", "in_progress", "open"} <= {state_of_list(its) for its in afosto.lists if not its["is_outbound"]}
    due = [its["due_at"] for its in afosto.lists if state_of_list(its) == "open"]
    assert min(due) < NOW < max(due)
    assert {state_of_shipment(its) for its in afosto.shipments} >= {
        "canceled",
        "finished",
        "in_transit",
        "labeled",
        "boxed",
    }
    assert {state_of_shipment(its) for its in afosto.shipments} >= {"listed", "open"}
    states = {state_of_parcel(its) for its in afosto.parcels}
    assert states == {"finished", "delivered", "in_transit", "labelled", "requested", "packed"}
    assert [its for its in afosto.shipments if its["backorders"]]
    assert {its["type"] for its in afosto.shipments} == {"delivery", "collect"}
    assert any(row["is_missing"] for row in afosto.pieces.rows({}))
    assert len(afosto.lists) == 24 and len(afosto.parcels) == 16 and len(afosto.contacts) == 30


def test_times_of_a_full_one_fit_together(busy: Sandbox) -> None:
    for kind in (busy.afosto.lists, busy.afosto.shipments, busy.afosto.parcels):
        for body in kind:
            assert "2025-12-22" <= body["created_at"] <= body["updated_at"] <= NOW
    for body in busy.afosto.lists:
        assert (body["started_at"] is not None) >= (body["finished_at"] is not None)
        assert (body["finished_at"] is not None) == body["is_finished"]
    for body in busy.afosto.parcels:
        assert (body["finished_at"] is not None) == body["is_finished"]
        assert (body["in_transit_at"] is not None) >= (body["is_in_transit"] or body["is_delivered"])


@pytest.mark.parametrize(("lists", "parcels"), [(0, 0), (1, 0), (0, 1), (13, 3)])
def test_one_of_any_size_has_exactly_as_much(lists: int, parcels: int) -> None:
    with Sandbox(customers=0, lists=lists, parcels=parcels) as sandbox:
        assert (len(sandbox.afosto.lists), len(sandbox.afosto.parcels)) == (lists, parcels)
        assert (len(sandbox.afosto.locations), len(sandbox.afosto.methods)) == (3, 5)
        assert bool(len(sandbox.afosto.shipments)) is bool(lists or parcels)


def test_shelves_are_in_walking_order_and_hold_goods(busy: Sandbox) -> None:
    desk = desk_of(busy)
    for location in busy.afosto.locations:
        positions = body_of(desk.get(f"/lcs/locations/{location['id']}/positions"), shapes.POSITION)
        ordered = sorted(positions, key=lambda its: its["sorting"])
        assert [its["code"] for its in ordered] == sorted(its["code"] for its in positions)
        assert all(sku["position"] == its["code"] for its in positions for sku in its["skus"]) and len(positions) >= 5


def test_life_brings_orders_and_lists_and_moves_parcels(clock: MovableClock) -> None:
    with Sandbox(customers=0, lists=4, parcels=8, now=clock) as sandbox:
        afosto = sandbox.afosto
        before = {its["id"]: state_of_parcel(its) for its in afosto.parcels}
        counts = (len(afosto.shipments), len(afosto.orders), len(afosto.lists))
        for _ in range(40):
            afosto.tick()
        after = {its["id"]: state_of_parcel(its) for its in afosto.parcels}
        moved = {(before[its], after[its]) for its in before if before[its] != after[its]}
        assert {("in_transit", "finished"), ("labelled", "finished")} & moved and set(after) == set(before)
        now = (len(afosto.shipments), len(afosto.orders), len(afosto.lists))
        assert all(new > old for new, old in zip(now, counts, strict=True))
        assert {after[its] for its, state in before.items() if state in {"packed", "requested"}} <= {
            "packed",
            "requested",
        }


def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path, clock: MovableClock) -> None:
    with Sandbox(customers=3, lists=3, parcels=3, seed=3, state_path=tmp_path, now=clock) as sandbox:
        afosto = sandbox.afosto
        assert afosto.is_new
        parcel = afosto.new_parcel(afosto.new_shipment({"MUG-BLK-300": 1})["id"])
        task = afosto.labelling.request_label(parcel["id"])
        desk = desk_of(sandbox)
        before = [desk.get(path).content for path in PATHS]
        token = desk.headers["Authorization"]
    assert (tmp_path / "kirim.sqlite3").exists() and (tmp_path / "afosto.sqlite3").exists()
    with Sandbox(customers=9, lists=9, parcels=9, seed=9, state_path=tmp_path, now=clock) as sandbox:
        afosto = sandbox.afosto
        assert not afosto.is_new and afosto.seed == 3
        desk = desk_of(sandbox)
        desk.headers["Authorization"] = token  # it lives on too
        assert [desk.get(path).content for path in PATHS] == before
        clock.forward(seconds=2)
        assert body_of(desk.get(f"/mes/tasks/{task}"))["completed_at"]
        new = afosto.new_shipment({"MUG-BLK-300": 1})
        assert len({its["number"] for its in afosto.shipments}) == len(afosto.shipments) and new["number"]
        assert token.partition(" ")[2].encode() not in (tmp_path / "afosto.sqlite3").read_bytes()
