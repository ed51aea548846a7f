"""Single reads beside the rows: when they are owed, what they may change, which shape is which; and no secrets."""

import json
import logging
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from django.utils import timezone

from backoffice.client import BACKGROUND
from backoffice.errors import RemoteContractError
from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun
from backoffice.reindex import fill_search
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.tests.everywhere import every_table
from customers.tests.kirim import counts
from fulfilment.afosto import AfostoAPI, HandlingListCreated, HandlingListRecord, HandlingListRowRecord
from fulfilment.models import HandlingList, Shipment
from fulfilment.sync import row_members
from fulfilment.tests import syncing
from fulfilment.tests.syncing import Upstream, mirrored, stored, sync

pytestmark = pytest.mark.django_db
FULL, State = SyncRun.Mode.FULL, SyncRun.State
LISTS, SHIPMENTS = "afosto.handling_lists", "afosto.shipments"
DETAIL_FLAGS = ("is_handled", "is_boxed", "is_labeled", "is_serviced", "order_id", "piece_count", "boxed_count")


@pytest.fixture
def there(settings: Any) -> Iterator[Upstream]:
    with syncing.upstream(settings) as there:
        yield there


def details_read(there: Upstream, resource: str) -> list[str]:
    start = f"{syncing.PATHS[resource]}/"
    return [path.removeprefix(start) for path in there.paths() if path.startswith(start)]


def read(resource: str, remote_id: str) -> Batch:
    with AfostoAPI.from_settings(BACKGROUND) as api:
        return RESOURCES[resource].look(api, remote_id)


def open_shipment() -> Any:
    return Shipment.objects.filter(state="on a list").earliest("pk")


# -- when they are owed -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("resource", [LISTS, SHIPMENTS])
def test_a_normal_run_reads_the_open_ones_once_and_a_full_run_the_rest(there: Upstream, resource: str) -> None:
    model = syncing.MODELS[resource]
    sync(resource)
    over = ["finished", "cancelled"]
    ids = set(model.objects.exclude(state__in=over).values_list("remote_id", flat=True))
    assert ids and set(details_read(there, resource)) == ids == set(with_detail(model))
    there.calls.clear()
    sync(resource)
    assert details_read(there, resource) == []
    sync(resource, FULL)
    rest = set(model.objects.filter(state__in=over).values_list("remote_id", flat=True))
    assert rest and set(details_read(there, resource)) == rest
    there.calls.clear()
    sync(resource, FULL)
    assert details_read(there, resource) == []


def with_detail(model: Any) -> list[str]:
    return list(model.objects.exclude(detail=None).values_list("remote_id", flat=True))


def test_a_row_that_changed_is_read_again_and_only_that(there: Upstream) -> None:
    sync(SHIPMENTS, FULL)
    row = open_shipment()
    there.afosto.save(there.afosto.shipments, row.remote_id, method_id="another")
    finished = Shipment.objects.filter(state="finished").earliest("pk")
    there.afosto.save(there.afosto.shipments, finished.remote_id, number="another")
    there.calls.clear()
    assert counts(sync(SHIPMENTS))["updated"] == 2
    assert sorted(details_read(there, SHIPMENTS)) == sorted([row.remote_id, finished.remote_id])
    finished.refresh_from_db()
    assert (finished.number, finished.detail["number"]) == ("another", "another")
    there.calls.clear()
    sync(SHIPMENTS)
    assert details_read(there, SHIPMENTS) == []


def test_what_a_shipment_is_searched_by_can_be_derived_anew(there: Upstream) -> None:
    sync(SHIPMENTS)
    texts = dict(Shipment.objects.exclude(detail=None).values_list("remote_id", "piece_text"))
    shipment = open_shipment()
    assert {shipment.number.lower(), shipment.remote_id} < set(texts[shipment.remote_id].split("\n"))
    Shipment.objects.update(piece_text="")
    assert fill_search(RESOURCES[SHIPMENTS]) == len(texts) > 0
    assert dict(Shipment.objects.exclude(detail=None).values_list("remote_id", "piece_text")) == texts
    assert fill_search(RESOURCES[SHIPMENTS]) == 0


def test_a_detail_that_is_gone_meanwhile_is_left_to_the_next_sweep(there: Upstream) -> None:
    row = there.afosto.new_shipment({"TEAPOT-1L": 1})
    there.turn_on("fail", status=404, path=f"/lcs/shipments/{row['id']}")
    assert sync(SHIPMENTS).state == State.SUCCEEDED
    kept = Shipment.objects.get(remote_id=row["id"])
    assert (kept.detail, kept.vanished_at) == (None, None)


