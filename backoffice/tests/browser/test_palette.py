"""The command palette by keyboard alone: opened, asked, opened what it found, closed."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers.tests.factories import CustomerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
ID = "cus_01JRVPD8Z9X2Q4S6T8V0W2Y4Z6"


def test_the_palette_is_worked_by_keyboard_alone(
    sign_in: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    CustomerFactory(remote_id=ID, name="Toko Pagi", email="halo@pagi.example")
    CustomerFactory(name="Toko Senja")
    page = sign_in("customer desk")
    keys, palette = page.keyboard, page.get_by_role("dialog", name="Search pages and records")
    box, hits = palette.get_by_role("searchbox"), palette.get_by_role("listitem")

    page.get_by_role("link", name="Needs you").first.focus()
    keys.press("Control+k")
    expect(box).to_be_focused()
    box.press_sequentially("toko")
    expect(hits).to_have_count(2)
    shoot(page, "palette")
    keys.press("Tab")
    expect(hits.first.get_by_role("link")).to_be_focused()  # first the box, then what it found
    keys.press("Escape")
    expect(palette).to_be_hidden()
    expect(page.get_by_role("link", name="Needs you").first).to_be_focused()

    keys.press("Control+k")
    expect(box).to_have_value("")
    expect(hits).to_have_count(0)
    box.press_sequentially("toko")
    expect(hits.first).to_have_class(re.compile("active"))
    keys.press("ArrowDown")
    expect(hits.nth(1)).to_have_class(re.compile("active"))
    keys.press("ArrowUp")
    box.fill("")
    box.press_sequentially(ID)
    expect(hits).to_have_count(1)
    keys.press("Enter")
    expect(page).to_have_url(re.compile(f"/customers/{ID}/$"))

    keys.press("Control+k")
    box.fill("nobody at all")
    keys.press("Enter")  # before anything was found: the search page says it
    expect(page).to_have_url(re.compile(r"/search/\?q=nobody%20at%20all$"))
    expect(page.get_by_role("heading", name="Nothing was found")).to_be_visible()
