"""The pick screen without a script: scans, one write each, short picks, trouble at its line, who may."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import RemoteWrite
from fulfilment.models import HandlingList
from fulfilment.stations.pick import Stop
from fulfilment.stations.stops import stops_of
from fulfilment.tests.syncing import Upstream, sync, upstream
from fulfilment.tests.warehouse import MUG, POT, handled, listed, picker, shipments_of

pytestmark = pytest.mark.django_db
State = RemoteWrite.State
SUB = "65499856-fd85-401d-b264-c752e6ad8880"


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield there


@pytest.fixture
def warehouse(client: Client) -> Client:
    client.force_login(picker(sub=SUB, username="mira"))
    return client


@pytest.fixture
def pick(depot: Upstream) -> HandlingList:
    """Three mugs and a teapot for one shipment, a mug for another."""
    return listed(depot, {MUG: 3, POT: 1}, {MUG: 1})


def url_of(name: str, handling_list: HandlingList) -> str:
    return reverse(name, args=[handling_list.remote_id])


def form_on(page: str, action: str) -> dict[str, str]:
    """What the form that posts to ``action`` would send."""
    form = re.search(rf'<form method="post" action="{re.escape(action)}"(.*?)</form>', page, re.S)
    assert form, action
    fields = {}
    for tag in re.findall(r"<input [^>]*>", form[1]):
        name, value = re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)
        if name:
            fields[name[1]] = value[1] if value else ""
    return fields


def opened(client: Client, handling_list: HandlingList, query: str = "") -> str:
    answer = client.get(url_of("pick_list", handling_list) + query)
    assert answer.status_code == 200
    return str(answer.content.decode())


def scan(client: Client, handling_list: HandlingList, code: str, page: str = "", **headers: str) -> str:
    """Scan into the form of the page (by default of the one that is shown now); the page that follows."""
    url = url_of("pick_list", handling_list)
    fields = form_on(page or opened(client, handling_list), url)
    answer = client.post(url, {**fields, "scan": code}, follow=True, **headers)
    assert answer.status_code == 200
    return str(answer.content.decode())


def told(page: str) -> list[tuple[str, str]]:
    """Level and words of what the last scan was answered with."""
    found = re.findall(r'<div class="bo-notice ff-(\w+)"[^>]*><p class="ff-told">(.*?)</p>', page, re.S)
    return [(level, re.sub(r"\s*<a .*?</a>", "", words)) for level, words in found]


def stop(handling_list: HandlingList, place: int = 0) -> Stop:
    return stops_of(HandlingList.objects.get(pk=handling_list.pk))[place]


def test_a_list_is_picked_scan_by_scan_in_walking_order(warehouse: Client, depot: Upstream, pick: HandlingList) -> None:
    walk = stops_of(pick)
    assert [line.rank for line in walk] == sorted(line.rank or 0 for line in walk)
    page = opened(warehouse, pick)
    for number, code in enumerate(line.sku for line in walk for _ in line.ids):
        page = scan(warehouse, pick, code, page)
        assert told(page)[0][0] == "success", told(page)
        assert len(handled(depot, pick)) == number + 1
    assert "All lines are done." in page or "This list is finished." in page
    assert RemoteWrite.objects.filter(state=State.CONFIRMED).count() == 5
    assert len(depot.paths("PUT")) == 5  # one write a scan
    assert "Pack " in page


def test_counting_up_and_the_bin_are_told(warehouse: Client, depot: Upstream, pick: HandlingList) -> None:
    first, page = stop(pick), opened(warehouse, pick)
    for number in range(1, len(first.ids) + 1):
        page = scan(warehouse, pick, first.sku, page)
        assert told(page) == [("success", f"{number} of {len(first.ids)}: {first.sku} into {first.bin}.")]


def test_a_wrong_scan_sends_nothing_and_says_what_was_expected(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    first, other, page = stop(pick), stop(pick, -1), opened(warehouse, pick)
    for code in ("NEVER-HEARD-OF", other.ids[0]):
        page = scan(warehouse, pick, code, page)
        level, words = told(page)[0]
        assert level == "error"
        assert f"Expected: {first.sku} at {first.place}" in words
    assert not depot.paths("PUT")
    assert not RemoteWrite.objects.exists()


def test_the_same_submission_twice_is_one_write_and_a_repeated_scan_of_a_done_line_none(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    page = opened(warehouse, pick)
    first = stop(pick)
    scan(warehouse, pick, first.sku, page)
    again = scan(warehouse, pick, first.sku, page)  # Back, and Enter once more
    assert told(again)[0] == ("success", f"1 of {len(first.ids)}: {first.sku} into {first.bin}.")
    assert len(handled(depot, pick)) == 1
    for _ in first.left[1:]:
        again = scan(warehouse, pick, first.sku, again)
    level, words = told(scan(warehouse, pick, first.ids[0], again))[0]
    assert level == "info"
    assert "done already" in words
    assert len(depot.paths("PUT")) == len(first.ids)


def test_a_script_gets_the_screen_itself_and_an_open_one_only_what_changed(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    part = scan(warehouse, pick, stop(pick).sku, HTTP_HX_REQUEST="true")
    assert "<html" not in part
    assert told(part)[0][0] == "success"
    version = re.search(r'data-version="(\w+)"', part)
    url = re.search(r'data-url="([^"]*)"', part)
    assert version and url
    asks = {"HTTP_HX_REQUEST": "true", "HTTP_X_RECORD_VERSION": version[1]}
    assert warehouse.get(url[1], **asks).status_code == 204
    other = stop(pick, -1)
    depot.afosto.pick(pick.remote_id, other.ids[0])
    sync("afosto.handling_lists")
    changed = warehouse.get(url[1], **asks)
    assert b"2 of 5 pieces picked" in changed.content
    assert b"<html" not in changed.content


def test_another_line_is_chosen_and_picking_returns_to_what_was_skipped(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    last = stop(pick, -1)
    page = opened(warehouse, pick, f"?line={last.key}")
    for _ in last.ids:
        page = scan(warehouse, pick, last.sku, page)
    assert f'name="line" value="{stop(pick).key}"' in page
    assert last.ids[0] in {its["id"] for its in depot.afosto.pieces.of_list(pick.remote_id) if its["is_handled"]}


def test_a_short_pick_is_a_write_for_each_number_and_the_picked_line_goes_on(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    mugs = next(line for line in stops_of(pick) if len(line.ids) == 3)
    url = url_of("short_pick", pick)
    page = warehouse.get(f"{url}?line={mugs.key}").content.decode()
    fields = form_on(page, url)
    assert fields["missing"] == "3"

    nothing = warehouse.post(url, {**fields, "missing": "", "backorder": "", "overage": "0"})
    assert b"Say how many are missing" in nothing.content
    too_many = warehouse.post(url, {**fields, "missing": "4", "backorder": "x"})
    assert b"Only 3 of them are left to pick." in too_many.content
    assert b"Type a whole number." in too_many.content
    assert not depot.calls

    sent = {**fields, "missing": "2", "backorder": "2", "overage": "1"}
    answer = warehouse.post(url, sent, follow=True).content.decode()
    assert [level for level, _ in told(answer)] == ["success"] * 3, told(answer)
    shipment = depot.afosto.shipment_body(mugs.shipment_id)
    assert sum(its["is_missing"] for its in shipment["items"]) == 2
    assert [(its["sku"], its["quantity"]) for its in shipment["backorders"]] == [(MUG, 2)]
    assert [(its["sku"], its["quantity"]) for its in shipment["overage"]] == [(MUG, 1)]
    warehouse.post(url, sent)  # the same form once more
    assert RemoteWrite.objects.count() == 3
    assert len(stop(pick, [line.key for line in stops_of(pick)].index(mugs.key)).left) == 1
    assert "2 missing" in answer


def test_a_mistake_is_taken_back_while_no_parcel_holds_the_piece(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    first = stop(pick)
    page = scan(warehouse, pick, first.sku)
    undo = url_of("undo_pick", pick)
    write_id = form_on(page, undo)["write_id"]
    piece = re.search(r'name="piece" value="([^"]*)">Put one back', page)
    assert piece
    answer = warehouse.post(undo, {"write_id": write_id, "piece": piece[1]}, follow=True).content.decode()
    assert told(answer) == [("success", f"One of {first.sku} is to be picked again.")]
    assert handled(depot, pick) == []
    stray = warehouse.post(undo, {"write_id": write_id, "piece": "of-another-list"}, follow=True).content.decode()
    assert told(stray)[0][0] == "error"


def test_what_became_of_a_lost_and_a_refused_mark_stands_at_its_line(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    first = stop(pick)
    depot.turn_on("drop", method="PUT")
    level, words = told(scan(warehouse, pick, first.sku))[0]
    assert level == "warning"
    assert "Nobody can say yet" in words
    depot.turn_off("drop")
    unknown = RemoteWrite.objects.get()
    assert unknown.state == State.UNKNOWN
    page = opened(warehouse, pick)
    line = page.split('class="ff-trouble"')[1]
    assert "Look now" in line
    look = reverse("look_for_write", args=[unknown.pk])
    answer = warehouse.post(look, form_on(page, look), follow=True)
    assert answer.redirect_chain[-1][0] == url_of("pick_list", pick)  # back to the screen
    unknown.refresh_from_db()
    assert unknown.state == State.CONFIRMED
    assert "ff-trouble" not in opened(warehouse, pick)

    depot.turn_on("fail", method="PUT", status=409)
    level, _ = told(scan(warehouse, pick, stop(pick).sku))[0]
    assert level == "error"
    depot.turn_off("fail")
    refused = RemoteWrite.objects.get(state=State.REFUSED)
    page = opened(warehouse, pick)
    assert refused.error in page.split('class="ff-trouble"')[1].replace("&#x27;", "'")
    dismiss = reverse("dismiss_write", args=[refused.pk])
    assert warehouse.post(dismiss, form_on(page, dismiss)).status_code == 302
    assert "ff-trouble" not in opened(warehouse, pick)


def test_a_piece_whose_mark_is_unknown_is_not_taken_by_the_next_scan(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    mugs = next(line for line in stops_of(pick) if len(line.ids) == 3)
    depot.turn_on("lose", method="PUT")
    scan(warehouse, pick, MUG, opened(warehouse, pick, f"?line={mugs.key}"))
    depot.turn_off("lose")
    scan(warehouse, pick, MUG, opened(warehouse, pick, f"?line={mugs.key}"))
    marked = [write.sends["items"][0]["id"] for write in RemoteWrite.objects.order_by("planned_at")]
    assert marked == list(mugs.ids[:2])


def test_held_and_finished_lists_say_so_and_offer_what_can_be_done(
    warehouse: Client, depot: Upstream, pick: HandlingList
) -> None:
    page = opened(warehouse, pick)
    assert "held by nobody" in page
    assert ">Take</button>" in page
    depot.afosto.picking.set_state(pick.remote_id, {"is_on_hold": True, "sub": "somebody-else"})
    sync("afosto.handling_lists")
    depot.calls.clear()
    held = opened(warehouse, pick)
    assert "on hold: release it first" in held
    assert ">Release</button>" in held
    assert "Take over from somebody-else" in held
    assert "data-scan-form" in page
    assert "data-scan-form" not in held
    late = scan(warehouse, pick, stop(pick).sku, page)  # a page from before it was held
    assert "on hold" in told(late)[0][1]
    assert not depot.calls

    depot.afosto.picking.set_state(pick.remote_id, {"is_on_hold": False})
    depot.afosto.pick(pick.remote_id)
    sync("afosto.handling_lists")
    sync("afosto.shipments", "full")
    done = opened(warehouse, pick)
    for shipment in shipments_of(pick):
        assert reverse("pack_shipment", args=[shipment.remote_id]) in done


def test_a_viewer_may_look_and_nobody_picks_without_the_permission(
    viewer: Client, depot: Upstream, pick: HandlingList
) -> None:
    page = opened(viewer, pick)
    assert "You may look at this list, not pick it." in page
    assert "<form" not in page.split('id="station"')[1].split("</section>")[0]
    for name in ("pick_list", "short_pick", "undo_pick"):
        values = {"write_id": "00000000-0000-0000-0000-000000000001", "scan": MUG, "piece": stop(pick).ids[0]}
        assert viewer.post(url_of(name, pick), values).status_code == 403, name
    assert not depot.calls
    assert not RemoteWrite.objects.exists()


def test_the_screen_costs_as_many_queries_for_a_long_list(warehouse: Client, depot: Upstream) -> None:
    counts = []
    for goods in ([{MUG: 1}], [{MUG: 2, POT: 3}] * 6):
        handling_list = listed(depot, *goods)
        with CaptureQueriesContext(connection) as queries:
            opened(warehouse, handling_list)
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 30


def test_remote_text_on_the_screen_is_text(warehouse: Client, depot: Upstream, pick: HandlingList) -> None:
    detail = dict(pick.detail or {})
    detail["items"] = [{**group, "description": "<img src=x onerror=alert(1)>"} for group in detail["items"]]
    HandlingList.objects.filter(pk=pick.pk).update(detail=detail)
    assert "<img" not in opened(warehouse, pick)
    assert told(scan(warehouse, pick, "<b>x</b>"))[0][1].startswith("&lt;b&gt;x")
