"""The CRM: contacts, companies, money, pages, refusals, habits, webhooks, what it starts with and how it lives."""

import json
import re
from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox
from backoffice.sandbox.layercake.events import SIGNATURE_HEADER, signature_of
from backoffice.sandbox.outbox import Delivery
from backoffice.sandbox.switches import Switch
from backoffice.sandbox.tests.conftest import MovableClock, crm_of

CONTACTS, COMPANIES = "/crm/contacts", "/crm/organizations"
TENANT = {"organizationId": "org_sandbox"}
HOOK = {**TENANT, "url": "https://office.example/webhooks/layercake/", "secret": "whsec_example"}


def refused(answer: httpx.Response, status: int, code: str) -> str:
    """The text of a refusal."""
    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code), body
    is_full = code in {"API_KEY_LIMIT_REACHED", "RESOURCE_LIMIT"}
    assert body.keys() == {"error", "code", *(("suggestion", "upgradeUrl") if is_full else ())}
    return str(body["error"])


def listed(crm: httpx.Client, path: str, **query: Any) -> Any:
    answer = crm.get(path, params={**TENANT, **query})
    assert answer.status_code == 200, answer.text
    return answer.json()


def swept(crm: httpx.Client, path: str, name: str, limit: int) -> list[str]:
    """The ids of all rows: on while more are said to follow, or to a short page where nothing is said."""
    ids: list[str] = []
    for _ in range(50):
        page = listed(crm, path, limit=limit, offset=len(ids))
        ids += [row["id"] for row in page[name]]
        if not page.get("hasMore", len(page[name]) == limit):
            break
    return ids


def test_who_may_not_call_is_told_why(sandbox: Sandbox, crm: httpx.Client) -> None:
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer other"}, {"Authorization": "Basic x"}):
        refused(crm_of(sandbox, **headers).get(CONTACTS, params=TENANT), 401, "UNAUTHORIZED")
    refused(crm_of(sandbox, **{"X-Organization-Id": "org_other"}).get(CONTACTS, params=TENANT), 403, "NOT_AUTHORIZED")
    for path in (CONTACTS, COMPANIES, "/invoices", "/transactions", "/webhooks"):
        assert "organizationId" in refused(crm.get(path), 400, "MISSING_PARAM")
        refused(crm.get(path, params={"organizationId": "org_other"}), 403, "NOT_AUTHORIZED")
    refused(crm.get("/nowhere"), 404, "NOT_FOUND")
    assert crm.put(CONTACTS).status_code == 405


