"""Setup links in a real browser: made, copied, not shown again, replaced, half done and resumed, revoked."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page, expect

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.browser.keys import go
from backoffice.writes.settle import look_for
from customers.models import Customer, SetupLink
from customers.tests.kirim import sync
from customers.tests.test_pasted_links import EXAMPLES

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
URL = re.compile(r"https://connect\.kirim\.example/s/sandbox-token-[A-Za-z0-9]{24}")


@pytest.fixture
def desk(sandbox: Sandbox, context: BrowserContext, sign_in: SignIn) -> Iterator[Page]:
    """Somebody of the customer desk, in Jakarta, who may use the clipboard."""
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        sync(resource)
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    yield sign_in("customer desk")


def customer_without_link() -> Customer:
    return Customer.objects.filter(status="active").exclude(setup_links__status="active").earliest("pk")


def page_of(row: Customer | SetupLink) -> str:
    return f"/admin/customers/{row._meta.model_name}/{row.pk}/change/"


def field(page: Page) -> Locator:
    return page.get_by_label("Setup link", exact=True)


def make_link(page: Page, customer: Customer) -> SetupLink:
    """On the page of a new link, as it stands; the browser is then on the reveal."""
    page.get_by_role("button", name="Create and show the link").click()
    expect(field(page)).to_have_value(URL)
    return customer.setup_links.latest("remote_created_at")


def looks(page: Page, shoot: Shoot, name: str) -> None:
    """Keeps how the page looks, also dark and on a phone; nothing may be wider than the window."""
    page.wait_for_load_state()
    expect(page.locator(".bo-card").first).to_be_visible()
    shoot(page, name)
    page.evaluate("document.documentElement.classList.add('dark')")
    shoot(page, f"{name}-dark")
    page.evaluate("document.documentElement.classList.remove('dark')")
    size = page.viewport_size
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    shoot(page, f"{name}-narrow")
    assert size
    page.set_viewport_size(size)


def test_a_link_is_made_copied_and_not_shown_again_by_back_forward_or_reload(
    desk: Page, sandbox: Sandbox, shoot: Shoot
) -> None:
    customer = customer_without_link()
    desk.goto(page_of(customer))
    desk.get_by_role("link", name="New setup link").click()
    ends = desk.locator("[data-ends]")
    expect(ends).to_have_text(re.compile(r"It will end .+ your time, \d{4}-\d\d-\d\d \d\d:\d\d UTC\."))
    before = ends.inner_text()
    desk.get_by_role("radio", name="1 hour").check()
    expect(ends).not_to_have_text(before)
    expect(desk.get_by_role("spinbutton", name="Hours")).to_be_hidden()
    desk.get_by_role("radio", name="own number of hours").check()
    desk.get_by_role("spinbutton", name="Hours").fill("36")
    expect(ends).to_be_visible()
    looks(desk, shoot, "link-new")
    link = make_link(desk, customer)
    url = field(desk).input_value()
    assert (link.expires_at - (link.remote_created_at or link.expires_at)).total_seconds() == 36 * 3600
    expect(desk.locator(".bo-qr svg")).to_be_visible()
    expect(desk.get_by_role("link", name=url)).to_have_count(0)
    assert url not in desk.title() and url not in desk.url
    desk.get_by_role("button", name="Copy the link").click()
    expect(desk.get_by_role("button", name="copied")).to_be_visible()
    assert desk.evaluate("navigator.clipboard.readText()") == url
    looks(desk, shoot, "link-reveal")
    writes = RemoteWrite.objects.count()

    desk.get_by_role("link", name="Done: to the customer").click()
    expect(desk.get_by_role("heading", name=customer.name, exact=True)).to_be_visible()
    for step in (desk.go_back, desk.go_forward, desk.reload):
        go(desk, step)
        assert url not in desk.content(), step.__name__
    desk.goto(page_of(link))
    assert url not in desk.content()
    stored = desk.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, history.state])")
    assert url.rpartition("-")[2] not in stored
    assert RemoteWrite.objects.count() == writes


def test_back_to_the_form_and_the_same_again_is_the_same_submission(desk: Page, sandbox: Sandbox, shoot: Shoot) -> None:
    customer = customer_without_link()
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    link = make_link(desk, customer)
    desk.go_back()
    desk.get_by_role("button", name="Create and show the link").click()
    expect(desk.get_by_role("heading", name=f"Created {link}, shown once")).to_be_visible()
    shoot(desk, "link-shown-once")
    assert customer.setup_links.filter(status="active").count() == 1

    desk.go_back()
    desk.get_by_role("radio", name="1 hour").check()  # another content is another submission
    make_link(desk, customer)
    assert customer.setup_links.filter(status="active").count() == 2
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    looks(desk, shoot, "link-new-beside-others")


def test_a_double_click_sends_once(desk: Page, sandbox: Sandbox) -> None:
    customer = customer_without_link()
    sandbox.switches["kirim"].turn_on(Switch("latency", ms=200))
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    desk.get_by_role("button", name="Create and show the link").dblclick()
    expect(field(desk)).to_have_value(URL)
    assert RemoteWrite.objects.get().attempts.count() == 1
    assert customer.setup_links.filter(status="active").count() == 1


def test_a_link_is_replaced_half_done_resumed_and_revoked(desk: Page, sandbox: Sandbox, shoot: Shoot) -> None:
    customer = customer_without_link()
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    old = make_link(desk, customer)
    desk.goto(page_of(customer))
    looks(desk, shoot, "customer-with-link")
    desk.get_by_role("link", name=f"Replace {old}").click()
    looks(desk, shoot, "link-replace")
    sandbox.switches["kirim"].turn_on(Switch("down", method="DELETE"))
    desk.get_by_role("button", name="Make a new link and revoke").click()
    expect(field(desk)).to_have_value(URL)
    expect(desk.get_by_role("alert")).to_contain_text(f"{old} is not revoked: it still works")
    looks(desk, shoot, "link-half-done")
    sandbox.switches["kirim"].turn_off("down")
    desk.get_by_role("link", name="Resume: revoke it").click()
    looks(desk, shoot, "link-resume")
    desk.get_by_role("button", name=f"Resume: revoke {old}").click()
    expect(desk.get_by_text("its replacement is complete")).to_be_visible()
    looks(desk, shoot, "link-revoked")

    new = customer.setup_links.get(status="active")
    desk.goto(page_of(new))
    looks(desk, shoot, "link-page")
    desk.get_by_role("link", name="Revoke").click()
    desk.get_by_label("Reason").fill("No longer needed")
    looks(desk, shoot, "link-revoke")
    desk.get_by_role("button", name=f"Revoke {new}").click()
    expect(desk.get_by_text(f"{new} is revoked")).to_be_visible()
    assert not customer.setup_links.filter(status="active").exists()
    desk.goto("/setup-links/")
    shoot(desk, "link-list")


def test_a_lost_answer_is_followed_until_the_link_is_found(desk: Page, sandbox: Sandbox, shoot: Shoot) -> None:
    customer = customer_without_link()
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    desk.get_by_role("button", name="Create and show the link").click()
    expect(desk.get_by_role("heading", name="Nobody can say yet")).to_be_visible()
    looks(desk, shoot, "link-unknown")
    look_for(RemoteWrite.objects.get(), PERSON)
    expect(desk.get_by_role("heading", name="but nobody has it")).to_be_visible(timeout=20_000)
    looks(desk, shoot, "link-secret-lost")
    desk.get_by_role("link", name="Replace this link").click()
    desk.get_by_role("button", name="Make a new link and revoke").click()
    expect(field(desk)).to_have_value(URL)
    assert customer.setup_links.filter(status="active").count() == 1


def test_a_link_is_made_by_keyboard_only(desk: Page, sandbox: Sandbox) -> None:
    customer = customer_without_link()
    desk.goto(page_of(customer))
    desk.get_by_role("link", name="New setup link").focus()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("radio", name="1 week")).to_be_checked()
    desk.get_by_role("radio", name="1 week").focus()
    desk.keyboard.press("ArrowUp")
    expect(desk.get_by_role("radio", name="3 days")).to_be_checked()
    desk.keyboard.press("Tab")
    expect(desk.get_by_label("After success go to")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(field(desk)).to_have_value(URL)
    expect(desk.get_by_role("button", name="Copy the link")).to_be_focused()
    desk.keyboard.press("Enter")
    expect(desk.get_by_role("button", name="copied")).to_be_visible()
    assert URL.fullmatch(desk.evaluate("navigator.clipboard.readText()"))


def test_the_page_of_a_new_link_works_without_a_script(
    desk: Page, browser: Any, live_server: Any, context: BrowserContext, shoot: Shoot
) -> None:
    customer = customer_without_link()
    plain = browser.new_context(
        base_url=live_server.url, java_script_enabled=False, storage_state=context.storage_state()
    )
    page = plain.new_page()
    page.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    expect(page.get_by_text(re.compile(r"until \d{4}-\d\d-\d\d \d\d:\d\d UTC")).first).to_be_visible()
    expect(page.get_by_role("spinbutton", name="Hours")).to_be_visible()
    page.get_by_role("radio", name="1 day").check()
    make_link(page, customer)
    shoot(page, "link-reveal-without-script")
    plain.close()


def test_a_pasted_link_never_leaves_the_search_box(desk: Page, sandbox: Sandbox, shoot: Shoot) -> None:
    customer = customer_without_link()
    desk.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    link = make_link(desk, customer)
    url = field(desk).input_value()
    token = url.rpartition("/")[2]
    asked: list[str] = []
    desk.on("request", lambda request: asked.append(request.url))
    for place, found in (("setuplink", str(link)), ("customer", customer.name)):
        desk.goto(f"/admin/customers/{place}/")
        desk.keyboard.press("/")
        desk.keyboard.insert_text(url)
        expect(desk.locator("#searchbar")).to_have_value(str(link))
        expect(desk.get_by_text("Only the last four characters")).to_be_visible()
        desk.keyboard.press("Enter")
        expect(desk.locator("#result_list").get_by_text(found)).to_be_visible()
        expect(desk.get_by_text("Only the last four characters")).to_be_visible()
        shoot(desk, f"pasted-{place}")
    desk.keyboard.press("Control+k")
    box = desk.locator("#search-input-command")
    expect(box).to_be_visible()
    box.fill(url)
    expect(box).to_have_value(str(link))
    box.press("Shift")  # the palette asks on a key
    expect(desk.locator("#command-results-list").get_by_text(str(link), exact=True)).to_be_visible()
    shoot(desk, "pasted-palette")
    assert not [request for request in asked if token in request or token in desk.content()]


def test_the_script_knows_links_by_the_rules_of_the_server(desk: Page, sandbox: Sandbox) -> None:
    desk.goto("/admin/customers/setuplink/")
    box = desk.locator("#searchbar")
    for typed, looked_for in EXAMPLES.items():
        box.fill(typed)
        expect(box).to_have_value(looked_for)
