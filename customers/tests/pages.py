"""What tests of the pages about customers and accounts share: addresses, forms, trouble."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from customers.models import Customer, WhatsAppAccount
from customers.tests.filled import opened
from customers.tests.writing import active_customer

State = RemoteWrite.State
CREATE = "/admin/customers/customer/create/"
LIST = "/admin/customers/customer/"


@pytest.fixture
def user() -> User:
    return person("supervisor", username="mira")


@pytest.fixture
def desk(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def url_of(name: str, row: Customer | WhatsAppAccount) -> str:
    return reverse(f"admin:{name}", args=[row.pk])


def page_of(row: Customer | WhatsAppAccount) -> str:
    return reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])


def trouble(sandbox: Sandbox, kind: str, **values: Any) -> None:
    sandbox.switches["kirim"].turn_on(Switch(kind, **values))


def named(sandbox: Sandbox, name: str) -> list[Any]:
    return [row for row in sandbox.kirim.customers if row["name"] == name]


def there(sandbox: Sandbox, customer: Customer) -> Any:
    return sandbox.kirim.customers.get(customer.remote_id)


def write_of(form: QueryDict) -> RemoteWrite:
    return RemoteWrite.objects.get(pk=form["write_id"])


def rows(**pairs: str) -> dict[str, Any]:
    """Metadata rows of text."""
    return {
        "metadata__key": list(pairs),
        "metadata__kind": ["text"] * len(pairs),
        "metadata__value": list(pairs.values()),
    }


def new_form(client: Client, **typed: Any) -> QueryDict:
    return opened(client, CREATE, **typed)


def edit_form(client: Client, customer: Customer, **typed: Any) -> QueryDict:
    return opened(client, url_of("update_customer", customer), **typed)


def mirrored(sandbox: Sandbox, *metadata: Any) -> list[Customer]:
    """Customers of these metadata, here and at Kirim."""
    customers = list(Customer.objects.filter(status="active").order_by("pk")[: len(metadata)])
    for customer, value in zip(customers, metadata, strict=True):
        sandbox.kirim.customers.change(customer.remote_id, metadata=value)
        customer.metadata = value
        customer.save()
    return customers


def in_state(sandbox: Sandbox, status: str) -> Customer:
    customer = active_customer()
    sandbox.kirim.customers.change(customer.remote_id, status=status)
    Customer.objects.filter(pk=customer.pk).update(status=status)
    customer.refresh_from_db()
    return customer


def an_account() -> WhatsAppAccount:
    return WhatsAppAccount.objects.exclude(customer=None).exclude(phone_number_id=None).earliest("pk")
