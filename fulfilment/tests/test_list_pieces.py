"""Pieces as pages see them: in walking order, with what is known best of each, and without a single read."""

from typing import Any

import pytest

from fulfilment.models import HandlingList, Shipment
from fulfilment.pieces import Piece, contents_of, pick_lines

pytestmark = pytest.mark.django_db
AT = "2026-01-01T00:00:00Z"


def flat(id: str, **members: Any) -> dict[str, Any]:
    return {"id": id, "sku": id.partition("-")[0], "reference": f"SO-{id}", **members}


def handling_list(detail: Any = None, **payload: Any) -> HandlingList:
    return HandlingList.objects.create(
        remote_id="list", payload={"id": "list", **payload}, payload_hash=b"", synced_at=AT, detail=detail,
        shipment_ids=["shipment"],
    )  # fmt: skip


def shipment(detail: Any = None) -> Shipment:
    return Shipment.objects.create(
        remote_id="shipment", number="SH-1", payload={}, payload_hash=b"", synced_at=AT, detail=detail
    )


def test_lines_come_in_walking_order_with_what_each_source_knows_best() -> None:
    groups = [
        {"ids": ["C-1"], "sku": "C", "position": "B1", "shipment_id": "shipment", "rank": None},
        {"ids": ["B-1", "B-2"], "handled_ids": ["B-2"], "sku": "B", "position": "A2", "shipment_id": "x", "rank": 2},
        {"ids": ["A-1", "A-2", "A-3"], "sku": "A", "position": "A9", "shipment_id": "shipment", "rank": 1,
         "sorting_label": "K1", "handled_ids": ["A-1"]},
        {"ids": [], "sku": "empty"},
    ]  # fmt: skip
    shipment({"id": "shipment", "items": [flat("A-1"), flat("A-2", is_missing=True), flat("A-3", reference=None)]})
    row = handling_list(
        {"id": "list", "items": groups},
        items=[flat("A-1"), flat("A-2"), flat("A-3", is_missing=True), flat("B-1", is_missing=True), flat("B-2")],
    )
    first, second, third = pick_lines(row)
    assert (first.ids, first.left, first.missing_ids) == (("A-1", "A-2", "A-3"), ("A-3",), {"A-2"})
    assert (first.sorting_label, first.shipment_id, first.shipment_number) == ("K1", "shipment", "SH-1")
    assert first.references == {"A-1": "SO-A-1", "A-2": "SO-A-2"}
    assert (second.left, second.missing_ids, second.shipment_number) == ((), {"B-1"}, "")
    assert (third.sku, third.rank, third.left) == ("C", None, ("C-1",))


def test_a_list_of_which_only_the_row_is_here_has_a_line_a_piece(django_assert_max_num_queries: Any) -> None:
    row = handling_list(
        items=[flat("B-1", is_handled=True, position="Z"), flat("A-1", position=None), flat("C-1", position="A")]
    )
    with django_assert_max_num_queries(1):
        lines = pick_lines(row)
    assert [(line.sku, line.position, line.left) for line in lines] == [
        ("C", "A", ("C-1",)), ("B", "Z", ()), ("A", "", ("A-1",)),
    ]  # fmt: skip


@pytest.mark.parametrize("stored", [None, {}, [], "text", {"id": "list", "items": [{"no": "ids"}]}, {"id": 3}])
def test_what_this_version_cannot_read_is_as_good_as_not_there(stored: Any) -> None:
    row = handling_list(stored, items=None)
    assert pick_lines(row) == []
    row.payload = stored
    assert pick_lines(row) == []
    assert not contents_of(shipment(stored)).is_known


def test_a_shipment_tells_which_piece_is_where_and_what_is_left_to_box() -> None:
    pieces = [
        flat("A-1", is_boxed=True, is_handled=True), flat("A-2"), flat("A-3", is_handled=True),
        flat("A-4", is_missing=True, is_handled=True), flat("A-5", is_listed=True),
    ]  # fmt: skip
    parcels = [{"id": "parcel", "number": "PC-1", "items": [{"id": "A-1"}]}, {"id": "empty"}]
    contents = contents_of(shipment({"id": "shipment", "items": pieces, "parcels": parcels, "backorders": None}))
    assert contents.is_known and contents.backorders == ()
    assert [piece.state for piece in contents.pieces] == ["boxed", "open", "handled", "missing", "listed"]
    assert (contents.pieces[0].parcel_id, contents.pieces[0].parcel_number) == ("parcel", "PC-1")
    assert [piece.id for piece in contents.left_to_box] == ["A-3", "A-2", "A-5"]
    flags = ("is_finished", "is_in_transit", "is_boxed", "is_handled")
    told = [Piece("x", **dict.fromkeys(flags[n:], True)).state for n in range(len(flags))]
    assert told == ["finished", "in transit", "boxed", "handled"]
