"""A list is exported in the background, and the bell tells when the file is there."""

import csv
import re

import pytest
from playwright.sync_api import Page, expect

from backoffice.models import Notification
from customers.tests.factories import CustomerFactory

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_an_export_is_found_by_the_bell(sign_in, shoot, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    CustomerFactory(name="Warung Pending", status="pending")
    CustomerFactory(name="Warung Active", status="active")
    page: Page = sign_in("customer desk")
    page.goto("/admin/customers/customer/?status=pending")
    bell = page.get_by_role("button", name="Notifications")
    expect(bell).to_have_attribute("aria-expanded", "false")
    page.get_by_role("link", name="Export…").click()
    page.get_by_label("archived at").uncheck()
    shoot(page, "new-export")
    page.get_by_role("button", name="Export", exact=True).click()
    expect(page.locator("#bell-count")).to_contain_text("1 unread notification")
    shoot(page, "exports")
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Download Customers").click()
    with open(waiting.value.path(), encoding="utf-8", newline="") as file:
        lines = list(csv.reader(file))
    header = lines.index([]) + 1
    assert "status “Pending”" in lines[0][1] or "pending" in lines[0][1]
    assert "name" in lines[header] and "archived_at" not in lines[header]
    assert [row[lines[header].index("name")] for row in lines[header + 1 :]] == ["Warung Pending"]

    page.goto("/")
    bell.focus()
    page.keyboard.press("Enter")
    panel = page.get_by_role("region", name="Latest notifications")
    expect(panel).to_be_focused()
    expect(panel).to_contain_text("Export of Customers: ready, 1 row.")
    shoot(page, "bell")
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(bell).to_be_focused()
    page.keyboard.press("Space")
    expect(panel).to_be_visible()
    panel.get_by_role("button", name="Mark as read").first.click()
    expect(page.locator("#bell-count")).to_have_text("")
    expect(panel).to_be_visible()
    page.locator("#desk-live").click(position={"x": 5, "y": 5})
    expect(panel).to_be_hidden()
    bell.click()
    panel.get_by_role("button", name="Export of Customers: ready, 1 row.").click()
    expect(page).to_have_url(re.compile("/exports/$"))


def test_what_ends_meanwhile_is_counted_within_seconds_and_the_typed_text_stays(sign_in):
    page: Page = sign_in("customer desk")
    page.goto("/search/")
    page.locator("main input[name=q], .bo-page input[name=q]").first.fill("half a word")
    expect(page.locator("#bell-count")).to_have_attribute("hx-trigger", "every 5s, bell from:body")
    from django.contrib.auth.models import User

    from backoffice.notify import tell

    user = User.objects.get(username="customer-desk")
    tell(user.pk, Notification.Kind.RUN, "one", "Sync of Customers: done, 2 read.", "/")
    expect(page.locator("#bell-count")).to_contain_text("1 unread notification", timeout=9_000)
    page.context.clear_cookies()
    page.wait_for_timeout(6_000)
    expect(page.locator("main input[name=q], .bo-page input[name=q]").first).to_have_value("half a word")