def test_a_contact_is_written_flat_and_read_nested(sandbox: Sandbox, crm: httpx.Client, clock: MovableClock) -> None:
    body = {"displayName": "Jane Smith", "email": "jane@example.com", "customFields": {"a": 1, "b": 2}, "nick": "J"}
    answer = crm.post(CONTACTS, json={**TENANT, **body})
    made = answer.json()
    assert answer.status_code == 201 and re.fullmatch("obj_c[0-9a-f]{10}", made["id"])
    assert (made["type"], made["subtype"], made["status"]) == ("contact", "customer", "active")
    assert made["customProperties"] == {"email": "jane@example.com", "customFields": {"a": 1, "b": 2}}
    assert made["createdAt"] == made["updatedAt"] == int(clock.moment.timestamp() * 1000)
    path = f"{CONTACTS}/{made['id']}"
    assert crm.get(path).json() == made
    clock.forward(seconds=1)
    changed = crm.patch(path, json={"displayName": "Jane Doe", "phone": "1", "customFields": {"c": 3}}).json()
    assert changed == crm.get(path).json() and changed["displayName"] == "Jane Doe"
    assert changed["customProperties"] == {"email": "jane@example.com", "customFields": {"c": 3}, "phone": "1"}
    assert changed["updatedAt"] - changed["createdAt"] == 1000
    assert crm.delete(path).json() == {"success": True}
    for answer in (crm.get(path), crm.patch(path, json={"phone": "2"}), crm.delete(path)):
        assert refused(answer, 404, "NOT_FOUND") == "no such contact"
    assert listed(crm, CONTACTS) == {"contacts": [], "total": 0, "hasMore": False}
    assert len(sandbox.layercake.contacts) == 0


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        (CONTACTS, {}, "MISSING_PARAM"),
        (CONTACTS, {"displayName": ""}, "VALIDATION_ERROR"),
        (CONTACTS, {"displayName": "A", "email": "not one"}, "VALIDATION_ERROR"),
        (CONTACTS, {"displayName": "A", "phone": None}, "VALIDATION_ERROR"),
        (CONTACTS, {"displayName": "A", "subtype": "friend"}, "VALIDATION_ERROR"),
        (CONTACTS, {"displayName": "A", "tags": "vip"}, "VALIDATION_ERROR"),
        (COMPANIES, {"website": "https://a.example"}, "MISSING_PARAM"),
        (COMPANIES, {"name": "A", "size": "3"}, "VALIDATION_ERROR"),
        ("/webhooks", {"url": "https://a.example", "events": ["contact.created"]}, "MISSING_PARAM"),
        ("/webhooks", {"url": "nowhere", "events": ["contact.created"], "secret": "s"}, "VALIDATION_ERROR"),
        ("/webhooks", {"url": "https://a.example", "events": [], "secret": "s"}, "VALIDATION_ERROR"),
        ("/webhooks", {"url": "https://a.example", "events": ["nothing"], "secret": "s"}, "VALIDATION_ERROR"),
    ],
)
def test_a_wrong_body_is_refused_and_nothing_is_kept(
    sandbox: Sandbox, crm: httpx.Client, path: str, body: dict[str, Any], code: str
) -> None:
    refused(crm.post(path, json={**TENANT, **body}), 400, code)
    refused(crm.post(path, json=body), 400, "MISSING_PARAM")
    refused(crm.post(path, json={**body, "organizationId": "org_other"}), 403, "NOT_AUTHORIZED")
    refused(crm.post(path, json=[]), 400, "VALIDATION_ERROR")
    layercake = sandbox.layercake
    assert not [*layercake.contacts, *layercake.organizations, *layercake.events.webhooks]


def test_a_patch_needs_something_to_change(sandbox: Sandbox, crm: httpx.Client) -> None:
    its = sandbox.layercake.contacts.create(displayName="A")["id"]
    for body in ({}, {"updates": {"phone": "1"}}, {"email": None}, {"status": "archived"}):
        refused(crm.patch(f"{CONTACTS}/{its}", json=body), 400, "VALIDATION_ERROR")


def test_a_company_is_created_and_read_with_the_number_of_its_contacts(sandbox: Sandbox, crm: httpx.Client) -> None:
    body = {"name": "Theehuis", "website": "https://theehuis.example", "taxId": "NL1", "address": {"city": "Emmen"}}
    made = crm.post(COMPANIES, json={**TENANT, **body})
    assert made.status_code == 201 and made.json()["type"] == "crm_organization"
    assert made.json()["displayName"] == "Theehuis" and made.json()["customProperties"]["address"] == {"city": "Emmen"}
    for number in range(2):
        sandbox.layercake.contacts.create(displayName=str(number), company="Theehuis")
    sandbox.layercake.contacts.change(sandbox.layercake.contacts.first()["id"], company="Other")
    one = crm.get(f"{COMPANIES}/{made.json()['id']}").json()
    assert one == {**made.json(), "contactCount": 1}
    assert listed(crm, COMPANIES) == {"organizations": [one], "total": 1, "hasMore": False}
    assert refused(crm.get(f"{COMPANIES}/obj_none"), 404, "NOT_FOUND") == "no such organization"
    assert crm.patch(f"{COMPANIES}/{one['id']}", json={"name": "x"}).status_code == 405


