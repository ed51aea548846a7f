"""A day at the desk, in a real browser: each group signs in and does what it may."""

import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Group, User
from django.db import connection
from playwright.sync_api import Page, expect

from backoffice.models import SyncRun
from backoffice.sandbox import Sandbox, Switch
from backoffice.sync import engine, runs
from backoffice.tests.browser.keys import tab_to
from backoffice.tests.factories import RunFactory
from customers.models import Customer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
RESOURCES = ("kirim.customers", "kirim.accounts", "kirim.setup_links")


def sync_all() -> None:
    for name in RESOURCES:
        run = engine.carry_out(runs.queue(name, trigger="schedule"))
        assert run.state == SyncRun.State.SUCCEEDED, run.error


def first_customer() -> Customer:
    """A living customer whose metadata names it."""
    return Customer.objects.filter(metadata__external_ref__startswith="crm-", status="active").earliest("pk")


@pytest.mark.parametrize("group", ["viewer", "customer desk", "supervisor"])
def test_each_group_finds_a_customer_by_a_piece_of_its_metadata(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot, group: str
) -> None:
    sync_all()
    customer = first_customer()
    page = sign_in(group)
    expect(page.get_by_text("Sandbox", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("Fresh"))).to_be_visible()
    shoot(page, f"desk-{group}")
    page.get_by_role("link", name="Customers", exact=True).first.click()
    page.keyboard.press("/")
    page.keyboard.type(customer.metadata["external_ref"].upper())
    page.keyboard.press("Enter")
    page.get_by_role("link", name=customer.name, exact=True).click()
    expect(page.get_by_role("heading", name=customer.name, exact=True)).to_be_visible()
    expect(page.get_by_text(customer.remote_id).first).to_be_visible()
    payload = page.locator("pre[data-payload]")
    if group == "supervisor":
        expect(payload).to_contain_text(f'"{customer.remote_id}"')
    else:
        expect(payload).to_have_count(0)
    refresh = page.get_by_role("button", name="Refresh from Kirim")
    expect(refresh).to_have_count(0 if group == "viewer" else 1)
    shoot(page, f"customer-{group}")


