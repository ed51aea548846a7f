"""Deliveries in the admin: who sees which, what a page shows, and one more try."""

import html
import json
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import AuditEntry, RowChange, UpstreamState, WebhookDelivery
from backoffice.tests.factories import ChangeFactory, person, superuser
from backoffice.tests.signed import SECRET
from backoffice.webhooks.access import visible_deliveries
from customers.models import Customer
from customers.tests.factories import CustomerFactory
from customers.tests.kirim import FakeKirim, customer, refusal

pytestmark = pytest.mark.django_db

LIST = "/admin/backoffice/webhookdelivery/"
ONE = customer(1)["id"]
NOTE = "only for those who may <script>alert(1)</script>"


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.KIRIM_WEBHOOK_SECRET = SECRET


def kept(event: str = "customer.updated", state: str = "failed", **values: Any) -> WebhookDelivery:
    number = WebhookDelivery.objects.count()
    payload = {"type": event, "data": {"id": ONE, "note": NOTE}}
    told = {
        "event_id": f"msg_{number}",
        "error": f"Because of {number}.",
        "correlation_id": f"click {number}",
        **values,
    }
    return WebhookDelivery.objects.create(
        upstream="kirim", event=event, state=state, payload=json.dumps(payload), **told
    )  # fmt: skip


