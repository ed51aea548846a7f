"""The warehouse's admin in a real browser: a form by keyboard alone, and pages in the dark and on a phone."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.tests.browser.keys import tab_to
from fulfilment.tests.desk import Desk, deed_of, page_of
from fulfilment.tests.syncing import upstream
from fulfilment.tests.warehouse import MUG, POT

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture
def depot(settings: Any, client: Client, groups: None) -> Iterator[Desk]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Desk.of(there, client, User.objects.create_user("somebody", is_staff=True))


def test_backorders_are_typed_with_the_keyboard_alone_and_pages_fit_the_dark_and_a_phone(
    depot: Desk, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("warehouse")
    page.goto("/admin/fulfilment/shipment/")
    shoot(page, "shipments-list")
    page.goto(page_of(depot.open))
    shoot(page, "shipment-page")
    tab_to(page, "Change the backorders")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Writes to Afosto")).to_be_visible()
    page.get_by_label("SKU").first.focus()
    page.keyboard.type(MUG)
    page.keyboard.press("Tab")
    page.keyboard.type("none")
    tab_to(page, "Add a row")
    page.keyboard.press("Enter")
    expect(page.get_by_label("SKU")).to_have_count(3)
    expect(page.get_by_label("SKU").last).to_be_focused()
    page.keyboard.type(POT)
    page.keyboard.press("Tab")
    page.keyboard.type("1")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Type how many: a whole number from 1 on.")).to_be_visible()
    expect(page.get_by_label("SKU").nth(2)).to_have_value(POT)
    shoot(page, "backorders-refused")
    page.get_by_label("Number").first.fill("2")
    page.get_by_label("Number").first.press("Enter")
    expect(page.get_by_text("has these backorders.")).to_be_visible()
    there = depot.there.afosto.shipment_body(depot.open.remote_id)["backorders"]
    assert {line["sku"]: line["quantity"] for line in there} == {MUG: 2, POT: 1}
    assert RemoteWrite.objects.count() == 1

    page.emulate_media(color_scheme="dark")
    page.evaluate("localStorage.setItem('_x_adminTheme', JSON.stringify('dark'))")
    addresses = {
        "list": page_of(depot.list),
        "parcel": page_of(depot.parcel),
        "missing": deed_of("set_missing", depot.open),
        "new-list": "/admin/fulfilment/handlinglist/create/",
        "lists": "/admin/fulfilment/handlinglist/",
    }
    for name, url in addresses.items():
        page.set_viewport_size({"width": 1280, "height": 900})
        page.goto(url)
        shoot(page, f"dark-{name}")
        page.set_viewport_size({"width": 390, "height": 844})
        shoot(page, f"phone-{name}")
        is_wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not page.evaluate(is_wide), name
