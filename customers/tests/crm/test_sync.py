"""Mirroring the CRM: exact, once, whatever its lists look like; what moves is not lost, what is absent not gone."""

from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from backoffice.models import Drift, RejectedRecord
from customers.models import Contact, Invoice, Organization, Transaction
from customers.tests.crm.layercake import FakeLayercake, contact, invoice, organization, refusal, transaction
from customers.tests.kirim import counts, sync

pytestmark = pytest.mark.django_db
CONTACTS = "layercake.contacts"


def test_all_four_kinds_are_mirrored_with_their_columns_and_relations(crm: FakeLayercake) -> None:
    crm.contacts.append(contact(1))
    crm.organizations.append(organization(1))
    crm.invoices += [invoice(1, "obj_o001"), invoice(2, "obj_c001", paidAmount=5, paidAt=1776409200000)]
    crm.transactions.append(transaction(1, invoiceId="obj_i002"))
    for resource in ("layercake.transactions", "layercake.invoices", "layercake.organizations", CONTACTS):
        run = sync(resource)  # the other way round: what is named comes later
        assert run.state == "succeeded", run.error
        assert counts(sync(resource)) == {"fetched": run.fetched, "unchanged": run.fetched}
    person = Contact.objects.get()
    assert (person.display_name, person.email, person.tags) == ("Sanne de Vries 1", "sanne1@example.com", ["b2b"])
    assert person.remote_created_at == datetime.fromtimestamp(1776409200.001, UTC)
    company = Organization.objects.get()
    assert (company.name, company.tax_id, company.contact_count) == ("Mug Factory 1", "DE000000001", 2)
    first, second = Invoice.objects.order_by("remote_id")
    assert (first.organization, first.contact) == (company, None)
    assert (second.organization, second.contact) == (None, person)
    assert (first.total, first.currency, first.due_date) == (178500, "EUR", date(2026, 5, 15))
    assert first.line_items == [{"text": "Consulting", "quantity": 10, "unit_price": 15000, "total": 150000}]
    purchase = Transaction.objects.get()
    assert (purchase.invoice, purchase.total, purchase.line_items[0]["text"]) == (second, 47362, "Ticket")
    asked = crm.requests[-1]
    assert asked.url.params["organizationId"] == asked.headers["X-Organization-Id"] == "org_9f2k7q"


@pytest.mark.parametrize("says_more", [True, False], ids=["with hasMore", "without"])
@pytest.mark.parametrize("largest_page", [100, 7], ids=["pages as asked", "smaller pages"])
@pytest.mark.parametrize("rows", [0, 1, 100, 231])
def test_lists_are_read_to_their_end(crm: FakeLayercake, says_more: bool, largest_page: int, rows: int) -> None:
    crm.says_more, crm.largest_page = says_more, largest_page
    crm.contacts += [contact(number) for number in range(rows)]
    run = sync(CONTACTS)
    assert (run.state, Contact.objects.count()) == ("succeeded", rows)
    assert counts(run) == ({"fetched": rows, "created": rows} if rows else {})
    if says_more and largest_page == 100:
        assert len(crm.requests) == {0: 1, 1: 1, 100: 1, 231: 3}[rows]


def test_a_list_without_paging_is_read_whole_and_one_that_never_ends_is_told(crm: FakeLayercake) -> None:
    crm.contacts += [contact(number) for number in range(120)]
    crm.mischief = lambda request: httpx.Response(200, json={"contacts": crm.contacts[:30]})
    assert (sync(CONTACTS).state, Contact.objects.count()) == ("succeeded", 30)
    crm.mischief = lambda request: httpx.Response(200, json={"contacts": crm.contacts[:100], "hasMore": True})
    run = sync(CONTACTS)
    assert run.state == "failed" and "again and again" in run.error
    crm.mischief = lambda request: httpx.Response(200, json={"contacts": [], "hasMore": True})
    run = sync(CONTACTS)
    assert run.state == "failed" and "empty pages" in run.error
    assert not Contact.objects.exclude(vanished_at=None).exists()


