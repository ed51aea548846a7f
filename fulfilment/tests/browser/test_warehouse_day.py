"""A day of the warehouse in a real browser, from a new list to the hand-over; and that a viewer can do none of it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import BrowserContext, Page, expect

from backoffice.models import RemoteWrite
from fulfilment.models import HandlingList, LabelJob, Parcel, Picker, Shipment
from fulfilment.stations.stops import stops_of
from fulfilment.tests.syncing import Upstream, sync_all, upstream
from fulfilment.tests.warehouse import MUG, POT, follow_labels, handled, listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
State = RemoteWrite.State
SUB = "65499856-fd85-401d-b264-c752e6ad8880"
PHONE = {"width": 390, "height": 844}
DESKTOP = {"width": 1280, "height": 900}


@pytest.fixture
def depot(settings: Any) -> Iterator[Upstream]:
    with upstream(settings, lists=0, parcels=0) as there:
        there.afosto.label_takes_s = 0
        yield there


def told(page: Page) -> Any:
    return page.locator("[data-told] [data-level]")


def scan(page: Page, code: str, level: str) -> None:
    """What a scanner does: it types, wherever the focus is, and presses Enter."""
    page.locator("#station").evaluate("station => { station.dataset.before = ''; }")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("#station:not([data-before])")).to_be_visible()
    expect(told(page)).to_have_attribute("data-level", level)
    is_ready(page)


def is_ready(page: Page) -> None:
    """The page waits for the next scan, where there is one to come."""
    if page.locator("[data-scan]").count():
        expect(page.locator("[data-scan]")).to_be_focused()


def test_a_day_of_the_warehouse(depot: Upstream, sign_in: SignIn, context: BrowserContext, shoot: Shoot) -> None:
    afosto = depot.afosto
    orders = [afosto.new_shipment(goods)["id"] for goods in ({MUG: 3, POT: 1}, {POT: 1})]
    sync_all()
    page = sign_in("warehouse")
    me = User.objects.get(username="warehouse")
    Picker.objects.create(user=me, sub=SUB)

    # A list is made of two shipments.
    page.goto(reverse("admin:create_handlinglist"))
    for order in orders:
        page.locator(f"input[name=shipments][value='{order}']").check()
    page.get_by_role("button", name=re.compile("^Make a handling list")).last.click()
    page.wait_for_url(re.compile("/handlinglist/\\d+/change/"))
    pick = HandlingList.objects.get()
    assert sorted(afosto.lists.get(pick.remote_id)["shipments"]) == sorted(orders)

    # It stands on the board, and is taken there.
    page.goto(reverse("board"))
    row = page.locator("tr", has=page.get_by_role("link", name=str(pick)))
    row.get_by_role("button", name="Take").click()
    expect(page.get_by_text(f"{pick} is yours now.")).to_be_visible()
    assert afosto.lists.get(pick.remote_id)["sub"] == SUB
    shoot(page, "warehouse-board")
    page.get_by_role("link", name="Pick", exact=True).click()

    # It is picked by scanning on a small screen: one scan is wrong, one piece is not there.
    page.set_viewport_size(PHONE)
    expect(page.get_by_label(re.compile("^Scan"))).to_be_focused()
    walk = stops_of(pick)
    short = next(line for line in walk if len(line.ids) == 3)
    scan(page, "NEVER-HEARD-OF", "error")
    expect(told(page)).to_contain_text(f"Expected: {walk[0].sku} at {walk[0].place}")
    assert handled(depot, pick) == []
    shoot(page, "warehouse-wrong-scan")
    page.get_by_role("button", name="Hold").focus()  # a scanner's Enter presses no button
    for line in walk:
        for _ in line.ids[: 2 if line.key == short.key else None]:
            scan(page, line.sku, "success")
        if line.key == short.key:
            page.get_by_role("link", name=re.compile("^Not enough")).click()
            page.locator("dialog[open]").get_by_label("Missing").fill("1")
            page.get_by_role("button", name="Write it to Afosto").click()
            expect(told(page)).to_contain_text("marked as missing")
            is_ready(page)  # it was loaded anew
    expect(page.get_by_text(re.compile("All lines are done|This list is finished"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert not afosto.lists.get(pick.remote_id)["is_on_hold"]
    assert handled(depot, pick) == sorted([MUG, MUG, POT, POT])
    assert sum(its["is_missing"] for its in afosto.pieces.of_list(pick.remote_id)) == 1
    shoot(page, "warehouse-picked")

    # The list can be printed.
    page.goto(reverse("printed_list", args=[pick.remote_id]))
    expect(page.get_by_role("heading", name=f"Pick list {pick}")).to_be_visible()
    assert page.locator("svg").count() == 1 + len(walk)
    page.go_back()

    # Two parcels are packed, the second by ticking.
    page.set_viewport_size(DESKTOP)
    first, second = (Shipment.objects.get(remote_id=order) for order in orders)
    page.get_by_role("link", name=f"Pack {first}").click()
    expect(page.locator("[data-scan]")).to_be_focused()
    for code in (MUG, POT, MUG):
        scan(page, code, "success")
    scan(page, POT, "info")
    scan(page, "NEVER-HEARD-OF", "error")
    page.get_by_label("Weight, g").fill("1250")
    page.get_by_label("Height, cm").fill("20")
    shoot(page, "warehouse-box")
    page.get_by_role("button", name="Make the parcel").click()
    expect(page.get_by_text("0 left to pack")).to_be_visible()
    one = Parcel.objects.get(shipment=first)
    assert afosto.parcel_body(one.remote_id)["weight"] == 1250

    # Its label fails, and is asked for again: one is bought.
    depot.turn_on("task_fail", path="lcs:label", value="carrier refused the address", times=1)
    page.get_by_role("button", name="Request label", exact=True).click()
    expect(page.get_by_text("is being made.")).to_be_visible()
    follow_labels()
    expect(page.get_by_text("carrier refused the address")).to_be_visible()  # the open page follows
    shoot(page, "warehouse-label-failed")
    page.get_by_role("button", name="Request label again").click()
    expect(page.get_by_text("is being made.")).to_be_visible()
    follow_labels()
    label = page.get_by_role("link", name="Print the label")
    expect(label).to_be_visible()
    assert len(afosto.purchases) == 1
    file = context.request.get(label.get_attribute("href") or "")
    assert (file.status, file.headers["content-type"]) == (200, "application/pdf")

    page.get_by_role("link", name=f"Next: {second}").click()
    page.get_by_role("checkbox").first.check()
    expect(page.get_by_label("Weight, g")).to_have_value("1250")  # as the last one
    page.get_by_label("Weight, g").fill("800")
    page.get_by_role("button", name="Make the parcel").click()
    expect(page.get_by_text("All other shipments")).to_be_visible()
    page.get_by_role("button", name="Request label", exact=True).click()
    expect(page.get_by_text("is being made.")).to_be_visible()
    follow_labels()
    expect(label).to_be_visible()
    assert len(afosto.purchases) == 2

    # Both are handed over.
    for shipment in (second, first):
        page.goto(reverse("pack_shipment", args=[shipment.remote_id]))
        page.get_by_role("button", name="Hand over").click()
        expect(page.get_by_text("is in transit now.")).to_be_visible()
    assert {body["is_in_transit"] for body in afosto.parcels} == {True}
    shoot(page, "warehouse-handed-over")

    # Every step is in the history, with this person's name.
    done = RemoteWrite.objects.filter(state=State.CONFIRMED, actor=me).values_list("target", "verb")
    assert sorted(done) == sorted(
        [
            ("handling_list", "create"),
            ("handling_list", "assign"),
            *[("handling_list", "mark_handled")] * 4,
            ("shipment", "set_missing"),
            *[("parcel", "create")] * 2,
            *[("parcel", "request_label")] * 3,
            *[("parcel", "mark_in_transit")] * 2,
        ]
    )
    assert not RemoteWrite.objects.exclude(state=State.CONFIRMED, actor=me).exists()
    page.goto(reverse("admin:fulfilment_handlinglist_change", args=[pick.pk]))
    history = page.locator(".bo-card", has=page.get_by_role("heading", name="What we did"))
    expect(history.get_by_role("link", name="Mark as handled")).to_have_count(4)
    for job in LabelJob.objects.filter(state=LabelJob.State.READY):
        assert afosto.parcel_body(job.parcel.remote_id)["label"]["file_id"] == job.file_id


def test_a_viewer_can_do_none_of_it(depot: Upstream, sign_in: SignIn) -> None:
    pick = listed(depot, {MUG: 1})
    shipment = Shipment.objects.get(list_remote_id=pick.remote_id)
    page = sign_in("viewer")
    depot.calls.clear()
    page.goto(reverse("board"))
    expect(page.get_by_role("link", name=str(pick))).to_be_visible()
    station = page.locator(".bo-page")
    assert station.get_by_role("button").all_inner_texts() == ["Show"]
    for name, row in (("pick_list", pick), ("pack_shipment", shipment)):
        page.goto(reverse(name, args=[row.remote_id]))
        expect(page.get_by_text(re.compile("^You may look at this"))).to_be_visible()
        expect(station.get_by_role("button")).to_have_count(0)
        expect(page.get_by_label(re.compile("^Scan"))).to_have_count(0)
    answer = page.goto(reverse("admin:create_handlinglist"))
    assert answer and answer.status == 403
    assert not depot.calls
    assert not RemoteWrite.objects.exists()
