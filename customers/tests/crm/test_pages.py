"""The CRM's lists and pages: what stands there, who may open what, what forms send, and what it costs."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import shown_in, text_of
from customers.models import Contact, Invoice, Organization, Transaction
from customers.tests.bulking import bulk_at, confirm, select, states
from customers.tests.crm.conftest import RESOURCES
from customers.tests.crm.layercake import FakeLayercake, contact, invoice, refusal, transaction
from customers.tests.filled import form_in, opened, send
from customers.tests.kirim import sync

pytestmark = pytest.mark.django_db
State = RemoteWrite.State
ADMIN = "/admin/customers"
NEW, NEW_COMPANY = f"{ADMIN}/contact/create/", f"{ADMIN}/organization/create/"
HOSTILE = '<script>alert("x")</script>'
LISTS = ("contact", "organization", "invoice", "transaction")


def of(name: str, remote_id: str) -> str:
    """The address of a contact's page for a verb."""
    return reverse(f"admin:{name}_contact", args=[Contact.objects.get(remote_id=remote_id).pk])


def page_of(row: Any) -> str:
    return reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])


def last_write() -> RemoteWrite:
    return RemoteWrite.objects.latest("planned_at")


def test_lists_show_filter_search_and_export_what_is_mirrored(mirrored: FakeLayercake, supervisor: Client) -> None:
    told = text_of(supervisor.get(f"{ADMIN}/contact/?q=SANNE1@"))
    assert "Sanne de Vries 1" in told and "Sanne de Vries 2" not in told and "Theehuis Noord" in told
    with time_machine.travel("2026-05-15T12:00Z", tick=True):
        assert "INV-2026-001" in text_of(supervisor.get(f"{ADMIN}/invoice/?state=open"))
    for state, numbers in {
        "overdue": {1},
        "open": {3},
        "paid": {2},
        "draft": {4},
        "unpaid": {1, 3},
        "odd": set(),
    }.items():
        told = text_of(supervisor.get(f"{ADMIN}/invoice/?state={state}"))
        assert {int(found) for found in re.findall(r"INV-2026-(\d{3})</a>", told)} == numbers, state
    told = text_of(supervisor.get(f"{ADMIN}/invoice/"))
    assert "EUR 1,785.00" in told and ">overdue<" in told and "Mug Factory 1" in told
    bill = Invoice.objects.get(remote_id="obj_i001")
    for url in (f"{ADMIN}/invoice/", page_of(bill), page_of(Organization.objects.get(remote_id="obj_o001"))):
        assert "May 15, 2026" in text_of(supervisor.get(url)), url  # a day looks the same wherever it stands
    told = text_of(supervisor.get(f"{ADMIN}/transaction/?status=refunded"))
    assert "Order #2" in told and "Order #1" not in told and "EUR 473.62" in told
    assert "https://mugs1.example.com" in text_of(supervisor.get(f"{ADMIN}/organization/?industry=Manufacturing"))
    mirrored.contacts.append(contact(8, displayName="=1+1", phone="+31"))
    sync(RESOURCES[0])
    exported = b"".join(supervisor.get(f"{ADMIN}/contact/export/csv/?q=obj_c008").streaming_content).decode()  # type: ignore[attr-defined]
    assert "'=1+1" in exported and "'+31" in exported and "department" not in exported


def test_lists_cost_the_same_whatever_their_length(mirrored: FakeLayercake, supervisor: Client) -> None:
    def cost() -> dict[str, int]:
        found = {}
        for model in LISTS:
            with CaptureQueriesContext(
                connection,
            ) as queries:
                assert supervisor.get(f"{ADMIN}/{model}/").status_code == 200
            found[model] = len(queries)
        return found

    cost()
    before = cost()
    mirrored.contacts += [contact(number) for number in range(100, 130)]
    mirrored.invoices += [invoice(number, "obj_c001") for number in range(100, 130)]
    mirrored.transactions += [transaction(number) for number in range(100, 130)]
    for resource in RESOURCES:
        sync(resource)
    assert cost() == before and max(before.values()) <= 30


