"""The support desk behind Apideck: reading, writing, refusals, switches, the connection and its events."""

import json
import re
from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.apideck.connection import signature_of
from backoffice.sandbox.apideck.customers import MEMBERS
from backoffice.sandbox.apideck.rules import CUSTOMER
from backoffice.sandbox.checks import problems_with
from backoffice.sandbox.outbox import Delivery
from backoffice.sandbox.switches import Switch
from backoffice.sandbox.tests.conftest import MovableClock, support_of

CUSTOMERS = "/customer-support/customers"
ENVELOPE = {"status_code", "status", "service", "resource", "operation", "data"}


def answered(answer: httpx.Response, status: int = 200, operation: str = "one") -> Any:
    """The data of a good answer."""
    body = answer.json()
    assert (answer.status_code, body["status_code"], body["operation"]) == (status, status, operation), body
    assert body.keys() >= ENVELOPE and (body["service"], body["resource"]) == ("kustomer", "customers")
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["Request-Id"])
    assert int(answer.headers["x-downstream-ratelimit-remaining"]) < int(answer.headers["x-downstream-ratelimit-limit"])
    return body["data"]


def refused(answer: httpx.Response, status: int, type_name: str) -> Any:
    """The detail of a refusal."""
    body = answer.json()
    assert (answer.status_code, body["status_code"], body["type_name"]) == (status, status, type_name), body
    assert body.keys() == {"status_code", "error", "type_name", "message", "detail", "ref"} and body["message"]
    assert body["ref"].endswith(f"#{type_name.lower()}")
    return body["detail"]


def swept(api: httpx.Client, **parameters: str) -> tuple[list[dict[str, Any]], list[int]]:
    """All rows, and how many came on each page, as ``meta`` leads on; a page without it is the last."""
    rows: list[dict[str, Any]] = []
    sizes = []
    cursor: dict[str, str] = {}
    while len(sizes) < 50:
        body = api.get(CUSTOMERS, params={**parameters, **cursor}).json()
        rows += body["data"]
        sizes.append(len(body["data"]))
        following = body.get("meta", {}).get("cursors", {}).get("next")
        if following is None:
            break
        cursor = {"cursor": following}
    return rows, sizes


@pytest.mark.parametrize(
    ("headers", "status", "type_name"),
    [
        ({"Authorization": ""}, 401, "UnauthorizedError"),
        ({"Authorization": "Bearer other"}, 401, "UnauthorizedError"),
        ({"Authorization": "Basic apideck-sandbox-key"}, 401, "UnauthorizedError"),
        ({"x-apideck-app-id": "other"}, 401, "UnauthorizedError"),
        ({"x-apideck-consumer-id": "other"}, 404, "ConnectionNotFoundError"),
        ({"x-apideck-service-id": "zendesk"}, 404, "ConnectionNotFoundError"),
    ],
)
def test_who_may_not_call_is_told_why(sandbox: Sandbox, headers: dict[str, str], status: int, type_name: str) -> None:
    answer = support_of(sandbox, **headers).get(CUSTOMERS)
    assert refused(answer, status, type_name)
    assert answer.headers["Request-Id"] and "x-downstream-ratelimit-limit" not in answer.headers


def test_headers_that_are_needed_are_named_and_the_service_may_be_left_out(sandbox: Sandbox) -> None:
    api = support_of(sandbox)
    del api.headers["x-apideck-service-id"]
    assert answered(api.get(CUSTOMERS), operation="all") == []
    del api.headers["x-apideck-consumer-id"]
    assert refused(api.get(CUSTOMERS), 400, "RequestValidationError") == {
        "missing": [{"x-apideck-consumer-id": "required"}]
    }


