"""Hot runs: what is open is read again, what leaves the set is looked at, what is new appears, nothing is gone."""

from collections.abc import Iterator
from typing import Any

import pytest

from backoffice.models import SyncRun
from customers.tests.kirim import counts
from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.tests import syncing
from fulfilment.tests.syncing import Upstream, mirrored, stored, sync

pytestmark = pytest.mark.django_db
HOT, State = SyncRun.Mode.HOT, SyncRun.State
LISTS, SHIPMENTS, PARCELS = "afosto.handling_lists", "afosto.shipments", "afosto.parcels"


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    """A mirrored Afosto with a shipment on a list, of three pieces, in state *on a list*."""
    with syncing.upstream(settings, page_size=4) as there:
        there.shipment = there.afosto.new_shipment({"MUG-BLK-300": 2, "TEAPOT-1L": 1})  # type: ignore[attr-defined]
        there.list = there.afosto.new_list(there.shipment["id"])  # type: ignore[attr-defined]
        syncing.sync_all()
        there.calls.clear()
        yield there


def row_of(model: Any, body: dict[str, Any]) -> Any:
    return model.objects.get(remote_id=body["id"])


def test_with_nothing_new_a_hot_run_reads_the_open_ones_alone_and_changes_nothing(there: Upstream) -> None:
    before = {resource: stored(resource) for resource in (LISTS, SHIPMENTS, PARCELS)}
    for resource in before:
        run = sync(resource, HOT)
        assert (run.state, counts(run).keys()) == (State.SUCCEEDED, {"fetched", "unchanged"})
        assert run.fetched < len(before[resource])
        for old, new in zip(before[resource], stored(resource), strict=True):
            changed = {name for name in old if old[name] != new[name]}
            assert changed <= {"detail_at"}, (resource, changed)
    assert not set(there.paths()) & set(syncing.PATHS.values())  # no sweep
    assert {path for path in there.paths("POST") if path.startswith("/lcs")} == {
        "/lcs/lists/search", "/lcs/search/shipments/items", "/lcs/search/parcels",
    }  # fmt: skip


def test_without_a_hot_set_a_hot_run_is_over_at_once(there: Upstream) -> None:
    for resource in ("afosto.locations", "afosto.methods", "afosto.contacts"):
        run = sync(resource, HOT)
        assert (run.state, counts(run)) == (State.SUCCEEDED, {})
    assert there.calls == []


def test_picking_is_seen_as_it_goes_on_and_when_the_list_leaves_the_set(there: Upstream) -> None:
    afosto = there.afosto
    pieces = [piece["id"] for piece in afosto.pieces.of_list(there.list["id"])]  # type: ignore[attr-defined]
    row = row_of(HandlingList, there.list)  # type: ignore[attr-defined]
    assert (row.state, row.handled_count, row.piece_count) == ("open", 0, 3)
    afosto.pick(row.remote_id, pieces[0])
    sync(LISTS, HOT)
    row.refresh_from_db()
    assert (row.state, row.handled_count) == ("in progress", 1)
    assert row.detail == afosto.list_body(row.remote_id)
    afosto.pick(row.remote_id)
    assert afosto.lists.get(row.remote_id)["is_finished"]
    there.calls.clear()
    sync(LISTS, HOT)
    row.refresh_from_db()
    assert (row.state, row.handled_count, row.detail) == ("finished", 3, afosto.list_body(row.remote_id))
    assert f"/lcs/lists/{row.remote_id}" in there.paths()  # the search has it no longer
    assert counts(sync(LISTS, HOT)).get("updated") is None
    assert mirrored(LISTS) == there.bodies(LISTS)
    assert counts(sync(LISTS)).keys() == {"fetched", "unchanged"}


def test_a_cancelled_list_and_its_freed_shipment_are_seen(there: Upstream) -> None:
    there.afosto.picking.delete(there.list["id"])  # type: ignore[attr-defined]
    sync(LISTS, HOT)
    sync(SHIPMENTS, HOT)
    row = row_of(HandlingList, there.list)  # type: ignore[attr-defined]
    assert (row.state, row.piece_count, row.detail["items"]) == ("cancelled", 0, [])
    assert row_of(Shipment, there.shipment).state == "open"  # type: ignore[attr-defined]
    assert mirrored(LISTS) == there.bodies(LISTS)


