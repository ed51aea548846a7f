"""The warehouse's day, from sign-in to sign-out: from a list to the hand-over, and each mistake is undone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.browser.hands import (
    Hand,
    export_list,
    find_with_palette,
    open_from_menu,
    save_view,
    sign_in,
    sign_out,
)
from fulfilment.models import HandlingList, Parcel, Picker, Shipment
from fulfilment.tests.syncing import sync
from fulfilment.tests.warehouse import MUG, POT, follow_labels, picker

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = RemoteWrite.State
SUB, COLLEAGUE = "65499856-fd85-401d-b264-c752e6ad8880", "9c0f2f8e-6f4b-4b43-8f0f-0a4d8a4d6a11"


def scan(page: Page, code: str) -> None:
    """What a scanner does: it types and presses Enter."""
    expect(page.locator("[data-scan]")).to_be_focused()
    page.locator("#station").evaluate("station => { station.dataset.before = ''; }")
    page.keyboard.type(code)
    page.keyboard.press("Enter")
    expect(page.locator("#station:not([data-before])")).to_be_visible()


def test_the_warehouse_works_a_day_and_undoes_its_mistakes(
    sandbox_of_four: Sandbox, hand: Hand, shoot: Callable[[Page, str], None]
) -> None:
    afosto = sandbox_of_four.afosto
    afosto.label_takes_s = 0
    bought = len(afosto.purchases)
    order = afosto.new_shipment({MUG: 2, POT: 1})["id"]
    listed = afosto.new_list(order)["id"]
    for resource in ("afosto.shipments", "afosto.handling_lists"):
        sync(resource)
    pick, shipment = HandlingList.objects.get(remote_id=listed), Shipment.objects.get(remote_id=order)
    wrong = HandlingList.objects.filter(is_finished=False, sub="").exclude(pk=pick.pk).earliest("pk")
    colleague = picker(username="joost", sub=COLLEAGUE)
    page = hand.page
    user = sign_in(hand, "warehouse")
    Picker.objects.create(user=user, sub=SUB)

    # From a figure to the board. The wrong list is taken, given to a colleague, and then the right one is taken.
    hand.press(page.get_by_role("link", name="Lists nobody holds"))
    row = page.get_by_role("row")
    hand.press(row.filter(has_text=wrong.number).get_by_role("button", name="Take"))
    expect(page.get_by_text(f"{wrong} is yours now.")).to_be_visible()
    assert afosto.lists.get(wrong.remote_id)["sub"] == SUB
    open_from_menu(hand, "Work board")
    hand.press(page.get_by_role("link", name=wrong.number, exact=True))
    hand.press(page.get_by_role("link", name="Assign", exact=True).first)
    hand.choose(page.get_by_role("main").get_by_role("combobox").first, colleague.username)
    hand.press(page.get_by_role("button", name=re.compile("Assign")))
    page.wait_for_url(re.compile("/change/(#|$)"))
    assert afosto.lists.get(wrong.remote_id)["sub"] == COLLEAGUE
    open_from_menu(hand, "Work board")
    hand.press(row.filter(has_text=pick.number).get_by_role("button", name="Hold"))
    expect(page.get_by_text(f"{pick} is on hold now.")).to_be_visible()
    hand.press(row.filter(has_text=pick.number).get_by_role("button", name="Release"))
    expect(page.get_by_text(f"{pick} is released.")).to_be_visible()
    assert not afosto.lists.get(listed)["is_on_hold"]
    hand.press(row.filter(has_text=pick.number).get_by_role("button", name="Take"))
    expect(page.get_by_text(f"{pick} is yours now.")).to_be_visible()

    # A piece is picked that was not to be: it is put back, and picked again.
    hand.press(row.filter(has_text=pick.number).get_by_role("link", name="Pick"))
    scan(page, MUG)
    line = page.get_by_role("listitem").filter(has_text=MUG)
    hand.press(line.get_by_text("Wrong?"))
    hand.press(line.get_by_role("button", name="Put one back"))
    expect(page.get_by_text(f"One of {MUG} is to be picked again.")).to_be_visible()
    assert not [piece for piece in afosto.pieces.of_list(listed) if piece["is_handled"]]
    for code in (MUG, MUG, POT):
        scan_any(page, code)
    expect(page.get_by_text(re.compile("All lines are done|This list is finished"))).to_be_visible()
    assert all(piece["is_handled"] for piece in afosto.pieces.of_list(listed))
    shoot(page, "warehouse-mistakes-picked")

    # All goes into one box, and the pot was not to: it is taken out, and packed by itself.
    hand.press(page.get_by_role("link", name=f"Pack {shipment}"))
    hand.press(page.get_by_role("button", name="Put all in"))
    hand.press(page.get_by_role("button", name="Make the parcel"))
    expect(page.get_by_text("0 left to pack")).to_be_visible()
    one = Parcel.objects.get(shipment=shipment)
    hand.press(page.get_by_role("link", name=one.number, exact=True))
    hand.press(page.get_by_role("link", name="Take pieces out"))
    hand.tick(page.get_by_role("checkbox", name=re.compile(POT)))
    hand.press(page.get_by_role("button", name=re.compile("Take pieces out|Take .* out")))
    expect(page.get_by_text("no longer holds these pieces.")).to_be_visible()
    assert {its["sku"] for its in afosto.parcel_body(one.remote_id)["items"]} == {MUG}
    hand.press(page.get_by_role("link", name="Pack", exact=True))
    expect(page.get_by_text("1 left to pack")).to_be_visible()
    scan_any(page, POT)
    hand.press(page.get_by_role("button", name="Make the parcel"))
    expect(page.get_by_text("0 left to pack")).to_be_visible()
    shoot(page, "warehouse-mistakes-packed")

    # Both get a label, and are handed over; the focus stays where the page is put in anew.
    slip = page.get_by_role("button", name="Request packing slip").first
    for ready in (1, 2):
        hand.press(page.get_by_role("button", name="Request label", exact=True).first)
        expect(page.get_by_text("is being made.")).to_be_visible()
        slip.focus()
        follow_labels()
        expect(page.get_by_role("link", name="Print the label")).to_have_count(ready)
        expect(slip).to_be_focused()
    for left in (1, 0):
        hand.press(page.get_by_role("button", name="Hand over").first)
        expect(page.get_by_role("button", name="Hand over")).to_have_count(left)
    made = [afosto.parcel_body(parcel.remote_id) for parcel in Parcel.objects.filter(shipment=shipment)]
    assert [body["is_in_transit"] for body in made] == [True, True]
    assert len(afosto.purchases) == bought + 2
    shoot(page, "warehouse-mistakes-handed-over")

    # What went out is found, kept and taken along.
    find_with_palette(hand, pick.number)
    open_from_menu(hand, "Parcels")
    hand.write(page.locator("#searchbar"), one.number)
    page.keyboard.press("Enter")
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    save_view(hand, "The one")
    export_list(hand, "Export of Parcels: ready, 1 row.")

    sign_out(hand, user)
    assert not RemoteWrite.objects.exclude(state=State.CONFIRMED, actor=user).exists()


def scan_any(page: Page, code: str) -> None:
    """Scan, from wherever the focus is."""
    page.locator("[data-scan]").focus()
    scan(page, code)
