"""An open page of a customer, in a real browser: what the sandbox tells of appears, and nothing begun is disturbed."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from playwright.sync_api import Page, expect

from backoffice.sandbox import Sandbox
from backoffice.sandbox.kirim.assumptions import EVENTS
from backoffice.sandbox.kirim.events import Delivery
from backoffice.sync import engine, runs
from customers.models import Customer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SECRET = "whsec_c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci10aGUtdGVzdHM="
SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
TWO_POLLS_MS = 7_000


@pytest.fixture
def customer(sandbox: Sandbox, settings: Any, live_server: Any) -> Customer:
    """A mirrored customer, of whose changes the sandbox tells us."""
    settings.KIRIM_WEBHOOK_SECRET = SECRET
    for name in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        engine.carry_out(runs.queue(name, trigger="schedule"))
    sandbox.kirim.subscriptions.keep(f"{live_server.url}/webhooks/kirim/", sorted(EVENTS), "ours", SECRET)
    found: Customer = Customer.objects.filter(status="active", setup_links__isnull=False).earliest("pk")
    return found


def deliver(sandbox: Sandbox) -> None:
    """Deliver what there is, over HTTP; the tests' workers process it before they answer."""

    def post(delivery: Delivery) -> int:
        return httpx.post(delivery.url, content=delivery.body, headers=dict(delivery.headers), timeout=20).status_code

    assert sandbox.kirim.events.deliver(post) > 0
    assert sandbox.kirim.events.pending() == []


def rename(sandbox: Sandbox, customer: Customer, name: str) -> None:
    sandbox.kirim.customers.change(customer.remote_id, name=name)
    deliver(sandbox)


def open_page(page: Page, customer: Customer) -> None:
    """The customer's page, marked so that a reload would show."""
    page.goto(f"/admin/customers/customer/{customer.pk}/change/")
    page.evaluate("window.sameDocument = true")


def is_same_document(page: Page) -> bool:
    return bool(page.evaluate("window.sameDocument === true"))


def heading(page: Page, name: str) -> Any:
    return page.get_by_role("heading", name=name, exact=True)


def test_a_change_at_kirim_appears_on_the_open_page_within_seconds(
    sandbox: Sandbox, customer: Customer, sign_in: SignIn, shoot: Shoot
) -> None:
    page = sign_in("customer desk")
    open_page(page, customer)
    before = page.title()
    refresh = page.get_by_role("button", name="Refresh from Kirim")
    refresh.focus()
    rename(sandbox, customer, "Renamed elsewhere")
    expect(heading(page, "Renamed elsewhere").first).to_be_visible(timeout=8_000)
    expect(page.get_by_text("Updated just now")).to_be_visible()
    shoot(page, "customer-updated-just-now")
    assert is_same_document(page)
    expect(refresh).to_be_focused()
    assert page.title() == before.replace(customer.name, "Renamed elsewhere") != before
    expect(page.locator("h1", has_text="Renamed elsewhere")).to_have_count(1)
    expect(page.locator("[data-shown]").first).to_be_attached()  # times are shown in the person's zone again

    link = sandbox.kirim.links.add(customer.remote_id)
    deliver(sandbox)
    expect(page.get_by_text(f"…{link['token_last4']}").first).to_be_visible(timeout=8_000)
    assert is_same_document(page)


def test_what_is_open_stays_open(sandbox: Sandbox, customer: Customer, sign_in: SignIn) -> None:
    """Each copy of the page's content is given the same two blocks, as a page that has such would bring them."""
    blocks = "".join(
        f"<details{a}><summary>{n}</summary><p>in {n}</p></details>" for n, a in (("one", ""), ("two", " open"))
    )
    page = sign_in("viewer")

    def with_blocks(route: Any) -> None:
        answer = route.fetch()
        body = answer.text()
        at = body.find(">", body.find('id="record"')) + 1
        route.fulfill(response=answer, body=body[:at] + blocks + body[at:] if at > 1 else body)

    page.route("**/change/", with_blocks)
    open_page(page, customer)
    page.get_by_text("one", exact=True).click()
    page.get_by_text("two", exact=True).click()
    page.get_by_text("one", exact=True).focus()
    rename(sandbox, customer, "Renamed elsewhere")
    expect(heading(page, "Renamed elsewhere").first).to_be_visible(timeout=8_000)
    expect(page.get_by_text("in one")).to_be_visible()
    expect(page.get_by_text("in two")).to_be_hidden()
    expect(page.get_by_text("one", exact=True)).to_be_focused()


def test_typed_text_and_a_selection_are_not_taken_away(sandbox: Sandbox, customer: Customer, sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_page(page, customer)
    page.evaluate("document.querySelector('#record').insertAdjacentHTML('afterbegin', '<input id=typed value=preset>')")
    page.locator("#typed").fill("half a sentence")
    page.locator("body").click(position={"x": 5, "y": 5})  # the field has no focus any more
    rename(sandbox, customer, "Renamed elsewhere")
    page.wait_for_timeout(TWO_POLLS_MS)
    expect(page.locator("#typed")).to_have_value("half a sentence")
    page.locator("#typed").fill("preset")
    page.evaluate("document.activeElement.blur()")
    expect(heading(page, "Renamed elsewhere").first).to_be_visible(timeout=8_000)

    page.evaluate("document.getSelection().selectAllChildren(document.querySelector('#record h2'))")
    rename(sandbox, customer, "Renamed once more")
    page.wait_for_timeout(TWO_POLLS_MS)
    assert page.evaluate("document.getSelection().toString()").strip() == "Renamed elsewhere"
    page.evaluate("document.getSelection().removeAllRanges()")
    expect(heading(page, "Renamed once more").first).to_be_visible(timeout=8_000)


def test_a_hidden_tab_asks_nothing(customer: Customer, sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_page(page, customer)
    asked: list[int] = []

    def count(answer: Any) -> None:
        if "x-record-version" in answer.request.headers:
            asked.append(answer.status)

    page.on("response", count)
    page.evaluate("Object.defineProperty(document, 'hidden', { get: () => window.isHidden, configurable: true })")
    page.evaluate("window.isHidden = true")
    page.wait_for_timeout(TWO_POLLS_MS)
    assert asked == []
    page.evaluate("window.isHidden = false")
    page.wait_for_timeout(TWO_POLLS_MS)
    assert asked and set(asked) == {204}


def test_whoever_is_signed_out_is_shown_the_log_in(customer: Customer, sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_page(page, customer)
    page.context.clear_cookies()
    expect(page.get_by_label("Password")).to_be_visible(timeout=8_000)
    assert not is_same_document(page)


def test_an_answer_that_is_no_record_changes_nothing(customer: Customer, sign_in: SignIn) -> None:
    page = sign_in("viewer")
    open_page(page, customer)
    page.route("**/change/", lambda route: route.fulfill(status=200, content_type="text/html", body="<p>Proxy</p>"))
    page.wait_for_timeout(TWO_POLLS_MS)
    expect(heading(page, customer.name).first).to_be_visible()
    expect(page.get_by_text("Proxy")).to_have_count(0)
