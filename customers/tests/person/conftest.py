"""A customer of whom every system knows something, without any sync."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.tests.factories import ChangeFactory, RunFactory
from customers.models import Customer
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory

ID = "cus_01JRVPD8Z9X2Q4S6T8V0W2Y4Z6"


def written(**values: Any) -> RemoteWrite:
    """A write to the customer; confirmed an hour ago unless told otherwise."""
    told = {
        "upstream": "kirim", "identity": "https://kirim.example/v1", "target": "customer", "verb": "suspend",
        "remote_id": ID, "state": "confirmed", "door": "page", "correlation_id": "c", "sends": {"status": "suspended"},
        "planned_at": timezone.now() - timedelta(hours=1), **values,
    }  # fmt: skip
    return RemoteWrite.objects.create(**told)


@pytest.fixture
def customer(db: None) -> Customer:
    """A suspended customer with an account that is cut off."""
    RunFactory()
    customer = CustomerFactory(
        remote_id=ID, name="Bakkerij <b>Jansen</b>", email="jan@jansen.example", status="suspended"
    )
    AccountFactory(customer=customer, name="Winkel", status="disconnected", phone_number="+31201234567")
    SetupLinkFactory(customer=customer, token_last4="x7Qd")
    return customer


@pytest.fixture
def past(customer: Customer) -> Customer:
    """The same with a past: a write of unknown end, an update of two members, a change of its link."""
    written(state="unknown", sent_at=timezone.now(), reason="He asked")
    moment = timezone.now() - timedelta(hours=2)
    for member in ("email", "name"):
        ChangeFactory(remote_id=ID, member=member, changed_at=moment)
    link = customer.setup_links.get()
    ChangeFactory(resource="kirim.setup_links", remote_id=link.remote_id, member="status", after='"consumed"')
    return customer
