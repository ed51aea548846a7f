"""Changing customers at Kirim in a real browser: create, edit beside somebody else, suspend by keyboard, archive."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite, SyncRun
from backoffice.sandbox import Sandbox, Switch
from backoffice.sync import engine, runs
from backoffice.tests.browser.keys import tab_to
from customers.models import Customer
from customers.tests.factories import AccountFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]


@pytest.fixture
def customer(sandbox: Sandbox) -> Customer:
    """An active customer with metadata, as Kirim has it and as it is here."""
    sandbox.kirim.customers.add(
        "Toko Anggrek Biru", email="owner@anggrek.example", metadata={"ref": "crm-7", "seats": 12}
    )
    for name in ("kirim.customers", "kirim.accounts"):
        run = engine.carry_out(runs.queue(name, trigger="schedule"))
        assert run.state == SyncRun.State.SUCCEEDED, run.error
    return Customer.objects.get(name="Toko Anggrek Biru")


def open_customer(page: Page, customer: Customer) -> None:
    page.goto(f"/admin/customers/customer/{customer.pk}/change/")


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def test_a_customer_is_created_after_a_refused_email_with_rows_of_metadata(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("customer desk")
    page.goto("/admin/customers/customer/")
    shoot(page, "customers-list")
    page.get_by_role("link", name="New customer").click()
    expect(page.get_by_text("Writes to Kirim")).to_be_visible()
    page.get_by_label("Name").fill("Klinik Merpati")
    page.get_by_label("E-mail").fill("sehat@nowhere")
    keys, values = page.get_by_label("Key"), page.get_by_label("Value", exact=True)
    keys.nth(0).fill("ref")
    values.nth(0).fill("crm-99")
    page.get_by_role("button", name="Add a row").click()
    expect(keys.nth(2)).to_be_focused()
    keys.nth(2).fill("note")
    values.nth(2).fill("first line\nsecond line")
    page.get_by_role("button", name="Remove this row").nth(1).click()
    expect(keys).to_have_count(2)
    page.get_by_label("E-mail").press("Enter")  # is the form's first button, not a row's
    expect(page.get_by_text("Kirim: must be an e-mail address.")).to_be_visible()
    expect(page.get_by_label("Name")).to_have_value("Klinik Merpati")
    expect(values.nth(1)).to_have_value("first line\nsecond line")
    shoot(page, "create-refused")
    page.get_by_label("E-mail").fill("owner@sehat.example")
    page.get_by_role("button", name="Create at Kirim").last.click()
    expect(page.get_by_text("Klinik Merpati was created at Kirim.")).to_be_visible()
    expect(page.get_by_role("heading", name="Klinik Merpati", exact=True).last).to_be_visible()
    shoot(page, "create-done")
    [made] = [row for row in sandbox.kirim.customers if row["name"] == "Klinik Merpati"]
    assert made["metadata"]["note"] == "first line\nsecond line"


def test_an_edit_meets_somebody_elses_change_and_the_person_chooses(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("customer desk")
    open_customer(page, customer)
    page.get_by_role("link", name="Edit", exact=True).click()
    shoot(page, "edit")
    page.get_by_label("Name").fill("Toko Anggrek Biru Baru")
    page.get_by_label("E-mail").fill("mine@anggrek.example")
    page.get_by_label("Value", exact=True).nth(0).fill("crm-8")
    theirs = {"ref": "crm-9", "seats": 12, "plan": {"name": "gold", "until": "2027-01-01"}}
    sandbox.kirim.customers.change(customer.remote_id, email="theirs@anggrek.example", metadata=theirs)
    page.get_by_role("button", name="Save at Kirim").last.click()
    expect(page.get_by_role("heading", name="Toko Anggrek Biru was changed meanwhile").last).to_be_visible()
    expect(page.get_by_label("Metadata: plan: what is at Kirim now")).to_be_checked()
    shoot(page, "conflict")
    page.get_by_role("button", name="Save at Kirim").click()
    expect(page.get_by_text("Choose one.").first).to_be_visible()
    page.get_by_label("E-mail: yours").focus()
    page.keyboard.press("Space")
    page.get_by_label("Metadata: ref: what is at Kirim now").focus()
    page.keyboard.press("Space")
    shoot(page, "conflict-chosen")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Toko Anggrek Biru Baru was changed at Kirim.")).to_be_visible()
    there = sandbox.kirim.customers.get(customer.remote_id)
    assert (there["name"], there["email"], there["metadata"]) == (
        "Toko Anggrek Biru Baru",
        "mine@anggrek.example",
        theirs,
    )


def test_metadata_is_turned_into_json_and_back_without_sending_anything(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("customer desk")
    page.goto(f"/admin/customers/customer/{customer.pk}/update/")
    page.get_by_label("Name").fill("Kept")
    page.get_by_role("button", name="Edit as JSON").click()
    area = page.get_by_label("Metadata as JSON")
    expect(area).to_have_value(re.compile('"seats": 12'))
    area.fill('{"seats": 12,}')
    page.get_by_role("button", name="Edit as rows").click()
    expect(page.get_by_text("This is not JSON")).to_be_visible()
    expect(area).to_have_value('{"seats": 12,}')
    shoot(page, "edit-json-wrong")
    area.fill('{"seats": [1, 2]}')
    page.get_by_role("button", name="Edit as rows").click()
    expect(page.get_by_label("Kind of value").first).to_have_value("json")
    expect(page.get_by_label("Name")).to_have_value("Kept")
    assert not RemoteWrite.objects.exists()


def test_a_customer_is_suspended_by_keyboard_alone(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("customer desk")
    open_customer(page, customer)
    tab_to(page, "Suspend")
    shoot(page, "customer-buttons")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Suspend Toko Anggrek Biru").last).to_be_visible()
    page.get_by_label("Reason").focus()
    page.keyboard.type("Did not pay since August")
    shoot(page, "suspend")
    tab_to(page, "Suspend at Kirim")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Toko Anggrek Biru is suspended.")).to_be_visible()
    expect(page.get_by_text("It is suspended already.")).to_be_visible()
    shoot(page, "suspended")
    assert sandbox.kirim.customers.get(customer.remote_id)["status"] == "suspended"


def test_a_supervisor_archives_with_a_reason_and_a_tick(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("supervisor")
    open_customer(page, customer)
    page.get_by_role("link", name="Archive", exact=True).click()
    page.get_by_role("button", name="Archive at Kirim").click()
    expect(page.get_by_text("Say why it is archived.")).to_be_visible()
    expect(page.get_by_text("Tick this: archiving cannot be undone.")).to_be_visible()
    shoot(page, "archive-refused")
    page.get_by_label("Reason").fill("Closed its business")
    page.get_by_label("Yes, archive it for good").check()
    page.get_by_role("button", name="Archive at Kirim").click()
    expect(page.get_by_text("Toko Anggrek Biru is archived.")).to_be_visible()
    shoot(page, "archived")


def test_a_lost_answer_to_a_create_says_what_not_to_do(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    page = sign_in("customer desk")
    for name in ("create-unknown", "create-twin"):
        page.goto("/admin/customers/customer/create/")
        page.get_by_label("Name").fill("Toko Hilang")
        page.get_by_role("button", name="Create at Kirim").last.click()
        expect(
            page.get_by_text(re.compile("Do not create this customer again|may be at Kirim already")).first
        ).to_be_visible()
        shoot(page, name)
    assert sum(row["name"] == "Toko Hilang" for row in sandbox.kirim.customers) == 1


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (400, "dark"), (1280, "dark")])
def test_the_forms_stay_within_a_narrow_window_and_dark_mode(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot, width: int, scheme: Any
) -> None:
    page = sign_in("supervisor")
    page.set_viewport_size({"width": width, "height": 850})
    page.emulate_media(color_scheme=scheme)
    AccountFactory(customer=customer, name="Anggrek with a rather long name")
    AccountFactory(customer=customer, name=None, phone_number=None, phone_number_id=None, remote_id="onboarding:x:1")
    root = f"/admin/customers/customer/{customer.pk}"
    paths = {"customer": f"{root}/change/", "edit": f"{root}/update/", "archive": f"{root}/archive/"}
    for name, path in {**paths, "create": "/admin/customers/customer/create/"}.items():
        page.goto(path)
        expect(page.locator(".bo-page h2").first).to_be_visible()
        shoot(page, f"{name}-{scheme}-{width}")
        assert fits(page), name
    page.goto(paths["edit"])
    page.get_by_label("Name").fill("Mine")
    page.get_by_label("Value", exact=True).nth(0).fill("crm-8")
    theirs = {"name": "Theirs " + "x" * 90, "metadata": {"ref": "crm-9", "more": {"a": ["long"] * 5}}}
    sandbox.kirim.customers.change(customer.remote_id, **theirs)
    page.get_by_role("button", name="Save at Kirim").last.click()
    expect(page.get_by_label("Name: yours")).to_be_visible()
    shoot(page, f"conflict-{scheme}-{width}")
    assert fits(page)
