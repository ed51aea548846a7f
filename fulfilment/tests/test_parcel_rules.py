"""What parcels and locations may and may not be, decided on a fresh read; partial answers; creates that lost theirs."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.models import RemoteWrite
from customers.tests.writing import later
from fulfilment.models import Location, Parcel, Shipment
from fulfilment.services.parcel_rules import why_not
from fulfilment.tests.list_writes import writes
from fulfilment.tests.parcel_writes import Packing, locations, parcels
from fulfilment.tests.syncing import upstream

pytestmark = pytest.mark.django_db


@pytest.fixture
def packing(settings: Any) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Packing.of(there)


@pytest.mark.parametrize(
    ("changes", "allowed"),
    [
        ({}, {"update", "add_pieces", "remove_pieces", "request_label", "request_slip", "delete"}),
        (
            {"label_file_id": "f"},
            {"update", "add_pieces", "remove_pieces", "request_slip", "mark_in_transit", "delete"},
        ),
        ({"label_file_id": "f", "is_in_transit": True}, {"request_slip", "finish"}),
        ({"label_file_id": "f", "is_delivered": True}, {"request_slip", "finish"}),
        ({"is_in_transit": True, "is_finished": True}, set()),
    ],
)
def test_each_state_allows_its_verbs_and_says_why_not_the_others(
    packing: Packing, changes: dict[str, Any], allowed: set[str]
) -> None:
    parcel = Parcel.objects.get(remote_id=packing.packed)
    for name, value in changes.items():
        setattr(parcel, name, value)
    verbs = {
        "update", "add_pieces", "remove_pieces", "request_label", "request_slip", "mark_in_transit", "finish", "delete",
    }  # fmt: skip
    assert {verb for verb in verbs if not why_not(verb, parcel)} == allowed
    assert all(why_not(verb, parcel).startswith("It ") for verb in verbs - allowed)


def test_a_hand_over_whose_answer_was_lost_was_done_where_the_parcel_has_arrived(packing: Packing) -> None:
    packing.there.turn_on("drop", method="PUT", path="/lcs/parcels/*/transit")
    record = parcels("transit", packing.labelled, "--json").records[0]
    assert record["state"] == "unknown"
    packing.calm()
    packing.there.afosto.deliver(packing.labelled)
    assert not packing.parcel(packing.labelled)["is_in_transit"]
    with later(61):
        assert writes("settle", "--json").records[0]["state"] == "confirmed"
    assert RemoteWrite.objects.get().remark == "Afosto shows it as delivered."
    assert packing.sent_requests() == [("PUT", f"/lcs/parcels/{packing.labelled}/transit")]


def test_a_parcel_is_packed_of_free_pieces_of_its_shipment_only(packing: Packing) -> None:
    boxed, missing = packing.pieces[0], packing.pieces[3]
    packing.there.afosto.pieces.change([missing], is_missing=True)
    for piece, why in ((boxed, "in a parcel already"), (missing, "marked as missing"), ("stranger", "has no piece")):
        ended = parcels("create", "--shipment", packing.shipment, "--piece", piece)
        assert ended.code == 3 and why in ended.err
    assert packing.sent_requests() == []


def test_a_create_whose_answer_was_lost_is_not_sent_twice_and_none_that_was_never_done_is_taken_for_done(
    packing: Packing,
) -> None:
    argv = ["create", "--shipment", packing.shipment, "--piece", packing.pieces[2], "--json"]
    packing.there.turn_on("fail", status=503, method="POST", path="/lcs/parcels")
    record = parcels(*argv).records[0]
    packing.there.turn_off("fail")
    with later(61):
        assert writes("settle", record["write"], "--json").records[0]["state"] == "failed"
        other = packing.there.afosto.packing.create({"shipment_id": packing.shipment, "item_ids": packing.pieces[2:3]})
        again = writes("send_again", record["write"], "--json")
    assert again.records[0]["state"] == "confirmed" and again.records[0]["remote_id"] == other["id"]
    assert RemoteWrite.objects.get().remark == "An earlier try had made it after all."


def test_pieces_that_afosto_does_not_take_are_named_and_the_command_ends_partial(packing: Packing) -> None:
    def refuse_second(request: Any) -> None:
        if request.method == "POST" and request.url.path.endswith("/items"):
            packing.there.afosto.pieces.change([packing.pieces[3]], is_missing=True)

    packing.there.watch = refuse_second
    ended = parcels("add_pieces", packing.packed, "--piece", *packing.pieces[2:], "--json")
    assert (ended.code, ended.records[0]["state"]) == (4, "confirmed")
    assert "took 1 of 2 pieces" in ended.err and packing.pieces[3] in ended.err
    assert packing.inside(packing.packed) == set(packing.pieces[:3])


def test_after_a_change_parcel_shipment_and_list_are_here_as_they_are_there(packing: Packing) -> None:
    assert parcels("create", "--shipment", packing.shipment, "--piece", *packing.pieces[2:]).code == 0
    shipment = Shipment.objects.get(remote_id=packing.shipment)
    assert (shipment.boxed_count, shipment.piece_count) == (4, 4)
    assert parcels("transit", packing.labelled).code == 0
    assert Parcel.objects.get(remote_id=packing.labelled).state == "in transit"


def test_shelves_are_read_put_in_order_and_filled(packing: Packing) -> None:
    assert locations("refresh", packing.location).code == 0
    here = Location.objects.get(remote_id=packing.location)
    codes = [shelf["code"] for shelf in here.positions]
    turned = list(reversed(codes))
    assert locations("set_walk_order", packing.location, "--position", *turned).code == 0
    here.refresh_from_db()
    assert [shelf["code"] for shelf in here.positions] == turned
    short = locations("set_walk_order", packing.location, "--position", *turned[1:])
    assert short.code == 3 and "left out" in short.err
    sent = len(packing.sent_requests())
    assert locations("set_walk_order", packing.location, "--position", *turned).code == 0
    assert len(packing.sent_requests()) == sent, "it is so already"
    skus = f'[{{"sku": "NEW-1", "position": "{turned[0]}"}}]'
    assert locations("set_skus", packing.location, "--skus", skus).code == 0
    here.refresh_from_db()
    assert "NEW-1" in [sku["sku"] for sku in here.positions[0]["skus"]]


def test_a_location_is_created_once_and_found_when_the_answer_is_lost(packing: Packing) -> None:
    address = packing.place(packing.location)["address_id"]
    packing.there.turn_on("drop", method="POST", path="/lcs/locations")
    record = locations("create", "--name", "Hall 9", "--address-id", address, "--json").records[0]
    assert record["state"] == "unknown"
    packing.there.turn_off("drop")
    settled = writes("settle", "--json").records[0]
    assert settled["state"] == "confirmed"
    made = [row["id"] for row in packing.there.afosto.locations if row["name"] == "Hall 9"]
    assert made == [settled["remote_id"]] and Location.objects.filter(remote_id=made[0]).exists()


@pytest.mark.parametrize("carrier", ["dhl", "dpd"])
def test_service_points_are_found_by_carrier_and_address(packing: Packing, carrier: str) -> None:
    ended = locations("points", "--carrier", carrier, "--country", "NL", "--postal-code", "9712AB", "--json")
    assert ended.code == 0 and ended.records
    assert list(ended.records[0]) == ["id", "name", "address", "distance"] and ended.records[0]["id"]
