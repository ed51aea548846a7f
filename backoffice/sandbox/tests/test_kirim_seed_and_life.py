"""What a sandbox starts with, how it lives, and what outlives a restart."""

import re
import time
from pathlib import Path

import httpx
import pytest

from backoffice.sandbox import Sandbox, app
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock, client_of
from backoffice.sandbox.tests.shapes import data_of, rows_of


def everything(sandbox: Sandbox) -> list[bytes]:
    """Bytes of a few calls, writing ones too."""
    api = client_of(sandbox)
    answers = [api.get("/customers", params={"limit": "200"}), api.get("/accounts", params={"limit": "200"})]
    created = api.post("/customers", json={"name": "new"})
    answers += [created, api.post(f"/customers/{created.json()['data']['id']}/setup_links")]
    answers.append(api.post("/webhook_subscriptions", json={"url": "https://a.example", "events": ["contact.created"]}))
    for _ in range(5):
        sandbox.kirim.tick()
    return [answer.content for answer in [*answers, api.get("/customers"), api.get("/accounts")]]


def test_the_same_seed_and_clock_give_the_same_bytes(clock: MovableClock) -> None:
    first, second, other = (everything(Sandbox(seed=seed, now=clock)) for seed in (7, 7, 8))
    assert first == second
    assert not set(first) & set(other)


def test_a_new_sandbox_has_every_state_and_every_shape(full: Sandbox, full_api: httpx.Client) -> None:
    customers, links, accounts = list(full.kirim.customers), list(full.kirim.links), list(full.kirim.accounts)
    assert len(customers) == len(full.kirim.customers) == 350
    for row in customers:
        shapes.check(dict(row), shapes.CUSTOMER)
    for row in links:
        shapes.check(dict(row), shapes.LINK)
    for row in accounts:
        shapes.check(dict(row), shapes.ACCOUNT)
    assert {row["status"] for row in customers} == {"pending", "active", "suspended", "archived"}
    assert {row["status"] for row in links} == {"active", "consumed", "expired", "revoked"}
    assert {"connected", "disconnected", "degraded", "onboarding", "pending_display_name_review"} <= {
        row["status"] for row in accounts
    }
    assert [row for row in accounts if row["customer_id"] is None]
    numbers = [row["phone_number_id"] for row in accounts if row["phone_number_id"]]
    assert len(set(numbers)) == len(numbers) < len(accounts)
    ids = {row["id"] for row in customers}
    assert {row["customer_id"] for row in links} <= ids and len(ids) == 350
    per_customer = [sum(link["customer_id"] == customer for link in links) for customer in ids]
    assert max(per_customer) == 60


def test_a_new_sandbox_has_names_in_many_scripts_and_odd_values(full: Sandbox) -> None:
    customers = list(full.kirim.customers)
    names = "\n".join(row["name"] for row in customers)
    for script in ("[\u0600-\u06ff]", "[\u0590-\u05ff]", "[\u4e00-\u9fff]", "[\u3040-\u30ff]", "[\u0400-\u04ff]"):
        assert re.search(script, names)
    assert re.search("[\u0e00-\u0e7f]", names) and "🏳️‍🌈" in names
    assert "<b>" in names and "=cmd|" in names and '"' in names
    assert max(len(row["name"]) for row in customers) == 200
    assert [row for row in customers if row["email"] is None] and [row for row in customers if row["metadata"] is None]
    assert "javascript:alert(1)" in str([row["metadata"] for row in customers])


def test_times_of_a_new_sandbox_fit_together(full: Sandbox, clock: MovableClock) -> None:
    now = "2026-01-01T12:00:00.000Z"
    customers = {row["id"]: row for row in full.kirim.customers}
    created = [row["created_at"] for row in customers.values()]
    assert created == sorted(created) and created[0] < "2024-02-01" and created[-1] > "2025-12-01"
    for row in customers.values():
        assert row["created_at"] <= row["updated_at"] <= now
        assert (row["archived_at"] is not None) is (row["status"] == "archived")
    for link in full.kirim.links:
        assert customers[link["customer_id"]]["created_at"] <= link["created_at"] <= now
        assert (link["consumed_at"] is not None) is (link["status"] == "consumed")
        assert (link["expires_at"] > now) if link["status"] == "active" else True
        assert (link["expires_at"] <= now) if link["status"] == "expired" else True


@pytest.mark.parametrize("count", [0, 1, 5, 29, 31])
def test_a_sandbox_of_any_size_has_exactly_as_many_customers(count: int) -> None:
    with Sandbox(customers=count) as sandbox:
        assert len(sandbox.kirim.customers) == count


