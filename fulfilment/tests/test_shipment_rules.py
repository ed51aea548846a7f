"""What shipments take in which state, on what that is decided; backorders, overage and missing pieces; cancelling."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.client import PERSON
from backoffice.models import RejectedRecord, RemoteWrite, RowChange, WriteAttempt
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import Actor, plan
from backoffice.writes.verbs import WriteVerb
from customers.tests.writing import look
from fulfilment.models import HandlingList, Shipment
from fulfilment.pieces import contents_of, pick_lines
from fulfilment.services import shipments as rules
from fulfilment.services.corrections import changed_lines, merged
from fulfilment.tests.list_writes import World
from fulfilment.tests.syncing import upstream
from fulfilment.verbs.shipments import (
    CANCEL_SHIPMENT,
    SET_BACKORDERS,
    SET_METHOD,
    SET_MISSING,
    SET_OVERAGE,
    TAKE_DEFAULT_POSITIONS,
)

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
OPERATOR = Actor(None, RemoteWrite.Door.COMMAND)
STATES: dict[str, dict[str, Any]] = {
    "editable": {"is_editable": True},
    "being picked": {"is_listed": True},
    "in transit": {"is_in_transit": True},
    "finished": {"is_finished": True, "is_editable": True},
    "cancelled": {"is_canceled": True, "is_editable": True},
    "gone": {"is_editable": True, "vanished_at": "2026-01-01T00:00:00Z"},
}
TAKES = {
    "set_method": {"editable"},
    "take_default_positions": {"editable", "being picked"},
    "set_backorders": {"editable", "being picked", "in transit", "finished"},
    "set_overage": {"editable", "being picked", "in transit", "finished"},
    "set_missing": {"editable", "being picked"},
    "cancel": {"editable", "being picked"},
    "refresh": set(STATES),
}
VERBS = (SET_METHOD, TAKE_DEFAULT_POSITIONS, SET_BACKORDERS, SET_OVERAGE, SET_MISSING, CANCEL_SHIPMENT)


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield World.of(there)


def do(verb: WriteVerb, remote_id: str, **wanted: Any) -> RemoteWrite:
    """Plan a write and carry it out; the write as it is then."""
    write, _ = plan(verb, OPERATOR, remote_id=remote_id, **wanted)
    carry_out(write, PERSON)
    write.refresh_from_db()
    return write


def items(**quantities: int) -> dict[str, Any]:
    return {"items": [{"sku": sku, "quantity": quantity} for sku, quantity in quantities.items()]}


# -- states -----------------------------------------------------------------------------------------------------------


def test_each_state_takes_its_verbs_and_buttons_actions_and_services_say_the_same() -> None:
    for number, (state, flags) in enumerate(STATES.items()):
        row = Shipment(
            remote_id=f"shipment-{number}", payload={}, payload_hash=b"", synced_at="2026-01-01T00:00:00Z", **flags
        )
        row.save()
        for verb, states in TAKES.items():
            why = rules.why_not(verb, row)
            assert (why == "") == (state in states), (verb, state, why)
            assert not why or (why.startswith("It ") and why.endswith("."))
        for registered in VERBS:
            assert registered.refuses is not None
            is_refused = Shipment.objects.filter(registered.refuses, pk=row.pk).exists()
            assert is_refused == bool(rules.why_not(registered.name, row)), (registered.name, state)


def test_what_afosto_says_now_decides_not_what_we_knew(world: World) -> None:
    id = world.listed[0]
    world.afosto.pick(world.picking, world.pieces(id)[0])
    assert Shipment.objects.get(remote_id=id).is_editable
    write = do(SET_METHOD, id, sends={"method_id": world.other_method})
    assert (write.state, world.sent()) == (State.REFUSED, []) and "can no longer be edited" in write.error
    world.afosto.planning.cancel(world.open[1])
    assert do(SET_OVERAGE, world.open[1], sends=items(MUG=1)).state == State.REFUSED
    again = do(CANCEL_SHIPMENT, world.open[0])
    assert again.state == State.CONFIRMED and Shipment.objects.get(remote_id=world.open[0]).state == "cancelled"
    assert do(CANCEL_SHIPMENT, world.open[0]).error.startswith("Shipment SH-")
    assert [method for method, _ in world.sent()] == ["DELETE"]


def test_cancelling_what_somebody_cancelled_before_is_done_without_sending(world: World) -> None:
    world.afosto.planning.cancel(world.open[1])
    write = do(CANCEL_SHIPMENT, world.open[1])
    assert (write.state, world.sent()) == (State.CONFIRMED, [])
    assert write.remark == "Afosto had it so already; nothing was sent."
    world.assert_mirrored()


# -- method -----------------------------------------------------------------------------------------------------------


def test_a_method_that_somebody_changed_meanwhile_is_not_overwritten(world: World) -> None:
    id, seen = world.open[0], Shipment.objects.get(remote_id=world.open[0]).method_remote_id
    third = [m["id"] for m in world.afosto.methods if m["id"] not in {seen, world.other_method}][0]
    world.afosto.planning.update(id, {"method_id": third})
    write = do(SET_METHOD, id, sends={"method_id": world.other_method}, before={"method_id": seen})
    assert (write.state, world.sent()) == (State.REFUSED, []) and "another method meanwhile" in write.error
    assert Shipment.objects.get(remote_id=id).method_remote_id == third
    same = do(SET_METHOD, id, sends={"method_id": third}, before={"method_id": seen})
    assert (same.state, world.sent()) == (State.CONFIRMED, [])


def test_what_afosto_says_is_wrong_with_a_member_stands_in_the_write(world: World) -> None:
    write = do(SET_METHOD, world.open[0], sends={"method_id": "no-such-method"})
    assert (write.state, write.status) == (State.REFUSED, 400)
    assert write.field_errors == {"method_id": "invalid value"} and write.request_id.startswith("req-400-")


# -- backorders and overage -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("verb", "kind"), [(SET_BACKORDERS, "backorders"), (SET_OVERAGE, "overage")])
def test_lines_that_others_set_meanwhile_are_kept(verb: WriteVerb, kind: str, world: World) -> None:
    id, seen = world.open[0], [{"sku": "MUG-BLK-300", "quantity": 2}]
    theirs = [*seen, {"sku": "SPOON-SET-6", "quantity": 4, "position": "A1.02"}]
    world.afosto.planning.set_corrections(id, kind, theirs)
    write = do(verb, id, sends=items(**{"TEAPOT-1L": 1}), before={"items": seen})
    assert write.state == State.CONFIRMED
    assert world.corrections(kind) == {"MUG-BLK-300": 2, "SPOON-SET-6": 4, "TEAPOT-1L": 1}
    shelf = {line["sku"]: line["position"] for line in world.shipment(id)[kind]}
    assert shelf["SPOON-SET-6"] == "A1.02"
    taken_out = do(verb, id, sends=items(**{"SPOON-SET-6": 0}))
    assert taken_out.state == State.CONFIRMED
    assert world.corrections(kind) == {"MUG-BLK-300": 2, "TEAPOT-1L": 1}
    row = Shipment.objects.get(remote_id=id)
    assert row.has_corrections and {line.sku for line in getattr(contents_of(row), kind)} == set(
        world.corrections(kind)
    )
    world.assert_mirrored()


def test_a_line_that_others_changed_to_something_else_is_a_conflict_and_to_the_same_is_done(world: World) -> None:
    id, seen = world.open[0], [{"sku": "MUG-BLK-300", "quantity": 2}]
    world.afosto.planning.set_corrections(id, "backorders", [{"sku": "MUG-BLK-300", "quantity": 5}])
    write = do(SET_BACKORDERS, id, sends=items(**{"MUG-BLK-300": 1}), before={"items": seen})
    assert (write.state, world.sent()) == (State.REFUSED, []) and "changed at Afosto meanwhile" in write.error
    same = do(SET_BACKORDERS, id, sends=items(**{"MUG-BLK-300": 5}), before={"items": seen})
    assert (same.state, world.sent()) == (State.CONFIRMED, [])
    untouched = do(SET_BACKORDERS, id, sends=items(**{"MUG-BLK-300": 2}), before={"items": seen})
    assert (untouched.state, world.sent()) == (State.CONFIRMED, [])
    assert world.corrections("backorders") == {"MUG-BLK-300": 5}


def test_looking_for_lost_lines_leaves_open_what_somebody_changed_since(world: World) -> None:
    id = world.open[0]
    world.trouble("fail", method="PUT", path="*/items/overage", status=503)
    write = do(SET_OVERAGE, id, sends=items(**{"MUG-BLK-300": 1}))
    assert write.state == State.UNKNOWN
    world.calm()
    world.afosto.planning.set_corrections(id, "overage", [{"sku": "MUG-BLK-300", "quantity": 7}])
    assert look(write, after_s=61).state == State.UNKNOWN
    assert "MUG-BLK-300 is 7" in write.remark


def test_changed_lines_are_those_that_differ_and_those_taken_out() -> None:
    seen = [{"sku": "A", "quantity": 1}, {"sku": "A", "quantity": 2, "position": "P"}, {"sku": "B", "quantity": 3}]
    rows = [{"sku": "A", "quantity": 2, "position": "P"}, {"sku": "B", "quantity": 4}, {"sku": "C", "quantity": 1}]
    changes = changed_lines(seen, rows)
    assert changes == [
        {"sku": "B", "quantity": 4, "position": ""},
        {"sku": "C", "quantity": 1, "position": ""},
        {"sku": "A", "quantity": 0, "position": ""},
    ]
    assert merged([*seen, {"sku": "D", "quantity": 9}], changes) == [
        {"sku": "A", "quantity": 2, "position": "P"},
        {"sku": "D", "quantity": 9},
        {"sku": "B", "quantity": 4},
        {"sku": "C", "quantity": 1},
    ]
    assert merged(seen, [{"sku": "A", "quantity": 5}]) == [{"sku": "B", "quantity": 3}, {"sku": "A", "quantity": 5}]
    assert changed_lines(seen, seen) == []


def test_a_shipments_secret_is_in_no_row_write_or_log(world: World, capsys: Any, caplog: Any) -> None:
    id = world.open[0]
    secret = world.shipment(id)["secret"]
    assert len(secret) > 8
    do(SET_METHOD, id, sends={"method_id": world.other_method})
    world.trouble("fail", method="PUT", path="*/items/overage", status=500, times=1, after_work=True)
    do(SET_OVERAGE, id, sends=items(**{"TEAPOT-1L": 1}))
    do(CANCEL_SHIPMENT, id)
    tables = (Shipment, HandlingList, RemoteWrite, WriteAttempt, RowChange, RejectedRecord)
    kept = "".join(str(list(table._default_manager.values())) for table in tables)
    printed = capsys.readouterr()
    assert id in kept and secret not in kept + printed.out + printed.err + caplog.text


# -- missing pieces ---------------------------------------------------------------------------------------------------


def test_missing_pieces_are_told_of_by_the_shipment_by_its_list_and_by_its_pick_lines(world: World) -> None:
    id, missing = world.listed[0], world.pieces(world.listed[0])[2]
    write = do(SET_MISSING, id, sends={"items": [{"id": missing, "is_missing": True}]})
    assert write.state == State.CONFIRMED
    assert Shipment.objects.get(remote_id=id).missing_count == 1
    row = HandlingList.objects.get(remote_id=world.picking)
    assert row.missing_count == 1
    assert [line.missing_ids for line in pick_lines(row) if line.missing_ids] == [{missing}]
    world.assert_mirrored()
    found = do(SET_MISSING, id, sends={"items": [{"id": missing, "is_missing": False}]})
    assert found.state == State.CONFIRMED
    assert HandlingList.objects.get(remote_id=world.picking).missing_count == 0
    again = do(SET_MISSING, id, sends={"items": [{"id": missing, "is_missing": False}]})
    assert (again.state, len(world.sent())) == (State.CONFIRMED, 2)


def test_pieces_that_are_packed_or_of_another_shipment_are_not_marked(world: World) -> None:
    id = world.listed[0]
    first, second, _ = world.pieces(id)
    world.afosto.new_parcel(id, item_ids=[first])
    for piece, words in (
        (first, "is in a parcel: take it out first"),
        (world.pieces(world.open[0])[0], "has no piece"),
    ):
        marks = [{"id": second, "is_missing": True}, {"id": piece, "is_missing": True}]
        write = do(SET_MISSING, id, sends={"items": marks})
        assert (write.state, world.sent()) == (State.REFUSED, []) and words in write.error
    assert contents_of(Shipment.objects.get(remote_id=id)).pieces[0].state == "boxed"
