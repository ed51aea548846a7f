"""Lists, pages, filters, and the single customer."""

from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.tests import shapes
from backoffice.sandbox.tests.conftest import MovableClock, client_of
from backoffice.sandbox.tests.shapes import data_of, refused, rows_of


def all_rows(api: httpx.Client, path: str, shape: dict[str, Any], **query: str) -> list[dict[str, Any]]:
    """Every row of a list, page by page."""
    rows: list[dict[str, Any]] = []
    while True:
        answer = api.get(path, params=query)
        rows += rows_of(answer, shape)
        if not answer.json()["has_more"]:
            return rows
        query["cursor"] = answer.json()["next_cursor"]


@pytest.mark.parametrize("limit", ["1", "7", "50", "200"])
def test_pages_of_any_size_give_every_customer_once(limit: str) -> None:
    with Sandbox(customers=60) as sandbox:
        rows = all_rows(client_of(sandbox), "/customers", shapes.CUSTOMER, limit=limit)
        expected = [customer["id"] for customer in sandbox.kirim.customers if customer["status"] != "archived"]
    assert [row["id"] for row in rows] == expected[::-1]


def test_a_list_that_ends_with_a_full_page_ends_there(sandbox: Sandbox, api: httpx.Client) -> None:
    for number in range(4):
        sandbox.kirim.customers.add(f"customer {number}")
    first = api.get("/customers", params={"limit": "2"}).json()
    last = api.get("/customers", params={"limit": "2", "cursor": first["next_cursor"]}).json()
    assert (first["has_more"], last["has_more"], last["next_cursor"]) == (True, False, None)


def test_an_empty_list_is_an_empty_page(api: httpx.Client) -> None:
    for path in ("/customers", "/accounts", "/webhook_subscriptions"):
        body = api.get(path).json()
        assert (body["data"], body["has_more"], body["next_cursor"]) == ([], False, None)


def test_rows_that_come_change_or_go_while_paging_shift_nothing(full: Sandbox, full_api: httpx.Client) -> None:
    customers = full.kirim.customers
    expected = [customer["id"] for customer in customers if customer["status"] != "archived"][::-1]
    seen, query = [], {"limit": "20"}
    while True:
        body = full_api.get("/customers", params=query).json()
        seen += [row["id"] for row in body["data"]]
        customers.add("comes while paging")
        customers.change(seen[0], name="changes while paging")
        if seen[-1] != expected[-1]:
            gone = expected.pop(expected.index(seen[-1]) + 1)
            customers.remove(gone)
        if not body["has_more"]:
            break
        query["cursor"] = body["next_cursor"]
    assert seen == expected


def test_limit_is_capped_and_has_a_default(full_api: httpx.Client) -> None:
    assert len(full_api.get("/customers", params={"limit": "5000"}).json()["data"]) == 200
    assert len(full_api.get("/customers", params={"limit": "9" * 5000}).json()["data"]) == 200
    assert len(full_api.get("/customers", params={"limit": "007"}).json()["data"]) == 7
    assert len(full_api.get("/customers").json()["data"]) == 50


@pytest.mark.parametrize("path", ["/customers", "/accounts", "/webhook_subscriptions"])
@pytest.mark.parametrize("limit", ["0", "00", "", "-1", "1.5", "ten", "1e2", " 5", "٣", "+5"])
def test_a_limit_that_is_no_positive_digit_string_is_refused(api: httpx.Client, path: str, limit: str) -> None:
    refused(api.get(path, params={"limit": limit}), 400, "validation_failed", "limit")


@pytest.mark.parametrize("path", ["/customers", "/accounts", "/webhook_subscriptions"])
@pytest.mark.parametrize("cursor", ["", "x", "garbage!", "Y3VzdG9tZXJzOjE=", "Y3VzdG9tZXJzOi0x", "é", "9" * 6000])
def test_a_cursor_that_was_not_handed_out_is_refused(api: httpx.Client, path: str, cursor: str) -> None:
    refused(api.get(path, params={"cursor": cursor}), 400, "validation_failed", "cursor")


def test_a_cursor_belongs_to_its_list(full_api: httpx.Client) -> None:
    cursor = full_api.get("/customers", params={"limit": "1"}).json()["next_cursor"]
    refused(full_api.get("/accounts", params={"cursor": cursor}), 400, path="cursor")


@pytest.mark.parametrize("status", ["pending", "active", "suspended", "archived"])
def test_the_status_filter_keeps_one_state(full: Sandbox, full_api: httpx.Client, status: str) -> None:
    rows = all_rows(full_api, "/customers", shapes.CUSTOMER, status=status)
    expected = {customer["id"] for customer in full.kirim.customers if customer["status"] == status}
    assert {row["id"] for row in rows} == expected and rows


@pytest.mark.parametrize("status", ["", "Active", "deleted", "active,pending"])
def test_an_unknown_status_is_refused(api: httpx.Client, status: str) -> None:
    refused(api.get("/customers", params={"status": status}), 400, path="status")


