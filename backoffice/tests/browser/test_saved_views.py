"""A filtered list is saved, shared and pinned, and opened by somebody else."""

import re

import pytest
from playwright.sync_api import Page, expect

from backoffice.tests.browser.conftest import PASSWORD
from customers.tests.factories import CustomerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_view_is_saved_shared_pinned_and_opened_by_somebody_else(sign_in, shoot):
    CustomerFactory(name="Warung Pending", status="pending")
    CustomerFactory(name="Warung Active", status="active")
    page: Page = sign_in("customer desk")
    page.goto("/admin/customers/customer/?status=pending")
    page.get_by_text("Columns", exact=True).click()
    page.get_by_role("checkbox", name="Team").uncheck()
    page.keyboard.press("Escape")
    expect(page.get_by_role("checkbox", name="Team")).to_be_hidden()
    page.keyboard.press("Enter")  # the focus is back where it opens
    expect(page.get_by_role("checkbox", name="Team")).not_to_be_checked()
    page.get_by_role("button", name="Show these").click()
    expect(page.get_by_role("columnheader", name=re.compile("Team"))).to_have_count(0)
    shoot(page, "list-with-columns")
    page.get_by_role("link", name="Save this view…").click()
    page.get_by_label("Name").fill("Waiting for set-up")
    page.get_by_label("Customer desk").check()
    page.get_by_label("Pin it to my menu").check()
    shoot(page, "save-view")
    page.get_by_role("button", name="Save", exact=True).click()
    menu = page.locator("#nav-sidebar-apps")
    expect(menu.get_by_role("link", name="Waiting for set-up")).to_be_visible()
    expect(page.get_by_role("navigation", name="Saved views")).to_contain_text("Waiting for set-up")
    page.goto("/")

    page.context.clear_cookies()
    other = _another(page)
    other.goto("/admin/customers/customer/")
    other.get_by_role("navigation", name="Saved views").get_by_role("link", name="Waiting for set-up").click()
    expect(other.locator("#result_list")).to_contain_text("Warung Pending")
    expect(other.locator("#result_list")).not_to_contain_text("Warung Active")
    expect(other.get_by_role("columnheader", name=re.compile("Team"))).to_have_count(0)
    other.get_by_role("button", name="Pin to my menu").click()
    expect(menu.get_by_role("link", name="Waiting for set-up")).to_be_visible()
    shoot(other, "opened-view")


def _another(page: Page) -> Page:
    """Somebody else of the customer desk, signed in."""
    from django.contrib.auth.models import Group, User

    user = User.objects.create_user("colleague", password=PASSWORD, is_staff=True)
    user.groups.add(Group.objects.get(name="customer desk"))
    page.goto("/")
    page.get_by_label("Username").fill("colleague")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_load_state()
    return page
