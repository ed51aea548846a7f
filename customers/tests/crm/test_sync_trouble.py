"""Trouble while the CRM is read: told, bounded, nothing lost or taken for gone, and healed by the next sync."""

from typing import Any

import httpx
import pytest

from backoffice.models import RejectedRecord, SyncRun
from backoffice.sync import engine, runs
from customers.models import Contact, Invoice, Organization, Transaction
from customers.tests.crm.conftest import RESOURCES
from customers.tests.crm.layercake import FakeLayercake, contact, invoice, organization, refusal, transaction
from customers.tests.kirim import counts, sync

pytestmark = pytest.mark.django_db
CONTACTS = "layercake.contacts"
ROWS = {
    "layercake.contacts": ("contacts", contact, Contact),
    "layercake.organizations": ("organizations", organization, Organization),
    "layercake.invoices": ("invoices", invoice, Invoice),
    "layercake.transactions": ("transactions", transaction, Transaction),
}
PAGE_OF_A_PROXY = "<html><body>Sign in to the guest network</body></html>"
BROKEN = {
    "a bad key": (refusal(401, "UNAUTHORIZED", "no token, or a bad one"), "answered 401", 1),
    "an old session": (refusal(401, "SESSION_EXPIRED", "CLI token ran out"), "answered 401", 1),
    "an unpaid plan": (httpx.Response(402, json={}), "answered 402", 1),
    "not allowed": (refusal(403, "NOT_AUTHORIZED", "not allowed on this record"), "answered 403", 1),
    "a key refused with 403": (refusal(403, "UNAUTHORIZED", "bad token"), "answered 403", 1),
    "no such list": (refusal(404, "NOT_FOUND", "no such record"), "answered 404", 1),
    "no such path": (httpx.Response(404, text="No matching routes found"), "answered 404", 1),
    "unprocessable": (refusal(422, "VALIDATION_ERROR", "bad data"), "answered 422", 1),
    "a missing parameter": (refusal(400, "MISSING_PARAM", "organizationId"), "answered 400", 2),  # once without limit
    "a full plan": (refusal(429, "RESOURCE_LIMIT", "plan is full"), "plan is full", 1),
    "too many keys": (refusal(429, "API_KEY_LIMIT_REACHED", "no more keys"), "no more keys", 1),
    "too fast for ever": (refusal(429, "RATE_LIMITED", "slow down"), "slow down", 5),
    "too fast in words unknown here": (refusal(429, "SLOW_PLEASE", "slow down"), "slow down", 5),
    "too fast for an hour": (refusal(429, "RATE_LIMITED", "slow", headers={"Retry-After": "3600"}), "slow", 1),
    "a fault for ever": (refusal(500, "UNKNOWN_ERROR", "server fault"), "server fault", 5),
    "a proxy's page": (httpx.Response(200, html=PAGE_OF_A_PROXY), "unreadable answer", 1),
    "a page called JSON": (
        httpx.Response(200, text=PAGE_OF_A_PROXY, headers={"Content-Type": "application/json"}), "unreadable", 1,
    ),
    "nothing": (httpx.Response(204), "no content type", 1),
    "null": (httpx.Response(200, json=None), "unreadable answer", 1),
    "a bare list": (httpx.Response(200, json=[]), "unreadable answer", 1),
    "no list": (httpx.Response(200, json={"total": 3}), "has no list", 1),
    "a list of another kind": (httpx.Response(200, json={"items": [], "hasMore": False}), "has no list", 1),
    "no list but null": (httpx.Response(200, json={name: None for name, *_ in ROWS.values()}), "has no list", 1),
    "somewhere else": (httpx.Response(307, headers={"Location": "https://elsewhere.example/"}), "not followed", 1),
}  # fmt: skip


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_kind_is_mirrored_changed_and_missed_by_itself(crm: FakeLayercake, resource: str) -> None:
    name, make, model = ROWS[resource]
    rows = getattr(crm, name)
    rows += [make(number) for number in range(205)]
    assert counts(sync(resource)) == {"fetched": 205, "created": 205}
    assert {row.remote_id: row.payload for row in model._default_manager.all()} == {row["id"]: row for row in rows}
    assert counts(sync(resource)) == {"fetched": 205, "unchanged": 205}
    rows[3] |= {"status": "archived", "aside": {"new": [1]}}
    del rows[100]
    rows.insert(0, make(900))
    assert counts(sync(resource)) == {"fetched": 205, "created": 1, "updated": 1, "unchanged": 203, "vanished": 1}
    here = model._default_manager.filter(vanished_at=None)
    assert {row.remote_id: row.payload for row in here} == {row["id"]: row for row in rows}


