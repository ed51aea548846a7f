"""Erasing: who asks for it, who is gone, what others wrote down about them, and the command."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from backoffice.client import PERSON
from backoffice.errors import NotAllowed
from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.plan import Actor
from customers.identity import match
from customers.identity.refresh import refresh
from customers.models import Customer, CustomerNote, IdentityKey, IdentityLink, SupportCustomer
from customers.services.erasure import erase
from customers.tests.factories import CustomerFactory
from customers.tests.filled import opened, send
from customers.tests.kirim import sync
from customers.tests.support.apideck import PRIVATE, FakeApideck, refusal
from customers.tests.support.test_pages import text, url
from customers.tests.support.test_writes import ana, write
from customers.tests.writing import OPERATOR
from customers.verbs.support import DELETE, UPDATE

pytestmark = pytest.mark.django_db(transaction=True)
PERSONAL = ("Peeters 1", "ana1@nordwind", "Ana1@nordwind", "555 01 00", "3225550100", *PRIVATE)


def support(*argv: str) -> Ended:
    return run(command("customers.management.commands.support_customer"), *argv)


@pytest.fixture
def asking(mirrored: FakeApideck) -> FakeApideck:
    """The first customer asks for erasure."""
    mirrored.customers[0]["status"] = "gdpr-erasure-request"
    sync("apideck.customers")
    mirrored.requests.clear()
    return mirrored


@pytest.fixture
def linked(asking: FakeApideck, user: User) -> Customer:
    """The customer at Kirim who is the same, with two notes about the person."""
    customer: Customer = CustomerFactory(remote_id="cus_01JRVPD8Z9X2Q4S6T8V0W2Y4Z6", email="ana1@nordwind.example")
    IdentityLink.objects.create(
        customer=customer, resource="apideck.customers", record_id=ana().pk, remote_id="cs_1001", state="confirmed"
    )
    for said in ("Ana is on leave", "Ana is back"):
        CustomerNote.objects.create(customer=customer, author=user, text=said)
    return customer


def notes() -> list[str]:
    return sorted(CustomerNote.objects.values_list("text", flat=True))


def erased_from_page(client: Client, **values: Any) -> str:
    form = opened(client, url("erase"), is_sure="on", reason="Ticket 7", **values)
    return send(client, url("erase"), form).content.decode()


def test_notes_on_the_linked_customer_are_told_and_stay_unless_asked_for(linked: Customer, supervisor: Client) -> None:
    page = text(supervisor, url("erase"))
    assert "2 notes on the linked customer may be about the same person" in page
    assert f"/customers/{linked.remote_id}/" in page and "stays as it is, there and here" in page
    assert "2 notes on the linked customer stay." in erased_from_page(supervisor)
    assert notes() == ["Ana is back", "Ana is on leave"] and ana().is_erased


def test_notes_are_blanked_with_their_authors_kept_where_that_is_ticked(linked: Customer, supervisor: Client) -> None:
    page = erased_from_page(supervisor, with_notes="on")
    assert "2 notes on the linked customer were blanked" in page
    assert notes() == ["(erased)", "(erased)"] and CustomerNote.objects.exclude(edited_at=None).count() == 2
    shown = text(supervisor, f"/customers/{linked.remote_id}/")
    assert "Ana is" not in shown and shown.count("(erased)") >= 3  # two notes, and the record's own name
    assert "Apideck asks for the erasure" not in shown


def test_notes_are_offered_to_nobody_who_may_not_see_them(linked: Customer, user: User, client: Client) -> None:
    holder = person(None)
    holder.user_permissions.set(
        [one for group in user.groups.all() for one in group.permissions.exclude(codename="view_customernote")]
    )
    client.force_login(holder)
    page = text(client, url("erase"))
    assert "You may not see notes" in page and "with_notes" not in page and "Ana is" not in page
    with pytest.raises(NotAllowed):
        erase(ana(), Actor(holder, RemoteWrite.Door.PAGE), "Ticket 7", with_notes=True)
    erased_from_page(client, with_notes="on")
    assert "Ana is back" in notes() and ana().is_erased


def test_the_keys_that_it_was_compared_by_go_at_once_and_its_pairs_with_the_next_round(
    linked: Customer, supervisor: Client
) -> None:
    IdentityLink.objects.all().delete()
    refresh()
    match.suggest()
    assert "ana1@nordwind.example" in text(supervisor, "/identity/")
    erased_from_page(supervisor)
    assert not IdentityKey.objects.filter(resource="apideck.customers", record_id=ana().pk).exists()
    match.suggest()
    page = text(supervisor, "/identity/")
    assert "cs_1001" not in page and not [value for value in PERSONAL if value in page]


def test_a_confirmed_pair_of_an_erased_record_says_so_everywhere(linked: Customer, supervisor: Client) -> None:
    refresh()
    erased_from_page(supervisor)
    for address in (f"/customers/{linked.remote_id}/", "/identity/?state=confirmed", url()):
        page = text(supervisor, address)
        assert "(erased)" in page, address
        assert not [value for value in PERSONAL if value in page.replace(linked.email or "", "")], address
    assert "erased here" in text(supervisor, f"/customers/{linked.remote_id}/")


# -- who is gone ------------------------------------------------------------------------------------------------------


def test_one_who_is_gone_at_apideck_can_be_erased_here_without_having_asked(
    mirrored: FakeApideck, supervisor: Client
) -> None:
    assert "Erase here" not in text(supervisor, url()).partition("<h1")[2].partition("Raw")[0]
    write(DELETE, "cs_1001", reason="They left")
    assert "Erase here" in text(supervisor, url())
    assert "It is gone at Apideck. Should it come back there" in text(supervisor, url("erase"))
    page = erased_from_page(supervisor)
    assert "is erased" in page and not [value for value in PERSONAL if value in page]
    assert ana().payload == {"id": "cs_1001", "status": "active"} and ana().is_erased and ana().vanished_at
    assert sync("apideck.customers").state == "succeeded" and ana().is_erased
    assert "It was erased already." in text(supervisor, url())


def test_one_who_comes_back_after_that_is_read_again(mirrored: FakeApideck, supervisor: Client) -> None:
    row = mirrored.customers.pop(0)
    sync("apideck.customers")
    erased_from_page(supervisor)
    mirrored.customers.append(row)
    sync("apideck.customers")
    assert (ana().name, ana().is_erased, ana().vanished_at) == ("Ana Peeters 1", False, None)


def test_what_was_erased_of_a_write_is_never_sent(mirrored: FakeApideck, supervisor: Client) -> None:
    mirrored.mischief = lambda request: (
        refusal(429, "ConnectorRateLimitError", **{"Retry-After": "3600"}) if request.method == "PATCH" else None
    )
    failed = write(UPDATE, "cs_1001", sends={"notes": "Mine"})
    assert failed.state == "failed"
    mirrored.mischief = lambda request: None
    row = mirrored.customers.pop(0)
    sync("apideck.customers")
    erased_from_page(supervisor)
    mirrored.customers.append(row)
    sync("apideck.customers")
    mirrored.requests.clear()
    failed.refresh_from_db()
    renew(failed, OPERATOR)
    carry_out(failed, PERSON)
    failed.refresh_from_db()
    assert failed.state == "refused" and "was erased here" in failed.error and not mirrored.sent("PATCH")


# -- the command ------------------------------------------------------------------------------------------------------


def test_the_command_erases_with_a_reason_and_tells_what_stays(linked: Customer) -> None:
    assert support("erase", "cs_1001", "--yes").code == 2 and not ana().is_erased  # no reason
    assert support("erase", "cs_1001", "--reason", " ", "--yes").code == 2
    assert support("erase", "cs_1001", "--reason", "Ticket 7").code == 2  # nobody to ask
    ended = support("erase", "cs_1001", "--reason", "Ticket 7", "--yes", "--json")
    (told,) = ended.records
    assert (ended.code, told["remote_id"], told["erased_by"], told["reason"]) == (0, "cs_1001", None, "Ticket 7")
    assert (told["notes_blanked"], told["notes_left"]) == (0, 2) and told["erased_at"]
    assert linked.remote_id in ended.err and "may be about the same person: 2." in ended.err
    assert not [value for value in PERSONAL if value in ended.out + ended.err]
    again = support("erase", "cs_1001", "--reason", "Ticket 7", "--yes")
    assert (again.code, again.out) == (3, "") and "It was erased already." in again.err


def test_the_command_blanks_notes_where_asked(linked: Customer) -> None:
    ended = support("erase", "cs_1001", "--reason", "Ticket 7", "--yes", "--with-notes")
    assert (ended.code, ended.out) == (0, "What was kept here of cs_1001 is erased.\n")
    assert "blanked: 2." in ended.err and notes() == ["(erased)", "(erased)"]


def test_the_command_refuses_who_may_not_and_whom_apideck_does_not_show_as_asking(asking: FakeApideck) -> None:
    argv = ("--reason", "Ticket 7", "--yes")
    for role in ("viewer", "customer desk"):
        person(role, username=role)
        refused = support("erase", "cs_1001", *argv, "--as", role)
        assert refused.code == 3 and "erase_supportcustomer" in refused.err
    person("supervisor", username="boss")
    other = support("erase", "cs_1002", *argv, "--as", "boss")
    assert other.code == 3 and "the next sync would bring it back" in other.err
    assert support("erase", "cs_7", *argv).code == 1
    assert support("erase", "cs_1001", *argv, "--as", "boss", "--json").records[0]["erased_by"] == "boss"
    assert SupportCustomer.objects.exclude(erased_at=None).count() == 1 and not asking.requests
