"""Creating, changing and archiving customers; template sync."""

from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock
from backoffice.sandbox.tests.shapes import data_of, refused

UNKNOWN = "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"
JSON = {"Content-Type": "application/json"}


def test_a_customer_is_created_pending_with_a_200(sandbox: Sandbox, api: httpx.Client) -> None:
    metadata = {"external_ref": "crm-1042", "数": [1, 2.5, 2**70, None, {"x": True}], "": "javascript:alert(1)"}
    sent = {"name": "Toko Melati", "email": "owner@tokomelati.example", "metadata": metadata, "unknown": [1]}
    created = data_of(api.post("/customers", json=sent), shapes.CUSTOMER)
    assert (created["status"], created["team_id"], created["archived_at"]) == ("pending", "team_main", None)
    assert created["metadata"] == metadata
    assert created["created_at"] == created["updated_at"] == "2026-01-01T12:00:00.000Z"
    assert {**data_of(api.get(f"/customers/{created['id']}")), "whatsapp_accounts": None} == {
        **created,
        "whatsapp_accounts": None,
    }
    assert list(sandbox.kirim.customers) == [created]


def test_the_same_create_twice_makes_two_customers(sandbox: Sandbox, api: httpx.Client) -> None:
    ids = {data_of(api.post("/customers", json={"name": "Twice"}))["id"] for _ in range(2)}
    assert len(ids) == len(sandbox.kirim.customers) == 2


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", None),
        ("name", ""),
        ("name", "x" * 201),
        ("name", 5),
        ("email", None),
        ("email", ""),
        ("email", "no at sign"),
        ("email", "two@at@signs.example"),
        ("email", "a@b.example\n"),
        ("email", "x" * 250 + "@b.example"),
        ("email", 7),
        ("metadata", None),
        ("metadata", []),
        ("metadata", "{}"),
        ("team_id", None),
        ("team_id", ""),
        ("team_id", "t" * 65),
    ],
)
def test_a_wrong_member_of_a_create_is_refused_by_name(
    sandbox: Sandbox, api: httpx.Client, member: str, value: Any
) -> None:
    refused(api.post("/customers", json={"name": "Fine", member: value}), 400, "validation_failed", member)
    assert len(sandbox.kirim.customers) == 0


def test_the_longest_members_are_taken(api: httpx.Client) -> None:
    email = "x" * (255 - len("@b.example")) + "@b.example"
    sent = {"name": "名" * 200, "email": email, "team_id": "t" * 64, "metadata": {}}
    created = data_of(api.post("/customers", json=sent), shapes.CUSTOMER)
    assert {name: created[name] for name in sent} == sent


def test_all_wrong_members_are_told_at_once(api: httpx.Client) -> None:
    answer = api.post("/customers", json={"email": "x", "metadata": 1})
    assert [detail["path"] for detail in answer.json()["error"]["details"]] == ["name", "email", "metadata"]


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '"text"', '{"name": NaN}', '{"name": "\\ud800"}', "[" * 100_000, '{"name":"x","metadata":'],
)
def test_a_body_that_is_no_json_object_is_refused(api: httpx.Client, content: str) -> None:
    customer = data_of(api.post("/customers", json={"name": "x"}))["id"]
    refused(api.post("/customers", content=content, headers=JSON), 400)
    refused(api.patch(f"/customers/{customer}", content=content, headers=JSON), 400)
    refused(api.post("/webhook_subscriptions", content=content, headers=JSON), 400)


def test_a_body_of_another_type_is_refused(api: httpx.Client) -> None:
    refused(api.post("/customers", data={"name": "form"}), 400)
    refused(api.post("/customers", content='{"name": "x"}', headers={"Content-Type": "text/plain"}), 400)


def test_metadata_nested_without_end_is_refused(api: httpx.Client) -> None:
    deep = '{"name":"x","metadata":' + '{"a":' * 400 + "1" + "}" * 401
    refused(api.post("/customers", content=deep, headers=JSON), 400, path="metadata")


def test_a_change_sets_what_is_sent_null_clears_and_the_rest_stays(
    clock: MovableClock, sandbox: Sandbox, api: httpx.Client
) -> None:
    customer = sandbox.kirim.customers.add("Before", email="a@b.example", metadata={"old": 1, "kept": 2})
    path = f"/customers/{customer['id']}"
    clock.forward(hours=1)
    changed = data_of(api.patch(path, json={"name": "After", "unknown": 1}), shapes.CUSTOMER)
    assert changed == {**customer, "name": "After", "updated_at": "2026-01-01T13:00:00.000Z"}
    assert data_of(api.patch(path, json={"metadata": {"new": 3}}))["metadata"] == {"new": 3}  # replaced, not merged
    cleared = data_of(api.patch(path, json={"email": None, "metadata": None}))
    assert (cleared["email"], cleared["metadata"], cleared["name"]) == (None, None, "After")


