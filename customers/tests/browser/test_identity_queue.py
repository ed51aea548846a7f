"""The queue of pairs in a browser: decided by single keys, in a narrow window, in the dark."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from customers.models import IdentityLink
from customers.tests.identity.conftest import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def states() -> list[str]:
    """Of all pairs, in the order in which they were queued."""
    return list(IdentityLink.objects.order_by("-score", "pk").values_list("state", flat=True))


def test_pairs_are_decided_and_taken_back_with_single_keys(
    people: People, sign_in: Callable[..., Page], shoot: Callable[[Page, str], None]
) -> None:
    for n in range(4):
        people.customer(f"Toko Melati {n}", f"owner{n}@melati.example", phone=f"+3120123456{n}")
        people.contact(f"Toko Melati {n}", f"owner{n}@melati.example", "0800" if n else f"+3120123456{n}")
    people.suggest()
    page = sign_in("customer desk")
    page.goto("/identity/")
    expect(page.get_by_role("heading", name="4 pairs")).to_be_visible()
    shoot(page, "identity")
    keys = page.keyboard
    for key in ("j", "j", "j", "ArrowUp"):  # the second pair
        keys.press(key)
    keys.press("c")
    expect(page.get_by_text("Linked: Toko Melati 1")).to_be_visible()
    assert states() == ["suggested", "confirmed", "suggested", "suggested"]
    keys.press("r")  # the one that took its place is at hand
    expect(page.get_by_text("Rejected: Toko Melati 2")).to_be_visible()
    assert states() == ["suggested", "confirmed", "rejected", "suggested"]
    keys.press("u")
    expect(page.get_by_text("Undone: Toko Melati 2")).to_be_visible()
    assert states() == ["suggested", "confirmed", "suggested", "suggested"]

    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 400, "height": 800})
    page.reload()
    wider = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wider) <= 0, "the page is wider than its window"
    shoot(page, "identity-narrow-dark")
    page.get_by_label("Strength").focus()
    keys.press("r")  # in a field a letter is a letter
    assert states() == ["suggested", "confirmed", "suggested", "suggested"]
