"""Setup links: one-time secrets, states, and a list of the newest 50."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock, client_of
from backoffice.sandbox.tests.shapes import data_of, refused, rows_of

UNKNOWN_LINK = "csl_01J9ZKA1B2C3D4E5F6G7H8J9KM"


@pytest.fixture
def customer(sandbox: Sandbox) -> str:
    return sandbox.kirim.customers.add("Toko Melati")["id"]


@pytest.fixture
def links(customer: str) -> str:
    return f"/customers/{customer}/setup_links"


@pytest.mark.parametrize("sent", [{}, {"json": {}}, {"json": {"unknown": 1}}])
def test_a_link_is_created_with_or_without_a_body(api: httpx.Client, customer: str, links: str, sent: Any) -> None:
    link = data_of(api.post(links, **sent), shapes.NEW_LINK)
    assert (link["status"], link["customer_id"], link["consumed_at"]) == ("active", customer, None)
    assert link["success_redirect_url"] is None and link["failure_redirect_url"] is None
    assert link["expires_at"] == "2026-01-08T12:00:00.000Z"
    assert link["setup_url"].startswith("https://") and link["setup_url"].endswith(link["token"])
    assert link["token"][-4:] == link["token_last4"]


def test_the_secret_is_in_the_create_answer_and_nowhere_else(tmp_path: Path, clock: MovableClock) -> None:
    with Sandbox(customers=0, state_path=tmp_path, now=clock) as sandbox:
        api = client_of(sandbox)
        customer = sandbox.kirim.customers.add("x")["id"]
        path = f"/customers/{customer}/setup_links"
        link = data_of(api.post(path))
        one = f"{path}/{link['id']}"
        answers = [api.get(path), api.get(f"/customers/{customer}"), api.get("/customers"), api.get("/accounts")]
        answers += [api.patch(one, json={"success_redirect_url": "https://a.example"}), api.delete(one)]
        assert all(answer.status_code == 200 for answer in answers)
        assert not [answer for answer in answers if link["token"] in answer.text or "setup_url" in answer.text]
        during = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    after = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    secret = link["token"].removeprefix("sandbox-token-").encode()
    assert link["id"].encode() in during and link["id"].encode() in after
    assert secret not in during + after and b"connect.kirim" not in during + after


@pytest.mark.parametrize(("hours", "expires"), [(1, "2026-01-01T13"), (720, "2026-01-31T12"), (24.0, "2026-01-02T12")])
def test_a_link_lives_as_long_as_asked(api: httpx.Client, links: str, hours: float, expires: str) -> None:
    assert data_of(api.post(links, json={"expires_in_hours": hours}))["expires_at"].startswith(expires)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        *[("expires_in_hours", value) for value in (0, 721, -1, 1.5, "24", True, None)],
        *[
            (member, value)
            for member in ("success_redirect_url", "failure_redirect_url")
            for value in (
                None,
                "",
                "not a uri",
                "example.com/path",
                "https://",
                "https:// x",
                "https://é.example",
                "https:///x",
                "a:<b>",
                5,
            )
        ],
        ("success_redirect_url", "https://a.example/" + "x" * 2048),
    ],
)
def test_a_wrong_member_of_a_create_is_refused_by_name(
    sandbox: Sandbox, api: httpx.Client, links: str, member: str, value: Any
) -> None:
    refused(api.post(links, json={member: value}), 400, "validation_failed", member)
    assert len(sandbox.kirim.links) == 0


def test_a_body_that_is_no_json_object_is_refused(api: httpx.Client, links: str) -> None:
    for content in ("{", "[]", "null"):
        refused(api.post(links, content=content, headers={"Content-Type": "application/json"}), 400)


def test_the_list_has_the_newest_50_and_no_pages(
    clock: MovableClock, sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    made = []
    for _ in range(60):
        made.append(sandbox.kirim.links.add(customer)["id"])
        clock.forward(minutes=1)
    other = sandbox.kirim.customers.add("other")["id"]
    sandbox.kirim.links.add(other)
    answer = api.get(links, params={"limit": "2", "cursor": "ignored"})
    assert [row["id"] for row in rows_of(answer, shapes.LINK)] == made[:9:-1]
    assert (answer.json()["has_more"], answer.json()["next_cursor"]) == (False, None)


def test_links_made_in_the_same_millisecond_are_listed_newest_first(
    sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    made = [sandbox.kirim.links.add(customer)["id"] for _ in range(10)]
    assert [row["id"] for row in rows_of(api.get(links), shapes.LINK)] == made[::-1]


@pytest.mark.parametrize("status", ["active", "consumed", "expired", "revoked"])
def test_the_status_filter_keeps_one_state(
    sandbox: Sandbox, api: httpx.Client, customer: str, links: str, status: str
) -> None:
    made = end_in_every_state(sandbox, customer)
    assert [row["id"] for row in rows_of(api.get(links, params={"status": status}), shapes.LINK)] == [made[status]]


def test_an_unknown_status_is_refused(api: httpx.Client, links: str) -> None:
    refused(api.get(links, params={"status": "used"}), 400, path="status")


def test_the_redirects_of_an_active_link_are_changed_and_cleared(
    sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    sent = {"success_redirect_url": "https://a.example/ok", "failure_redirect_url": "https://a.example/no"}
    link = sandbox.kirim.links.add(customer, **sent)
    path = f"{links}/{link['id']}"
    changed = data_of(api.patch(path, json={"failure_redirect_url": "https://b.example/?x=1#y"}), shapes.LINK)
    assert changed["success_redirect_url"] == "https://a.example/ok"  # an omitted member stays
    assert changed["failure_redirect_url"] == "https://b.example/?x=1#y"
    cleared = data_of(api.patch(path, json={"success_redirect_url": None, "status": "revoked"}), shapes.LINK)
    assert (cleared["success_redirect_url"], cleared["status"]) == (None, "active")
    assert data_of(api.patch(path, json={})) == cleared
    refused(api.patch(path, json={"success_redirect_url": "nope"}), 400, path="success_redirect_url")
    refused(api.patch(path), 400)


@pytest.mark.parametrize("status", ["consumed", "expired", "revoked"])
def test_a_link_that_is_not_active_is_neither_changed_nor_revoked(
    sandbox: Sandbox, api: httpx.Client, customer: str, links: str, status: str
) -> None:
    path = f"{links}/{end_in_every_state(sandbox, customer)[status]}"
    before = rows_of(api.get(links), shapes.LINK)
    refused(api.patch(path, json={"success_redirect_url": None}), 409, "conflict")
    refused(api.delete(path), 409, "conflict")
    assert rows_of(api.get(links), shapes.LINK) == before


def test_revoking_answers_a_small_body_once(sandbox: Sandbox, api: httpx.Client, customer: str, links: str) -> None:
    link = sandbox.kirim.links.add(customer)["id"]
    assert data_of(api.delete(f"{links}/{link}")) == {
        "id": link,
        "object": "customer_setup_link",
        "revoked": True,
        "status": "revoked",
    }
    refused(api.delete(f"{links}/{link}"), 409, "conflict")


def test_a_link_is_found_only_under_its_own_customer(
    sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    other = sandbox.kirim.customers.add("other")["id"]
    theirs = sandbox.kirim.links.add(other)["id"]
    for method, body in (("PATCH", {}), ("DELETE", None)):
        refused(api.request(method, f"{links}/{theirs}", json=body), 404, "not_found")
        refused(api.request(method, f"{links}/{UNKNOWN_LINK}", json=body), 404, "not_found")
        refused(api.request(method, f"{links}/csl_1", json=body), 400, path="link_id")
        refused(api.request(method, f"/customers/x/setup_links/{theirs}", json=body), 400, path="id")
    assert sandbox.kirim.links.get(theirs)["status"] == "active"


def test_a_link_of_an_unknown_customer_is_a_404(api: httpx.Client) -> None:
    refused(api.post("/customers/cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X/setup_links"), 404, "not_found")
    refused(api.post("/customers/cus_x/setup_links"), 400, path="id")


def test_time_alone_expires_a_link(
    clock: MovableClock, sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    link = sandbox.kirim.links.add(customer, expires_in_hours=1)["id"]
    clock.forward(minutes=59, seconds=59)
    assert rows_of(api.get(links), shapes.LINK)[0]["status"] == "active"
    clock.forward(seconds=1)
    refused(api.delete(f"{links}/{link}"), 409)
    assert rows_of(api.get(links), shapes.LINK)[0]["status"] == "expired"


def test_onboarding_connects_an_account_consumes_the_link_and_activates_a_pending_customer(
    clock: MovableClock, sandbox: Sandbox, api: httpx.Client, customer: str, links: str
) -> None:
    link = sandbox.kirim.links.add(customer)["id"]
    sandbox.kirim.accounts.begin_onboarding(customer)
    clock.forward(hours=2)
    sandbox.kirim.complete_onboarding(link)
    read = data_of(api.get(f"/customers/{customer}"), shapes.CUSTOMER_WITH_ACCOUNTS)
    assert (read["status"], read["updated_at"]) == ("active", "2026-01-01T14:00:00.000Z")
    (account,) = read["whatsapp_accounts"]  # the one that was onboarding
    assert (account["status"], account["onboarded_at"]) == ("connected", "2026-01-01T14:00:00.000Z")
    assert account["phone_number_id"] and account["phone_number"]
    (consumed,) = rows_of(api.get(links), shapes.LINK)
    assert (consumed["status"], consumed["consumed_at"]) == ("consumed", "2026-01-01T14:00:00.000Z")


def test_onboarding_leaves_a_suspended_customer_suspended(sandbox: Sandbox, customer: str) -> None:
    sandbox.kirim.customers.change(customer, status="suspended")
    sandbox.kirim.complete_onboarding(sandbox.kirim.links.add(customer)["id"])
    assert sandbox.kirim.customers.get(customer)["status"] == "suspended"
    assert len(sandbox.kirim.accounts.of(customer)) == 1


def end_in_every_state(sandbox: Sandbox, customer: str) -> dict[str, str]:
    """Four links of a customer, one in each state: status -> id."""
    ids = [sandbox.kirim.links.add(customer)["id"] for _ in range(4)]
    sandbox.kirim.links.consume(ids[1])
    sandbox.kirim.links.expire(ids[2])
    sandbox.kirim.links.revoke(ids[3])
    return dict(zip(("active", "consumed", "expired", "revoked"), ids, strict=True))
