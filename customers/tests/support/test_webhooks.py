"""Apideck's webhooks: signed over the key-sorted form, with either key, and about the connection only."""

import hmac
import json
from hashlib import sha256
from typing import Any

import pytest
from django.test import Client

from backoffice.checks.upstreams import check_upstreams, check_webhooks
from backoffice.models import UpstreamState, WebhookDelivery
from customers.models import ConnectionState
from customers.tests.kirim import sync
from customers.tests.support.apideck import KEY, FakeApideck
from customers.webhooks.apideck import signed_text

URL = "/webhooks/apideck/"
SAMPLE = (
    b'{"payload":{"event_type":"vault.connection.callable","event_id":"evt_1","service_id":"kustomer",'
    b'"entity":{"b":2,"a":[3,1]},"execution_attempt":1}}'
)


def delivery(event: str, id: str, at: str = "2026-03-01T10:00:00Z", **entity: Any) -> bytes:
    told = {
        "consumer_id": "tenant-7", "unified_api": "customer-support", "service_id": "kustomer", "state": "invalid",
        "settings": {"password": "hunter2"}, **entity,
    }  # fmt: skip
    return json.dumps({"payload": {"event_id": id, "event_type": event, "entity": told, "occurred_at": at}}).encode()


def post(client: Client, body: bytes, key: str = KEY, **headers: str) -> int:
    signature = hmac.new(key.encode(), signed_text(body), sha256).hexdigest()
    given = {"x-apideck-signature": signature, **headers}
    return client.post(URL, body, content_type="application/json", headers=given).status_code


def test_the_contracts_sample_is_taken_and_a_changed_one_is_not(client: Client, db: None, settings: Any) -> None:
    settings.APIDECK_API_KEY = "sk_test_other,sk_test_example"
    signature = "5d12029051042d3f20288e2d2c6873e637c4f8de37d6623bb56ee277d3d7f76a"
    headers = {"x-apideck-signature": signature}
    assert client.post(URL, SAMPLE, content_type="application/json", headers=headers).status_code == 204
    bad = SAMPLE.replace(b"[3,1]", b"[1,3]")
    assert client.post(URL, bad, content_type="application/json", headers=headers).status_code == 400
    assert client.post(URL, b"{", content_type="application/json", headers=headers).status_code == 400
    assert client.post(URL, SAMPLE, content_type="application/json").status_code == 400
    assert WebhookDelivery.objects.get().event_id == "evt_1"
    settings.APIDECK_API_KEY = ""
    assert client.post(URL, SAMPLE, content_type="application/json", headers=headers).status_code == 503


@pytest.mark.django_db(transaction=True)
def test_what_happens_to_the_connection_is_shown_until_it_works_again(
    apideck: FakeApideck, client: Client, supervisor: Client
) -> None:
    sync("apideck.customers")
    assert post(client, delivery("vault.connection.revoked", "e1", "2026-03-01T10:00:00Z")) == 204
    assert post(client, delivery("vault.connection.revoked", "e1")) == 204  # delivered twice
    assert post(client, delivery("vault.connection.callable", "e0", "2026-02-01T10:00:00Z"), "the-next-key") == 204
    assert WebhookDelivery.objects.filter(state="processed").count() == 2
    assert ConnectionState.objects.get().event == "vault.connection.revoked"  # what happened later counts
    assert "Its connection was revoked" in supervisor.get("/").content.decode()
    state = UpstreamState.objects.get(upstream="apideck")
    assert "not connected" in supervisor.get("/admin/backoffice/upstreamstate/").content.decode()
    page = supervisor.get(f"/admin/backoffice/upstreamstate/{state.pk}/change/").content.decode()
    assert "Its connection was revoked" in page
    assert any("Its connection was revoked" in finding.text for finding in check_upstreams())
    assert not WebhookDelivery.objects.filter(payload__contains="hunter2").exists()
    sync("apideck.customers")
    assert "Its connection was revoked" not in supervisor.get("/").content.decode()


@pytest.mark.django_db(transaction=True)
def test_events_about_others_and_unknown_ones_are_kept_and_change_nothing(apideck: FakeApideck, client: Client) -> None:
    for number, body in enumerate(
        (
            delivery("vault.connection.revoked", "o1", consumer_id="tenant-8"),
            delivery("vault.connection.revoked", "o2", service_id="zendesk"),
            delivery("vault.connection.revoked", "o3", unified_api="crm"),
            delivery("vault.connection.exploded", "o4"),
        )
    ):
        assert post(client, body) == 204, number
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {"ignored"}
    assert not ConnectionState.objects.exists()


def test_the_doctor_says_what_to_register_by_hand(apideck: FakeApideck, settings: Any) -> None:
    settings.PUBLIC_BASE_URL = "https://office.example"
    (finding,) = [one for one in check_webhooks() if one.name == "apideck webhooks"]
    assert "nothing was delivered yet" in finding.text
    assert finding.fix.endswith("in Apideck's dashboard: https://office.example/webhooks/apideck/")