# -- what they may change ---------------------------------------------------------------------------------------------


def test_a_row_never_overwrites_what_only_a_single_read_tells(there: Upstream) -> None:
    sync(SHIPMENTS, FULL)
    row = Shipment.objects.filter(is_boxed=True, state="packed").earliest("pk")
    before = {name: getattr(row, name) for name in DETAIL_FLAGS} | {"detail": row.detail}
    there.afosto.shipments.change(row.remote_id, number="renamed")
    there.turn_on("fail", status=404, path=f"/lcs/shipments/{row.remote_id}")  # so that only its row is read
    sync(SHIPMENTS)
    row.refresh_from_db()
    assert row.number == "renamed" and row.state == "packed"
    assert {name: getattr(row, name) for name in before} == before


def test_an_older_single_read_overwrites_neither_a_newer_one_nor_a_newer_row(there: Upstream) -> None:
    shipment = there.afosto.new_shipment({"TEAPOT-1L": 2})
    old = read(SHIPMENTS, shipment["id"])
    there.afosto.new_parcel(shipment["id"])
    there.afosto.shipments.change(shipment["id"], number="newer")
    new = read(SHIPMENTS, shipment["id"])
    for batch in (new, old):
        single.take(SHIPMENTS, batch, BY_HAND)
        row = Shipment.objects.get(remote_id=shipment["id"])
        assert (row.state, row.boxed_count, row.number, row.detail_at) == ("packed", 2, "newer", new.sent_at)
        assert row.detail["number"] == "newer"


def test_an_old_single_read_of_a_newer_row_is_still_owed(there: Upstream) -> None:
    shipment = there.afosto.new_shipment({"TEAPOT-1L": 2})
    old = read(SHIPMENTS, shipment["id"])
    there.turn_on("fail", status=404, path="/lcs/shipments/*")
    sync(SHIPMENTS)
    there.turn_off("fail")
    single.take(SHIPMENTS, old, BY_HAND)
    there.afosto.new_parcel(shipment["id"])
    sync(SHIPMENTS)
    assert Shipment.objects.get(remote_id=shipment["id"]).state == "packed"


@pytest.mark.parametrize("resource", [LISTS, SHIPMENTS])
def test_equal_content_keeps_the_stored_bytes_and_their_time(there: Upstream, resource: str) -> None:
    sync(resource, FULL)
    before = stored(resource)
    for row in before:
        single.take(resource, read(resource, row["remote_id"]), BY_HAND)
    for old, new in zip(before, stored(resource), strict=True):
        assert new["detail_at"] > old["detail_at"]
        assert old | {"detail_at": None} == new | {"detail_at": None}
    run = sync(resource)
    assert counts(run).keys() == {"fetched", "unchanged"}
    assert not RowChange.objects.exists()


def test_a_single_read_of_a_list_moves_its_pieces_on_and_keeps_what_only_the_row_tells(there: Upstream) -> None:
    shipment = there.afosto.new_shipment({"MUG-BLK-300": 2, "TEAPOT-1L": 1})
    listed = there.afosto.new_list(shipment["id"])
    pieces = [piece["id"] for piece in there.afosto.pieces.of_list(listed["id"])]
    there.afosto.planning.set_missing(shipment["id"], [{"id": pieces[2], "is_missing": True}])
    sync(LISTS)
    there.afosto.pick(listed["id"], pieces[1])
    single.take(LISTS, read(LISTS, listed["id"]), BY_HAND)
    row = HandlingList.objects.get(remote_id=listed["id"])
    assert (row.handled_count, row.missing_count, row.state) == (1, 1, "in progress")
    assert row.payload == there.bodies(LISTS)[listed["id"]]
    change = RowChange.objects.filter(member="items").get()
    assert change.remote_id == listed["id"]