def test_a_shipment_is_followed_to_its_end_by_hot_runs_alone(there: Upstream) -> None:
    afosto, row = there.afosto, row_of(Shipment, there.shipment)  # type: ignore[attr-defined]
    states = [row.state]
    parcel = None
    for step in ("pick", "pack", "label", "send", "finish"):
        if step == "pick":
            afosto.pick(there.list["id"])  # type: ignore[attr-defined]
        elif step == "pack":
            parcel = afosto.new_parcel(row.remote_id)
        elif step == "label":
            afosto.parcels.change(parcel["id"], label={"file_id": "f", "requested_at": "2026-11-25T10:00:00+00:00"})
            afosto.roll_up(row.remote_id)
        elif step == "send":
            afosto.send_off(parcel["id"])
        else:
            afosto.packing.finish(parcel["id"])
        for resource in (SHIPMENTS, PARCELS):
            assert sync(resource, HOT).state == State.SUCCEEDED
        row.refresh_from_db()
        states.append(row.state)
        body = afosto.shipment_body(row.remote_id)
        assert row.detail == {name: value for name, value in body.items() if name != "secret"}
    assert states == ["on a list", "picked", "packed", "labelled", "in transit", "finished"]
    assert (row.piece_count, row.handled_count, row.boxed_count, row.missing_count) == (3, 3, 3, 0)
    assert row_of(Parcel, parcel).state == "finished"
    for resource in (SHIPMENTS, PARCELS):
        assert mirrored(resource) == there.bodies(resource)


def test_new_ones_appear_with_their_details(there: Upstream) -> None:
    afosto = there.afosto
    shipment = afosto.new_shipment({"TEAPOT-1L": 2})
    listed = afosto.new_list(shipment["id"], sub="ann")
    parcel = afosto.new_parcel(shipment["id"])
    runs = [sync(resource, HOT) for resource in (SHIPMENTS, LISTS, PARCELS)]
    assert [run.created for run in runs] == [1, 1, 1]
    row = row_of(Shipment, shipment)
    assert (row.state, row.piece_count, row.boxed_count) == ("packed", 2, 2)
    assert row.list == row_of(HandlingList, listed) and row_of(Parcel, parcel).shipment == row
    assert (row.list.state, row.list.piece_count, row.list.detail) == ("assigned", 2, afosto.list_body(listed["id"]))
    for resource in (SHIPMENTS, LISTS, PARCELS):
        assert sync(resource).state == State.SUCCEEDED
        assert mirrored(resource) == there.bodies(resource)


def test_a_parcel_that_is_delivered_leaves_the_set_and_is_read_once_more(there: Upstream) -> None:
    parcel = there.afosto.new_parcel(there.shipment["id"])  # type: ignore[attr-defined]
    there.afosto.send_off(parcel["id"])
    sync(PARCELS, HOT)
    assert row_of(Parcel, parcel).state == "in transit"
    there.afosto.deliver(parcel["id"])
    there.calls.clear()
    sync(PARCELS, HOT)
    assert row_of(Parcel, parcel).state == "delivered"
    assert f"/lcs/parcels/{parcel['id']}" in there.paths()
    there.calls.clear()
    sync(PARCELS, HOT)
    assert f"/lcs/parcels/{parcel['id']}" not in there.paths()


def test_nothing_is_tombstoned_by_a_hot_run_whatever_it_does_not_find(there: Upstream) -> None:
    afosto = there.afosto
    parcel = afosto.new_parcel(there.shipment["id"])  # type: ignore[attr-defined]
    sync(PARCELS, HOT)
    afosto.parcels.remove(parcel["id"])
    afosto.lists.remove(there.list["id"])  # type: ignore[attr-defined]
    afosto.shipments.remove(there.shipment["id"])  # type: ignore[attr-defined]
    for resource, model in ((PARCELS, Parcel), (LISTS, HandlingList), (SHIPMENTS, Shipment)):
        run = sync(resource, HOT)
        assert (run.state, run.vanished) == (State.SUCCEEDED, 0)
        assert not model.objects.exclude(vanished_at=None).exists()
    assert sync(PARCELS).vanished == 1  # the next sweep tells


def test_one_that_cannot_be_read_now_costs_only_itself(there: Upstream) -> None:
    shipment, other = there.shipment["id"], there.afosto.new_shipment({"TEAPOT-1L": 1})["id"]  # type: ignore[attr-defined]
    there.turn_on("fail", path=f"/lcs/shipments/{shipment}")
    run = sync(SHIPMENTS, HOT)
    assert run.state == State.PARTIAL and "1 readings failed" in run.error
    assert Shipment.objects.get(remote_id=other).detail is not None
    assert Shipment.objects.get(remote_id=shipment).vanished_at is None
