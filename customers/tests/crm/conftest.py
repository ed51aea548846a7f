"""Fixtures of the CRM's tests: a faithful L4YERCAK3 behind the client."""

from typing import Any

import httpx
import pytest

from customers.tests.crm.layercake import TENANT, FakeLayercake, contact, invoice, organization, transaction
from customers.tests.kirim import sync

RESOURCES = ("layercake.contacts", "layercake.organizations", "layercake.invoices", "layercake.transactions")


@pytest.fixture
def crm(settings: Any) -> FakeLayercake:
    """The upstream of the test, empty until rows are put in."""
    fake = FakeLayercake()
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    settings.LAYERCAKE_BASE_URL = "https://layercake.example"
    settings.LAYERCAKE_API_KEY = "layercake-test-key"
    settings.LAYERCAKE_ORGANIZATION_ID = TENANT
    return fake


@pytest.fixture
def mirrored(crm: FakeLayercake, db: None) -> FakeLayercake:
    """The same with something of each kind, all of it mirrored; its requests are forgotten."""
    crm.contacts += [contact(number) for number in (1, 2, 3)]
    crm.organizations += [organization(number) for number in (1, 2)]
    crm.invoices += [
        invoice(1, "obj_o001"),
        invoice(2, "obj_c001", status="paid", paidAmount=178500, paidAt=1776409200000),
        invoice(3, "obj_o001", dueDate="2999-01-01"),
        invoice(4, "obj_gone", status="draft", dueDate=None),
    ]
    crm.transactions += [transaction(1, invoiceId="obj_i002"), transaction(2, status="refunded")]
    for resource in RESOURCES:
        sync(resource)
    crm.requests.clear()
    return crm
