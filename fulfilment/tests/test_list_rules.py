"""What lists take in which state, on what that is decided, and the corners of making, marking and deleting them."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import Actor, plan
from backoffice.writes.verbs import WriteVerb
from customers.tests.writing import later, look
from fulfilment.afosto import AfostoAPI
from fulfilment.models import HandlingList, Shipment
from fulfilment.services import lists as rules
from fulfilment.services.rereads import fetch
from fulfilment.tests.list_writes import PICKER, World
from fulfilment.tests.syncing import sync, upstream
from fulfilment.verbs.lists import ASSIGN_LIST, CREATE_LIST, DELETE_LIST, HOLD_LIST, MARK_HANDLED, RELEASE_LIST

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
OPERATOR = Actor(None, RemoteWrite.Door.COMMAND)
OPEN: dict[str, Any] = {}
STATES: dict[str, dict[str, Any]] = {
    "open": OPEN,
    "assigned": {"sub": PICKER},
    "in progress": {"is_in_progress": True},
    "on hold": {"is_in_progress": True, "is_on_hold": True},
    "finished": {"is_finished": True},
    "cancelled": {"is_cancelled": True, "is_on_hold": True},
    "gone": {"vanished_at": "2026-01-01T00:00:00Z"},
}
TAKES = {
    "assign": {"open", "assigned", "in progress", "on hold"},
    "hold": {"open", "assigned", "in progress"},
    "release": {"on hold"},
    "mark_handled": {"open", "assigned", "in progress"},
    "delete": {"open", "assigned", "in progress", "on hold"},
    "refresh": set(STATES),
}


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield World.of(there)


def do(verb: WriteVerb, remote_id: str = "", **wanted: Any) -> RemoteWrite:
    """Plan a write and carry it out; the write as it is then."""
    write, _ = plan(verb, OPERATOR, remote_id=remote_id, **wanted)
    carry_out(write, PERSON)
    write.refresh_from_db()
    return write


def making(*shipment_ids: str) -> dict[str, Any]:
    return {"shipments": [{"id": id} for id in shipment_ids]}


def marking(*piece_ids: str) -> dict[str, Any]:
    return {"items": [{"id": id, "is_handled": True} for id in piece_ids]}


# -- states -----------------------------------------------------------------------------------------------------------


def test_each_state_takes_its_verbs_and_buttons_actions_and_services_say_the_same() -> None:
    registered = {verb.name: verb for verb in (ASSIGN_LIST, HOLD_LIST, RELEASE_LIST, MARK_HANDLED, DELETE_LIST)}
    for number, (state, flags) in enumerate(STATES.items()):
        row = HandlingList(
            remote_id=f"list-{number}", payload={}, payload_hash=b"", synced_at="2026-01-01T00:00:00Z", **flags
        )
        row.save()
        for verb, states in TAKES.items():
            why = rules.why_not(verb, row)
            assert (why == "") == (state in states), (verb, state, why)
            assert not why or (why.startswith("It is ") and why.endswith("."))
            if verb in registered and registered[verb].refuses is not None:
                here = HandlingList.objects.filter(registered[verb].refuses, pk=row.pk)
                assert here.exists() == bool(why), (verb, state)


def test_what_the_state_forbids_is_refused_with_the_reason_and_nothing_is_asked(world: World) -> None:
    held, picking = world.held, world.picking
    refused = [
        do(HOLD_LIST, held),
        do(RELEASE_LIST, picking),
        do(MARK_HANDLED, held, sends=marking("piece")),
        do(MARK_HANDLED, picking, sends=marking("not-a-piece-of-it")),
        do(ASSIGN_LIST, picking, sends={"sub": ""}),
    ]
    told = ("is on hold already", "is not on hold", "is on hold: release it first", "has no piece", "no way back")
    assert world.there.calls == []
    assert {write.state for write in refused} == {State.REFUSED}
    for write, words in zip(refused, told, strict=True):
        assert words in write.error and write.error.endswith("Nothing was sent.")


def test_what_afosto_says_now_decides_not_what_we_knew(world: World) -> None:
    afosto, picking = world.afosto, world.picking
    afosto.pick(picking)
    assert HandlingList.objects.get(remote_id=picking).state == "open"
    write = do(HOLD_LIST, picking)
    assert (write.state, world.sent()) == (State.REFUSED, []) and "is finished" in write.error
    assert HandlingList.objects.get(remote_id=picking).state == "finished"
    for verb, changes in ((RELEASE_LIST, {"is_on_hold": False}), (ASSIGN_LIST, {"sub": PICKER})):
        afosto.picking.set_state(world.held, changes)
        write = do(verb, world.held, sends=changes)
        assert (write.state, world.sent()) == (State.CONFIRMED, [])
        assert write.remark == "Afosto had it so already; nothing was sent."


# -- assigning --------------------------------------------------------------------------------------------------------


def test_taking_over_is_assigning_but_not_from_somebody_whom_the_person_did_not_see(world: World) -> None:
    world.afosto.picking.set_state(world.picking, {"sub": "somebody-else"})
    write = do(ASSIGN_LIST, world.picking, sends={"sub": PICKER}, before={"sub": ""})
    assert (write.state, world.sent()) == (State.REFUSED, []) and "somebody else meanwhile" in write.error
    assert HandlingList.objects.get(remote_id=world.picking).sub == "somebody-else"
    write = do(ASSIGN_LIST, world.picking, sends={"sub": PICKER}, before={"sub": "somebody-else"})
    assert write.state == State.CONFIRMED
    assert HandlingList.objects.get(remote_id=world.picking).state == "assigned"
    assert world.handling_list(world.picking)["sub"] == PICKER


# -- marking ----------------------------------------------------------------------------------------------------------


def test_marking_what_is_marked_already_sends_nothing_and_the_last_piece_finishes_the_list(world: World) -> None:
    first, *others = world.pieces(world.listed[0])
    assert do(MARK_HANDLED, world.picking, sends=marking(first)).state == State.CONFIRMED
    row = HandlingList.objects.get(remote_id=world.picking)
    assert (row.state, row.handled_count, row.piece_count) == ("in progress", 1, 4)
    again = do(MARK_HANDLED, world.picking, sends=marking(first))
    assert (again.state, again.remark) == (State.CONFIRMED, "Afosto had it so already; nothing was sent.")
    assert len(world.sent()) == 1
    last = world.pieces(world.listed[1])
    assert do(MARK_HANDLED, world.picking, sends=marking(first, *others, *last)).state == State.CONFIRMED
    assert HandlingList.objects.get(remote_id=world.picking).state == "finished"
    assert set(Shipment.objects.filter(remote_id__in=world.listed).values_list("state", flat=True)) == {"picked"}
    world.assert_mirrored()
    refused = do(MARK_HANDLED, world.picking, sends=marking(first))
    assert refused.state == State.REFUSED and "is finished" in refused.error


def test_a_scan_costs_three_requests_and_none_of_them_reads_other_shipments(world: World) -> None:
    piece = world.pieces(world.listed[0])[0]
    do(MARK_HANDLED, world.picking, sends=marking(piece))
    paths = [(method, path) for method, path, _ in world.there.calls if "/iam/" not in path]
    assert paths == [
        ("PUT", f"/lcs/lists/{world.picking}/items"),
        ("GET", f"/lcs/lists/{world.picking}"),
        ("GET", f"/lcs/shipments/{world.listed[0]}"),
    ]


def test_when_the_list_cannot_be_read_again_the_marking_is_done_all_the_same(world: World) -> None:
    piece = world.pieces(world.listed[0])[0]
    world.trouble("fail", method="GET", path="/lcs/*", status=503)
    write = do(MARK_HANDLED, world.picking, sends=marking(piece))
    assert (write.state, write.error) == (State.CONFIRMED, "")
    world.calm()
    sync("afosto.handling_lists")
    assert HandlingList.objects.get(remote_id=world.picking).handled_count == 1


# -- making -----------------------------------------------------------------------------------------------------------


def test_only_shipments_that_are_free_now_and_belong_together_are_put_on_a_list(world: World) -> None:
    afosto = world.afosto
    inbound = afosto.new_shipment({"MUG-BLK-300": 1}, is_outbound=False)["id"]
    sent = afosto.new_shipment({"MUG-BLK-300": 1})["id"]
    afosto.shipments.change(sent, is_in_transit=True)
    cancelled = afosto.new_shipment({"MUG-BLK-300": 1})["id"]
    afosto.planning.cancel(cancelled)
    free = world.open[0]
    cases = {
        "is on a list already": [free, world.listed[0]],
        "is in transit": [free, sent],
        "is cancelled": [free, cancelled],
        "Some of the shipments go out and some come in": [free, inbound],
        "Afosto knows no shipment unknown-id": [free, "unknown-id"],
        "at least one shipment": [],
    }
    for words, ids in cases.items():
        write = do(CREATE_LIST, sends=making(*ids))
        assert write.state == State.REFUSED, words
        assert words in write.error and write.error.endswith("Nothing was sent.")
    assert world.sent() == []
    assert rules.why_not_listable(Shipment.objects.get(remote_id=free)) == ""
    assert rules.why_not_listable(Shipment.objects.get(remote_id=sent)) == "It is in transit."
    made = do(CREATE_LIST, sends=making(inbound))
    assert HandlingList.objects.get(remote_id=made.remote_id).is_outbound is False


def test_a_new_list_is_read_again_because_its_answer_has_neither_number_nor_pieces(world: World) -> None:
    write = do(CREATE_LIST, sends={**making(*world.open), "due_at": "2026-11-30T16:00:00+00:00"})
    row = HandlingList.objects.get(remote_id=write.remote_id)
    assert row.number.startswith("PL-") and row.piece_count == 4 and row.due_at is not None
    assert set(row.shipment_ids) == set(world.open)
    assert set(Shipment.objects.filter(list=row).values_list("remote_id", "state")) == {
        (id, "on a list") for id in world.open
    }


def test_more_shipments_than_one_search_takes_are_put_on_one_list(world: World, monkeypatch: Any) -> None:
    more = [world.afosto.new_shipment({"MUG-BLK-300": 1})["id"] for _ in range(5)]
    monkeypatch.setattr("fulfilment.services.rereads.IDS_A_SEARCH", 3)
    write = do(CREATE_LIST, sends=making(*more))
    assert write.state == State.CONFIRMED
    assert {world.shipment(id)["list_id"] for id in more} == {write.remote_id}
    assert Shipment.objects.filter(list__remote_id=write.remote_id).count() == 5


@pytest.mark.parametrize("others", ["all on one list with others", "one on a list"])
def test_a_lost_create_whose_shipments_are_on_other_lists_stays_unknown(others: str, world: World) -> None:
    world.trouble("fail", method="POST", path="/lcs/lists", status=503)
    write = do(CREATE_LIST, sends=making(*world.open))
    assert write.state == State.UNKNOWN
    world.calm()
    extra = world.afosto.new_shipment({"MUG-BLK-300": 1})["id"]
    world.afosto.new_list(*(world.open if others.startswith("all") else world.open[:1]), extra)
    look(write, after_s=61)
    assert write.state == State.UNKNOWN and "but not these together" in write.remark


def test_sending_again_finds_what_an_earlier_try_made_after_looking_gave_it_up(world: World) -> None:
    world.trouble("fail", method="POST", path="/lcs/lists", status=503)
    write = do(CREATE_LIST, sends=making(*world.open))
    world.calm()
    assert look(write, after_s=61).state == State.FAILED
    made = world.afosto.new_list(*world.open)["id"]  # the request had only been slow
    with later(70):
        RemoteWrite.objects.filter(pk=write.pk).update(state=State.PLANNED)
        write.refresh_from_db()
        carry_out(write, PERSON)
    write.refresh_from_db()
    assert (write.state, write.remote_id) == (State.CONFIRMED, made)
    assert [method for method, path in world.sent() if path == "/lcs/lists"] == ["POST"]


# -- deleting ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_dropped", [False, True])
def test_a_deleted_list_is_cancelled_or_gone_and_its_shipments_are_free(is_dropped: bool, world: World) -> None:
    world.afosto.deleted_lists_vanish = is_dropped
    write = do(DELETE_LIST, world.picking)
    row = HandlingList.objects.get(remote_id=world.picking)
    assert write.state == State.CONFIRMED
    assert (row.vanished_at is not None, row.is_cancelled) == (is_dropped, not is_dropped)
    assert rules.why_not("delete", row) in {"It is gone at Afosto.", "It is cancelled already."}
    assert not Shipment.objects.filter(list_remote_id=world.picking).exists()
    again = do(DELETE_LIST, world.picking)
    assert again.state == State.REFUSED and len(world.sent()) == 1


def test_deleting_what_somebody_deleted_before_is_done_without_sending(world: World) -> None:
    world.afosto.deleted_lists_vanish = True
    world.afosto.picking.delete(world.picking)
    write = do(DELETE_LIST, world.picking)
    assert (write.state, world.sent()) == (State.CONFIRMED, [])
    assert HandlingList.objects.get(remote_id=world.picking).vanished_at is not None
    world.trouble("drop", method="DELETE", path="/lcs/lists/*")
    lost = do(DELETE_LIST, world.held)
    assert lost.state == State.UNKNOWN
    world.calm()
    assert look(lost).state == State.CONFIRMED
    assert HandlingList.objects.get(remote_id=world.held).vanished_at is not None


# -- reading ----------------------------------------------------------------------------------------------------------


def test_an_answer_about_another_list_is_not_stored(world: World) -> None:
    other = world.handling_list(world.held)
    world.there.watch = lambda request: (
        httpx.Response(200, json=other) if request.url.path.endswith(world.picking) else None
    )
    write = do(HOLD_LIST, world.picking)
    assert write.state in {State.FAILED, State.REFUSED} and world.sent() == []
    assert "another handling list" in write.error


def test_a_new_token_is_taken_once_in_the_middle_of_a_write(world: World) -> None:
    world.trouble("expire", method="PUT", path="/lcs/lists/*", times=1)
    write = do(HOLD_LIST, world.picking)
    assert write.state == State.CONFIRMED and world.handling_list(world.picking)["is_on_hold"]
    with AfostoAPI.from_settings(PERSON) as api:
        assert fetch(api, HandlingList, world.picking).is_on_hold
