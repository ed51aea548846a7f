"""Every page is within everybody's reach: axe finds nothing serious, in the light, in the dark and on a phone.

The pages are those of the URL configuration (``addresses``), so a new one is walked by itself, and states of pages that
no address of its own leads to. With SCREENSHOTS each page is kept in its three looks.
"""

import re
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Any, Literal

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

from backoffice.models import RemoteWrite
from backoffice.tests.addresses import addresses, first_of_each
from backoffice.tests.browser.mirrored import four_upstreams, make_trouble
from customers.models import Customer, CustomerNote
from fulfilment.models import HandlingList, Parcel, Shipment

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
ROOM = {"type": "rule", "values": ["scrollable-region-focusable", "target-size"]}  # what depends on the width
GRAVE = {"serious", "critical"}
DESKTOP = {"width": 1280, "height": 900}
NOWHERE = "/nowhere/"
PHONE = {"width": 400, "height": 850}
NO_PAGE = re.compile(r"/export/|/document/$|^/(healthz|readyz)|/jsi18n/|/logout/|/login/")
FRAME = "#nav-sidebar"
"""Stands on every page alike, so it is looked at on some only."""
FRAMED = ("/", "/admin/customers/customer/")
FIND = """async ([rules, without]) => {
    const where = without && document.querySelector(without) ? { exclude: [[without]] } : document;
    const found = await axe.run(where, { iframes: false, runOnly: rules, resultTypes: ["violations"] });
    return found.violations.map(({ id, impact, nodes }) => ({
        id, impact,
        nodes: nodes.map(({ target, html, any }) => `${target.join(" ")}: ${any[0]?.message ?? html.slice(0, 160)}`),
    }));
}"""
FOREIGN_TIME = re.compile(r"\d{1,2}(:\d\d)? [ap]\.m\.")
"""A moment as Django writes it, in the server's zone: pages show ``<time>``, in the person's."""
WIDER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Until what listens to the size of the window has heard of it."""


def problems_of(page: Page, rules: dict[str, Any], without: str) -> Iterator[str]:
    """What is serious or critical on the page as it stands."""
    for found in page.evaluate(FIND, [rules, without]):
        if found["impact"] in GRAVE:
            more = f" (and {len(found['nodes']) - 3} more)" if len(found["nodes"]) > 3 else ""
            yield f"{found['id']}: {'; '.join(found['nodes'][:3])}{more}"


def shows(page: Page, address: str) -> bool:
    """Whether the address has a page of its own: no redirect, no part of a page, nothing that only takes a POST."""
    answer = page.request.get(address, max_redirects=0)
    assert answer.status != 500, f"{address} is broken"
    return answer.status == (404 if address == NOWHERE else 200) and "<html" in answer.text()


def be(page: Page, scheme: Literal["dark", "light"]) -> None:
    """The page in a scheme; the theme reads the media query only when it is loaded, so its class is set as well."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate("isDark => document.documentElement.classList.toggle('dark', isDark)", scheme == "dark")


def looks_of(page: Page, shoot: Callable[[Page, str], None], name: str, without: str = "") -> Iterator[str]:
    """The page in the light, in the dark and on a phone; what is wrong with each, but for what is left out."""
    page.evaluate(AXE)
    shoot(page, f"{name}-light")
    yield from (f"light: {problem}" for problem in problems_of(page, RULES, without))
    be(page, "dark")
    shoot(page, f"{name}-dark")
    yield from (f"dark: {problem}" for problem in problems_of(page, CONTRAST, without))
    be(page, "light")
    page.set_viewport_size(PHONE)
    page.evaluate(DRAWN)
    shoot(page, f"{name}-phone")
    yield from (f"phone: {problem}" for problem in problems_of(page, ROOM, without))
    if (wider := page.evaluate(WIDER)) > 0:
        yield f"phone: {wider} px wider than its window"
    page.set_viewport_size(DESKTOP)
    if moment := FOREIGN_TIME.search(page.inner_text("body")):
        yield f"light: {moment[0]} is in no zone of the person's"