def test_a_supervisor_watches_the_first_sync_finish_without_a_reload(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    sandbox.switches["kirim"].turn_on(Switch("latency", ms=150))
    page = sign_in("supervisor")
    expect(page.get_by_text(re.compile("never|not.*yet|first sync", re.I)).first).to_be_visible()

    def sync() -> None:
        sync_all()
        connection.close()

    worker = threading.Thread(target=sync)
    worker.start()
    try:
        page.goto("/")
        # It may have been drawn before the sync began: then it follows by itself.
        expect(page.get_by_text(re.compile("first sync is running", re.I)).first).to_be_visible(timeout=20_000)
        shoot(page, "desk-first-sync")
        expect(page.get_by_text(re.compile("Fresh"))).to_be_visible(timeout=60_000)
    finally:
        worker.join()
    page.get_by_role("link", name=re.compile("Runs$")).click()
    expect(page.get_by_text("succeeded").first).to_be_visible()


def test_a_customer_desk_person_refreshes_a_record_and_sees_what_changed(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    sync_all()
    customer = first_customer()
    sandbox.kirim.customers.change(customer.remote_id, name="A name that is new", status="suspended")
    page = sign_in("customer desk")
    page.goto(f"/admin/customers/customer/{customer.pk}/change/")
    page.get_by_role("button", name="Refresh from Kirim").click()
    expect(page.get_by_role("heading", name="A name that is new", exact=True)).to_be_visible()
    expect(page.get_by_text(customer.name, exact=False).first).to_be_visible()  # in what changed
    shoot(page, "customer-refreshed")


def test_fetch_by_id_keeps_what_was_typed_when_it_cannot_be_fetched(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    sync_all()
    added = sandbox.kirim.customers.add("Fetched by hand", email=None)
    page = sign_in("customer desk")
    page.goto("/admin/customers/customer/")
    page.get_by_role("link", name="Fetch by id").click()
    field = page.get_by_role("textbox").last
    field.fill("cus_nonsense")
    page.keyboard.press("Enter")
    expect(page.get_by_role("textbox").last).to_have_value("cus_nonsense")
    shoot(page, "fetch-refused")
    page.get_by_role("textbox").last.fill(f" {added['id']} ")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Fetched by hand", exact=True)).to_be_visible()


def test_a_held_run_is_explained_and_approved_by_a_supervisor(sandbox: Sandbox, sign_in: SignIn, shoot: Shoot) -> None:
    sync_all()
    for body in list(sandbox.kirim.customers)[:60]:
        sandbox.kirim.customers.remove(body["id"])
    held = engine.carry_out(runs.queue("kirim.customers", trigger="schedule"))
    assert held.error == "held"
    page = sign_in("supervisor")
    shoot(page, "desk-held")
    page.goto(f"/runs/{held.pk}/")
    expect(page.get_by_text(re.compile(str(held.held))).first).to_be_visible()
    shoot(page, "run-held")
    page.get_by_role("link", name=re.compile("approve", re.I)).or_(
        page.get_by_role("button", name=re.compile("approve", re.I))
    ).first.click()
    page.get_by_role("button", name=re.compile("approve|yes", re.I)).first.click()
    page.wait_for_url(re.compile(rf"/runs/(?!{held.pk}/)\d+/"))
    expect(page.get_by_text("succeeded").first).to_be_visible(timeout=30_000)
    assert Customer.objects.filter(vanished_at__isnull=False).count() == held.held


@pytest.mark.parametrize("is_staff", [True, False])
def test_people_without_a_role_see_no_record_anywhere(sandbox: Sandbox, sign_in: SignIn, is_staff: bool) -> None:
    sync_all()
    customer = first_customer()
    page = sign_in("", is_staff=is_staff)
    for path in (
        "/",
        "/admin/",
        "/admin/customers/customer/",
        f"/admin/customers/customer/{customer.pk}/change/",
        f"/admin/customers/customer/?q={customer.remote_id}",
        f"/runs/{SyncRun.objects.earliest('pk').pk}/",
        f"/admin/search/?s={customer.name}&extended=1",
    ):
        page.goto(path)
        assert customer.name not in page.content(), path
        assert str(customer.email) not in page.content(), path


def test_anonymous_people_see_only_the_log_in_page_and_five_wrong_passwords_lock_it(
    sandbox: Sandbox, page: Page, live_server: Any, groups: None, shoot: Shoot
) -> None:
    sync_all()
    User.objects.create_user("somebody", password="right-one-here", is_staff=True)
    for path in ("/", "/admin/customers/customer/", "/runs/1/"):
        page.goto(path)
        expect(page.get_by_label("Password")).to_be_visible()
    shoot(page, "log-in")
    for _ in range(5):
        page.goto("/admin/login/")
        page.get_by_label("Username").fill("somebody")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()
    page.goto("/admin/login/")
    page.get_by_label("Username").fill("somebody")
    page.get_by_label("Password").fill("right-one-here")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text(re.compile("too many|locked", re.I)).first).to_be_visible()
    shoot(page, "locked-out")


@pytest.mark.parametrize(("width", "scheme"), [(400, "light"), (1280, "dark")])
def test_pages_stay_within_a_narrow_window_and_dark_mode(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot, width: int, scheme: Any
) -> None:
    sync_all()
    customer = first_customer()
    page = sign_in("supervisor")
    page.set_viewport_size({"width": width, "height": 850})
    page.emulate_media(color_scheme=scheme)
    run = SyncRun.objects.latest("pk")
    for name, path in {
        "desk": "/",
        "customer": f"/admin/customers/customer/{customer.pk}/change/",
        "run": f"/runs/{run.pk}/",
    }.items():
        page.goto(path)
        overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert overflow <= 0, f"{name} is {overflow} px too wide"
        shoot(page, f"{name}-{scheme}-{width}")


def test_what_a_remote_wrote_turns_the_reading_of_nothing_beside_it(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    name = "Toko \u202eesreveR"
    sandbox.kirim.customers.add(name, email="\u202eelpmaxe@x.example")
    sync_all()
    page = sign_in("supervisor")
    isolated = "element => getComputedStyle(element).unicodeBidi"
    page.goto("/admin/customers/customer/?q=reveR")
    for cell in page.locator("#result_list :is(td, th):not(:has(input))").all():
        assert cell.evaluate(isolated) == "isolate"
    shoot(page, "bidi-list")
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True).last).to_be_visible()
    for facts in page.locator("dd").all():
        assert facts.locator("> *").first.evaluate(isolated) == "isolate"
    for heading in page.locator("h1, h2").all():
        assert heading.evaluate(isolated) == "isolate"
    shoot(page, "bidi-record")
    page.keyboard.press("Control+k")
    field = page.locator("#search-input-command")
    expect(field).to_be_focused()
    field.press_sequentially("esrever")
    title = page.locator("#command-results-list span", has_text="esreveR").last
    expect(title).to_be_visible()
    assert title.evaluate(isolated) == "isolate"
    shoot(page, "bidi-palette")


def test_the_list_of_runs_stays_within_a_usual_window(sign_in: SignIn, shoot: Shoot) -> None:
    page = sign_in("supervisor")
    user = User.objects.get()
    User.objects.update(username="somebody.with-a-long-name@example.com")
    count = 123_456
    RunFactory(
        resource="kirim.accounts", mode="full", state="interrupted", trigger="person", started_by=user,
        fetched=count, created=count, updated=count, unchanged=count, failed=count, vanished=count,
        error="GET /accounts: answered 503: " + "serviceunavailable" * 8,
    )  # fmt: skip
    RunFactory(resource="kirim.setup_links", state="partial", error="held", held=43)
    page.goto("/admin/backoffice/syncrun/")
    expect(page.get_by_text("interrupted").first).to_be_visible()
    shoot(page, "runs-1280")
    room = "table => table.scrollWidth - table.parentElement.clientWidth"
    assert page.locator("#result_list").evaluate(room) <= 0


def test_the_permissions_of_a_group_stay_within_the_window(sign_in: SignIn, shoot: Shoot) -> None:
    page = sign_in("supervisor")
    User.objects.update(is_superuser=True)
    for width in (1360, 1000, 400):
        page.set_viewport_size({"width": width, "height": 850})
        page.goto(f"/admin/auth/group/{Group.objects.get(name='supervisor').pk}/change/")
        expect(page.locator(".selector-chosen select")).to_be_visible()
        box = page.locator(".selector").bounding_box()
        shoot(page, f"group-{width}")
        assert box and box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_keyboard_alone_reaches_a_customer_and_its_refresh(sandbox: Sandbox, sign_in: SignIn) -> None:
    sync_all()
    customer = first_customer()
    page = sign_in("customer desk")
    page.goto("/admin/customers/customer/")
    page.keyboard.press("/")
    page.keyboard.type(customer.remote_id)
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q="))
    tab_to(page, customer.name)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=customer.name, exact=True)).to_be_visible()
    tab_to(page, "Refresh from Kirim")
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("refreshed|read again|as before|unchanged", re.I)).first).to_be_visible()