@pytest.mark.parametrize("says_more", [True, False], ids=["with a total", "without"])
def test_rows_that_move_between_pages_are_read_once_more_and_none_is_lost(crm: FakeLayercake, says_more: bool) -> None:
    crm.says_more = says_more
    crm.contacts += [contact(number) for number in range(250)]
    sync(CONTACTS)
    crm.requests.clear()
    moved = [contact(number) for number in range(900, 904)]

    def remove_in_front(request: httpx.Request) -> None:
        if len(crm.requests) == 2:  # after the first page: four rows in front go, so four slip past the second
            del crm.contacts[:4]
            crm.contacts.extend(moved)

    crm.mischief = remove_in_front
    run = sync(CONTACTS)
    assert run.state == "succeeded" and len(crm.requests) == 6
    assert counts(run) == {"fetched": 254, "created": 4, "unchanged": 250}
    crm.mischief = lambda request: None
    assert sync(CONTACTS).vanished == 4
    here = Contact.objects.filter(vanished_at=None).values_list("remote_id", flat=True)
    assert set(here) == {row["id"] for row in crm.contacts}


def test_a_junk_total_ends_no_list_and_makes_nothing_vanish(crm: FakeLayercake) -> None:
    crm.contacts += [contact(number) for number in range(150)]
    for total in (-1, 3, 10**9, "many", None, True):

        def lie(request: httpx.Request, total: Any = total) -> httpx.Response | None:
            if "offset" not in request.url.params:
                return None
            start = int(request.url.params["offset"])
            page = {"contacts": crm.contacts[start : start + 100], "hasMore": start + 100 < 150, "total": total}
            return httpx.Response(200, json=page)

        crm.mischief = lie
        run = sync(CONTACTS)
        assert (run.state, run.vanished, Contact.objects.filter(vanished_at=None).count()) == ("succeeded", 0, 150)


def test_what_published_code_calls_otherwise_is_taken_too_and_what_cannot_be_is_rejected(crm: FakeLayercake) -> None:
    crm.contacts += [
        {"_id": "obj_v1", "name": "Variant", "customProperties": {"email": "v@example.com"}, "createdAt": 1.5},
        {"id": "obj_bare"},
        {"id": "obj_new_word", "displayName": "Odd", "status": "hibernating", "customProperties": {"mood": "fine"}},
        {"id": "obj_bad", "displayName": 7},
        {"id": "obj_far", "displayName": "Far", "createdAt": 10**18},
        {"displayName": "Nameless"},
        "not an object",
    ]  # fmt: skip
    run = sync(CONTACTS)
    assert (run.state, run.created, run.failed) == ("partial", 3, 4)
    variant = Contact.objects.get(remote_id="obj_v1")
    assert (variant.display_name, variant.email, variant.payload["_id"]) == ("Variant", "v@example.com", "obj_v1")
    assert Contact.objects.get(remote_id="obj_bare").remote_created_at is None
    assert RejectedRecord.objects.count() == 4
    assert Drift.objects.filter(kind=Drift.Kind.WORD, name="status=hibernating").exists()


def test_what_a_complete_sweep_misses_is_gone_only_where_the_crm_says_so_of_it_by_name(crm: FakeLayercake) -> None:
    crm.organizations += [organization(number) for number in range(3)]
    sync("layercake.organizations")
    gone = crm.organizations.pop()

    def no_such_path(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(404, text="No matching routes found") if gone["id"] in request.url.path else None

    crm.mischief = no_such_path
    run = sync("layercake.organizations")
    assert (run.state, run.vanished) == ("partial", 0)
    crm.mischief = lambda request: None
    assert sync("layercake.organizations").vanished == 1


def test_a_full_plan_is_told_at_once_and_being_too_fast_is_waited_out(crm: FakeLayercake) -> None:
    crm.contacts.append(contact(1))
    crm.mischief = lambda request: refusal(
        429, "RESOURCE_LIMIT", "plan is full", suggestion="Upgrade your plan", upgradeUrl="https://app.l4yercak3.com"
    )
    run = sync(CONTACTS)
    assert run.state == "failed" and len(crm.requests) == 1
    assert "plan is full. Upgrade your plan. https://app.l4yercak3.com" in run.error

    def once_too_fast(request: httpx.Request) -> httpx.Response | None:
        return refusal(429, "RATE_LIMITED", "slow down") if len(crm.requests) == 2 else None

    crm.mischief = once_too_fast
    assert sync(CONTACTS).state == "succeeded" and len(crm.requests) == 3


def test_records_of_two_tenants_never_mix(crm: FakeLayercake, settings: Any) -> None:
    crm.contacts.append(contact(1))
    sync(CONTACTS)
    settings.LAYERCAKE_ORGANIZATION_ID = "org_other"
    run = sync(CONTACTS)
    assert run.state == "failed" and "organization org_other" in run.error and len(crm.requests) == 1