def more_addresses(note: CustomerNote) -> list[str]:
    """States of pages that no address alone leads to."""
    customer = note.customer
    unknown = RemoteWrite.objects.filter(state="unknown").first()
    return [
        f"/customers/{customer.remote_id}/notes/{note.pk}/edit/",
        f"/customers/{customer.remote_id}/notes/{note.pk}/delete/",
        f"/search/?q={customer.name[:4]}",
        "/search/?q=nothing-is-called-so",
        "/admin/customers/customer/?q=nothing-is-called-so",
        f"/needs-you/writes/{unknown.pk}/settle/" if unknown else "/needs-you/",
        NOWHERE,
    ]


def open_ways(page: Page, customer: Customer, pick_list: str) -> Iterator[str]:
    """What only a person's doing brings up: each is on the page when its name is told. The last one logs out."""
    page.goto("/admin/customers/customer/")
    page.get_by_role("button", name="Filters").click()
    yield "filters"
    page.goto("/")
    page.keyboard.press("Control+k")
    page.locator("#search-input-command").press_sequentially(customer.name[:4])
    expect(page.locator("#command-results-list li").first).to_be_visible()
    yield "palette"
    page.goto("/admin/customers/customer/")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("suspend")
    page.get_by_role("button", name="Run").click()
    expect(page.locator("#bulk-form")).to_be_visible()
    yield "bulk-confirm"
    page.goto(f"/admin/customers/customer/{customer.pk}/archive/")
    page.get_by_role("button", name="Archive at Kirim").click()
    expect(page.locator("[aria-invalid=true]").first).to_be_focused()
    yield "form-refused"
    page.goto(f"/admin/customers/setuplink/new/{customer.pk}/")
    page.get_by_role("button", name="Create and show the link").click()
    expect(page.locator(".bo-reveal")).to_be_visible()
    yield "link-revealed"
    page.goto(f"/lists/{pick_list}/pick/")
    page.get_by_role("link", name=re.compile("^Not enough")).click()
    expect(page.locator("dialog[open]")).to_be_visible()
    yield "short-dialog"
    page.context.clear_cookies()
    page.goto("/")
    page.get_by_role("button", name="Log in").click()
    yield "log-in"


def test_every_page_is_within_reach(settings: Any, sign_in: Callable[..., Page], shoot: Callable[..., None]) -> None:
    with four_upstreams(settings) as sandbox:
        page = sign_in("supervisor")
        user = User.objects.get()
        note = make_trouble(sandbox, user)
        User.objects.filter(pk=user.pk).update(is_superuser=True)  # accounts and schedules are theirs only
        remote_ids = {
            "customers": note.customer.remote_id,
            "lists": HandlingList.objects.filter(is_finished=False, is_cancelled=False).earliest("pk").remote_id,
            "shipments": Shipment.objects.earliest("pk").remote_id,
            "parcels": Parcel.objects.earliest("pk").remote_id,
        }
        known = set(addresses(first_of_each(), remote_ids)) | set(more_addresses(note))
        problems: list[str] = []
        walked = 0
        for address in sorted(known):
            if NO_PAGE.search(address):
                continue
            if not shows(page, address):
                continue
            page.goto(address)
            walked += 1
            name = re.sub(r"\W+", "-", re.sub(r"[0-9a-f-]{36}", "x", address)).strip("-") or "desk"
            without = "" if address in FRAMED else FRAME
            problems += [f"{address} {problem}" for problem in looks_of(page, shoot, name, without)]
        for name in open_ways(page, Customer.objects.filter(status="active").latest("pk"), remote_ids["lists"]):
            problems += [f"{name} {problem}" for problem in looks_of(page, shoot, name)]
        assert walked > 80, f"only {walked} pages were walked"
        assert not problems, "\n".join(problems)
