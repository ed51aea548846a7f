"""A record's page that is open: it asks for itself again, and is answered only where there is something new."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import RejectedFactory, person
from backoffice.writes.settle import settle_by_hand
from customers.models import Customer, IdentityLink
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory
from customers.tests.writing import OPERATOR, active_customer, later, write
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

LATER = timedelta(seconds=1)


def address(row: Any) -> str:
    return reverse(f"admin:customers_{row._meta.model_name}_change", args=[row.pk])


def version_on(page: Any) -> str:
    found = re.search(r'"X-Record-Version": "(\w+)"', page.content.decode())
    assert found, page.content.decode()[:500]
    return found[1]


def poll(client: Client, url: str, version: str) -> Any:
    return client.get(url, headers={"HX-Request": "true", "X-Record-Version": version})


def change(row: Any, **values: Any) -> None:
    type(row).objects.filter(pk=row.pk).update(synced_at=timezone.now(), **values)


def unknown_write(customer: Customer) -> RemoteWrite:
    made: RemoteWrite = RemoteWrite.objects.create(
        upstream="kirim", identity="x", target="customer", verb="suspend", remote_id=customer.remote_id,
        state="unknown", door="page", sent_at=timezone.now(),
    )  # fmt: skip
    return made


def settled(customer: Customer) -> None:
    settle_by_hand(RemoteWrite.objects.get(remote_id=customer.remote_id), OPERATOR, was_done=True, reason="seen")


def about_link(customer: Customer) -> None:
    its = RemoteWrite.objects.filter(pk=unknown_write(customer).pk)
    its.update(target="setup_link", verb="create", remote_id="", owner_remote_id=customer.remote_id)


def suggested(customer: Customer) -> IdentityLink:
    made: IdentityLink = IdentityLink.objects.create(
        customer=customer, resource="layercake.contacts", record_id=1, remote_id="contact", state="suggested",
        suggested_at=timezone.now(),
    )  # fmt: skip
    return made


def decided(customer: Customer) -> None:
    customer.identity_links.update(state="confirmed", decided_at=timezone.now())


CHANGES: dict[str, Callable[[Customer], object]] = {
    "the row": lambda customer: change(customer, payload_hash=b"x" * 16),
    "it is gone": lambda customer: change(customer, vanished_at=timezone.now()),
    "a single read": lambda customer: change(customer, detail_at=timezone.now()),
    "its links were read": lambda customer: change(customer, links_read_at=timezone.now()),
    "a link changes": lambda customer: change(customer.setup_links.get(), status="consumed"),
    "a link comes": lambda customer: SetupLinkFactory(customer=customer),
    "an account changes": lambda customer: change(customer.accounts.get(), status="degraded"),
    "an account comes": lambda customer: AccountFactory(customer=customer),
    "a write is planned": unknown_write,
    "a write about a link": about_link,
    "somebody may be the same": suggested,
    "a reading is rejected": lambda customer: RejectedFactory(
        resource="kirim.customers", remote_id=customer.remote_id, resolved_at=None
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_an_open_page_gets_its_content_once_when_something_changed(desk: Client, what: str) -> None:
    customer = CustomerFactory(name="Toko")
    SetupLinkFactory(customer=customer)
    AccountFactory(customer=customer)
    CustomerFactory(name="Somebody else")
    version = version_on(desk.get(address(customer)))
    assert poll(desk, address(customer), version).status_code == 204
    CHANGES[what](customer)
    answer = poll(desk, address(customer), version)
    assert answer.status_code == 200 and 'id="record"' in answer.content.decode()
    assert version_on(answer) != version
    assert poll(desk, address(customer), version_on(answer)).status_code == 204


def test_what_a_person_decided_about_the_customer_is_news(desk: Client) -> None:
    customer = CustomerFactory()
    suggested(customer)
    version = version_on(desk.get(address(customer)))
    assert poll(desk, address(customer), version).status_code == 204
    decided(customer)
    assert poll(desk, address(customer), version).status_code == 200


def test_what_happens_to_others_is_no_news(desk: Client) -> None:
    customer, other = CustomerFactory(), CustomerFactory()
    version = version_on(desk.get(address(customer)))
    change(other, name="changed")
    SetupLinkFactory(customer=other)
    unknown_write(other)
    assert poll(desk, address(customer), version).status_code == 204


def test_each_step_of_a_write_is_news(desk: Client) -> None:
    customer = CustomerFactory()
    written = unknown_write(customer)
    of_write = RemoteWrite.objects.filter(pk=written.pk)
    of_write.update(state="planned", sent_at=None)
    seen = {version_on(desk.get(address(customer)))}
    now = timezone.now() + LATER
    steps: list[dict[str, Any]] = [
        {"state": "sent", "sent_at": now},
        {"state": "unknown", "next_look_at": now},
        {"looked_at": now, "next_look_at": now + LATER},
        {"state": "failed", "settled_at": now, "next_look_at": None},
        {"state": "planned", "settled_at": None, "waits_since": now + LATER},
    ]
    for step in steps:
        of_write.update(**step)
        seen.add(version_on(desk.get(address(customer))))
    assert len(seen) == len(steps) + 1


def test_a_link_that_ends_by_itself_is_news_on_its_page_and_on_its_customers(desk: Client) -> None:
    link = SetupLinkFactory(expires_at=timezone.now() + timedelta(minutes=5))
    for row in (link, link.customer):
        version = version_on(desk.get(address(row)))
        with later(310):
            assert poll(desk, address(row), version).status_code == 200


@pytest.mark.parametrize("factory", [SetupLinkFactory, AccountFactory])
def test_a_link_and_an_account_follow_themselves_and_their_customer(desk: Client, factory: Any) -> None:
    row = factory()
    for changed in (row, row.customer):
        version = version_on(desk.get(address(row)))
        assert poll(desk, address(row), version).status_code == 204
        change(changed, status="suspended", payload_hash=b"y" * 16)
        assert poll(desk, address(row), version).status_code == 200


def test_a_row_without_a_customer_can_be_followed(desk: Client) -> None:
    account = AccountFactory(customer=None, customer_remote_id="")
    version = version_on(desk.get(address(account)))
    assert poll(desk, address(account), version).status_code == 204


def test_an_answer_is_the_content_alone_and_leaves_messages_to_pages(sandbox: Sandbox, desk: Client) -> None:
    customer = active_customer()
    page = desk.get(f"{address(customer)}?changes=1")
    assert "<html" in page.content.decode()
    desk.post(reverse("admin:refresh_customer", args=[customer.pk]))
    answer = poll(desk, f"{address(customer)}?changes=1", version_on(page))
    content = answer.content.decode()
    assert "<html" not in content and "Refreshed from Kirim" not in content
    assert f'hx-get="{address(customer)}?changes=1"' in content
    assert "Refreshed from Kirim" in desk.get(address(customer)).content.decode()


def test_nothing_new_costs_two_queries_beside_those_that_tell_who_asks(desk: Client, remote: Any) -> None:
    customer = CustomerFactory()
    SetupLinkFactory.create_batch(5, customer=customer)
    for _ in range(5):
        unknown_write(customer)
    version = version_on(desk.get(address(customer)))
    with CaptureQueriesContext(connection) as queries:
        assert poll(desk, address(customer), version).status_code == 204
    about_people = ("django_session", "auth_user", "auth_permission", "auth_group")
    others = [query["sql"] for query in queries if not any(f'FROM "{name}' in query["sql"] for name in about_people)]
    assert len(others) == 2, others
    assert remote.requests == []


def test_whoever_was_signed_out_is_told_to_load_the_page_anew(desk: Client) -> None:
    customer = CustomerFactory()
    version = version_on(desk.get(address(customer)))
    desk.logout()
    answer = poll(desk, address(customer), version)
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (204, "true", b"")
    assert desk.get(address(customer)).status_code == 302


def test_whoever_may_no_longer_see_it_is_told_to_load_the_page_anew(client: Client) -> None:
    user = person("customer desk")
    client.force_login(user)
    customer = CustomerFactory()
    version = version_on(client.get(address(customer)))
    user.groups.set([Group.objects.get(name="warehouse")])
    change(customer, name="not for them")
    answer = poll(client, address(customer), version)
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (204, "true", b"")
    user.groups.clear()
    answer = poll(client, address(customer), version)
    assert (answer.status_code, answer.headers["HX-Refresh"], answer.content) == (204, "true", b"")


def test_a_page_whose_record_is_no_more_is_told_to_load_itself_anew(desk: Client) -> None:
    account = AccountFactory()
    version = version_on(desk.get(address(account)))
    url = address(account)
    account.delete()
    answer = poll(desk, url, version)
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


def test_without_the_script_a_page_is_a_page_whatever_it_is_sent(desk: Client) -> None:
    customer = CustomerFactory()
    version = version_on(desk.get(address(customer)))
    plain = desk.get(address(customer), headers={"X-Record-Version": version})
    assert plain.status_code == 200 and "<html" in plain.content.decode()
    headers = {"HX-Request": "true", "X-Record-Version": version}
    assert desk.post(address(customer), headers=headers).status_code == 405


def test_pages_that_are_no_mirrored_records_do_not_follow(client: Client) -> None:
    client.force_login(person("supervisor"))
    rejected = RejectedFactory()
    page = client.get(reverse("admin:backoffice_rejectedrecord_change", args=[rejected.pk]))
    assert page.status_code == 200 and "X-Record-Version" not in page.content.decode()


def test_a_write_of_somebody_else_shows_on_the_open_page(sandbox: Sandbox, desk: Client) -> None:
    customer = active_customer()
    version = version_on(desk.get(address(customer)))
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    assert write(verbs.SUSPEND_CUSTOMER, customer).state == "unknown"
    answer = poll(desk, address(customer), version)
    assert answer.status_code == 200
    settled(customer)
    assert poll(desk, address(customer), version_on(answer)).status_code == 200