def test_a_customer_is_created_read_changed_and_deleted_and_answers_hold_only_its_id(
    sandbox: Sandbox, support: httpx.Client, clock: MovableClock
) -> None:
    body = {"first_name": "Ana", "emails": [{"email": "ana@nordwind.example", "type": "primary"}], "notes": None}
    body |= {"phone_numbers": [{"number": "555 01 00"}, {"id": "mine", "number": "1"}], "bank_accounts": {"iban": "X"}}
    created = answered(support.post(CUSTOMERS, json=body), 201, "add")
    assert created.keys() == {"id"} and created["id"].startswith("cs_")
    path = f"{CUSTOMERS}/{created['id']}"
    before = answered(support.get(path))
    assert tuple(before) == MEMBERS and before["status"] == "active" and before["addresses"] == []
    assert [its.keys() for its in before["emails"]] == [{"id", "email", "type"}]
    assert before["phone_numbers"][1]["id"] == "mine" != before["phone_numbers"][0]["id"]
    clock.forward(minutes=1)
    assert answered(support.patch(path, json={"notes": "x", "emails": []}), operation="update") == created
    after = answered(support.get(path))
    changed = {name for name in MEMBERS if before[name] != after[name]}
    assert changed == {"notes", "emails", "updated_at"} and after["bank_accounts"] == {"iban": "X"}
    assert answered(support.patch(path, json={}), operation="update") == created
    assert answered(support.get(path)) == after
    assert answered(support.delete(path), operation="delete") == created
    for method in ("get", "patch", "delete"):
        content = {"json": {}} if method == "patch" else {}
        detail = refused(getattr(support, method)(path, **content), 404, "EntityNotFoundError")
        assert detail == {"not_found": {"entity": "customer", "id": created["id"]}}
    assert len(sandbox.apideck.customers) == 0


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"id": "cs_1"}, "id"),
        ({"created_at": "2026-01-01T00:00:00.000Z"}, "created_at"),
        ({"nickname": "A"}, "nickname"),
        ({"phone_numbers": [{"type": "work"}]}, "phone_numbers"),
        ({"phone_numbers": [{"number": "1", "type": None}]}, "phone_numbers"),
        ({"emails": [{"id": "em-1"}]}, "emails"),
        ({"emails": [{"email": "not one"}]}, "emails"),
        ({"emails": None}, "emails"),
        ({"addresses": [{"street": "x"}]}, "addresses"),
        ({"addresses": [{"latitude": 50.1}]}, "addresses"),
        ({"bank_accounts": [{"iban": "X"}]}, "bank_accounts"),
        ({"status": "gone"}, "status"),
        ({"currency": "EURO"}, "currency"),
        ({"individual": "yes"}, "individual"),
    ],
)
def test_a_body_that_the_contract_does_not_allow_is_refused_and_nothing_is_kept(
    sandbox: Sandbox, support: httpx.Client, body: dict[str, Any], name: str
) -> None:
    detail = refused(support.post(CUSTOMERS, json=body), 400, "RequestValidationError")
    assert [list(problem) for problem in detail["invalid"]] == [[name]]
    its = sandbox.apideck.customers.create()["id"]
    refused(support.patch(f"{CUSTOMERS}/{its}", json=body), 400, "RequestValidationError")
    assert len(sandbox.apideck.customers) == 1


def test_what_is_no_json_object_and_what_leads_nowhere_is_refused(support: httpx.Client) -> None:
    refused(
        support.post(CUSTOMERS, content="{", headers={"Content-Type": "application/json"}),
        400,
        "RequestValidationError",
    )
    refused(support.post(CUSTOMERS, json=[]), 400, "RequestValidationError")
    refused(support.get("/a/b"), 404, "RouteNotFoundError")
    assert support.put(CUSTOMERS).status_code == 405
    for query in ("limit=0", "limit=201", "limit=x", "cursor=nonsense", "raw=maybe"):
        refused(support.get(CUSTOMERS, params=query), 400, "RequestValidationError")


def test_pages_follow_the_cursor_and_keep_their_place_while_rows_come_and_go(
    sandbox: Sandbox, support: httpx.Client
) -> None:
    ids = [sandbox.apideck.customers.create(first_name=str(number))["id"] for number in range(45)]
    first = support.get(CUSTOMERS).json()
    assert [row["id"] for row in first["data"]] == ids[:20] and first["meta"]["items_on_page"] == 20
    assert first["links"]["next"].endswith(f"?cursor={first['meta']['cursors']['next']}")
    sandbox.apideck.customers.remove(ids[0])
    second = support.get(CUSTOMERS, params={"cursor": first["meta"]["cursors"]["next"], "limit": 200}).json()
    assert [row["id"] for row in second["data"]] == ids[20:]
    assert second["meta"]["cursors"]["next"] is None is second["links"]["next"]
    trimmed = support.get(CUSTOMERS, params={"fields": "id,emails.email,nobody", "limit": 1, "raw": "true"}).json()
    assert trimmed["data"] == [{"id": ids[1], "emails": []}] and trimmed["_raw"]