def test_a_body_that_the_contract_does_not_allow_makes_the_run_partial_and_keeps_the_last_good_one(
    there: Upstream,
) -> None:
    sync(SHIPMENTS)
    row = open_shipment()
    before = row.detail
    there.afosto.shipments.change(row.remote_id, number="renamed")

    def odd(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(f"/lcs/shipments/{row.remote_id}"):
            return None
        body = {**there.afosto.shipment_body(row.remote_id), "items": [{"sku": "no id"}], "secret": "s3cret-value"}
        return httpx.Response(200, json=body)

    there.watch = odd
    run = sync(SHIPMENTS)
    assert run.state == State.PARTIAL and f"Reading {row.remote_id} of {SHIPMENTS}" in run.error
    assert run.fetched == run.created + run.updated + run.unchanged + run.failed
    row.refresh_from_db()
    assert (row.number, row.detail) == ("renamed", before)
    with pytest.raises(RemoteContractError, match="id"):
        single.take(SHIPMENTS, read(SHIPMENTS, row.remote_id), BY_HAND)
    there.watch = lambda request: None
    assert sync(SHIPMENTS).state == State.SUCCEEDED  # it is owed until it is read
    row.refresh_from_db()
    assert row.detail["number"] == "renamed"


@pytest.mark.parametrize(
    "items", [{}, "text", [5], [None], [{"ids": "ab"}], [{"ids": [5]}], [{"ids": [["a"]]}], [{"ids": [{}]}]]
)
def test_lists_whose_groups_are_no_groups_cost_nothing_else(there: Upstream, items: Any) -> None:
    sync(LISTS)
    rows = mirrored(LISTS)
    row = HandlingList.objects.earliest("pk")
    body = {**there.afosto.list_body(row.remote_id), "items": items}
    strange = {**body, "id": "another"}
    for sent in (body, strange):
        single.take(LISTS, Batch([msgspec.json.encode(sent)], timezone.now(), is_detail=True), BY_HAND)
    assert mirrored(LISTS) == rows  # one that was not here is not made of it, either
    assert set(RejectedRecord.objects.values_list("remote_id", flat=True)) == {row.remote_id, "another"}
    row.refresh_from_db()
    assert row.detail is None or row.detail["items"] != items


# -- shapes -----------------------------------------------------------------------------------------------------------


def test_the_three_shapes_of_a_list_are_told_apart(there: Upstream) -> None:
    shipment = there.afosto.new_shipment({"MUG-BLK-300": 2})
    listed = there.afosto.new_list(shipment["id"])
    rows = there.bodies(LISTS)
    flat = json.dumps(rows[listed["id"]]).encode()
    grouped = msgspec.json.encode(there.afosto.list_body(listed["id"]))
    made = msgspec.json.encode(there.afosto.picking.created(there.afosto.lists.get(listed["id"])))
    assert [piece.sku for piece in HandlingListRowRecord.read(flat).items or []] == ["MUG-BLK-300"] * 2
    assert [len(group.ids) for group in HandlingListRecord.read(grouped).items or []] == [2]
    assert HandlingListCreated.read(made).is_assigned is False
    for record, other in ((HandlingListRowRecord, grouped), (HandlingListRecord, flat)):
        with pytest.raises(ValueError):
            record.read(other)
        bare = {name: value for name, value in msgspec.json.decode(flat).items() if name != "items"}
        assert record.read(json.dumps(bare).encode()).items is None, "no pieces, whether told by null, [] or not at all"


def test_a_list_known_by_its_single_read_alone_is_completed_by_the_next_sweep(there: Upstream) -> None:
    listed = there.afosto.new_list(there.afosto.new_shipment({"MUG-BLK-300": 2})["id"])
    there.afosto.pick(listed["id"], there.afosto.pieces.of_list(listed["id"])[0]["id"])
    single.take(LISTS, read(LISTS, listed["id"]), BY_HAND)
    row = HandlingList.objects.get()
    assert (row.number, row.state, row.piece_count, row.handled_count) == (listed["number"], "in progress", 2, 1)
    assert counts(sync(LISTS))["updated"] == 1
    assert mirrored(LISTS) == there.bodies(LISTS)
    assert counts(sync(LISTS)).keys() == {"fetched", "unchanged"}


@pytest.mark.parametrize(
    ("detail", "stored_row", "row"),
    [
        ({"id": "1", "a": 1, "more": 2}, None, {"id": "1", "a": 1}),
        ({"id": "1", "a": 2}, {"id": "1", "a": 1}, {"id": "1", "a": 2}),
        ({"id": "1"}, {"id": "1", "a": 1}, {"id": "1"}),
        ({"id": "1"}, {"id": "1", "a": None}, {"id": "1", "a": None}),
        ({"id": "1", "a": None}, {"id": "1", "a": ""}, {"id": "1", "a": ""}),
        ({"id": "1", "a": ""}, {"id": "1"}, {"id": "1"}),
        ({"id": "1", "a": None}, {"id": "1", "a": 1}, {"id": "1", "a": None}),
        ({"id": "1", "a": 0}, {"id": "1"}, {"id": "1", "a": 0}),
        ({"id": "1", "a": False}, {"id": "1", "a": None}, {"id": "1", "a": None}),
        ({"id": "1", "a": False}, {"id": "1"}, {"id": "1"}),
        ({"id": "1", "a": False}, {"id": "1", "a": True}, {"id": "1", "a": False}),
        ({"id": "1", "a": None}, {"id": "1", "a": False}, {"id": "1", "a": False}),
        ({"id": "1"}, {"id": "1", "a": True}, {"id": "1"}),
        ({"id": "1", "new": 1}, {"id": "1"}, {"id": "1"}),
        ({"id": "1", "new": 2}, {"id": "1", "new": 1}, {"id": "1", "new": 2}),
        ({"id": "1"}, {"id": "1", "new": 1}, {"id": "1", "new": 1}),
    ],
    ids=str,
)
def test_a_row_is_cut_out_of_a_single_read(detail: Any, stored_row: Any, row: Any) -> None:
    members = msgspec.json.decode(msgspec.json.encode(detail), type=dict[str, msgspec.Raw])
    told = row_members(members, stored_row, frozenset({"id", "a"}))
    assert msgspec.json.decode(msgspec.json.encode(told)) == row


@pytest.mark.parametrize("resource", [LISTS, SHIPMENTS])
@pytest.mark.parametrize("said", [None, "", "left out"])
def test_what_rows_say_in_another_way_than_single_reads_is_no_change(there: Upstream, resource: str, said: Any) -> None:
    def less_false(value: Any) -> Any:
        if isinstance(value, dict):
            kept = value.items() if said != "left out" else [its for its in value.items() if its[1] is not False]
            return {name: less_false(item) for name, item in kept}
        if isinstance(value, list):
            return [less_false(item) for item in value]
        return said if value is False else value

    def rows(request: httpx.Request) -> httpx.Response | None:
        if request.method != "GET" or not request.url.path.endswith(syncing.PATHS[resource]):
            return None
        answer = there.answer(request)
        count = {"x-count": answer.headers["x-count"]}
        return httpx.Response(200, json=less_false(answer.json()), headers=count)

    there.watch = rows
    sync(resource)
    before, changes = stored(resource), RowChange.objects.count()
    there.calls.clear()
    for _ in range(2):
        assert counts(sync(resource)).keys() == {"fetched", "unchanged"}
    assert details_read(there, resource) == []
    assert stored(resource) == before and RowChange.objects.count() == changes


# -- secrets ----------------------------------------------------------------------------------------------------------


def test_the_secret_of_a_shipment_is_kept_nowhere(there: Upstream, caplog: pytest.LogCaptureFixture) -> None:
    secrets = {body["secret"] for body in there.afosto.shipments}
    assert secrets and all(secrets)
    bad = there.afosto.new_shipment({"TEAPOT-1L": 1})
    there.afosto.shipments.change(bad["id"], is_outbound="not a flag")
    cut = open_or_any(there)

    def truncated(request: httpx.Request) -> httpx.Response | None:
        if not request.url.path.endswith(f"/lcs/shipments/{cut['id']}"):
            return None
        body = json.dumps({"secret": cut["secret"], "client_secret": 'cut\\"s3cret-in-quotes', **cut})
        return httpx.Response(200, content=body[:150].encode(), headers={"content-type": "application/json"})

    there.watch = truncated
    with caplog.at_level(logging.DEBUG):
        for mode in (SyncRun.Mode.NORMAL, FULL, SyncRun.Mode.HOT):
            sync(SHIPMENTS, mode)
    assert RejectedRecord.objects.filter(remote_id=bad["id"]).exists()
    assert "answer outside the contract" in caplog.text
    told = caplog.text + every_table()
    for secret in {*secrets, bad["secret"], "s3cret-in-quotes"}:
        assert secret not in told
    assert not Drift.objects.filter(name="secret").exists()


def open_or_any(there: Upstream) -> dict[str, Any]:
    return there.afosto.new_shipment({"MUG-BLK-300": 1})


def test_due_is_told_by_times_of_ours_alone(there: Upstream) -> None:
    """Afosto's own clock may say what it likes (FAULTS 23)."""
    sync(SHIPMENTS)
    row = open_shipment()
    there.afosto.shipments.change(row.remote_id, updated_at="2999-01-01T00:00:00+00:00")
    there.calls.clear()
    sync(SHIPMENTS)
    assert details_read(there, SHIPMENTS) == [row.remote_id]
    row.refresh_from_db()
    assert timezone.now() - row.detail_at < timedelta(minutes=1)
