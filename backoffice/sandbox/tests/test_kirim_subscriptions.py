"""Webhook subscriptions: create, read, list, change, remove; a secret that is shown once."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock, client_of
from backoffice.sandbox.tests.shapes import data_of, refused, rows_of

PATH = "/webhook_subscriptions"
URL = "https://backoffice.example.com/hooks/kirim"
EVENTS = [
    "conversation.assigned",
    "conversation.closed",
    "contact.created",
    "contact.updated",
    "customer.created",
    "customer.updated",
    "customer.archived",
    "customer.onboarded",
    "customer.setup_link.created",
    "customer.setup_link.consumed",
]


def test_a_subscription_takes_every_known_event(api: httpx.Client) -> None:
    sent = {"url": URL, "description": "x" * 200, "events": EVENTS}
    created = data_of(api.post(PATH, json=sent), shapes.NEW_SUBSCRIPTION)
    assert {name: created[name] for name in sent} == sent and created["status"] == "active"
    assert len(base64.b64decode(created["initial_secret"].removeprefix("whsec_"), validate=True)) == 32


def test_the_secret_is_answered_once_and_kept_for_signing(tmp_path: Path) -> None:
    with Sandbox(customers=0, state_path=tmp_path) as sandbox:
        api = client_of(sandbox)
        created = data_of(api.post(PATH, json={"url": URL, "events": ["customer.created"]}))
        one = f"{PATH}/{created['id']}"
        later = [api.get(one), api.get(PATH), api.patch(one, json={"status": "paused"})]
        assert not [answer for answer in later if "secret" in answer.text]
    with Sandbox(state_path=tmp_path) as sandbox:
        assert sandbox.kirim.subscriptions.secret(created["id"]) == created["initial_secret"]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("url", None),
        ("url", "nope"),
        ("url", 1),
        ("description", None),
        ("description", "x" * 201),
        ("events", None),
        ("events", []),
        ("events", "customer.created"),
        ("events", ["customer.created", "customer.deleted"]),
        ("events", [{"a": 1}]),
    ],
)
def test_a_wrong_member_is_refused_by_name(api: httpx.Client, member: str, value: Any) -> None:
    fine = {"url": URL, "events": ["customer.created"]}
    refused(api.post(PATH, json={**fine, member: value}), 400, "validation_failed", member)
    one = f"{PATH}/{data_of(api.post(PATH, json=fine))['id']}"
    if (member, value) != ("description", None):  # null clears it
        refused(api.patch(one, json={member: value}), 400, "validation_failed", member)


def test_url_and_events_are_required(api: httpx.Client) -> None:
    answer = api.post(PATH, json={"description": "x"})
    assert [detail["path"] for detail in answer.json()["error"]["details"]] == ["url", "events"]


def test_a_change_sets_what_is_sent(clock: MovableClock, api: httpx.Client) -> None:
    sent = {"url": URL, "description": "d", "events": ["customer.created"]}
    created = data_of(api.post(PATH, json=sent))
    created.pop("initial_secret")
    one = f"{PATH}/{created['id']}"
    assert data_of(api.patch(one, json={}), shapes.SUBSCRIPTION) == created
    clock.forward(hours=1)
    changed = data_of(api.patch(one, json={"events": ["customer.updated"] * 2, "description": None}))
    assert changed == {
        **created,
        "events": ["customer.updated"],
        "description": None,
        "updated_at": "2026-01-01T13:00:00.000Z",
    }
    assert data_of(api.patch(one, json={"status": "paused"}))["status"] == "paused"
    for status in ("disabled", None, "x"):
        refused(api.patch(one, json={"status": status}), 400, path="status")
    assert data_of(api.get(one), shapes.SUBSCRIPTION)["status"] == "paused"


def test_a_subscription_that_kirim_disabled_is_not_changed(sandbox: Sandbox, api: httpx.Client) -> None:
    created = sandbox.kirim.subscriptions.add(URL, ["customer.created"])
    sandbox.kirim.subscriptions.change(created["id"], status="disabled")
    refused(api.patch(f"{PATH}/{created['id']}", json={"status": "active"}), 409, "conflict")


def test_subscriptions_are_listed_in_pages(sandbox: Sandbox, api: httpx.Client) -> None:
    made = [sandbox.kirim.subscriptions.add(URL, ["customer.created"])["id"] for _ in range(3)]
    first = api.get(PATH, params={"limit": "2"})
    last = api.get(PATH, params={"limit": "2", "cursor": first.json()["next_cursor"]})
    rows = rows_of(first, shapes.SUBSCRIPTION) + rows_of(last, shapes.SUBSCRIPTION)
    assert [row["id"] for row in rows] == made[::-1]


def test_a_removed_subscription_is_gone(api: httpx.Client) -> None:
    created = data_of(api.post(PATH, json={"url": URL, "events": ["customer.created"]}))
    one = f"{PATH}/{created['id']}"
    assert data_of(api.delete(one)) == {"id": created["id"], "object": "webhook_subscription", "deleted": True}
    refused(api.delete(one), 404, "not_found")
    refused(api.get(one), 404, "not_found")
    refused(api.patch(one, json={"status": "paused"}), 404, "not_found")
    assert rows_of(api.get(PATH), shapes.SUBSCRIPTION) == []