def test_pages_are_cut_by_offset_newest_first_and_money_says_nothing_about_more(
    sandbox: Sandbox, crm: httpx.Client
) -> None:
    layercake = sandbox.layercake
    ids = [layercake.contacts.create(displayName=f"C{number}")["id"] for number in range(120)][::-1]
    first = listed(crm, CONTACTS)
    assert [row["id"] for row in first["contacts"]] == ids[:50] and (first["total"], first["hasMore"]) == (120, True)
    last = listed(crm, CONTACTS, limit=100, offset=100)
    assert [row["id"] for row in last["contacts"]] == ids[100:] and last["hasMore"] is False
    for query in ({"limit": 0}, {"limit": 101}, {"limit": "x"}, {"offset": -1}, {"offset": ""}):
        refused(crm.get(CONTACTS, params={**TENANT, **query}), 400, "VALIDATION_ERROR")
    invoice = layercake.invoices.create(status="sent", lines=[("Consulting", 10, 15_000)])
    its = invoice["customProperties"]
    assert (its["subtotal"], its["tax"], its["total"], its["currency"]) == (150_000, 28_500, 178_500, "EUR")
    assert listed(crm, "/invoices", status="sent") == {"invoices": [invoice]} == listed(crm, "/invoices")
    assert listed(crm, "/invoices", status="paid") == {"invoices": []}
    refused(crm.get("/invoices", params={**TENANT, "status": "eaten"}), 400, "VALIDATION_ERROR")
    payment = layercake.pay(invoice["id"])
    assert listed(crm, "/transactions") == {"transactions": [payment]}
    assert crm.get(f"/transactions/{payment['id']}").json() == payment
    assert crm.get(f"/invoices/{invoice['id']}").json()["customProperties"]["paidAmount"] == 178_500


def test_contacts_are_found_by_what_they_are(sandbox: Sandbox, crm: httpx.Client) -> None:
    contacts = sandbox.layercake.contacts
    anna = contacts.create(displayName="Anna", email="Anna@Example.com", subtype="lead")["id"]
    omar = contacts.create(displayName="Omar", company="Anna's", status="inactive")["id"]
    contacts.create(displayName="Eve", phone="+316")
    for query, found in (
        ({"search": "ANNA@e"}, [anna]),
        ({"search": "anna"}, [omar, anna]),
        ({"subtype": "lead"}, [anna]),
        ({"status": "inactive", "search": "anna"}, [omar]),
        ({"search": "%"}, []),
    ):
        page = listed(crm, CONTACTS, **query)
        assert [row["id"] for row in page["contacts"]] == found and page["total"] == len(found)


def test_switches_make_pages_short_bare_miscounted_or_moved(sandbox: Sandbox, crm: httpx.Client) -> None:
    ids = [sandbox.layercake.contacts.create(displayName=str(number))["id"] for number in range(10)][::-1]
    switches = sandbox.switches["layercake"]
    for kind in ("short", "bare"):
        switches.turn_on(Switch(kind))
        assert swept(crm, CONTACTS, "contacts", 4) == ids
        switches.turn_off(kind)
    for value, total in (("7", 7), ("junk", "junk"), ("-1", -1), (None, None)):
        switches.turn_on(Switch("count", value=value, times=1))
        assert listed(crm, CONTACTS).get("total") == total
    switches.turn_on(Switch("shift", times=1))
    assert swept(crm, CONTACTS, "contacts", 4) == [*ids[:4], *ids[5:], ids[0]]


def test_every_kind_of_429_and_500_can_be_switched_and_the_plan_has_limits_of_its_own(
    sandbox: Sandbox, crm: httpx.Client, clock: MovableClock
) -> None:
    switches, body = sandbox.switches["layercake"], {**TENANT, "displayName": "A"}
    for status, word, code in (
        (429, None, "RATE_LIMITED"),
        (429, "API_KEY_LIMIT_REACHED", "API_KEY_LIMIT_REACHED"),
        (429, "RESOURCE_LIMIT", "RESOURCE_LIMIT"),
        (500, None, "UNKNOWN_ERROR"),
    ):
        switches.turn_on(Switch("fail", status=status, value=word, method="POST", times=1))
        assert refused(crm.post(CONTACTS, json=body), status, code)
    assert crm.post(CONTACTS, json=body).status_code == 201
    sandbox.layercake.most_contacts = 1
    assert refused(crm.post(CONTACTS, json=body), 429, "RESOURCE_LIMIT") == "plan is full"
    sandbox.layercake.calls.per_minute = 1
    answer = crm.get(CONTACTS, params=TENANT)
    assert refused(answer, 429, "RATE_LIMITED") and answer.headers["Retry-After"] == "60"
    clock.forward(minutes=1)
    assert len(listed(crm, CONTACTS)["contacts"]) == 1


