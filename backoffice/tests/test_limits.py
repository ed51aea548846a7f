"""Limits: people with some teams and locations meet nothing of the others, through whatever door."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client
from django.utils import timezone

from backoffice import audit, limits
from backoffice.bulk import run as bulk_run
from backoffice.models import BulkAction, BulkItem, RemoteWrite, StaffLimits
from backoffice.tests.addresses import addresses, first_of_each
from backoffice.tests.factories import ChangeFactory, RejectedFactory, RunFactory, person, superuser
from backoffice.tests.shell import command, run
from backoffice.tests.test_needs import make_bulk, make_write
from backoffice.tests.test_security import OPEN
from customers.models import Contact, Customer, CustomerNote, IdentityLink, Invoice, SupportCustomer, Transaction
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory
from fulfilment.models import HandlingList, LabelJob, Location, Parcel, Picker, Recipient, Shipment, ShippingMethod
from fulfilment.tests.factories import one_of_each

pytestmark = pytest.mark.django_db

NEAR, FAR = "Toko Dekat", "Toko Jauh"
HELD = {"team": ["team_near"], "location": ["near"]}


def limited(role: str = "supervisor", values: Any = None) -> User:
    user = person(role)
    StaffLimits.objects.create(user=user, values=HELD if values is None else values)
    return user


def mirrored(remote_id: str, text: str) -> dict[str, Any]:
    told = {"payload": {"note": text}, "payload_hash": b"0" * 16, "synced_at": timezone.now()}
    return {"remote_id": remote_id, **told}


def everything_of(text: str, where: str) -> None:
    """One of each record, write and trace, of one team and at one location, each with ``text`` in it."""
    customer = CustomerFactory(name=text, team_id=f"team_{where}", metadata={"note": text})
    SetupLinkFactory(customer=customer, payload={"note": text})
    AccountFactory(customer=customer, name=text)
    author = person()
    CustomerNote.objects.create(customer=customer, author=author, text=text)
    linked = [
        ("apideck.customers", SupportCustomer.objects.create(**mirrored(where, text), name=text)),
        ("layercake.contacts", Contact.objects.create(**mirrored(where, text), display_name=text)),
    ]
    for resource, record in linked:
        IdentityLink.objects.create(
            customer=customer, resource=resource, record_id=record.pk, remote_id=where, state="confirmed"
        )
    Invoice.objects.create(**mirrored(where, text), invoice_number=text, client_remote_id=where)
    Transaction.objects.create(**mirrored(where, text), display_name=text, invoice_remote_id=where)
    one_of_each(text, author, where)
    ShippingMethod.objects.filter(remote_id=where).update(name="Post", payload={})  # of no location
    Picker.objects.filter(user=author).update(sub=f"sub-{where}")
    run = RunFactory()
    ChangeFactory(run=run, resource="kirim.customers", remote_id=customer.remote_id, after=f'"{text}"')
    RejectedFactory(run=run, resource="kirim.customers", remote_id=customer.remote_id, payload=text, reason=text)
    bulk = make_bulk(selection=text, reason=text)
    BulkItem.objects.create(bulk=bulk, position=1, remote_id=customer.remote_id, name=text)
    make_write("unknown", remote_id=customer.remote_id, reason=text, error=text, sends={"name": text})
    audit.note("suspend", door="command", kind="customer", remote_id=customer.remote_id, label=text, reason=text)
    audit.note("add", door="command", kind="note", owner_remote_id=customer.remote_id, label=text)
    audit.entry_of_bulk("bulk", bulk, door="command", reason=text).save()
    make_write("failed", bulk=bulk, remote_id=customer.remote_id, reason=text, error=text)


@pytest.fixture
def far() -> None:
    """Made first, so what is first of each is far."""
    everything_of(FAR, "far")


@pytest.fixture
def near() -> None:
    everything_of(NEAR, "near")


def pages(client: Client, rows: dict[type[Model], Any]) -> Iterator[tuple[str, int, str]]:
    for address in sorted(set(addresses(rows)) - OPEN - {"/admin/logout/"}):
        answer = client.get(address)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        yield address, answer.status_code, body.decode(errors="ignore")


def test_no_page_list_or_file_shows_what_lies_beyond_the_limits(
    client: Client, far: None, near: None, remote: Any
) -> None:
    client.force_login(limited())
    seen = {address: body for address, _, body in pages(client, first_of_each())}
    assert [address for address, body in seen.items() if FAR in body] == []
    for name in ("customers/customer", "customers/contact", "customers/invoice", "fulfilment/parcel"):
        assert NEAR in seen[f"/admin/{name}/"], name
    assert "You work with 1 team and 1 location" in seen["/admin/customers/customer/"]
    assert remote.requests == []


def test_without_limits_the_same_walk_meets_both(client: Client, far: None, near: None) -> None:
    client.force_login(person("supervisor"))
    bodies = "".join(body for _, _, body in pages(client, first_of_each()))
    assert FAR in bodies and NEAR in bodies


@pytest.mark.parametrize(
    "address", ["/search/?q=", "/admin/search/?extended=1&s=", "/admin/customers/customer/?q=", "/board/?q="]
)
def test_no_search_finds_it(client: Client, far: None, near: None, address: str) -> None:
    client.force_login(limited())
    for term in ("jauh", "far"):
        assert FAR not in client.get(f"{address}{term}").content.decode()
    assert NEAR in client.get(f"{address}dekat").content.decode()


def test_nothing_can_be_done_to_it_from_any_page(client: Client, far: None, remote: Any) -> None:
    client.force_login(limited())
    writes = set(RemoteWrite.objects.values_list("pk", "state"))
    for address in sorted(set(addresses(first_of_each())) - OPEN - {"/admin/logout/"}):
        if address.startswith(("/runs/", "/getting-started/")):
            continue  # about whole upstreams, of which syncs mirror everything
        answer = client.post(address, {"reason": "because", "is_sure": "on"})
        assert answer.status_code < 500, address
        assert answer.streaming or FAR not in answer.content.decode(), address
    assert remote.requests == []
    assert set(RemoteWrite.objects.values_list("pk", "state")) == writes


def test_a_command_with_a_person_keeps_to_the_limits(far: None, near: None, remote: Any) -> None:
    user = limited()
    customers = command("customers.management.commands.customers")
    listed = run(customers, "list", "--as", user.username)
    assert NEAR in listed.out and FAR not in listed.out
    of_far = Customer.objects.get(team_id="team_far").remote_id
    shown = run(customers, "show", of_far, "--as", user.username)
    assert shown.code != 0 and FAR not in shown.out + shown.err
    refused = run(customers, "suspend", of_far, "--reason", "x", "--as", user.username)
    assert refused.code != 0 and remote.requests == []
    parcels = run(command("fulfilment.management.commands.parcel"), "list", "--all", "--as", user.username)
    assert FAR not in parcels.out
    assert FAR in run(customers, "list").out, "the operator of the machine has no limits"


def test_the_rows_of_a_bulk_action_are_checked_again_when_their_turn_comes(far: None, near: None, remote: Any) -> None:
    user = limited()
    bulk = BulkAction.objects.create(
        verb="suspend", target="customer", total=1, selection="one", digest="1" * 32, correlation_id="x", actor=user
    )
    of_far = Customer.objects.get(team_id="team_far")
    item = BulkItem.objects.create(bulk=bulk, position=1, remote_id=of_far.remote_id, name="x")
    bulk_run.work(bulk)
    item.refresh_from_db()
    assert item.state == BulkItem.State.REFUSED and "is not among them" in item.error
    assert remote.requests == []


def test_a_customer_is_made_in_a_team_of_ones_own_only(client: Client, near: None, remote: Any) -> None:
    user = limited("customer desk")
    create = command("customers.management.commands.customers")
    for team in ([], ["--team-id", "team_far"]):
        refused = run(create, "create", "--name", "New", *team, "--as", user.username)
        assert refused.code != 0 and "It takes one of your teams." in refused.err
    assert remote.requests == [] and not RemoteWrite.objects.filter(verb="create").exists()


@pytest.mark.parametrize("user", [lambda: superuser(), lambda: None])
def test_superusers_and_the_operator_have_no_limits(far: None, user: Any) -> None:
    somebody = user()
    if somebody:
        StaffLimits.objects.create(user=somebody, values=HELD)
    with limits.of(somebody):
        assert Customer.objects.count() == 1


@pytest.mark.parametrize(
    ("values", "customers", "lists"),
    [({"team": ["team_near"]}, 1, 2), ({"location": ["near"]}, 2, 1), ({}, 2, 2), ({"team": []}, 0, 2), (HELD, 1, 1)],
)
def test_each_kind_limits_its_own_records(far: None, near: None, values: Any, customers: int, lists: int) -> None:
    with limits.of(limited(values=values)):
        assert Customer.objects.count() == customers
        for model in (HandlingList, Shipment, Parcel, LabelJob, Location):
            assert model.objects.count() == lists, model
        assert Picker.objects.count() == 2
    assert Customer.objects.count() == 2, "nobody is held any more"


def test_what_belongs_to_nobody_is_for_everybody(far: None) -> None:
    Contact.objects.create(**mirrored("unlinked", "Nobody's"))
    HandlingList.objects.create(**mirrored("nowhere", "x"))
    Recipient.objects.create(**mirrored("unused", "x"))
    with limits.of(limited()):
        assert [row.remote_id for row in Contact.objects.all()] == ["unlinked"]
        assert [row.remote_id for row in HandlingList.objects.all()] == ["nowhere"]
        assert not Recipient.objects.exists(), "nobody there sends anything to it"


def test_what_mirrors_a_remote_sees_all_records(far: None) -> None:
    with limits.of(limited()):
        assert not Customer.objects.exists()
        with limits.everything():
            assert Customer.objects.exists()
        assert not Customer.objects.exists()


def test_a_superuser_sets_and_lifts_the_limits_with_the_account(client: Client, far: None, near: None) -> None:
    client.force_login(superuser())
    user = person("warehouse")
    url = f"/admin/auth/user/{user.pk}/change/"
    page = client.get(url).content.decode()
    assert 'name="limits-0-team"' in page and "team_far" in page and f">{FAR}<" in page
    account = {"username": user.username, "is_active": "on", "is_staff": "on", "date_joined_0": "2026-01-01",
               "date_joined_1": "00:00", "groups": [group.pk for group in user.groups.all()]}  # fmt: skip
    form = {"limits-TOTAL_FORMS": 1, "limits-INITIAL_FORMS": 0, "limits-MIN_NUM_FORMS": 0, "limits-MAX_NUM_FORMS": 1}
    assert client.post(url, {**account, **form, "limits-0-location": ["near"]}).status_code == 302
    assert StaffLimits.objects.get(user=user).values == {"location": ["near"]}
    key = {"limits-INITIAL_FORMS": 1, "limits-0-id": StaffLimits.objects.get().pk, "limits-0-user": user.pk}
    assert client.post(url, {**account, **form, **key}).status_code == 302
    assert StaffLimits.objects.get(user=user).values == {}