@pytest.mark.parametrize(("answer", "told", "tries"), BROKEN.values(), ids=BROKEN)
def test_an_answer_that_is_no_list_is_told_and_takes_nothing_away(
    mirrored: FakeLayercake, answer: httpx.Response, told: str, tries: int
) -> None:
    mirrored.mischief = lambda request: answer
    run = sync(CONTACTS)
    assert (run.state, run.vanished, len(mirrored.requests)) == (SyncRun.State.FAILED, 0, tries)
    assert told in run.error and "layercake-test-key" not in run.error
    assert Contact.objects.filter(vanished_at=None).count() == 3
    mirrored.mischief = lambda request: None
    assert counts(sync(CONTACTS)) == {"fetched": 3, "unchanged": 3}


@pytest.mark.parametrize("at", [1, 2, 3])
@pytest.mark.parametrize("says_more", [True, False], ids=["with hasMore", "without"])
def test_a_list_that_breaks_off_is_read_to_its_end_by_the_next_sync(
    crm: FakeLayercake, at: int, says_more: bool
) -> None:
    crm.says_more = says_more
    crm.contacts += [contact(number) for number in range(250)]
    sync(CONTACTS)
    gone, crm.contacts[200]["displayName"] = crm.contacts.pop(20), "Renamed"
    crm.requests.clear()

    def fail_from(request: httpx.Request) -> httpx.Response | None:
        return refusal(422, "VALIDATION_ERROR", "bad") if len(crm.requests) >= at else None

    crm.mischief = fail_from
    run = sync(CONTACTS)
    assert (run.state, run.vanished) == (SyncRun.State.FAILED, 0)
    crm.mischief = lambda request: None
    assert sync(CONTACTS).vanished == 1
    here = Contact.objects.filter(vanished_at=None)
    assert {row.remote_id: row.payload for row in here} == {row["id"]: row for row in crm.contacts}
    assert Contact.objects.get(remote_id=gone["id"]).vanished_at is not None


def test_an_interrupted_run_goes_on_at_its_place_and_only_a_fresh_sweep_calls_a_row_gone(crm: FakeLayercake) -> None:
    crm.largest_page = 5
    crm.contacts += [contact(number) for number in range(100)]
    sync(CONTACTS)
    crm.requests.clear()
    asked = iter(range(1000))
    first = engine.carry_out(runs.queue(CONTACTS, trigger="command"), should_stop=lambda: next(asked) >= 7)
    assert first.state == SyncRun.State.INTERRUPTED and first.checkpoint and first.checkpoint["offset"] > 0
    gone = crm.contacts.pop(2)  # so all that follow have moved
    crm.contacts.append(contact(500))
    crm.requests.clear()
    second = sync(CONTACTS)
    assert (second.state, second.resumes) == (SyncRun.State.SUCCEEDED, first)
    assert counts(second) == {"fetched": 100, "created": 1, "unchanged": 99, "vanished": 1}
    offsets = [int(request.url.params["offset"]) for request in crm.requests if "offset" in request.url.params]
    assert offsets[0] == first.checkpoint["offset"] and 0 in offsets
    assert Contact.objects.get(remote_id=gone["id"]).vanished_at is not None


def test_rows_that_come_in_front_while_pages_are_read_are_had_once(crm: FakeLayercake) -> None:
    crm.contacts += [contact(number) for number in range(250)]

    def insert_in_front(request: httpx.Request) -> None:
        if len(crm.requests) in {2, 3}:
            crm.contacts.insert(0, contact(900 + len(crm.requests)))

    crm.mischief = insert_in_front
    run = sync(CONTACTS)
    assert run.state == SyncRun.State.SUCCEEDED and run.fetched == run.created == Contact.objects.count() >= 250
    crm.mischief = lambda request: None
    sync(CONTACTS)
    here = set(Contact.objects.filter(vanished_at=None).values_list("remote_id", flat=True))
    assert here == {row["id"] for row in crm.contacts}


