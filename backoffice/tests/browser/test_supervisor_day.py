"""The supervisor's day, from sign-in to sign-out: what is held up is decided, what was decided wrongly is undone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite, SavedView
from backoffice.sandbox import Sandbox, Switch
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
from customers.models import Customer
from customers.tests.writing import active_customer, write
from customers.verbs import kirim as verbs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

State = RemoteWrite.State


def test_a_supervisor_settles_undoes_and_reads_the_audit(
    sandbox_of_four: Sandbox, hand: Hand, shoot: Callable[[Page, str], None]
) -> None:
    kirim, switches = sandbox_of_four.kirim, sandbox_of_four.switches["kirim"]
    customer = active_customer()
    switches.turn_on(Switch("down"))
    write(verbs.SUSPEND_CUSTOMER, customer, reason="Unpaid since May.")
    switches.turn_off("down")
    page = hand.page
    user = sign_in(hand, "supervisor")

    # What could not be sent is sent again, and was wrong: it is taken back.
    hand.press(page.locator("#nav-sidebar").get_by_role("link", name=re.compile("^Needs you")))
    shoot(page, "supervisor-needs-you")
    hand.press(page.get_by_role("button", name=re.compile("^Send again")).first)
    expect(page.get_by_text("Suspend customer: done.")).to_be_visible()
    assert kirim.customers.get(customer.remote_id)["status"] == "suspended"
    find_with_palette(hand, customer.name)
    hand.press(page.get_by_role("link", name="Activate", exact=True))
    hand.press(page.get_by_role("button", name="Activate at Kirim"))
    expect(page.get_by_text(f"{customer.name} is active.")).to_be_visible()
    assert kirim.customers.get(customer.remote_id)["status"] == "active"

    # From a figure to its records, which are kept and taken along; the view was a mistake.
    open_from_menu(hand, "Desk")
    hand.press(page.get_by_role("link", name="Parcels to label"))
    expect(page.locator("#result_list tbody tr")).to_have_count(2)
    save_view(hand, "To label")
    export_list(hand, "Export of Parcels: ready, 2 rows.")
    hand.press(page.locator("#nav-sidebar").get_by_role("link", name="To label"))
    hand.press(page.get_by_role("link", name="Edit view…"))
    hand.press(page.get_by_role("button", name="Delete “To label”"))
    expect(page.locator("#nav-sidebar").get_by_role("link", name="To label")).to_have_count(0)
    assert not SavedView.objects.exists()

    # One was changed by others: it is read again.
    kirim.customers.change(customer.remote_id, name="Toko Baru")
    find_with_search(hand, customer.remote_id, customer.name)
    hand.press(page.get_by_role("button", name="Refresh from Kirim"))
    expect(page.get_by_role("heading", name="Toko Baru", exact=True).first).to_be_visible()
    assert Customer.objects.get(pk=customer.pk).name == "Toko Baru"

    # The installation looks at itself, and the audit tells who did what.
    open_from_menu(hand, "Getting started")
    hand.press(page.get_by_role("button", name="Look again: Connect Kirim"))
    expect(page.get_by_role("region", name=re.compile("^Connect Kirim"))).to_contain_text("sandbox answers")
    open_from_menu(hand, "Audit")
    hand.write(page.locator("#searchbar"), customer.remote_id)
    page.keyboard.press("Enter")
    rows = page.locator("#result_list tbody tr")
    for what, who in (("Activate", "supervisor"), ("Send again", "supervisor"), ("Suspend", "the operator")):
        expect(rows.filter(has_text=what).filter(has_text=who).first).to_be_visible()
    shoot(page, "supervisor-audit")

    sign_out(hand, user)
    done = RemoteWrite.objects.order_by("planned_at").values_list("verb", "state")
    assert list(done) == [("suspend", State.CONFIRMED), ("activate", State.CONFIRMED)]