def test_switches_make_pages_short_bare_repeated_moved_or_refuse_to_page(
    sandbox: Sandbox, support: httpx.Client
) -> None:
    ids = [sandbox.apideck.customers.create()["id"] for _ in range(10)]
    switches = sandbox.switches["apideck"]
    for kinds, limit, sizes in ((["short"], "4", [2] * 5), (["bare"], "4", [4, 4, 2]), (["short", "bare"], "20", [10])):
        for kind in kinds:
            switches.turn_on(Switch(kind))
        rows, got = swept(support, limit=limit)
        assert ([row["id"] for row in rows], got) == (ids, sizes)
        switches.turn_off(*kinds)
    switches.turn_on(Switch("repeat"))
    assert len(swept(support, limit="4")[1]) == 50
    switches.turn_off("repeat")
    switches.turn_on(Switch("shift", times=1))
    assert [row["id"] for row in swept(support, limit="4")[0]] == [*ids, ids[0]]
    switches.turn_on(Switch("unpaged"))
    refused(support.get(CUSTOMERS, params={"limit": 5}), 400, "PaginationNotSupportedError")
    assert len(swept(support)[0]) == 10


@pytest.mark.parametrize(
    ("status", "word", "type_name"),
    [
        (402, None, "RequestLimitError"),
        (422, None, "InvalidStateError"),
        (501, None, "ConnectorOperationUnsupportedError"),
        (502, None, "ConnectorExecutionError"),
        (409, "ConnectorExecutionError", "ConnectorExecutionError"),
        (401, "ConnectorCredentialsError", "ConnectorCredentialsError"),
        (404, None, "RouteNotFoundError"),
    ],
)
def test_every_class_of_error_can_be_switched_for_one_operation(
    sandbox: Sandbox, support: httpx.Client, status: int, word: str | None, type_name: str
) -> None:
    sandbox.switches["apideck"].turn_on(Switch("fail", method="POST", path=CUSTOMERS, status=status, value=word))
    assert refused(support.post(CUSTOMERS, json={}), status, type_name)
    assert answered(support.get(CUSTOMERS), operation="all") == []


def test_the_connected_service_takes_so_many_calls_within_a_minute(
    sandbox: Sandbox, support: httpx.Client, clock: MovableClock
) -> None:
    sandbox.apideck.calls.per_minute = 2
    left = [support.get(CUSTOMERS).headers["x-downstream-ratelimit-remaining"] for _ in range(2)]
    answer = support.get(CUSTOMERS)
    assert left == ["1", "0"] and answer.headers["Retry-After"] == "60"
    assert refused(answer, 429, "ConnectorRateLimitError")["error"] == {"limit": 2}
    assert int(answer.headers["x-downstream-ratelimit-reset"]) == int(clock.moment.timestamp()) + 60
    clock.forward(minutes=1)
    answered(support.get(CUSTOMERS), operation="all")


@pytest.mark.parametrize(
    ("event", "status", "type_name"),
    [
        ("vault.connection.revoked", 401, "ConnectorCredentialsError"),
        ("vault.connection.token_refresh.failed", 401, "ConnectorCredentialsError"),
        ("vault.connection.disabled", 422, "InvalidStateError"),
        ("vault.connection.deleted", 404, "ConnectionNotFoundError"),
        ("vault.connection.created", 422, "ConnectionSettingsError"),
    ],
)
def test_what_befalls_the_connection_is_told_signed_and_ends_calls_until_it_is_callable(
    sandbox: Sandbox, support: httpx.Client, event: str, status: int, type_name: str
) -> None:
    apideck, took = sandbox.apideck, list[Delivery]()
    for _ in range(2):
        apideck.connection.register("https://office.example/webhooks/apideck/")  # the second time it is known
    control = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url="http://x/sandbox/control/apideck")
    assert control.post("/event", json={"type": event}).status_code == 200
    refused(support.get(CUSTOMERS), status, type_name)
    assert control.post("/event", data={"type": "vault.connection.callable"}).status_code == 200
    answered(support.get(CUSTOMERS), operation="all")
    assert control.post("/event", json={"type": "nothing"}).status_code == 400
    assert control.post("/event", json=[]).status_code == 400
    apideck.events.deliver(lambda delivery: took.append(delivery) or 204)
    told = [json.loads(its.body)["payload"] for its in took]
    assert [its["event_type"] for its in told][1:] == [event, "vault.connection.callable"] and len(told) == 3
    assert told[1]["entity"]["service_id"] == "kustomer" and told[1]["execution_attempt"] == 1
    assert took[1].headers["x-apideck-event-type"] == event
    assert took[1].headers["x-apideck-idempotency-key"] == told[1]["event_id"]
    signature = signature_of(json.loads(took[1].body), sandbox.apideck_keys.api_key)
    assert took[1].headers["x-apideck-signature"] == signature


