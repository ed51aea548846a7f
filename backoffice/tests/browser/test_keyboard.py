"""What opens over a page is opened, walked through and left by keys alone; and the ways there."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from backoffice.sandbox import Sandbox
from backoffice.tests.browser.keys import tab_to
from customers.models import Customer, SetupLink
from customers.tests.kirim import sync

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "/admin/customers/customer/"
IN_IT = "element => element.contains(document.activeElement)"


def stays_in(page: Page, box: Locator, tabs: int) -> None:
    """Tab, as often as there is something to go to and on, never leaves the box."""
    for key in ["Tab"] * tabs + ["Shift+Tab"] * 2:
        page.keyboard.press(key)
        assert box.evaluate(IN_IT), key


def test_the_first_tab_leads_past_the_menu(sign_in: Callable[..., Page]) -> None:
    page = sign_in("viewer")
    page.goto(LIST)
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.locator("main").evaluate(IN_IT)


def test_slash_is_the_search_on_every_page_and_a_letter_in_a_field(sign_in: Callable[..., Page]) -> None:
    page = sign_in("supervisor")
    for address, field in ((LIST, "#searchbar"), ("/search/?q=x", "#search-term"), ("/", "#search-input-command")):
        page.goto(address)
        page.locator("#content").focus()
        page.keyboard.press("/")
        expect(page.locator(field)).to_be_focused()
        expect(page.locator(field)).to_have_value("x" if "q=x" in address else "")
        page.keyboard.press("End")
        page.keyboard.press("/")
        expect(page.locator(field)).to_have_value(re.compile("/$"))


def test_the_filters_take_the_focus_and_give_it_back(sandbox: Sandbox, sign_in: Callable[..., Page]) -> None:
    sync()
    page = sign_in("viewer")
    page.goto(LIST)
    page.locator("#searchbar").focus()
    tab_to(page, "Filters\nfilter_list")
    page.keyboard.press("Enter")
    sheet = page.get_by_role("dialog", name="Filters")
    expect(sheet).to_be_visible()
    page.wait_for_function("document.querySelector('#changelist-filter').contains(document.activeElement)")
    stays_in(page, sheet, 30)
    page.keyboard.press("Escape")
    expect(page.locator("#changelist-filter")).to_be_hidden()
    expect(page.get_by_role("button", name="Filters")).to_be_focused()


def test_the_menu_of_a_narrow_window_is_reached_and_left(sign_in: Callable[..., Page]) -> None:
    page = sign_in("viewer")
    page.set_viewport_size({"width": 400, "height": 850})
    page.goto("/")
    opener = page.locator("header").get_by_role("button", name="Menu")
    expect(opener).to_have_count(1)
    opener.focus()
    page.keyboard.press("Enter")
    menu = page.get_by_role("dialog", name="Menu")
    page.wait_for_function("document.querySelector('#nav-sidebar').contains(document.activeElement)")
    stays_in(page, menu, 4)
    page.keyboard.press("Escape")
    expect(page.locator("#nav-sidebar")).to_be_hidden()
    expect(opener).to_be_focused()


def test_the_account_menu_is_opened_and_closed_and_logs_out(sign_in: Callable[..., Page]) -> None:
    page = sign_in("viewer")
    opener = page.get_by_role("button", name=re.compile("viewer"))
    opener.focus()
    page.keyboard.press("Enter")
    account = page.get_by_role("dialog", name="Your account")
    expect(account).to_be_visible()
    page.wait_for_function("box => box.contains(document.activeElement)", arg=account.element_handle())
    stays_in(page, account, 6)
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    expect(opener).to_be_focused()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Log out").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/admin/logout/")


def test_what_is_drawn_as_an_icon_has_a_name_and_no_icon_is_read_aloud(
    sandbox: Sandbox, sign_in: Callable[..., Page]
) -> None:
    sync()
    page = sign_in("supervisor")
    page.goto(f"{LIST}?o=1")
    icons = page.locator(".material-symbols-outlined")
    unnamed = icons.evaluate_all(
        "all => all.filter(one => !one.ariaHidden && !one.ariaLabel).map(one => one.outerHTML)"
    )
    assert not unnamed
    assert page.get_by_role("button", name=re.compile("_")).count() == 0
    expect(page.locator("header").get_by_role("button", name="Menu")).to_have_count(1)


def test_a_table_that_scrolls_sideways_is_scrolled_with_the_arrow_keys(
    sandbox: Sandbox, sign_in: Callable[..., Page]
) -> None:
    sync()
    sync("kirim.setup_links")
    page = sign_in("supervisor")
    page.set_viewport_size({"width": 400, "height": 850})
    page.goto(f"{LIST}{SetupLink.objects.first().customer_id}/change/")
    box = page.locator(".bo-scroll", has=page.get_by_role("columnheader", name="Last four"))
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("box => box.scrollLeft > 0", arg=box.element_handle())


def test_a_refused_form_has_the_focus_in_its_first_wrong_field_which_reads_its_complaint(
    sandbox: Sandbox, sign_in: Callable[..., Page]
) -> None:
    sync()
    page = sign_in("supervisor")
    page.goto(f"{LIST}{Customer.objects.filter(status='active').first().pk}/archive/")
    page.get_by_role("button", name="Archive at Kirim").focus()
    page.keyboard.press("Enter")
    reason = page.get_by_label("Reason")
    expect(reason).to_be_focused()
    expect(reason).to_have_accessible_description(re.compile("Say why it is archived"))