def test_ids_sort_by_time_of_creation_between_milliseconds(clock: MovableClock, sandbox: Sandbox) -> None:
    ids = []
    for _ in range(5):
        ids.append(sandbox.kirim.customers.add("x")["id"])
        clock.forward(milliseconds=1)
    assert ids == sorted(ids)


def test_life_onboards_customers_expires_links_and_brings_new_customers(clock: MovableClock) -> None:
    with Sandbox(customers=60, now=clock) as sandbox:
        pending = {row["id"] for row in sandbox.kirim.customers if row["status"] == "pending"}
        active_links = {row["id"] for row in sandbox.kirim.links if row["status"] == "active"}
        for _ in range(40):
            sandbox.kirim.tick()
        after = {row["id"]: row for row in sandbox.kirim.customers}
        onboarded = [customer for customer in pending if after[customer]["status"] == "active"]
        assert onboarded and len(after) > 60
        for customer in onboarded:
            assert "connected" in {account["status"] for account in sandbox.kirim.accounts.of(customer)}
            assert "consumed" in {link["status"] for link in sandbox.kirim.links.newest(customer)}
        clock.forward(days=31)
        sandbox.kirim.tick()
        states = {row["id"]: row["status"] for row in sandbox.kirim.links}
        assert {states[link] for link in active_links} <= {"consumed", "expired"}


def test_a_sandbox_that_is_alive_ticks_by_itself_until_it_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "TICK_EVERY_S", 0.005)
    with Sandbox(customers=60, alive=True) as sandbox:
        before, deadline = everything_known(sandbox), time.monotonic() + 60
        while everything_known(sandbox) == before and time.monotonic() < deadline:
            time.sleep(0.01)
        assert everything_known(sandbox) != before
    assert sandbox._life and not sandbox._life.is_alive()


def everything_known(sandbox: Sandbox) -> tuple[int, int]:
    return len(sandbox.kirim.customers), sum(link["status"] == "consumed" for link in sandbox.kirim.links)


def test_a_restart_goes_on_where_the_last_run_stopped(tmp_path: Path, clock: MovableClock) -> None:
    with Sandbox(customers=40, seed=3, state_path=tmp_path, now=clock) as sandbox:
        assert sandbox.kirim.is_new
        api = client_of(sandbox)
        created = data_of(api.post("/customers", json={"name": "Kept"}))
        link = data_of(api.post(f"/customers/{created['id']}/setup_links"))
        before = list(sandbox.kirim.customers), list(sandbox.kirim.links), list(sandbox.kirim.accounts)
        cursor = api.get("/customers", params={"limit": "5"}).json()["next_cursor"]
        expected = api.get("/customers", params={"cursor": cursor}).json()["data"]
    with Sandbox(customers=9, seed=9, state_path=tmp_path, now=clock) as sandbox:
        assert not sandbox.kirim.is_new
        api = client_of(sandbox)
        assert (list(sandbox.kirim.customers), list(sandbox.kirim.links), list(sandbox.kirim.accounts)) == before
        assert rows_of(api.get("/customers", params={"cursor": cursor}), shapes.CUSTOMER) == expected
        again = data_of(api.post(f"/customers/{created['id']}/setup_links"))
        assert again["id"] != link["id"] and again["token"] != link["token"]


def test_what_tests_add_change_and_remove_is_what_calls_read(sandbox: Sandbox, api: httpx.Client) -> None:
    kirim = sandbox.kirim
    kept, gone = kirim.customers.add("kept"), kirim.customers.add("gone")
    kirim.links.add(gone["id"])
    kirim.accounts.connect(gone["id"])
    number = kirim.accounts.connect(kept["id"])["phone_number_id"]
    assert number
    kirim.customers.remove(gone["id"])
    assert api.get(f"/customers/{gone['id']}").status_code == 404
    assert (len(kirim.links), len(kirim.accounts)) == (0, 1)
    kirim.accounts.change(number, status="degraded")
    assert rows_of(api.get("/accounts?status=degraded"), shapes.ACCOUNT)[0]["phone_number_id"] == number
    kirim.accounts.remove(number)
    assert rows_of(api.get("/accounts"), shapes.ACCOUNT) == []
    for table, key in ((kirim.customers, kept["id"]), (kirim.accounts, number), (kirim.links, "x")):
        with pytest.raises(TypeError):
            table.change(key, no_such_member=1)
