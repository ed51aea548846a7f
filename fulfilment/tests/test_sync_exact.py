"""Afosto's resources swept: exact, repeatable, and honest about every fault of paging (FAULTS 28-33, 37, 46)."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from backoffice.management.commands import sync as sync_command
from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun
from backoffice.tests import shell
from customers.tests.kirim import counts
from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.tests import syncing
from fulfilment.tests.syncing import ALL, Upstream, mirrored, stored, sync, sync_all

pytestmark = pytest.mark.django_db
State = SyncRun.State
NUMBERED = ("afosto.shipments", "afosto.handling_lists", "afosto.parcels")


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    """An Afosto whose lists have many pages of three rows."""
    with syncing.upstream(settings, page_size=3) as there:
        yield there


# -- the straight path ------------------------------------------------------------------------------------------------


def test_the_command_mirrors_everything_and_a_second_time_changes_nothing(there: Upstream) -> None:
    first = shell.run(sync_command.Command(), *ALL, "--json")
    assert first.code == 0, first.err
    for line in first.records:
        resource, number = line["resource"], len(there.bodies(line["resource"]))
        assert (line["state"], line["created"], line["fetched"]) == ("succeeded", number, number) and number
        assert mirrored(resource) == there.bodies(resource), resource
    rows = {resource: stored(resource) for resource in ALL}
    second = shell.run(sync_command.Command(), *ALL, "--json")
    assert second.code == 0, second.err
    for line in second.records:
        told = {name: line[name] for name in ("created", "updated", "vanished", "failed")}
        assert (line["unchanged"], set(told.values())) == (len(rows[line["resource"]]), {0}), line
        assert stored(line["resource"]) == rows[line["resource"]], line["resource"]
    assert not RowChange.objects.exists() and not RejectedRecord.objects.exists()
    assert list(Drift.objects.values_list("resource", "kind", "name")) == []


def test_rows_that_name_each_other_are_related_once_all_are_here(there: Upstream) -> None:
    sync_all()
    for shipment in Shipment.objects.all():
        assert (shipment.contact is None) == (not shipment.contact_remote_id)
        assert (shipment.list and shipment.list.remote_id or "") == shipment.list_remote_id
        assert shipment.method is not None and shipment.location is not None
    assert all(parcel.shipment is not None for parcel in Parcel.objects.all())
    assert all(one.location is not None for one in HandlingList.objects.all())


def test_after_every_change_there_a_sync_is_exact_and_the_next_changes_nothing(there: Upstream) -> None:
    sync_all()
    afosto = there.afosto
    for _ in range(12):
        afosto.tick()
    shipment = afosto.new_shipment({"MUG-BLK-300": 2})
    listed = afosto.new_list(shipment["id"], sub="somebody")
    afosto.pick(listed["id"])
    parcel = afosto.new_parcel(shipment["id"])
    afosto.send_off(parcel["id"])
    afosto.deliver(parcel["id"])
    for _ in range(2):
        done = sync_all()
        for resource in ALL:
            assert mirrored(resource) == there.bodies(resource), resource
    assert [counts(run).keys() for run in done] == [{"fetched", "unchanged"}] * len(ALL)
    row = Shipment.objects.get(remote_id=shipment["id"])
    assert (row.state, row.boxed_count, row.order_id) == ("packed", 2, shipment["order_id"])
    assert Parcel.objects.get(remote_id=parcel["id"]).state == "delivered"


def test_the_bodies_of_single_reads_are_kept_beside_the_rows(there: Upstream) -> None:
    sync_all(SyncRun.Mode.FULL)
    afosto = there.afosto
    for one in HandlingList.objects.all():
        assert one.detail == afosto.list_body(one.remote_id)
    for row in Shipment.objects.all():
        body = afosto.shipment_body(row.remote_id)
        assert row.detail == {name: value for name, value in body.items() if name != "secret"}


# -- what is gone -----------------------------------------------------------------------------------------------------


def test_what_is_gone_there_is_marked_and_comes_back_to_life(there: Upstream) -> None:
    sync("afosto.parcels")
    gone = next(iter(there.afosto.parcels))
    there.afosto.parcels.remove(gone["id"])
    run = sync("afosto.parcels")
    assert (run.state, run.vanished) == (State.SUCCEEDED, 1)
    assert Parcel.objects.get(remote_id=gone["id"]).vanished_at is not None
    assert mirrored("afosto.parcels") == there.bodies("afosto.parcels")
    there.afosto.parcels.add(gone)
    assert sync("afosto.parcels").updated == 1
    assert mirrored("afosto.parcels") == there.bodies("afosto.parcels")


@pytest.mark.parametrize("resource", NUMBERED)
def test_an_empty_list_is_not_believed(there: Upstream, resource: str) -> None:
    sync(resource)
    rows = mirrored(resource)
    there.watch = lambda request: (
        httpx.Response(200, json=[], headers={"x-count": str(len(rows))})
        if (request.method, request.url.path[-len(syncing.PATHS[resource]) :]) == ("GET", syncing.PATHS[resource])
        else None
    )
    there.calls.clear()
    assert counts(sync(resource)).get("vanished") is None
    assert mirrored(resource) == rows
    assert len(there.calls) == 1  # shorter than stated: nobody is asked for by id


# -- paging -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["junk", "0", "1", "9999", "-3", "1e9", "", None])
def test_whatever_the_count_says_every_row_is_read_and_none_is_taken_for_gone(
    there: Upstream, value: str | None
) -> None:
    there.turn_on("count", value=value)
    for resource in NUMBERED:
        run = sync(resource)
        assert (run.state, run.created) == (State.SUCCEEDED, len(there.bodies(resource)))
        assert mirrored(resource) == there.bodies(resource)
        assert counts(sync(resource)).keys() == {"fetched", "unchanged"}


def test_eight_pages_are_under_way_at_a_time_at_most_and_few_past_the_end(there: Upstream) -> None:
    sync("afosto.shipments")
    rows = len(there.bodies("afosto.shipments"))
    pages = sorted(map(int, there.pages("afosto.shipments")))
    needed = -(-rows // 3) + 1
    assert pages[:needed] == list(range(1, needed + 1))
    assert len(pages) < needed + 8


def test_a_row_that_moves_between_pages_is_found_in_the_same_run(there: Upstream) -> None:
    there.turn_on("shift", path="/lcs/parcels", times=1)
    run = sync("afosto.parcels")
    assert (run.state, run.created, run.fetched) == (State.SUCCEEDED, 6, 6)
    assert mirrored("afosto.parcels") == there.bodies("afosto.parcels")
    there.turn_on("shift", path="/lcs/parcels", times=3)
    assert counts(sync("afosto.parcels")) == {"fetched": 6, "unchanged": 6}


def test_rows_that_move_all_the_time_are_never_taken_for_gone(there: Upstream) -> None:
    sync_all()
    there.turn_on("shift", path="/lcs/*")
    for resource in NUMBERED:
        run = sync(resource)
        assert (run.state, run.vanished, run.failed) == (State.SUCCEEDED, 0, 0)
        assert mirrored(resource) == there.bodies(resource)


def test_a_cursor_that_comes_twice_is_taken_for_the_end_and_nothing_for_gone(there: Upstream) -> None:
    """The contract says so: stop when the mark is absent, empty or the one that was sent."""
    sync("afosto.contacts")
    assert mirrored("afosto.contacts") == there.bodies("afosto.contacts")
    there.turn_on("repeat", path="/rel/contacts")
    run = sync("afosto.contacts")
    assert (run.state, run.error, run.vanished) == (State.PARTIAL, "held", 0)  # so many are asked for by nobody
    there.turn_off("repeat")
    assert mirrored("afosto.contacts") == there.bodies("afosto.contacts")
    assert counts(sync("afosto.contacts")).keys() == {"fetched", "unchanged"}


def test_an_afosto_that_refuses_our_page_size_is_read_by_its_own(there: Upstream) -> None:
    def picky(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(400, json={"code": 400}) if "x-page-size" in request.headers else None

    there.watch = picky
    sync_all()
    for resource in ALL:
        assert mirrored(resource) == there.bodies(resource)


# -- tokens -----------------------------------------------------------------------------------------------------------


def test_tokens_that_end_in_mid_sweep_are_replaced_and_nothing_is_lost(there: Upstream) -> None:
    ended: set[str] = set()
    resize = there.watch

    def end_tokens(request: httpx.Request) -> None:
        if request.headers.get("x-page") == "3" and request.url.path not in ended:
            ended.add(request.url.path)
            there.afosto.tokens.revoke_all()
        resize(request)

    there.watch = end_tokens
    for resource in NUMBERED:
        assert sync(resource).state == State.SUCCEEDED
    assert len(ended) == len(NUMBERED) and there.afosto.tokens.issued == 1 + len(NUMBERED)
    for resource in NUMBERED:
        assert mirrored(resource) == there.bodies(resource)


def test_a_refused_token_that_cannot_be_replaced_stops_at_once_and_nothing_is_gone(
    there: Upstream, settings: Any
) -> None:
    sync("afosto.shipments")
    rows = stored("afosto.shipments")
    settings.AFOSTO_TOKEN = there.afosto.tokens.issue()
    there.turn_on("expire", path="/lcs/shipments", every=3)
    there.calls.clear()
    run = sync("afosto.shipments")
    assert run.state == State.FAILED and "401" in run.error and settings.AFOSTO_TOKEN not in run.error
    assert len(there.calls) <= 10  # those under way
    assert stored("afosto.shipments") == rows
    settings.AFOSTO_TOKEN = there.afosto.tokens.issue()
    there.turn_off("expire")
    assert sync("afosto.shipments").state == State.SUCCEEDED
    assert stored("afosto.shipments") == rows


# -- stopped in the middle --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", NUMBERED)
def test_a_stopped_run_is_gone_on_with_at_its_page_and_ends_exact(settings: Any, resource: str) -> None:
    with syncing.upstream(settings, lists=24, parcels=26, page_size=1) as there:
        stopped_after: list[int] = []
        run = sync(
            resource,
            should_stop=lambda: bool(stopped_after),
            on_progress=lambda run: stopped_after.append(run.fetched),
        )
        assert (run.state, run.fetched) == (State.INTERRUPTED, stopped_after[-1])
        assert 0 < run.fetched < len(there.bodies(resource))
        checkpoint = run.checkpoint["page"]
        there.calls.clear()
        again = sync(resource)
        assert (again.state, again.resumes) == (State.SUCCEEDED, run)
        pages = list(map(int, there.pages(resource)))
        assert min(pages[:3]) == checkpoint > 1  # and from page one afterwards, as only that proves what is gone
        assert pages.count(1) == 1
        assert again.fetched == again.created + again.unchanged == len(there.bodies(resource))
        assert mirrored(resource) == there.bodies(resource)


def test_a_dry_run_counts_and_writes_nothing(there: Upstream) -> None:
    run = sync("afosto.shipments", is_dry=True)
    assert counts(run) == {"fetched": run.created, "created": len(there.bodies("afosto.shipments"))}
    assert not Shipment.objects.exists()