def test_signatures_are_made_over_sorted_keys() -> None:
    entity = {"b": 2, "a": [3, 1]}
    payload = {"event_type": "vault.connection.callable", "event_id": "evt_1", "service_id": "kustomer"}
    body = {"payload": {**payload, "entity": entity, "execution_attempt": 1}}
    signature = "5d12029051042d3f20288e2d2c6873e637c4f8de37d6623bb56ee277d3d7f76a"
    assert signature_of(body, "sk_test_example") == signature


def test_a_delivery_that_is_not_taken_is_tried_again_as_another_attempt(sandbox: Sandbox, clock: MovableClock) -> None:
    apideck, attempts = sandbox.apideck, list[int]()
    apideck.connection.register("https://office.example/")
    for _ in range(12):
        apideck.events.deliver(lambda its: attempts.append(json.loads(its.body)["payload"]["execution_attempt"]))
        clock.forward(hours=1)
    assert attempts == [1, 2, 3, 4, 5, 6] and apideck.events.pending() == []


def test_what_is_on_its_way_goes_along_when_the_back_office_moves(sandbox: Sandbox) -> None:
    connection, events = sandbox.apideck.connection, sandbox.apideck.events
    connection.register("http://127.0.0.1:8000/webhooks/apideck/")
    connection.tell("vault.connection.updated")
    connection.register("http://127.0.0.1:8001/webhooks/apideck/")
    assert [row["target"] for row in events.pending()] == ["http://127.0.0.1:8001/webhooks/apideck/"] * 3


def test_a_new_desk_knows_most_of_kirims_and_afostos_people_spelt_differently(clock: MovableClock) -> None:
    with Sandbox(customers=120, lists=0, parcels=0, now=clock) as sandbox:
        rows = list(sandbox.apideck.customers)
        kirim = {row["email"] for row in sandbox.kirim.customers} - {None, "owner@corner.example"}
        afosto = {row["email"] for row in sandbox.afosto.contacts} - kirim
    assert 100 < len(rows) < 150 and {"id": rows[-1]["id"]} == rows[-1]  # no member is required
    written = [its["email"] for row in rows for its in row.get("emails", ())]
    plain = [email.lower().replace("+shop", "").replace("+help", "") for email in written]
    assert 40 < len(kirim & set(plain)) < 90 and 8 < len(afosto & set(plain)) < 30
    assert set(written) - set(plain)  # capitals and tags
    for row in rows:
        members = {name: value for name, value in row.items() if name in CUSTOMER}
        assert not problems_with(members, CUSTOMER) and row.keys() <= set(MEMBERS)
    assert {row.get("status") for row in rows} >= {"active", "archived", "gdpr-erasure-request", None}
    assert plain.count("familie.jansen@example.com") == 2
    numbers = [its["number"] for row in rows for its in row.get("phone_numbers", ())]
    assert numbers.count("612345678") == 2 and any(its.startswith("+") for its in numbers)
    assert any(re.match("0[1-9]", its) for its in numbers)


def test_life_brings_and_changes_customers_and_the_state_outlives_a_restart(tmp_path: Any, clock: MovableClock) -> None:
    with Sandbox(customers=20, lists=0, parcels=0, state_path=tmp_path, now=clock) as sandbox:
        before = list(sandbox.apideck.customers)
        clock.forward(days=1)
        for _ in range(60):
            sandbox.apideck.tick()
        after = list(sandbox.apideck.customers)
        assert sandbox.apideck.is_new and len(after) > len(before)
        assert [row for row in before if row not in after]
    with Sandbox(customers=3, seed=9, state_path=tmp_path, now=clock) as sandbox:
        assert not sandbox.apideck.is_new and list(sandbox.apideck.customers) == after