def test_an_end_that_comes_before_the_stated_total_proves_nothing_gone(crm: FakeLayercake) -> None:
    crm.contacts += [contact(number) for number in range(150)]
    sync(CONTACTS)
    for page in (
        {"contacts": crm.contacts[:100], "total": 150, "hasMore": False},
        {"contacts": crm.contacts[:100], "total": 150},
        {"contacts": [], "total": 150, "hasMore": False},
        {"contacts": [], "total": 0, "hasMore": False},
    ):
        crm.mischief = lambda request, page=page: (  # type: ignore[misc]
            httpx.Response(200, json=page) if "offset" in request.url.params else None
        )
        assert sync(CONTACTS).vanished == 0, page
    assert Contact.objects.filter(vanished_at=None).count() == 150


@pytest.mark.parametrize(
    ("members", "kept"),
    [
        ({"total": 178500.0}, {"total": 178500}),  # JSON knows one kind of number
        ({"total": -5, "currency": "JPY"}, {"total": -5, "currency": "JPY"}),
        ({"total": None, "currency": None, "lineItems": None}, {"total": None, "currency": "", "line_items": []}),
        ({"dueDate": None, "paidAt": None, "clientName": None}, {"due_date": None, "paid_at": None, "client_name": ""}),
        ({"customProperties": None}, {"total": None, "invoice_number": "INV-2026-001"}),
        ({"customProperties": {}}, {"total": None, "invoice_number": "INV-2026-001"}),
        ({"status": None, "displayName": None, "createdAt": None}, {"status": "", "remote_created_at": None}),
        ({"lineItems": [{}]}, {"line_items": [{"text": "", "quantity": None, "unit_price": None, "total": None}]}),
        (
            {"lineItems": [{"quantity": 1.5, "unitPrice": 1000.0, "total": 1500}]},
            {"line_items": [{"text": "", "quantity": 1.5, "unit_price": 1000, "total": 1500}]},
        ),
        ({"status": "written_off"}, {"status": "written_off"}),
    ],
)
def test_what_an_invoice_leaves_out_or_words_otherwise_is_kept_as_it_is(
    crm: FakeLayercake, members: dict[str, Any], kept: dict[str, Any]
) -> None:
    crm.invoices.append(invoice(1, **members))
    run = sync("layercake.invoices")
    assert run.state == SyncRun.State.SUCCEEDED, list(RejectedRecord.objects.values_list("reason", flat=True))
    row = Invoice.objects.get()
    assert {name: getattr(row, name) for name in kept} == kept
    assert counts(sync("layercake.invoices")) == {"fetched": 1, "unchanged": 1}


@pytest.mark.parametrize(
    "members",
    [
        {"total": "178500"}, {"total": 12.5}, {"total": True}, {"total": 10**30}, {"currency": 978},
        {"dueDate": "15 May"}, {"dueDate": 1776409200000}, {"paidAt": "2026-05-15"}, {"paidAt": 10**18},
        {"createdAt": "2026-04-17T07:00:00Z"}, {"updatedAt": [1]}, {"lineItems": {}}, {"lineItems": [None]},
        {"lineItems": [{"unitPrice": 0.5}]}, {"customProperties": []}, {"status": 7},
    ],
    ids=str,
)  # fmt: skip
def test_an_invoice_that_cannot_be_taken_is_told_and_the_stored_one_stays(
    crm: FakeLayercake, members: dict[str, Any]
) -> None:
    crm.invoices += [invoice(1), invoice(2)]
    sync("layercake.invoices")
    crm.invoices[0] = invoice(1, **members)
    crm.invoices[1]["status"] = "paid"
    run = sync("layercake.invoices")
    assert (run.state, run.failed, run.updated, run.vanished) == (SyncRun.State.PARTIAL, 1, 1, 0)
    assert RejectedRecord.objects.get().remote_id == "obj_i001"
    assert (Invoice.objects.get(remote_id="obj_i001").total, Invoice.objects.get(remote_id="obj_i002").status) == (
        178500,
        "paid",
    )
