"""One customer over four systems, in a browser: suggested, linked, looked at, taken back; found by phone; imported."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from backoffice.admin.related import url_of
from customers.models import Contact, IdentityLink
from customers.tests.crm.layercake import TENANT, FakeLayercake, refusal
from customers.tests.identity.conftest import People

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
EMAIL, PHONE = "halo@melati.example", "+31201234567"
CONFIRMED, SUGGESTED = IdentityLink.State.CONFIRMED, IdentityLink.State.SUGGESTED
FILE = (
    "display_name,email\n"
    "Ayu,ayu@example.com\n"
    ",no-name@example.com\n"
    "Bo,not an address\n"
    "Cy,cy@example.com\n"
)  # fmt: skip


def test_a_suggestion_is_confirmed_seen_on_the_customers_page_and_taken_back(
    people: People, sign_in: SignIn, shoot: Shoot
) -> None:
    customer = people.customer("Toko Melati", EMAIL, phone=PHONE)
    others = [
        people.support("Melati Support", EMAIL),
        people.contact("Melati CRM", EMAIL, PHONE),
        people.recipient("Melati Warehouse", EMAIL),
    ]
    people.suggest()
    page = sign_in("supervisor")
    page.goto("/identity/")
    expect(page.get_by_role("heading", name="3 pairs")).to_be_visible()
    for left in (2, 1, 0):
        page.get_by_role("button", name="Confirm", exact=True).first.click()
        expect(page.get_by_text("are the same customer.").first).to_be_visible()
        heading = page.get_by_role("heading", name=re.compile(rf"^{left} pairs?$"))
        expect(heading).to_have_count(1 if left else 0)
    assert set(IdentityLink.objects.values_list("state", flat=True)) == {CONFIRMED}

    page.goto(f"/customers/{customer.remote_id}/")
    systems = page.get_by_role("region", name="Customer", exact=True)
    for system in ("Kirim", "Apideck", "L4YERCAK3", "Afosto"):
        expect(systems.get_by_role("term").filter(has_text=system)).to_be_visible()
    for other in others:
        expect(systems.locator(f"a[href='{url_of(other)}']")).to_be_visible()
    shoot(page, "one-customer")

    page.goto("/identity/")
    page.get_by_role("button", name="Undo", exact=True).first.click()
    expect(page.get_by_text("Undone: Toko Melati")).to_be_visible()
    gone = IdentityLink.objects.get(state=SUGGESTED)
    page.goto(f"/customers/{customer.remote_id}/")
    for other in others:
        is_linked = other.remote_id != gone.remote_id
        expect(systems.locator(f"a[href='{url_of(other)}']")).to_have_count(1 if is_linked else 0)


def test_a_file_with_wrong_rows_is_judged_corrected_confirmed_and_what_failed_comes_back(
    sign_in: SignIn, shoot: Shoot, settings: Any, tmp_path: Path
) -> None:
    crm = FakeLayercake()
    crm.mischief = lambda request: refusal(400, "VALIDATION_ERROR", "no") if b"Ayu" in request.content else None
    settings.REMOTE_TRANSPORT = httpx.MockTransport(crm)
    settings.LAYERCAKE_BASE_URL, settings.LAYERCAKE_API_KEY = "https://layercake.example", "layercake-test-key"
    settings.LAYERCAKE_ORGANIZATION_ID = TENANT
    page = sign_in("customer desk")
    page.goto("/admin/customers/contact/")
    page.get_by_role("link", name=re.compile("Import$")).click()
    file = tmp_path / "contacts.csv"
    file.write_text(FILE)
    page.get_by_label("CSV file").set_input_files(file)
    page.get_by_role("button", name="Look what it comes to").click()
    wrong = page.get_by_role("table").get_by_role("row")
    expect(wrong.nth(1)).to_have_text(re.compile(r"^3\s*it has no name\.$"))
    expect(wrong.nth(2)).to_have_text(re.compile(r"^4\s*'not an address' is no e-mail address\.$"))
    expect(page.get_by_role("button", name=re.compile("^Create"))).to_have_count(0)
    shoot(page, "import-wrong")
    assert crm.requests == []

    page.get_by_label("Or its text").fill(FILE.replace(",no-name", "Dee,no-name").replace("not an address", ""))
    page.get_by_role("button", name="Look what it comes to").click()
    page.get_by_role("button", name="Create 4 at L4YERCAK3").click()
    expect(page).to_have_url(re.compile("/bulk/"))
    expect(page.get_by_text("3 confirmed").first).to_be_visible()
    expect(page.get_by_text("1 refused").first).to_be_visible()
    shoot(page, "import-bulk")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download these rows as CSV").click()
    rest = Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()
    assert len(rest) == 2 and "Ayu" in rest[1] and "refused" in rest[1]
    assert set(Contact.objects.values_list("display_name", flat=True)) == {"Dee", "Bo", "Cy"}


@pytest.mark.parametrize("typed", ["020 123 4567", "+31 (0)20 123-4567"])
def test_a_customer_is_found_by_a_phone_number_as_people_write_it(
    people: People, sign_in: SignIn, shoot: Shoot, typed: str
) -> None:
    customer = people.customer("Toko Melati", EMAIL, phone=PHONE)
    people.customer("Toko Senja", phone="+31201234568")
    people.suggest()
    page = sign_in("customer desk")
    page.goto("/search/")
    box = page.get_by_role("searchbox", name="Search", exact=True)
    expect(box).to_be_focused()
    page.keyboard.insert_text(typed)
    page.keyboard.press("Enter")
    hit = page.get_by_role("row", name=re.compile("^Toko Melati exact"))
    expect(hit).to_be_visible()
    expect(page.get_by_text("Toko Senja")).to_have_count(0)
    shoot(page, "search-phone")
    hit.get_by_role("link").click()
    expect(page).to_have_url(re.compile(f"/customers/{customer.remote_id}/$"))


def test_the_queue_is_worked_by_keyboard_alone_to_its_end(people: People, sign_in: SignIn) -> None:
    for n in range(3):
        people.customer(f"Toko {n}", f"owner{n}@melati.example")
        people.contact(f"Toko {n}", f"owner{n}@melati.example")
    people.suggest()
    page = sign_in("customer desk")
    page.goto("/identity/")
    keys, pairs = page.keyboard, page.get_by_role("article")
    expect(pairs).to_have_count(3)
    keys.press("c")  # without a pair at hand a letter decides nothing
    keys.press("j")
    expect(pairs.first).to_be_focused()
    keys.press("r")
    expect(page.get_by_text("Rejected: Toko 0")).to_be_visible()
    expect(pairs.first).to_be_focused()
    keys.press("c")
    expect(page.get_by_text("Linked: Toko 1")).to_be_visible()
    keys.press("u")
    expect(page.get_by_text("Undone: Toko 1")).to_be_visible()
    expect(pairs).to_have_count(2)
    for name in ("Toko 1", "Toko 2"):
        expect(pairs.first).to_be_focused()
        keys.press("c")
        expect(page.get_by_text(f"Linked: {name}")).to_be_visible()
    expect(page.get_by_text("Nothing waits")).to_be_visible()
    decided = dict(IdentityLink.objects.values_list("customer__name", "state"))
    assert decided == {"Toko 0": IdentityLink.State.REJECTED, "Toko 1": CONFIRMED, "Toko 2": CONFIRMED}
