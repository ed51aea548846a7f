"""The desk's line about webhooks: what they told, what only sweeps found, and what to do where they are silent."""

import html
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from backoffice.models import RowChange, UpstreamState, WebhookDelivery
from backoffice.tests.factories import RunFactory, person
from backoffice.tests.reading import page_of

pytestmark = pytest.mark.django_db

SECRET = "whsec_c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci10aGUtdGVzdHM="
MISSED = "/admin/backoffice/rowchange/?cause=unannounced&changed=day"


@pytest.fixture
def has_secret(settings: Any) -> None:
    settings.KIRIM_WEBHOOK_SECRET = SECRET


def line(client: Client) -> str:
    """The desk's line about Kirim's webhooks, as text."""
    found = re.search(r"<strong>Kirim&#x27;s webhooks</strong>(.*?)</div>\s*</div>", page_of(client, "/"), re.DOTALL)
    return " ".join(html.unescape(re.sub("<[^>]+>", " ", found[1])).split()) if found else ""


def delivered(count: int = 1, minutes_ago: float = 2) -> None:
    for _ in range(count):
        WebhookDelivery.objects.create(
            upstream="kirim",
            event_id=str(WebhookDelivery.objects.count()),
            event="customer.updated",
            payload="{}",
            correlation_id="x",
            received_at=timezone.now() - timedelta(minutes=minutes_ago),
        )


def changed(remote_id: str = "cus_1", member: str = "name", after: str = '"b"', **values: Any) -> RowChange:
    told: dict[str, Any] = {
        "resource": "kirim.customers", "run": RunFactory(), "changed_at": timezone.now(), "before": '"a"', **values
    }  # fmt: skip
    made: RowChange = RowChange.objects.create(remote_id=remote_id, member=member, after=after, **told)
    return made


def test_it_counts_the_events_of_a_day_and_tells_how_old_the_last_is(viewer: Client, has_secret: None) -> None:
    delivered(1_203)
    delivered(5, minutes_ago=25 * 60)
    told = line(viewer)
    assert told == (
        "1,203 events in the last day, the last one 2 min ago . "
        "Sweeps found no change that an event should have told of."
    )
    assert "bo-good" in page_of(viewer, "/") and MISSED not in html.unescape(page_of(viewer, "/"))


def test_records_that_only_sweeps_found_are_counted_once_each_and_linked(viewer: Client, has_secret: None) -> None:
    delivered()
    changed("cus_1")
    changed("cus_1", "email")
    changed("cus_2")
    changed("csl_1", "status", '"consumed"', resource="kirim.setup_links")
    for others in (
        {"remote_id": "cus_3", "run": None},  # a write, an event or a person brought it
        {"remote_id": "cus_4", "changed_at": timezone.now() - timedelta(hours=25)},
        {"remote_id": "csl_2", "member": "status", "after": '"revoked"', "resource": "kirim.setup_links"},
        {"remote_id": "csl_3", "member": "status", "after": '"expired"', "resource": "kirim.setup_links"},
        {"remote_id": "5", "member": "status", "resource": "kirim.accounts"},
    ):
        changed(**others)
    told = line(viewer)
    assert "1 event in the last day" in told
    assert "Sweeps found 3 records changed of which no event had told. See which" in told
    assert MISSED in html.unescape(page_of(viewer, "/"))
    listed = page_of(viewer, MISSED)
    shown = set(re.findall(r"(?:cus|csl)_\d|>5<", listed.partition('id="result_list"')[2]))
    assert shown == {"cus_1", "cus_2", "csl_1"}


def test_whoever_may_not_see_the_changes_is_not_told_that_there_are_none(client: Client, has_secret: None) -> None:
    delivered()
    changed()
    client.force_login(person("warehouse"))
    told = line(client)
    assert "1 event in the last day" in told and "Sweeps found" not in told


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("cause=sweep", {"cus_1"}),
        ("cause=person", {"cus_2"}),
        ("cause=event", set()),
        ("cause=nonsense", set()),
        ("changed=hour", {"cus_2"}),
        ("changed=week", {"cus_1", "cus_2"}),
        ("changed=nonsense", set()),
    ],
)
def test_changes_are_filtered_by_cause_and_time(viewer: Client, query: str, expected: set[str]) -> None:
    changed("cus_1", changed_at=timezone.now() - timedelta(hours=30))
    changed("cus_2", run=None)
    listed = page_of(viewer, f"/admin/backoffice/rowchange/?{query}")
    assert set(re.findall(r"cus_\d", listed.partition('id="result_list"')[2])) == expected


def test_silence_is_told_with_what_to_do(viewer: Client, has_secret: None) -> None:
    delivered(minutes_ago=25 * 60)
    told = line(viewer)
    assert told.startswith("A secret is set, but no event came in the last day.")
    assert told.endswith("`doctor` says whether there is a subscription that delivers here.")


def test_webhooks_that_are_not_set_up_are_told_with_what_to_do(viewer: Client) -> None:
    changed()  # no event could have told of it, so it is no fault
    told = line(viewer)
    assert told.startswith("Not set up: what changes there shows here after the next sync.")
    assert "manage.py webhooks subscribe kirim" in told and "found" not in told


def test_refused_deliveries_are_told_until_one_is_taken(viewer: Client, has_secret: None) -> None:
    refused = "its signature did not hold"
    state = UpstreamState.objects.create(
        upstream="kirim", refused_deliveries=3, delivery_refused_at=timezone.now() - timedelta(minutes=5)
    )
    assert refused in line(viewer)
    delivered(minutes_ago=9)
    assert refused in line(viewer)
    delivered(minutes_ago=1)
    assert refused not in line(viewer)
    WebhookDelivery.objects.all().delete()
    state.delivery_refused_at = timezone.now() - timedelta(hours=25)
    state.save()
    assert refused not in line(viewer)


def test_an_upstream_that_is_off_has_no_line(viewer: Client, settings: Any, has_secret: None) -> None:
    settings.KIRIM_API_KEY = ""
    assert line(viewer) == ""


def test_the_line_costs_one_query_however_much_came(viewer: Client, has_secret: None) -> None:
    delivered(3)
    changed()
    with CaptureQueriesContext(connection) as queries:
        page_of(viewer, "/")
    told = [query["sql"] for query in queries if "webhookdelivery" in query["sql"] or "rowchange" in query["sql"]]
    assert len(told) == 1, told
