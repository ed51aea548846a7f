"""The pick list on paper."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from fulfilment.models import HandlingList
from fulfilment.pieces import PickLine
from fulfilment.stations.printing import bins_of, code, rows_of
from fulfilment.tests.syncing import Upstream, upstream
from fulfilment.tests.warehouse import MUG, POT, a_list, listed


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield there


@pytest.mark.django_db
def test_a_list_is_printed_by_position_and_by_shipment_with_codes(viewer: Client, depot: Upstream) -> None:
    pick = listed(depot, {MUG: 3, POT: 1}, {MUG: 1})
    depot.calls.clear()
    page = viewer.get(reverse("printed_list", args=[pick.remote_id])).content.decode()
    walk, bins = page.split("By position")[1].split("By shipment")
    assert re.findall(r'<td class="where">([^<]*)</td>', walk) == sorted(re.findall(r'class="where">([^<]*)<', walk))
    assert len(re.findall("<svg", page)) == 1 + 3  # the list's own, and one a line
    assert re.findall(r">(K\d)<", bins) == ["K1", "K2"]
    assert "Held by</dt><dd>nobody" in page
    assert "<script>" not in page and " style=" not in page
    assert not depot.calls


@pytest.mark.django_db
def test_a_list_that_must_not_be_picked_says_so_on_paper_and_remote_text_is_text(viewer: Client) -> None:
    held = a_list("<b>PL</b>", is_on_hold=True)
    page = viewer.get(reverse("printed_list", args=[held.remote_id])).content.decode()
    assert "This list is on hold. Do not pick it." in page
    assert "<b>PL" not in page
    assert "Its pieces were not read yet." in page
    assert viewer.get(reverse("printed_list", args=["unknown"])).status_code == 404
    HandlingList.objects.filter(pk=held.pk).update(is_on_hold=False)
    assert "Do not pick it" not in viewer.get(reverse("printed_list", args=[held.remote_id])).content.decode()


def test_strangers_are_sent_to_the_log_in(client: Client) -> None:
    assert client.get(reverse("printed_list", args=["any"]))["Location"].startswith("/admin/login/")


def test_bins_stand_in_the_order_of_their_labels_and_keep_the_walk_inside() -> None:
    lines = [
        PickLine(ids=("a",), sku="A", sorting_label="K10", shipment_id="s10"),
        PickLine(ids=("b", "c"), sku="B", sorting_label="K2", shipment_id="s2"),
        PickLine(ids=("d",), sku="D", sorting_label="K2", shipment_id="s2"),
    ]
    bins = bins_of(rows_of(lines))
    assert [(its.label, its.pieces, [row.line.sku for row in its.rows]) for its in bins] == [
        ("K2", 3, ["B", "D"]),
        ("K10", 1, ["A"]),
    ]


@pytest.mark.parametrize("text", ["MUG-BLK-300", "Größe ☕ 42", "<svg onload=alert(1)>", "x" * 300])
def test_any_sku_gets_a_code_of_squares_only(text: str) -> None:
    drawn = code(text)
    assert drawn.startswith("<svg")
    assert "onload" not in drawn
    assert set(re.findall(r"<(\w+)", drawn)) <= {"svg", "path"}


def test_what_no_code_can_hold_has_none() -> None:
    assert code("") == code("x" * 301) == ""