def test_a_change_of_nothing_changes_nothing(clock: MovableClock, sandbox: Sandbox, api: httpx.Client) -> None:
    customer = sandbox.kirim.customers.add("Same")
    clock.forward(hours=1)
    assert data_of(api.patch(f"/customers/{customer['id']}", json={})) == customer


@pytest.mark.parametrize("before", ["pending", "active", "suspended"])
@pytest.mark.parametrize("after", ["pending", "active", "suspended"])
def test_status_changes_freely_among_the_three_living_states(
    sandbox: Sandbox, api: httpx.Client, before: str, after: str
) -> None:
    customer = sandbox.kirim.customers.add("x", status=before)
    assert data_of(api.patch(f"/customers/{customer['id']}", json={"status": after}))["status"] == after


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("status", "archived"),
        ("status", "deleted"),
        ("status", None),
        ("name", None),
        ("name", ""),
        ("name", "x" * 201),
        ("email", "x"),
        ("metadata", [1]),
        ("team_id", "team_asia"),
    ],
)
def test_a_wrong_member_of_a_change_is_refused_by_name(
    sandbox: Sandbox, api: httpx.Client, member: str, value: Any
) -> None:
    customer = sandbox.kirim.customers.add("x")
    answer = api.patch(f"/customers/{customer['id']}", json={"email": "fine@b.example", member: value})
    refused(answer, 400, "validation_failed", member)
    assert sandbox.kirim.customers.get(customer["id"]) == customer


def test_changing_or_archiving_an_unknown_customer_is_a_404_and_a_malformed_id_a_400(api: httpx.Client) -> None:
    for method, body in (("PATCH", {"name": "x"}), ("DELETE", None)):
        refused(api.request(method, f"/customers/{UNKNOWN}", json=body), 404, "not_found")
        refused(api.request(method, "/customers/cus_x", json=body), 400, path="id")


def test_archiving_answers_a_small_body_twice_and_is_final(
    clock: MovableClock, sandbox: Sandbox, api: httpx.Client
) -> None:
    customer = sandbox.kirim.customers.add("x", status="active")
    account = sandbox.kirim.accounts.connect(customer["id"])
    path = f"/customers/{customer['id']}"
    expected = {"id": customer["id"], "object": "customer", "archived": True}
    assert data_of(api.delete(path)) == expected
    clock.forward(hours=1)
    assert data_of(api.delete(path)) == expected
    read = data_of(api.get(path), shapes.CUSTOMER_WITH_ACCOUNTS)
    assert (read["status"], read["archived_at"]) == ("archived", "2026-01-01T12:00:00.000Z")
    assert list(sandbox.kirim.accounts) == [account]  # nothing is erased
    for status in ("active", "archived"):
        refused(api.patch(path, json={"status": status}), 400)
    refused(api.patch(path, json={"name": "other"}), 400, "customer_archived")
    refused(api.post(f"{path}/setup_links"), 400, "customer_archived")


def test_template_sync_counts_and_repeats(sandbox: Sandbox, api: httpx.Client) -> None:
    customer = sandbox.kirim.customers.add("x", status="active")
    for owner in (customer["id"], None):
        number = sandbox.kirim.accounts.connect(owner)["phone_number_id"]
        first = data_of(api.post(f"/{number}/templates/sync"))
        again = data_of(api.post(f"/{number}/templates/sync"))
        for counters in (first, again):
            assert counters.keys() == {"object", "synced", "created", "updated"}
            assert counters["object"] == "template_sync_result"
            assert counters["synced"] == counters["created"] + counters["updated"] > 0
        assert (first["updated"], again["created"]) == (0, 0)


@pytest.mark.parametrize("status", ["suspended", "archived"])
def test_template_sync_is_a_422_while_the_owner_is_suspended_or_archived(
    sandbox: Sandbox, api: httpx.Client, status: str
) -> None:
    customer = sandbox.kirim.customers.add("x")
    number = sandbox.kirim.accounts.connect(customer["id"])["phone_number_id"]
    sandbox.kirim.customers.change(customer["id"], status=status)
    refused(api.post(f"/{number}/templates/sync"), 422, "customer_suspended")
    sandbox.kirim.customers.change(customer["id"], status="active")
    assert api.post(f"/{number}/templates/sync").status_code == 200


def test_template_sync_of_an_unknown_number_is_a_404_and_of_a_malformed_one_a_400(api: httpx.Client) -> None:
    refused(api.post("/106540352242922/templates/sync"), 404, "not_found")
    for bad in ("12345", "1" * 21, "abcdefg", "customers", "12345x"):
        refused(api.post(f"/{bad}/templates/sync"), 400, path="phone_number_id")
