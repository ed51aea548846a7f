"""The request of a form before it is sent, in a real browser: shown, the form as it was, then sent just so."""

import json
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.browser.keys import tab_to

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]


def test_a_supervisor_sees_the_request_by_keyboard_and_sends_just_that(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("supervisor")
    page.goto("/admin/customers/customer/create/")
    page.get_by_label("Name").fill("Klinik Merpati")
    page.get_by_label("E-mail").fill("owner@merpati.example")
    page.get_by_label("Key").nth(0).fill("ref")
    page.get_by_label("Value", exact=True).nth(0).fill("crm-99")
    tab_to(page, "Show the request")
    page.keyboard.press("Enter")
    shown = page.get_by_role("region", name="The request")
    expect(shown).to_be_focused()
    expect(shown).to_contain_text("Nothing was sent, and nothing was written down.")
    told = shown.locator("pre").inner_text()
    assert told.splitlines()[0].startswith("POST ") and told.splitlines()[0].endswith("/customers")
    assert "Authorization: Bearer •••" in told
    shoot(page, "preview")
    assert not RemoteWrite.objects.exists() and len(list(sandbox.kirim.customers)) == 120
    expect(page.get_by_label("Name")).to_have_value("Klinik Merpati")
    expect(page.get_by_label("Value", exact=True).nth(0)).to_have_value("crm-99")
    body = json.loads(told[told.index("{") :])
    page.get_by_role("button", name="Create at Kirim").last.click()
    expect(page.get_by_text("Klinik Merpati was created at Kirim.")).to_be_visible()
    [made] = [row for row in sandbox.kirim.customers if row["name"] == "Klinik Merpati"]
    assert {name: made[name] for name in body} == body


def test_the_customer_desk_has_no_such_button(sandbox: Sandbox, sign_in: SignIn) -> None:
    page = sign_in("customer desk")
    page.goto("/admin/customers/customer/create/")
    expect(page.get_by_role("button", name="Create at Kirim").last).to_be_visible()
    expect(page.get_by_role("button", name="Show the request")).to_have_count(0)