def page_of(client: Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return html.unescape(answer.content.decode())


def address(delivery: WebhookDelivery) -> str:
    return reverse("admin:backoffice_webhookdelivery_change", args=[delivery.pk])


def replay(client: Client, delivery: WebhookDelivery) -> str:
    answer = client.post(reverse("admin:replay_delivery", args=[delivery.pk]), follow=True)
    assert answer.redirect_chain == [(address(delivery), 302)]
    delivery.refresh_from_db()
    return html.unescape(answer.content.decode())


# -- the list ---------------------------------------------------------------------------------------------------------


def test_the_list_tells_event_state_age_and_reason(client: Client) -> None:
    kept(received_at=timezone.now() - timedelta(minutes=7))
    client.force_login(person("viewer"))
    page = page_of(client, LIST)
    for text in ("customer.updated", "Kirim", "bo-bad", ">failed<", "7 min ago", "Because of 0.", "msg_0"):
        assert text in page
    assert NOTE not in page
    assert "Kirim does not tell that a setup link was revoked or has expired" in page


def test_the_list_is_filtered_by_state_event_and_upstream_and_searched_by_event_id(supervisor: Client) -> None:
    one, two = kept("customer.updated", "failed"), kept("contact.created", "ignored")
    three = kept("customer.teleported", "ignored")
    for query, found in {
        "state=failed": [one],
        "state=ignored": [two, three],
        "event=contact.created": [two],
        "event=other": [three],
        "upstream=kirim": [one, two, three],
        "upstream=apideck": [],
        "q=msg_1": [two],
        "q=msg_": [],
        "state=%00": [],
        "event=%00": [],
    }.items():
        page = page_of(supervisor, f"{LIST}?{query}")
        assert {row for row in (one, two, three) if row.error in page} == set(found), query
    assert supervisor.get(f"{LIST}?payload__contains=only").status_code == 400


def test_an_empty_list_says_so_and_counts_what_was_refused(supervisor: Client, settings: Any) -> None:
    now = timezone.now()
    UpstreamState.objects.create(upstream="kirim", refused_deliveries=1234, delivery_refused_at=now)
    page = page_of(supervisor, LIST)
    assert "Nothing was delivered yet." in page
    assert "Refused for their signature so far: 1,234, the last <time" in page
    assert "no secret" not in page
    settings.KIRIM_WEBHOOK_SECRET = ""
    assert "Kirim's deliveries are refused, as there is no secret to verify them with." in page_of(supervisor, LIST)


@pytest.mark.parametrize("rows", [3, 60])
def test_the_list_costs_the_same_whatever_its_length(supervisor: Client, rows: int) -> None:
    for _ in range(rows):
        kept()
    with CaptureQueriesContext(connection) as queries:
        page_of(supervisor, LIST)
    assert len(queries) <= 15, len(queries)


def test_the_export_holds_no_body(supervisor: Client) -> None:
    kept()
    answer = supervisor.get(f"{LIST}export/csv/")
    text = b"".join(answer.streaming_content).decode() if answer.streaming else answer.content.decode()  # type: ignore[attr-defined]
    assert text.splitlines()[0].endswith("delivery,upstream,event_id,event,state,error,tries,received_at,processed_at")
    assert "msg_0" in text and NOTE not in text


# -- who sees what ----------------------------------------------------------------------------------------------------


def test_the_warehouse_sees_no_deliveries(client: Client) -> None:
    row = kept()
    client.force_login(person("warehouse"))
    assert client.get(LIST).status_code == client.get(address(row)).status_code == 403
    assert client.post(reverse("admin:replay_delivery", args=[row.pk])).status_code == 403
    assert "Webhook deliveries" not in client.get("/").content.decode()


EVENTS = ("customer.updated", "customer.setup_link.created", "contact.created", "customer_teleported")


@pytest.mark.parametrize(
    ("views", "events"),
    [
        (["view_customer", "view_setuplink", "view_whatsappaccount"], set(EVENTS)),
        (["view_customer"], {"customer.updated"}),
        (["view_setuplink"], {"customer.setup_link.created"}),
        (["view_customer", "view_setuplink"], {"customer.updated", "customer.setup_link.created"}),
        ([], set()),
    ],
)
def test_deliveries_about_rows_that_a_person_may_not_see_are_left_out(
    client: Client, views: list[str], events: set[str]
) -> None:
    rows = {event: kept(event) for event in EVENTS}
    user = person()
    held = [*views, "view_webhookdelivery", "replay_webhookdelivery"]
    user.user_permissions.set(Permission.objects.filter(codename__in=held))
    user = User.objects.get(pk=user.pk)
    assert {row.event for row in visible_deliveries(user)} == events
    client.force_login(user)
    page = page_of(client, LIST)
    assert {event for event, row in rows.items() if row.error in page} == events
    for event in rows.keys() - events:
        assert client.get(address(rows[event])).status_code == 302
        assert client.post(reverse("admin:replay_delivery", args=[rows[event].pk])).status_code == 404


@pytest.mark.parametrize("role", ["viewer", "customer desk"])
def test_others_than_supervisors_see_no_body_and_replay_nothing(client: Client, role: str, remote: Any) -> None:
    row = kept()
    client.force_login(person(role))
    page = page_of(client, address(row))
    assert "Because of 0." in page and "only for those" not in page and ">Replay<" not in page
    assert client.post(reverse("admin:replay_delivery", args=[row.pk])).status_code == 403
    row.refresh_from_db()
    assert row.state == "failed"
    assert remote.requests == []


def test_deliveries_cannot_be_added_changed_or_deleted(client: Client) -> None:
    row = kept()
    client.force_login(superuser())
    assert client.get(f"{LIST}add/").status_code == 403
    assert client.post(reverse("admin:backoffice_webhookdelivery_delete", args=[row.pk])).status_code == 403
    assert client.post(address(row)).status_code == 405


# -- the page ---------------------------------------------------------------------------------------------------------


def test_the_page_shows_the_body_escaped_and_only_to_those_who_may_see_it(supervisor: Client) -> None:
    answer = supervisor.get(address(kept()))
    page = answer.content.decode()
    assert "<pre data-payload" in page and "only for those who may" in page
    assert "<script>alert(1)" not in page


def test_the_page_links_to_what_was_read_and_tells_what_changed(supervisor: Client) -> None:
    row, record = kept(state="processed", error="", processed_at=timezone.now()), CustomerFactory(remote_id=ONE)
    ChangeFactory(remote_id=ONE, delivery=row, after='"Toko Baru"')
    ChangeFactory(remote_id=ONE, after='"of something else"')
    ChangeFactory(remote_id="csl_1", delivery=row, resource="kirim.gone", after='"of a hidden kind"')
    page = page_of(supervisor, address(row))
    assert reverse("admin:customers_customer_change", args=[record.pk]) in page
    assert '"Toko Baru"' in page and "of something else" not in page and "of a hidden kind" not in page


def test_values_of_unknown_members_are_hidden_from_those_who_may_not_see_payloads(client: Client) -> None:
    row = kept(state="processed", processed_at=timezone.now())
    ChangeFactory(remote_id=ONE, delivery=row, member="loyalty", after='"gold-tier"')
    client.force_login(person("viewer"))
    page = page_of(client, address(row))
    assert "loyalty" in page and "gold-tier" not in page


def test_the_page_of_a_delivery_that_was_read_with_others_leads_to_the_one_that_stands_for_them(
    supervisor: Client,
) -> None:
    now = timezone.now()
    first, last = (kept(state="processed", error="", processed_at=now) for _ in range(2))
    ChangeFactory(remote_id=ONE, delivery=last, after='"Toko Baru"')
    page = page_of(supervisor, address(first))
    assert '"Toko Baru"' in page and address(last) in page
    assert "read once" not in page_of(supervisor, address(last))


def test_a_page_without_changes_says_so(supervisor: Client) -> None:
    done = kept(state="processed", error="", processed_at=timezone.now())
    assert "No row that was here changed" in page_of(supervisor, address(done))


# -- replay -----------------------------------------------------------------------------------------------------------


def test_a_replay_reads_the_object_again_and_says_so(supervisor: Client, kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    row = kept(tries=8)
    assert "It was processed again: its object was read." in replay(supervisor, row)
    assert (row.state, row.error, row.tries) == ("processed", "", 1)
    assert Customer.objects.get().name == "Toko 1"
    entry = AuditEntry.objects.get(verb="replay")
    assert (entry.kind, entry.remote_id, entry.upstream, entry.door) == ("delivery", str(row.pk), "kirim", "page")
    assert entry.actor is not None and row.event_id in entry.label


def test_a_processed_one_may_be_replayed_too(supervisor: Client, kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, name="Renamed")]
    CustomerFactory(remote_id=ONE)
    row = kept(state="processed", error="", processed_at=timezone.now())
    replay(supervisor, row)
    assert RowChange.objects.filter(delivery=row, member="name").exists()


def test_a_replay_that_fails_says_why(supervisor: Client, kirim: FakeKirim, settings: Any) -> None:
    kirim.mischief = lambda request: refusal(400, "invalid", "malformed id")
    row = kept()
    assert "Kirim refused it: malformed id" in replay(supervisor, row)
    assert row.state == "failed"
    kirim.mischief = lambda request: httpx.Response(503)
    assert "It is tried again by itself. Kirim does not answer now." in replay(supervisor, row)
    assert row.state == "received"


def test_a_replay_of_an_ignored_one_says_that_there_is_nothing_to_do(supervisor: Client, kirim: FakeKirim) -> None:
    row = kept("contact.created", "ignored")
    assert "Nothing was done. Conversations and contacts are not kept here." in replay(supervisor, row)
    assert row.state == "ignored" and kirim.requests == []


def test_what_a_worker_has_in_hand_is_left_to_it(supervisor: Client, kirim: FakeKirim) -> None:
    claim = "12345678-1234-1234-1234-123456789012"
    row = kept(state="received", error="", claim=claim, claimed_at=timezone.now())
    assert "It is being processed at this moment" in replay(supervisor, row)
    assert str(row.claim) == claim and kirim.requests == []


def test_with_kirim_off_the_button_says_what_to_set(supervisor: Client, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    page = page_of(supervisor, address(kept()))
    assert "Kirim is off: set KIRIM_API_KEY." in page and "/replay/" not in page


def test_a_get_replays_nothing(supervisor: Client, kirim: FakeKirim) -> None:
    row = kept()
    assert supervisor.get(reverse("admin:replay_delivery", args=[row.pk])).status_code == 405
    assert kirim.requests == []