def test_pages_lead_from_a_client_to_invoices_and_transactions(mirrored: FakeLayercake, supervisor: Client) -> None:
    bill, paid = (Invoice.objects.get(remote_id=f"obj_i00{number}") for number in (1, 2))
    told = shown_in(supervisor.get(page_of(Organization.objects.get(remote_id="obj_o001"))))
    assert f'href="{page_of(bill)}"' in told and "DE000000001" in told and 'href="https://mugs1.example.com"' in told
    told = shown_in(supervisor.get(page_of(bill)))
    assert "L4YERCAK3 says: sent" in told and "Consulting" in told and "EUR 150.00" in told and "EUR 285.00" in told
    assert f'href="{page_of(Organization.objects.get(remote_id="obj_o001"))}"' in told and ">overdue<" in told
    purchase = Transaction.objects.get(remote_id="obj_t001")
    told = shown_in(supervisor.get(page_of(paid)))
    assert (
        f'href="{page_of(purchase)}"' in told and f'href="{page_of(Contact.objects.get(remote_id="obj_c001"))}"' in told
    )
    told = shown_in(supervisor.get(page_of(purchase)))
    assert f'href="{page_of(paid)}"' in told and "Ticket" in told and "EUR 75.62" in told
    told = shown_in(supervisor.get(page_of(Contact.objects.get(remote_id="obj_c001"))))
    assert f'href="{page_of(paid)}"' in told and f'href="{page_of(purchase)}"' in told and "Purchasing" in told
    assert "obj_gone" in shown_in(supervisor.get(page_of(Invoice.objects.get(remote_id="obj_i004"))))


def test_remote_text_is_shown_and_never_run(crm: FakeLayercake, supervisor: Client) -> None:
    crm.contacts.append(
        contact(1, displayName=HOSTILE, company=HOSTILE, tags=[HOSTILE], customFields={HOSTILE: HOSTILE})
    )
    crm.organizations.append({"id": "obj_o1", "name": HOSTILE, "customProperties": {"website": "javascript:alert(1)"}})
    crm.invoices.append(invoice(1, "obj_o1", clientName=HOSTILE, currency="<b>", lineItems=[{"description": HOSTILE}]))
    crm.transactions.append(transaction(1, customerName=HOSTILE, paymentMethod=HOSTILE))
    for resource in RESOURCES:
        sync(resource)
    for model in (Contact, Organization, Invoice, Transaction):
        for url in (f"{ADMIN}/{model._meta.model_name}/", page_of(model._default_manager.get())):
            told = text_of(supervisor.get(url))
            assert "<script>alert" not in told and 'href="javascript' not in told and "<b>" not in told.lower(), url


def test_who_may_not_write_opens_no_form_and_nothing_is_sent(mirrored: FakeLayercake, client: Client) -> None:
    urls = {
        NEW: "create", NEW_COMPANY: "create", of("update", "obj_c001"): "update", of("delete", "obj_c001"): "delete",
        of("refresh", "obj_c001"): "refresh", f"{ADMIN}/contact/fetch/": "fetch", f"{ADMIN}/invoice/fetch/": "fetch",
    }  # fmt: skip
    filled = {"write_id": str(uuid4()), "displayName": "X", "name": "X", "reason": "x", "is_sure": "on"}
    for role in ("viewer", "warehouse", None, "customer desk"):
        client.force_login(person(role))
        for url, verb in urls.items():
            if role == "customer desk" and verb != "delete":
                continue
            assert client.get(url).status_code in {302, 403, 405}, (role, url)
            assert client.post(url, filled).status_code in {302, 403}, (role, url)
        sees = role in {"viewer", "customer desk"}
        assert {client.get(f"{ADMIN}/{model}/").status_code for model in LISTS} == ({200} if sees else {403}), role
    assert mirrored.requests == [] and not RemoteWrite.objects.exists()
    page = text_of(client.get(page_of(Contact.objects.get(remote_id="obj_c001"))))
    assert ">Edit<" in page and ">Delete<" not in page and "Raw payload" not in page
    client.force_login(person("supervisor"))
    assert client.get(of("refresh", "obj_c001")).status_code == 405
    assert client.get(of("update", "obj_c001")).status_code == 200 and mirrored.requests == []


def test_a_contact_is_created_once_and_a_twin_is_asked_about(mirrored: FakeLayercake, supervisor: Client) -> None:
    page = text_of(supervisor.get(NEW))
    assert "L4YERCAK3" in page and "layercake.example" in page and "organization org_9f2k7q" in page
    form = opened(
        supervisor, NEW, displayName="", email="not an address", items__name=["a", ""], items__value=["1", "2"]
    )
    told = text_of(send(supervisor, NEW, form))
    assert "A contact needs a name." in told and "no e-mail address" in told and "but no name" in told
    assert 'value="not an address"' in told and mirrored.requests == []

    typed = {
        "displayName": "Sanne Vos",
        "email": "SANNE1@example.com",
        "items__name": ["tier"],
        "items__value": ["gold"],
    }
    told = text_of(send(supervisor, NEW, opened(supervisor, NEW, **typed)))
    assert "is here already" in told and "Sanne de Vries 1" in told and mirrored.called("POST") == []
    form = opened(supervisor, NEW, **typed, is_another="on")
    told = text_of(send(supervisor, NEW, form))
    assert "Sanne Vos was created at L4YERCAK3." in told
    told = text_of(send(supervisor, NEW, form))
    assert len(mirrored.called("POST")) == 1
    assert mirrored.sent("POST")[0]["customFields"] == {"tier": "gold"} and "phone" not in mirrored.sent("POST")[0]

    mirrored.mischief = lambda request: refusal(400, "VALIDATION_ERROR", "the phone is bad")
    form = opened(supervisor, NEW, displayName="Bad", phone="12", reason="new client")
    told = text_of(send(supervisor, NEW, form))
    assert "the phone is bad" in told and 'value="12"' in told and "new client" in told
    mirrored.mischief = lambda request: None

    def lose(request: httpx.Request) -> None:
        raise httpx.ReadTimeout("no answer", request=request)

    mirrored.after = lose
    assert "we look by ourselves" in text_of(
        send(supervisor, NEW, opened(supervisor, NEW, displayName="L", email="l@x.io"))
    )
    count = len(mirrored.called("POST"))
    told = text_of(send(supervisor, NEW, opened(supervisor, NEW, displayName="L", email="l@x.io")))
    assert "its answer is still open" in told and len(mirrored.called("POST")) == count


