"""What other systems know of a customer: shown once a person confirmed that it is the same."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.tests.factories import ChangeFactory, person
from customers.models import Contact, Customer, IdentityLink, Invoice, Organization, SupportCustomer, Transaction
from customers.tests.person.test_page import PAGE, page
from fulfilment.models import HandlingList, Recipient, Shipment
from fulfilment.tests.factories import one_of_each

MINUTE = timedelta(minutes=1)


def link(customer: Customer, resource: str, row: Any, state: str = "confirmed") -> None:
    IdentityLink.objects.create(
        customer=customer, resource=resource, record_id=row.pk, remote_id=row.remote_id, state=state
    )


@pytest.fixture
def everywhere(past: Customer, user: Any) -> Customer:
    """The customer with records in all systems: two invoices overdue, an erasure asked for, a parcel that is stuck."""
    common = {"payload": {}, "payload_hash": b"0" * 16, "synced_at": timezone.now() - MINUTE}
    support = SupportCustomer.objects.create(
        remote_id="s1", name="Jan at support", status="gdpr-erasure-request", **common
    )
    contact = Contact.objects.create(remote_id="obj_c", display_name="Jan in the CRM", email="Jan@x.example", **common)
    company = Organization.objects.create(remote_id="obj_o", name="Jansen BV", **common)
    money = {"currency": "EUR", "due_date": date(2026, 1, 5), **common}
    Invoice.objects.create(
        remote_id="i1", invoice_number="INV-1", client_remote_id="obj_c", status="sent", total=178500, **money
    )
    Invoice.objects.create(
        remote_id="i2", invoice_number="INV-2", client_remote_id="obj_o", status="partially_paid", total=10000,
        paid_amount=2500, **money,
    )  # fmt: skip
    Invoice.objects.create(remote_id="i3", invoice_number="INV-3", client_remote_id="obj_o", status="paid", **money)
    Transaction.objects.create(remote_id="t1", display_name="Two books", customer_email="jan@X.example", **common)
    one_of_each("2026-0042", user)
    Shipment.objects.update(ship_at=timezone.now() - timedelta(hours=3))
    for resource, row in (
        ("apideck.customers", support), ("layercake.contacts", contact), ("layercake.organizations", company),
        ("afosto.contacts", Recipient.objects.get()),
    ):  # fmt: skip
        link(past, resource, row)
    ChangeFactory(resource="layercake.invoices", remote_id="i1", member="status", after='"changed-invoice"')
    ChangeFactory(resource="afosto.parcels", remote_id="one", member="number", after='"changed-parcel"')
    return past


PROBLEMS = (
    "2 invoices are overdue: EUR 1,860.00 is left to pay", "Apideck asks for the erasure of Jan at support",
    "Parcel 2026-0042 is stuck, its label failed", "Shipment 2026-0042 should have left 3 h ago",
)  # fmt: skip


def test_every_system_shows_its_records_with_their_problems_first(supervisor: Client, everywhere: Customer) -> None:
    text = page(supervisor)
    for shown in ("Jan at support", "Jan in the CRM", "Jansen BV", "INV-1", "INV-2", "Two books", "2026-0042"):
        assert shown in text, shown
    for problem in PROBLEMS:
        assert text.index(problem) < text.index("<h2>WhatsApp accounts"), problem
    assert "INV-3" not in text and "changed-invoice" in text and "changed-parcel" in text
    assert "changed-parcel" not in page(supervisor, f"{PAGE}?system=layercake")
    HandlingList.objects.update(is_on_hold=True)
    assert "Handling list 2026-0042 with shipment 2026-0042 is on hold." in page(supervisor)


def test_the_fullest_page_costs_at_most_thirty_queries(
    supervisor: Client, everywhere: Customer, django_assert_max_num_queries: Any
) -> None:
    page(supervisor)
    with django_assert_max_num_queries(30):
        page(supervisor)


def test_what_is_only_suggested_rejected_or_not_theirs_to_see_is_not_shown(
    client: Client, everywhere: Customer
) -> None:
    client.force_login(person("viewer"))
    IdentityLink.objects.filter(resource="layercake.contacts").update(state="suggested")
    IdentityLink.objects.filter(resource="apideck.customers").update(state="rejected")
    viewer = person("viewer")
    group = viewer.groups.get()
    group.permissions.remove(
        *group.permissions.filter(codename__in=["view_invoice", "view_recipient", "view_shipment"])
    )
    text = page(client)
    for hidden in ("Jan in the CRM", "Jan at support", "INV-", "2026-0042", "Afosto", "left to pay", "changed-"):
        assert hidden not in text, hidden
    assert "Jansen BV" in text


def test_without_links_each_panel_says_so(supervisor: Client, customer: Customer) -> None:
    text = page(supervisor)
    assert text.count("No record of it is linked to this customer yet.") == 2
    assert "No recipient is linked to this customer yet" in text
