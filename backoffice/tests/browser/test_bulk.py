"""Suspending many in a real browser: pick rows, or all that match, look at the confirmation, follow it to its end."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from playwright.sync_api import Page, expect

from backoffice.models import BulkAction
from backoffice.sandbox import Sandbox, Switch
from customers.models import Customer
from customers.tests.bulking import frozen
from customers.tests.kirim import sync
from customers.verbs import kirim as verbs

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]


def test_rows_picked_by_hand_are_suspended_and_the_failed_one_is_retried(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    sync("kirim.customers")
    page = sign_in("supervisor")
    page.goto("/admin/customers/customer/?status=active")
    for number in range(3):
        page.locator("input.action-select").nth(number).check()
    shoot(page, "bulk-1-picked")
    page.locator("select[name=action]").select_option("suspend")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("3 rows picked by hand")).to_be_visible()
    shoot(page, "bulk-2-confirm")
    limited = Customer.objects.filter(status="active").first()
    assert limited
    sandbox.switches["kirim"].turn_on(Switch("limit", path=f"/customers/{limited.remote_id}"))
    page.get_by_label("Reason").fill("They did not pay.")
    page.get_by_role("button", name="Suspend 3 customers").click()
    expect(page.get_by_text("2 of 3 confirmed; 1 failed.")).to_be_visible()
    shoot(page, "bulk-3-partly")
    sandbox.switches["kirim"].turn_off("limit")
    page.get_by_role("button", name="Retry failed (1)").click()
    expect(page.get_by_text("All of 3 confirmed.")).to_be_visible()
    page.get_by_role("link", name="Back to the customers").click()
    expect(page).to_have_url(re.compile(r"\?status=active$"))


def test_all_that_match_are_archived_only_after_a_reason_and_their_number(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot
) -> None:
    sync("kirim.customers")
    count = Customer.objects.filter(status="active").count()
    assert count > 50  # more than a page
    page = sign_in("supervisor")
    page.goto("/admin/customers/customer/?status=active")
    page.locator("#action-toggle").check()
    page.get_by_role("link", name=f"Select all {count} customers").click()
    page.locator("select[name=action]").select_option("archive")
    shoot(page, "bulk-4-all-matching")
    page.get_by_role("button", name="Run").click()
    expect(page.get_by_text("all customers with state “active”")).to_be_visible()
    page.get_by_role("button", name=f"Archive {count} customers").click()
    expect(page.get_by_text("Type the number of rows.")).to_be_visible()
    shoot(page, "bulk-5-archive")
    page.set_viewport_size({"width": 400, "height": 800})
    shoot(page, "bulk-6-archive-narrow")
    page.get_by_label("Reason").fill("Closed.")
    page.get_by_label("Type").fill(str(count))
    page.set_default_timeout(90_000)  # the rows are done in the request here, as there is no worker
    page.get_by_role("button", name=f"Archive {count} customers").click()
    expect(page.get_by_text(f"All of {count} confirmed.")).to_be_visible()
    shoot(page, "bulk-7-done-narrow")
    page.emulate_media(color_scheme="dark")
    page.goto("/admin/backoffice/bulkaction/")
    page.set_viewport_size({"width": 1280, "height": 900})
    shoot(page, "bulk-8-list-dark")


def test_one_that_goes_on_is_followed_and_cancelled(sandbox: Sandbox, sign_in: SignIn, shoot: Shoot) -> None:
    sync("kirim.customers")
    page = sign_in("supervisor")
    rows = Customer.objects.filter(status="active")[:50]
    bulk = frozen(verbs.SUSPEND_CUSTOMER, User.objects.get(), rows, reason="Not paid since May.")
    BulkAction.objects.update(state="running", heartbeat_at=timezone.now())
    ends = {
        "confirmed": "",
        "refused": "Kirim does not know it. It may be gone there: refresh the record, or check its id.",
        "running": "",
    }
    for item, (state, error) in zip(bulk.items.order_by("position"), ends.items(), strict=False):
        item.state, item.error = state, error
        item.save()
    page.goto(f"/bulk/{bulk.pk}/")
    expect(page.get_by_text("2 of 50 rows have an outcome.")).to_be_visible()
    shoot(page, "bulk-9-going-on")
    bulk.items.filter(state="running").update(state="confirmed")
    expect(page.get_by_text("3 of 50 rows have an outcome.")).to_be_visible()  # by itself
    page.get_by_role("button", name="Cancel what waits").click()
    expect(page.get_by_text("47 rows are cancelled and stay as they were.")).to_be_visible()
    expect(page.get_by_text("2 of 50 confirmed; 1 refused, 47 cancelled.")).to_be_visible()
    shoot(page, "bulk-10-cancelled")


def test_a_viewer_has_nothing_to_select_with(sandbox: Sandbox, sign_in: SignIn) -> None:
    sync("kirim.customers")
    page = sign_in("viewer")
    page.goto("/admin/customers/customer/?status=active")
    expect(page.locator("#result_list")).to_be_visible()
    expect(page.locator("input.action-select")).to_have_count(0)
