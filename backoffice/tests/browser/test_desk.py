"""The desk in a browser: four roles, light and dark, a narrow window, no script, and an open page that follows."""

from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from backoffice.sandbox import Sandbox
from backoffice.tests.factories import RejectedFactory, RunFactory
from customers.models import IdentityLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from fulfilment.models import HandlingList, Parcel, Recipient

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SignIn = Callable[..., Page]
Shoot = Callable[[Page, str], None]
RESOURCES = (
    "kirim.customers", "kirim.accounts", "kirim.setup_links", "afosto.handling_lists", "afosto.parcels",
    "afosto.shipments", "layercake.contacts",
)  # fmt: skip


def two_weeks() -> None:
    """What two weeks of work leave behind."""
    now = timezone.now()
    numbers = count(1)

    def mirrored(**values: Any) -> dict[str, Any]:
        told = {"remote_id": f"row{next(numbers)}", "payload": {}, "payload_hash": b"0" * 16, "synced_at": now}
        return {**told, **values}

    for number, resource in enumerate(RESOURCES):
        RunFactory(resource=resource, swept_from=now - timedelta(minutes=3 + 9 * number), mode="full")
    for day in range(14):
        at = now - timedelta(days=day)
        for number in range(6 + (day * 5) % 7):
            is_done = number > 1 or day > 4
            ended = at + timedelta(hours=3 if number == 2 else -2) if is_done else None
            HandlingList.objects.create(
                **mirrored(due_at=at, is_finished=is_done, finished_at=ended, number=f"L{day}-{number}")
            )
        for number in range(20 + (day * 11) % 13):
            how_far = (
                {} if number % 10 == 0 and day < 4 else {"label_file_id": "f"} if number % 4 == 0 and day < 3
                else {"is_in_transit": True}
            )  # fmt: skip
            Parcel.objects.create(**mirrored(remote_created_at=at, number=f"P{day}-{number}", **how_far))
        for number in range(3 + (day * 3) % 5):
            customer = CustomerFactory(status="active" if number else "pending")
            used_at = at if number != 1 else None
            SetupLinkFactory(
                customer=customer, remote_created_at=at - timedelta(hours=3 + number * 4), consumed_at=used_at,
                status="consumed" if used_at else "active", expires_at=now + timedelta(hours=20 + 12 * day),
            )  # fmt: skip
    HandlingList.objects.create(**mirrored(due_at=now + timedelta(minutes=1), number="L-next"))
    recipient = Recipient.objects.create(**mirrored())
    IdentityLink.objects.create(
        customer=CustomerFactory(), resource="afosto.contacts", record_id=recipient.pk, remote_id=recipient.remote_id,
        state="suggested",
    )  # fmt: skip
    RejectedFactory.create_batch(2)
    cache.clear()  # the page that the person came to has counted already


def overflow(page: Page) -> int:
    found = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return int(found)


@pytest.mark.parametrize("role", ["viewer", "customer desk", "warehouse", "supervisor"])
def test_the_desk_of_each_role_stays_within_its_window(
    sandbox: Sandbox, sign_in: SignIn, shoot: Shoot, role: str
) -> None:
    page = sign_in(role)
    shoot(page, f"desk-{role}-empty")
    two_weeks()
    for width in (1280, 400):
        for scheme in ("light", "dark"):
            page.set_viewport_size({"width": width, "height": 900})
            page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
            page.goto("/")
            expect(page.get_by_role("figure", name="Which days' parcels are still here?")).to_be_visible()
            assert overflow(page) <= 0, f"{role} at {width} is too wide"
            shoot(page, f"desk-{role}-{scheme}-{width}")


def test_without_a_script_the_desk_says_the_same(browser: Browser, sign_in: SignIn, shoot: Shoot) -> None:
    two_weeks()
    page = sign_in("supervisor")
    state = page.context.storage_state()
    plain = browser.new_context(storage_state=state, java_script_enabled=False, viewport={"width": 1280, "height": 900})
    bare = plain.new_page()
    bare.goto(page.url)
    shoot(bare, "desk-no-script")
    expect(bare.get_by_text("Lists overdue")).to_be_visible()
    chart = bare.get_by_role("figure", name="Which days' parcels are still here?")
    chart.get_by_text("As a table").click()
    expect(chart.get_by_role("columnheader", name="Without a label")).to_be_visible()
    bare.get_by_text("Lists overdue").click()
    expect(bare.get_by_role("heading", name="Work board").last).to_be_visible()
    plain.close()


def test_an_open_desk_follows_within_seconds_and_keeps_what_is_open(sign_in: SignIn, shoot: Shoot) -> None:
    two_weeks()
    page = sign_in("supervisor")
    tile = page.get_by_role("link", name="Lists overdue")
    before = int(tile.locator("strong").inner_text())
    chart = page.get_by_role("figure", name="Which days' parcels are still here?")
    chart.get_by_text("As a table").click()
    late = HandlingList.objects.filter(is_finished=False).earliest("due_at")
    HandlingList.objects.filter(pk=late.pk).update(is_finished=True, finished_at=timezone.now())
    expect(tile.locator("strong")).to_have_text(str(before - 1), timeout=15_000)
    expect(page.locator(".bo-live")).to_have_text("Updated just now")
    expect(chart.get_by_role("columnheader", name="Without a label")).to_be_visible()
    shoot(page, "desk-followed")
