"""A viewer's day, from sign-in to sign-out: reads, finds and exports, and can change nothing."""

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
    find_with_search,
    open_from_menu,
    save_view,
    sign_in,
    sign_out,
)
from customers.models import Customer, CustomerNote, IdentityLink
from customers.tests.writing import active_customer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HARMLESS = {"copy", "Show", "Search"}


def held_by(sandbox: Sandbox) -> list[object]:
    """What a viewer could spoil at the upstreams."""
    return [
        [(row["id"], row["name"], row["status"]) for row in sandbox.kirim.customers],
        [(row["id"], row["is_on_hold"], row["sub"]) for row in sandbox.afosto.lists],
        [row["id"] for row in sandbox.afosto.parcels],
    ]


def offers_nothing(page: Page) -> None:
    """The page has no button but those that show and copy, and no way to a form that changes something."""
    shown = page.locator(".bo-page")
    expect(shown).to_be_visible()
    assert set(shown.get_by_role("button").all_inner_texts()) <= HARMLESS
    verbs = re.compile("^(Edit|Suspend|Archive|New|Replace|Revoke|Assign|Hold|Delete|Hand over)")
    expect(shown.get_by_role("link", name=verbs)).to_have_count(0)


def test_a_viewer_reads_finds_and_exports_and_changes_nothing(
    sandbox_of_four: Sandbox, hand: Hand, shoot: Callable[[Page, str], None]
) -> None:
    before = held_by(sandbox_of_four)
    customer = active_customer()
    page = hand.page
    user = sign_in(hand, "viewer")

    # From a figure of the desk to its records, which are kept and taken along.
    hand.press(page.get_by_role("link", name="Parcels to label"))
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    save_view(hand, "To label")
    export_list(hand, "Export of Parcels: ready, 2 rows.")
    shoot(page, "viewer-exports")
    hand.press(page.locator("#nav-sidebar").get_by_role("link", name="To label"))
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    expect(page.locator("input.action-select")).to_have_count(0)

    # A customer is found, and shown without anything to change.
    find_with_palette(hand, customer.name)
    expect(page).to_have_url(re.compile(f"/customers/{customer.remote_id}/$"))
    offers_nothing(page)
    expect(page.get_by_role("form", name="New note")).to_have_count(0)
    shoot(page, "viewer-customer")
    find_with_search(hand, customer.remote_id, customer.name)
    expect(page.get_by_role("heading", name=customer.name, exact=True).first).to_be_visible()

    # So is all that others work on.
    open_from_menu(hand, "Same customer?")
    offers_nothing(page)
    page.keyboard.press("j")
    page.keyboard.press("c")  # a key without a button does nothing
    expect(page.get_by_role("article").first).to_be_focused()
    open_from_menu(hand, "Work board")
    offers_nothing(page)
    hand.press(page.get_by_role("link", name=re.compile("^PL-")).first)
    offers_nothing(page)

    sign_out(hand, user)
    assert not RemoteWrite.objects.exists()
    assert not CustomerNote.objects.exists()
    assert set(IdentityLink.objects.values_list("state", flat=True)) == {IdentityLink.State.SUGGESTED}
    assert Customer.objects.get(pk=customer.pk).status == "active"
    assert held_by(sandbox_of_four) == before
