"""A real browser against the real pages. Skipped with a reason where there is no Chromium; CI sets REQUIRE_BROWSER."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Group, User
from playwright.sync_api import Browser, BrowserContext, Page, Request, sync_playwright

from backoffice.sandbox import Sandbox
from backoffice.tests.browser.hands import HANDS, PASSWORD, Hand
from backoffice.tests.browser.mirrored import four_upstreams
from backoffice.tests.factories import give_groups

os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"  # Playwright runs an event loop in this thread; nothing here awaits

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1",
]
SHOTS = os.environ.get("SCREENSHOTS")  # a folder that keeps what the pages looked like


@pytest.fixture(scope="package")  # each app's browser tests have their own: two at a time cannot be
def browser() -> Iterator[Browser]:
    """Debian's Chromium, headless."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("REQUIRE_BROWSER"):
            pytest.fail("REQUIRE_BROWSER is set, but there is no Chromium.")
        pytest.skip("no Chromium on this machine (Debian: apt install chromium)")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def context(browser: Browser, live_server: Any) -> Iterator[BrowserContext]:
    """A fresh profile that can reach nothing but this machine, and fails the test when a page asks another origin.

    The requests are watched, not routed: routing would take the browser's cache away.
    """
    strangers: list[str] = []
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 900})
    context.set_default_timeout(10_000)

    def watch(request: Request) -> None:
        if not request.url.startswith((live_server.url, "data:", "blob:", "about:")):
            strangers.append(request.url)

    context.on("request", watch)
    yield context
    context.close()
    assert not strangers, f"a page asked another origin: {strangers}"


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """A page whose script errors and policy violations fail the test."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if "Content Security Policy" in line.text else None)
    yield page
    assert not complaints, f"the page complained: {complaints}"


@pytest.fixture
def sandbox(settings: Any) -> Iterator[Sandbox]:
    """A small Kirim behind the client."""
    with Sandbox(customers=120, kirim_api_key=settings.KIRIM_API_KEY) as sandbox:
        settings.KIRIM_BASE_URL = "http://127.0.0.1:9000/sandbox/kirim/v1"
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        yield sandbox


@pytest.fixture
def groups(transactional_db: None) -> None:
    """The four groups, which the flush between transactional tests takes away."""
    give_groups()


@pytest.fixture
def sign_in(page: Page, groups: None) -> Callable[..., Page]:
    """Signs a new member of ``group`` in through the form; "" for staff without a group."""

    def sign_in(group: str, *, is_staff: bool = True) -> Page:
        name = group.replace(" ", "-") or "nobody-yet"
        user = User.objects.create_user(name, password=PASSWORD, is_staff=is_staff)
        if group:
            user.groups.add(Group.objects.get(name=group))
        page.goto("/")
        page.get_by_label("Username").fill(name)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Log in").click()
        page.wait_for_load_state()
        return page

    return sign_in


@pytest.fixture
def shoot() -> Callable[[Page, str], None]:
    """Keeps a screenshot where SCREENSHOTS names a folder."""

    def shoot(page: Page, name: str) -> None:
        if SHOTS:
            Path(SHOTS).mkdir(parents=True, exist_ok=True)
            page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)

    return shoot


@pytest.fixture
def sandbox_of_four(settings: Any, transactional_db: None, tmp_path: Path) -> Iterator[Sandbox]:
    """All four upstreams in small, mirrored; files that people ask for end with the test."""
    settings.DATA_DIR = tmp_path
    with four_upstreams(settings) as sandbox:
        yield sandbox


@pytest.fixture(params=HANDS)
def hand(request: pytest.FixtureRequest, page: Page, groups: None) -> Hand:
    """The mouse, and then the keyboard alone."""
    return HANDS[request.param](page)