def test_archived_customers_are_listed_only_when_asked_for_or_configured(clock: MovableClock) -> None:
    for lists_archived in (False, True):
        with Sandbox(customers=0, now=clock, lists_archived=lists_archived) as sandbox:
            api = client_of(sandbox)
            customer = sandbox.kirim.customers.add("Closed", status="archived")
            assert len(api.get("/customers").json()["data"]) == int(lists_archived)
            assert [row["id"] for row in rows_of(api.get("/customers?status=archived"), shapes.CUSTOMER)] == [
                customer["id"]
            ]


def test_search_looks_into_name_email_and_metadata_values_whatever_the_case(
    sandbox: Sandbox, api: httpx.Client
) -> None:
    add = sandbox.kirim.customers.add
    add("Straße ÉCLAIR")
    add("b", email="Owner@Shop.example")
    add("c", metadata={"backoffice_write": "9F1c-22", "deep": {"list": [1, True, "ネコ"]}})
    add("100% _ \\ 'quoted\"", metadata={"key_only": None})

    def found(search: str) -> list[str]:
        return [row["name"] for row in rows_of(api.get("/customers", params={"search": search}), shapes.CUSTOMER)]

    assert found("éclair") == found("STRASSE") == ["Straße ÉCLAIR"]
    assert found("owner@shop") == ["b"]
    assert found("9f1C-22") == found("ネコ") == found("true") == ["c"]
    assert found("100% _ \\ 'quoted\"") == found("%") == ["100% _ \\ 'quoted\""]
    assert found("key_only") == found("nobody") == found("a\nb") == []


@pytest.mark.parametrize("search", ["", "x" * 201])
def test_search_takes_1_to_200_characters(api: httpx.Client, search: str) -> None:
    refused(api.get("/customers", params={"search": search}), 400, path="search")
    assert api.get("/customers", params={"search": "x" * 200}).status_code == 200


def test_search_status_and_paging_work_together(sandbox: Sandbox, api: httpx.Client) -> None:
    for number in range(5):
        sandbox.kirim.customers.add(f"shop {number}", status="active" if number % 2 else "pending")
    rows = all_rows(api, "/customers", shapes.CUSTOMER, search="shop", status="pending", limit="2")
    assert [row["name"] for row in rows] == ["shop 4", "shop 2", "shop 0"]


def test_only_the_single_read_has_accounts_and_only_those_tell_when_they_were_onboarded(
    sandbox: Sandbox, api: httpx.Client
) -> None:
    customer = sandbox.kirim.customers.add("Toko Melati")
    sandbox.kirim.accounts.connect(customer["id"], name="Toko Melati")
    sandbox.kirim.accounts.begin_onboarding(customer["id"])
    body = data_of(api.get(f"/customers/{customer['id']}"), shapes.CUSTOMER_WITH_ACCOUNTS)
    for account in body["whatsapp_accounts"]:
        shapes.check(account, shapes.OWN_ACCOUNT)
    connected, onboarding = body["whatsapp_accounts"]
    assert connected["onboarded_at"] and connected["phone_number_id"]
    assert set(onboarding.values()) == {None, "onboarding"}
    listed = rows_of(api.get("/accounts"), shapes.ACCOUNT)
    assert {row["customer_id"] for row in listed} == {customer["id"]} and len(listed) == 2


@pytest.mark.parametrize("path", ["/customers/{}", "/customers/{}/setup_links"])
def test_a_malformed_id_is_a_400_and_an_unknown_one_a_404(api: httpx.Client, path: str) -> None:
    for bad in ("cus_1", "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1I", "csl_01J9ZK3M5N7P8Q2R4S6T8V0W1X", "cus_" + "0" * 27, "%0A"):
        refused(api.get(path.format(bad)), 400, "validation_failed", "id")
    refused(api.get(path.format("cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X%0A")), 400, path="id")
    refused(api.get(path.format("cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X")), 404, "not_found")


def test_accounts_are_filtered_by_status_and_owner(full: Sandbox, full_api: httpx.Client) -> None:
    accounts = list(full.kirim.accounts)
    assert all_rows(full_api, "/accounts", shapes.ACCOUNT, limit="33") == accounts[::-1]
    degraded = [account for account in accounts if account["status"] == "degraded"]
    assert all_rows(full_api, "/accounts", shapes.ACCOUNT, status="degraded") == degraded[::-1]
    assert rows_of(full_api.get("/accounts?status=never_heard_of"), shapes.ACCOUNT) == []
    owner = degraded[0]["customer_id"]
    rows = rows_of(full_api.get("/accounts", params={"customer_id": owner}), shapes.ACCOUNT)
    assert {row["customer_id"] for row in rows} == {owner}
    unknown = {"customer_id": "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"}
    assert rows_of(full_api.get("/accounts", params=unknown), shapes.ACCOUNT) == []
    refused(full_api.get("/accounts?customer_id=cus_1"), 400, path="customer_id")
