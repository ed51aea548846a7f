"""The customer desk's part of the desk: the funnel, its median, and links by day, against rows made by hand."""

from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from backoffice.desk.parts import KNOWN
from backoffice.desk.summary import Wanted, summaries
from backoffice.tests.factories import RunFactory, person
from customers import desk
from customers.models import IdentityLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 15, 12, tzinfo=UTC)


def numbers(name: str) -> dict[tuple[str, int], int]:
    made = summaries([Wanted(name, KNOWN.charts[name].counts, dict)])[name].made
    assert isinstance(made, dict)
    return made


def link(made_days_ago: float, used_after: timedelta | None = None, status: str = "active") -> None:
    made_at = timezone.now() - timedelta(days=made_days_ago)
    used_at = made_at + used_after if used_after is not None else None
    customer = CustomerFactory(status=status)
    SetupLinkFactory(customer=customer, remote_created_at=made_at, consumed_at=used_at, status="consumed")


def test_the_funnel_counts_links_made_lately_used_and_active_with_their_waits() -> None:
    with time_machine.travel(NOON, tick=False):
        link(1)
        link(1, timedelta(minutes=5, seconds=59))
        link(2, timedelta(hours=3), "pending")
        link(29.5, timedelta(days=2))
        link(29.5001, timedelta(minutes=1))  # the day before the first
        link(1, -timedelta(minutes=1))  # a remote clock: used, but no wait
        assert numbers("funnel") == {
            ("made", 0): 5, ("used, active", 0): 3, ("used, idle", 0): 1,
            ("wait", 5): 1, ("wait", 180): 1, ("wait", 2880): 1,
        }  # fmt: skip


def test_the_funnel_tells_shares_and_the_middle_wait(client: Client) -> None:
    with time_machine.travel(NOON, tick=False):
        for minutes in (5, 200, 4000):
            link(10, timedelta(minutes=minutes))
        link(10)
        client.force_login(person("customer desk"))
        page = client.get("/").content.decode()
    assert "3 (75%)" in page and "Half of those that were used were used within 3 h 20 min." in page


@given(st.lists(st.integers(min_value=0, max_value=10_080)))
def test_the_median_is_that_of_statistics(waits: list[int]) -> None:
    counted: dict[tuple[str, int], int] = {("made", 0): 3}
    for minutes in waits:
        counted["wait", minutes] = counted.get(("wait", minutes), 0) + 1
    assert desk.median_minutes(counted) == (median(waits) if waits else None)


@pytest.mark.parametrize(
    ("minutes", "told"), [(0.0, "a minute"), (59, "59 min"), (60, "1 h"), (61.5, "1 h 2 min"), (1500, "1 d 1 h")]
)
def test_a_wait_is_spelt_to_the_minute(minutes: float, told: str) -> None:
    assert desk._spell(minutes) == told


@pytest.mark.parametrize(("zone", "place"), [("UTC", 13), ("Asia/Jakarta", 12)])
def test_links_are_counted_by_the_day_of_the_installation(settings: Any, zone: str, place: int) -> None:
    settings.TIME_ZONE = zone
    with time_machine.travel(datetime(2026, 5, 15, 18, tzinfo=UTC), tick=False), timezone.override(zone):
        SetupLinkFactory(consumed_at=datetime(2026, 5, 15, 16, 59, tzinfo=UTC))
        SetupLinkFactory(consumed_at=None)
        assert numbers("links") == {("used", place): 1}


def test_links_end_within_48_hours_and_not_before_now() -> None:
    user = person("customer desk")
    with time_machine.travel(NOON, tick=False):
        for hours, values in (
            (0, {}), (0.1, {}), (48, {}), (48.1, {}), (5, {"status": "revoked"}), (5, {"vanished_at": timezone.now()}),
        ):  # fmt: skip
            SetupLinkFactory(expires_at=timezone.now() + timedelta(hours=hours), **values)
        rows = desk.ending(user)
        assert rows is not None and rows.count() == 2


def test_suggestions_are_those_that_the_queue_shows(client: Client) -> None:
    for number, (state, resource) in enumerate(
        [
            ("suggested", "afosto.contacts"), ("suggested", "layercake.contacts"), ("confirmed", "afosto.contacts"),
            ("rejected", "afosto.contacts"), ("suggested", "nobody.knows"),
        ]
    ):  # fmt: skip
        IdentityLink.objects.create(
            customer=CustomerFactory(), resource=resource, record_id=number, remote_id=str(number), state=state
        )
    user = person("customer desk")
    client.force_login(user)
    rows = desk.suggested(user)
    assert rows is not None and rows.count() == 2
    queue = client.get(KNOWN.figures["pairs-suggested"].url()).context_data["filter"].qs  # type: ignore[attr-defined]
    assert set(queue) == set(rows)


def test_an_empty_part_says_what_to_do(client: Client) -> None:
    client.force_login(person("customer desk"))
    for resource in ("kirim.customers", "kirim.setup_links"):
        RunFactory(resource=resource)
    page = client.get("/").content.decode()
    assert "Nothing waits: no link ends soon" in page and "with New setup link" in page