def test_an_organization_is_created_and_its_name_asked_about(mirrored: FakeLayercake, supervisor: Client) -> None:
    told = text_of(send(supervisor, NEW_COMPANY, opened(supervisor, NEW_COMPANY, name="MUG FACTORY 1")))
    assert "is here already" in told and mirrored.requests == []
    told = text_of(send(supervisor, NEW_COMPANY, opened(supervisor, NEW_COMPANY, name="Acme", taxId="NL1")))
    assert "Acme was created at L4YERCAK3." in told
    assert mirrored.sent("POST") == [{"organizationId": "org_9f2k7q", "name": "Acme", "taxId": "NL1"}]


def test_an_edit_keeps_what_was_typed_and_says_what_somebody_else_made_of_it(
    mirrored: FakeLayercake, supervisor: Client
) -> None:
    fields = {"department": "Purchasing", "seats": 3, "flags": {"vip": True}}
    mirrored.contacts[0]["customProperties"]["customFields"] = fields
    sync(RESOURCES[0])
    url = of("update", "obj_c001")
    told = text_of(send(supervisor, url, opened(supervisor, url)))
    assert "Nothing was changed" in told and mirrored.called("PATCH") == []
    form = opened(supervisor, url, company="Theehuis Zuid", phone="")
    names, values = form.getlist("items-name"), form.getlist("items-value")
    values[names.index("department")] = "Sales"
    form.setlist("items-value", values)
    mirrored.contacts[0]["customProperties"]["company"] = "Theehuis West"
    told = text_of(send(supervisor, url, form))
    assert "has Theehuis West by now" in told and 'value="Theehuis Zuid"' in told and mirrored.called("PATCH") == []
    told = text_of(send(supervisor, url, form_in(told)))
    assert "was changed at L4YERCAK3." in told
    sent = {"company": "Theehuis Zuid", "phone": "", "customFields": {**fields, "department": "Sales"}}
    assert mirrored.sent("PATCH") == [sent] and last_write().state == State.CONFIRMED


def test_deleting_asks_twice_and_many_are_deleted_and_refreshed_at_once(
    mirrored: FakeLayercake, supervisor: Client
) -> None:
    url = of("delete", "obj_c001")
    told = text_of(send(supervisor, url, opened(supervisor, url)))
    assert "Say why" in told and "Tick this" in told and mirrored.called("DELETE") == []
    told = text_of(send(supervisor, url, opened(supervisor, url, reason="asked to", is_sure="on")))
    assert "is deleted at L4YERCAK3." in told and "gone since" in told
    rows = list(Contact.objects.filter(vanished_at=None))
    for verb, typed in (("refresh", {}), ("delete", {"reason": "cleaning", "typed": "2"})):
        bulk = bulk_at(confirm(supervisor, select(supervisor, verb, rows, url=f"{ADMIN}/contact/"), **typed))
        assert states(bulk) == ["confirmed", "confirmed"], verb
    assert mirrored.contacts == []


def test_one_is_fetched_by_its_id_and_read_again_from_its_page(mirrored: FakeLayercake, supervisor: Client) -> None:
    mirrored.contacts.append(contact(7))
    url = f"{ADMIN}/contact/fetch/"
    told = text_of(supervisor.post(url, {"remote_id": "obj_c007"}, follow=True))
    assert "Sanne de Vries 7 was fetched from L4YERCAK3." in told
    assert "knows no contact" in text_of(supervisor.post(url, {"remote_id": "nobody"}))
    mirrored.contacts[0]["displayName"] = "Sanne Nieuw"
    assert "Sanne Nieuw" in text_of(supervisor.post(of("refresh", "obj_c001"), follow=True))
    mirrored.invoices[0]["status"] = "paid"
    bill = Invoice.objects.get(remote_id="obj_i001")
    supervisor.post(reverse("admin:refresh_invoice", args=[bill.pk]))
    bill.refresh_from_db()
    assert bill.status == "paid"
