"""The customer desk's day, from sign-in to sign-out: its pages one after the other, and each mistake is undone."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite, SavedView
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.browser.hands import (
    Hand,
    Keys,
    export_list,
    find_with_palette,
    find_with_search,
    open_from_menu,
    save_view,
    sign_in,
    sign_out,
)
from customers.models import Customer, CustomerNote, IdentityLink, SetupLink
from customers.tests.writing import active_customer, create_link

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

NOTE = "Calls on Tuesdays."
State = RemoteWrite.State


def test_the_customer_desk_works_a_day_and_undoes_its_mistakes(
    sandbox_of_four: Sandbox, hand: Hand, shoot: Callable[[Page, str], None]
) -> None:
    kirim = sandbox_of_four.kirim
    customer = active_customer()
    create_link(Customer.objects.filter(status="pending").earliest("pk"), expires_in_hours=24)
    page = hand.page
    user = sign_in(hand, "customer desk")
    expect(page.get_by_role("link", name="1 Setup links that end within 48 hours")).to_be_visible()
    shoot(page, "desk-day-begins")

    # From a figure to its records, which are kept and taken along.
    hand.press(page.get_by_role("link", name="1 Setup links that end within 48 hours"))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)
    save_view(hand, "Ending soon")
    export_list(hand, "Export of Setup links: ready, 1 row.")
    hand.press(page.locator("#nav-sidebar").get_by_role("link", name="Ending soon"))
    expect(page.locator("#result_list tbody tr")).to_have_count(1)

    # A note about a customer, found by the palette.
    find_with_palette(hand, customer.name)
    expect(page).to_have_url(re.compile(f"/customers/{customer.remote_id}/$"))
    hand.write(page.get_by_role("textbox", name=re.compile("^Note")), NOTE)
    hand.press(page.get_by_role("button", name="Keep the note"))
    happened = page.get_by_role("region", name="What happened")
    expect(happened.get_by_text(NOTE)).to_be_visible()

    # The wrong one is suspended, and activated again; that answer is lost, and looking finds out.
    hand.press(page.get_by_role("link", name="Suspend", exact=True))
    hand.write(page.get_by_label("Reason"), "Unpaid since May.")
    hand.press(page.get_by_role("button", name="Suspend at Kirim"))
    expect(page.get_by_text(f"{customer.name} is suspended.")).to_be_visible()
    assert kirim.customers.get(customer.remote_id)["status"] == "suspended"
    sandbox_of_four.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    hand.press(page.get_by_role("link", name="Activate", exact=True))
    hand.press(page.get_by_role("button", name="Activate at Kirim"))
    expect(page.get_by_text("Nobody can say yet").first).to_be_visible()
    sandbox_of_four.switches["kirim"].turn_off("drop")
    hand.press(page.locator("#nav-sidebar").get_by_role("link", name=re.compile("^Needs you")))
    shoot(page, "desk-day-needs-you")
    hand.press(page.get_by_role("button", name="Look now"))
    expect(page.get_by_text(re.compile("Kirim shows what was sent")).first).to_be_visible()
    assert kirim.customers.get(customer.remote_id)["status"] == "active"

    # A setup link that nobody was to get, revoked.
    find_with_search(hand, customer.remote_id, customer.name)
    hand.press(page.get_by_role("link", name="New setup link"))
    hand.press(page.get_by_role("button", name="Create and show the link"))
    secret = page.get_by_label("Setup link", exact=True)
    expect(secret).to_have_value(re.compile("^https://"))
    url = secret.input_value()
    hand.press(page.get_by_role("link", name="Done: to the customer"))
    link = SetupLink.objects.get(customer=customer, status="active")
    hand.press(page.get_by_role("link", name=f"Revoke …{link.token_last4}"))
    hand.press(page.get_by_role("button", name=re.compile("^Revoke")))
    expect(page.get_by_text(re.compile("revoked", re.I)).first).to_be_visible()
    assert kirim.links.get(link.remote_id)["status"] == "revoked"
    assert url not in page.content()

    # Two records that are not the same person, told so and taken back.
    open_from_menu(hand, "Same customer?")
    pair = page.get_by_role("article").first
    wrong = IdentityLink.objects.get(pk=(pair.get_attribute("id") or "").removeprefix("pair-"))
    if isinstance(hand, Keys):
        page.keyboard.press("j")
        expect(pair).to_be_focused()
        page.keyboard.press("c")
    else:
        pair.get_by_role("button", name="Confirm").click()
    expect(page.get_by_text("Linked: ").first).to_be_visible()
    wrong.refresh_from_db()
    assert wrong.state == IdentityLink.State.CONFIRMED
    if isinstance(hand, Keys):
        page.keyboard.press("u")
    else:
        page.get_by_role("button", name="Undo").first.click()
    expect(page.get_by_text("Undone: ").first).to_be_visible()
    wrong.refresh_from_db()
    assert wrong.state == IdentityLink.State.SUGGESTED
    shoot(page, "desk-day-undone")

    # The customer's page tells all of it.
    find_with_palette(hand, customer.name)
    for told in ("Suspend", "Activate", "Create setup link", "Revoke"):
        expect(happened.get_by_text(re.compile(told)).first).to_be_visible()
    shoot(page, "desk-day-told")

    sign_out(hand, user)
    done = RemoteWrite.objects.filter(actor=user)
    assert set(done.values_list("verb", "state")) == {
        (verb, State.CONFIRMED) for verb in ("suspend", "activate", "create", "revoke")
    }
    assert CustomerNote.objects.get().text == NOTE
    assert SavedView.objects.get().name == "Ending soon"
    others = {row["status"] for row in kirim.links.newest(customer.remote_id)}
    assert "active" not in others