def test_habits_change_the_shapes_of_answers(sandbox: Sandbox, crm: httpx.Client) -> None:
    habits, contacts = sandbox.layercake.habits, sandbox.layercake.contacts
    habits.renames = habits.wraps = habits.creates_say_id_only = habits.updates_say_ok_only = True
    habits.deletes_say_nothing = habits.errors_say_message = True
    made = crm.post(CONTACTS, json={**TENANT, "displayName": "A"}).json()
    its = contacts.first()["id"]
    assert made == {"contactId": its}
    assert crm.post(COMPANIES, json={**TENANT, "name": "B"}).json().keys() == {"crmOrganizationId"}
    one = crm.get(f"{CONTACTS}/{its}").json()
    assert one.keys() == {"contact"} and (one["contact"]["_id"], one["contact"]["name"]) == (its, "A")
    assert listed(crm, CONTACTS)["contacts"] == [one["contact"]] and not {"id", "displayName"} & one["contact"].keys()
    assert crm.patch(f"{CONTACTS}/{its}", json={"phone": "1"}).json() == {"success": True}
    gone = crm.delete(f"{CONTACTS}/{its}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert crm.get(f"{CONTACTS}/{its}").json() == {"message": "no such contact", "code": "NOT_FOUND"}


def test_webhooks_are_told_of_what_they_ask_for_signed_until_they_are_deleted(
    sandbox: Sandbox, crm: httpx.Client, clock: MovableClock
) -> None:
    layercake, took = sandbox.layercake, list[Delivery]()
    events = ["contact.created", "contact.updated", "contact.deleted", "invoice.sent", "invoice.paid"]
    events += ["transaction.completed", "transaction.refunded", "organization.created", "invoice.overdue"]
    made = crm.post("/webhooks", json={**HOOK, "events": events})
    hook = made.json()
    assert made.status_code == 201 and hook.keys() == {"id", "url", "events", "status", "createdAt"}
    assert listed(crm, "/webhooks") == {"webhooks": [hook]}
    contact = layercake.contacts.create(displayName="A")
    layercake.contacts.change(contact["id"], phone="1")
    layercake.contacts.remove(contact["id"])
    layercake.organizations.create(displayName="B")
    invoice = layercake.invoices.create()  # nobody asked for invoice.created
    for status in ("sent", "sent", "overdue"):
        layercake.invoices.change(invoice["id"], status=status)
    layercake.transactions.refund(layercake.pay(invoice["id"])["id"])
    assert crm.post(f"/webhooks/{hook['id']}/test").json() == {"success": True}
    layercake.events.deliver(lambda delivery: took.append(delivery) or 200)
    told = [json.loads(its.body) for its in took]
    assert [its["type"] for its in told] == [
        *("contact.created", "contact.updated", "contact.deleted", "organization.created", "invoice.sent"),
        *("invoice.overdue", "invoice.paid", "transaction.completed", "transaction.refunded", "webhook.test"),
    ]
    assert told[0] | {"id": ""} == {
        "id": "",
        "type": "contact.created",
        "timestamp": int(clock.moment.timestamp() * 1000),
        "data": contact,
        "organizationId": "org_sandbox",
    }
    assert len({its["id"] for its in told}) == len(told) and layercake.events.pending() == []
    signature = signature_of(took[0].body, "whsec_example", int(clock.moment.timestamp()))
    assert took[0].url == HOOK["url"] and took[0].headers[SIGNATURE_HEADER] == signature
    layercake.contacts.create(displayName="C")
    assert crm.delete(f"/webhooks/{hook['id']}").json() == {"success": True}
    assert layercake.events.pending() == [] and listed(crm, "/webhooks") == {"webhooks": []}
    refused(crm.delete(f"/webhooks/{hook['id']}"), 404, "NOT_FOUND")
    refused(crm.post(f"/webhooks/{hook['id']}/test"), 404, "NOT_FOUND")


def test_signatures_are_made_over_the_time_and_the_raw_body() -> None:
    signature = "086d168a7678ac90115985e2abe527edfab59a96e642ea59995d9aa31c819078"
    body = b'{"id":"evt_1","type":"contact.created"}'
    assert signature_of(body, "whsec_example", 1776409200) == f"t=1776409200,v1={signature}"


def test_a_back_office_that_comes_with_the_sandbox_keeps_one_webhook_wherever_it_is(sandbox: Sandbox) -> None:
    events, told = sandbox.layercake.events, list[str]()
    other = events.subscribe("https://elsewhere.example/hook", ["contact.deleted"], "s")
    for port in (8000, 8001, 8001):
        events.keep(f"http://127.0.0.1:{port}/webhooks/layercake/", ["contact.created"], f"secret {port}")
        sandbox.layercake.contacts.create(displayName="A")
        events.subscribe("http://127.0.0.1:8001/webhooks/layercake/", ["contact.updated"], "of a call")
    events.keep("http://127.0.0.1:8002/webhooks/layercake/", ["contact.created"], "last secret")
    (own,) = [its for its in events.webhooks if its != other]
    assert (own["url"], own["secret"]) == ("http://127.0.0.1:8002/webhooks/layercake/", "last secret")
    events.deliver(lambda delivery: told.append(delivery.url) or 200)
    assert told == [own["url"]] * 3


def test_a_new_crm_knows_most_of_kirims_and_afostos_people_spelt_differently(clock: MovableClock) -> None:
    with Sandbox(customers=120, lists=0, parcels=0, now=clock) as sandbox:
        layercake = sandbox.layercake
        contacts, companies = list(layercake.contacts), list(layercake.organizations)
        invoices, transactions = list(layercake.invoices), list(layercake.transactions)
        kirim = {row["email"] for row in sandbox.kirim.customers} - {None, "owner@corner.example"}
        afosto = {row["email"] for row in sandbox.afosto.contacts} - kirim
        support = {its["email"].lower() for row in sandbox.apideck.customers for its in row.get("emails", ())}
    written = [row["customProperties"]["email"] for row in contacts if "email" in row["customProperties"]]
    plain = [email.strip().lower().replace("+shop", "").replace("+help", "") for email in written]
    assert 100 < len(contacts) < 150 and 40 < len(kirim & set(plain)) < 90 and 8 < len(afosto & set(plain)) < 30
    assert set(written) - set(plain) and len(support & set(plain)) > 30
    assert plain.count("familie.jansen@example.com") == 2 and any("," in row["displayName"] for row in contacts)
    assert contacts[-1]["customProperties"] == {}
    words = {"active", "archived", "blocked", "inactive", "unsubscribed"}
    assert {row["status"] for row in contacts} <= words and sum(row["status"] == "archived" for row in contacts)
    assert len(companies) > 30 and any(row["customProperties"].get("address") for row in companies)
    today = clock.moment.date().isoformat()
    late = [row for row in invoices if row["status"] == "sent" and row["customProperties"]["dueDate"] < today]
    assert late and len(invoices) > 60
    known = {row["id"] for row in [*contacts, *companies]}
    for row in invoices:
        its = row["customProperties"]
        assert its["clientId"] in known and its["total"] == its["subtotal"] + its["tax"]
        assert its["subtotal"] == sum(line["quantity"] * line["unitPrice"] for line in its["lineItems"])
        assert (its.get("paidAmount") == its["total"]) is (row["status"] == "paid")
    statuses = {"draft", "sealed", "sent", "paid", "partially_paid", "overdue", "void"}
    assert {row["status"] for row in invoices} == statuses
    paid = {row["id"] for row in invoices if row["status"] == "paid"}
    assert {row["customProperties"].get("invoiceId") for row in transactions} == {None, *paid}
    assert {row["status"] for row in transactions} >= {"completed", "refunded"}


def test_life_moves_contacts_and_money_and_the_state_outlives_a_restart(tmp_path: Any, clock: MovableClock) -> None:
    lived = {"invoice.paid", "invoice.overdue", "invoice.sent", "contact.updated", "organization.updated"}
    with Sandbox(customers=30, lists=0, parcels=0, state_path=tmp_path, now=clock) as sandbox:
        layercake = sandbox.layercake
        layercake.events.subscribe("https://a.example", sorted(lived), "s")
        before = list(layercake.contacts)
        clock.forward(days=40)
        for _ in range(80):
            layercake.tick()
        after = list(layercake.contacts)
        assert len(after) > len(before) and [row for row in before if row not in after]
        told = {row["type"] for row in layercake.events.pending()}
        assert told == lived
    with Sandbox(customers=3, seed=9, state_path=tmp_path, now=clock) as sandbox:
        assert not sandbox.layercake.is_new and list(sandbox.layercake.contacts) == after
        assert {row["type"] for row in sandbox.layercake.events.pending()} == told
