"""Suggestions: what makes one, what does not, and that step by step comes out as all at once."""

import random
from typing import Any

import pytest
from django.utils import timezone

from customers.identity import match
from customers.identity.refresh import rebuild, refresh
from customers.models import CrowdedValue, Customer, IdentityKey, IdentityLink, IdentityRecord
from fulfilment.models import Recipient

State = IdentityLink.State


def proofs(customer: Customer) -> dict[str, dict[str, Any]]:
    return {link.remote_id: link.proof for link in IdentityLink.objects.filter(customer=customer)}


def table() -> list[tuple[Any, ...]]:
    columns = ("customer_id", "resource", "remote_id", "state", "email_shared", "phone_shared", "names", "evidence")
    return sorted(IdentityLink.objects.values_list(*columns, "score"), key=repr)


def test_equal_addresses_and_numbers_suggest_and_a_name_only_ranks(people):
    melati = people.customer("Toko Melati", "Owner@Melati.example", phone="+6281200000001")
    support = people.support(
        "Melati Toko", "x@y.example", "owner@melati.example", phones=({"country_code": "62", "number": "81200000001"},)
    )
    contact = people.contact("Somebody Else", "owner@MELATI.example")
    organization = people.organization("Toko Melati", phone="0812-0000-0001", address={"country": "ID"})
    recipient = people.recipient("", phone="0812 0000 0001", country="ID")
    people.contact("Toko Melati", "other@melati.example")  # the name alone is nothing
    people.contact("Toko Melati")
    told = people.suggest()

    assert proofs(melati) == {
        support.remote_id: {"email": 1, "phone": 1, "names": "same"},
        contact.remote_id: {"email": 1, "names": "differ"},
        organization.remote_id: {"phone": 1, "names": "same"},
        recipient.remote_id: {"phone": 1, "names": "unknown"},
    }
    assert list(IdentityLink.objects.values_list("remote_id", flat=True)) == [
        support.remote_id, organization.remote_id, recipient.remote_id, contact.remote_id,
    ]  # fmt: skip
    assert told == match.Suggested(compared=7, offered=4, withdrawn=0)
    assert people.suggest() == match.Suggested()


def test_what_several_people_use_is_said_with_how_many(people):
    mother = people.customer("Siti", "family@example.com", phone="+31201234567")
    son = people.customer("Budi", "FAMILY@example.com")
    contact = people.contact("Budi", "family@example.com", "020 1234567")
    people.recipient("Someone", phone="+31201234567")
    people.recipient("Someone Other", phone="+31201234567")
    people.suggest()
    assert proofs(son)[contact.remote_id] == {"email": 2, "names": "same"}
    assert people.link(son, contact).is_shared
    assert proofs(mother)[contact.remote_id] == {"email": 2, "phone": 1, "names": "differ"}
    assert not people.link(mother, contact).is_shared
    assert {proof["phone"] for proof in proofs(mother).values() if "email" not in proof} == {2}


def test_a_value_of_a_crowd_is_no_evidence_until_the_crowd_is_gone(people):
    customer = people.customer("Shop", "noreply@example.com")
    crowd = [people.recipient(f"R{n}", "noreply@example.com") for n in range(match.CROWD)]
    people.suggest()
    assert len(proofs(customer)) == match.CROWD
    last = people.recipient("one more", "noreply@example.com")
    people.suggest()
    assert proofs(customer) == {}
    assert CrowdedValue.objects.get().records == match.CROWD + 1
    people.recipient("and more", "noreply@example.com")
    assert people.suggest().compared == 1  # in a crowd nobody else is concerned
    assert CrowdedValue.objects.get().records == match.CROWD + 2
    for row in (last, crowd[0]):
        people.gone(row)
    people.suggest()
    assert len(proofs(customer)) == match.CROWD
    assert not CrowdedValue.objects.exists()


def test_the_vanished_deleted_and_erased_have_no_keys(people):
    customer = people.customer("Shop", "a@example.com", phone="+31201234567")
    contact = people.contact("Shop", "a@example.com", "+31201234567")
    support = people.support("Shop", "a@example.com")
    recipient = people.recipient("Shop", "a@example.com")
    people.suggest()
    assert len(proofs(customer)) == 3
    people.gone(contact)
    people.change(recipient, deleted_at=timezone.now())
    people.change(support, erased_at=timezone.now(), search_text=support.remote_id.lower())
    assert people.suggest().withdrawn == 3
    assert proofs(customer) == {}
    assert set(IdentityKey.objects.values_list("resource", flat=True)) == {"kirim.customers"}
    people.change(contact, vanished_at=None)
    people.suggest()
    assert proofs(customer) == {contact.remote_id: {"email": 1, "phone": 1, "names": "same"}}
    people.gone(customer)  # its accounts may be listed still
    people.suggest()
    assert not IdentityKey.objects.exclude(resource="layercake.contacts").exists()


def test_a_number_moves_with_its_account_to_another_customer(people):
    old, new = people.customer("Old"), people.customer("New")
    account = people.account(None, "+31201234567")
    recipient = people.recipient("New", phone="0201234567")
    people.suggest()
    assert not IdentityLink.objects.exists()
    for owner in (old, new):
        people.change(account, customer=owner, payload_hash=bytes(account.payload_hash))
        people.suggest()
        assert [link.customer for link in IdentityLink.objects.all()] == [owner]
    assert people.link(new, recipient).names == "same"


def test_an_account_without_a_number_leaves_no_trace(people):
    people.account(people.customer(), None)
    refresh()
    assert set(IdentityRecord.objects.values_list("source", flat=True)) == {"kirim.customers"}


def test_odd_payloads_and_endless_values_are_survived(people):
    customer = people.customer("x" * 600, f"{'a' * 400}@example.com")
    for payload in (
        {"emails": "no list", "phone_numbers": [1, None, {"number": 5}], "addresses": {"a": 1}},
        {"emails": [{"email": ["nested"]}, {"email": "ok@example.com"}, {"email": "OK@example.com"}]},
    ):
        people.change(people.support("y"), payload=payload)
    people.change(people.organization("o"), payload={"customProperties": [{"phone": 1}]})
    people.suggest()
    assert proofs(customer) == {}
    assert IdentityKey.objects.filter(value="ok@example.com").count() == 1


def test_decisions_stay_while_keys_come_and_go(people):
    customer = people.customer("Shop", "a@example.com")
    confirmed, rejected = people.contact("Shop", "a@example.com"), people.recipient("Shop", "a@example.com")
    people.suggest()
    IdentityLink.objects.filter(remote_id=confirmed.remote_id).update(state=State.CONFIRMED)
    IdentityLink.objects.filter(remote_id=rejected.remote_id).update(state=State.REJECTED)
    for row in (confirmed, rejected):
        people.change(row, email="")
    people.suggest()
    for row in (confirmed, rejected):
        people.change(row, email="A@example.com")
    people.suggest()
    states = dict(IdentityLink.objects.values_list("remote_id", "state"))
    assert states == {confirmed.remote_id: State.CONFIRMED, rejected.remote_id: State.REJECTED}
    people.change(customer, email="new@example.com")
    for row in (confirmed, rejected):
        people.change(row, email="new@example.com")
    people.suggest()
    states = dict(IdentityLink.objects.values_list("remote_id", "state"))
    assert states == {confirmed.remote_id: State.CONFIRMED, rejected.remote_id: State.SUGGESTED}  # on other evidence


@pytest.mark.parametrize("seed", range(4))
def test_step_by_step_comes_out_as_all_at_once(people, monkeypatch, seed):
    chance = random.Random(seed)
    monkeypatch.setattr(match, "CROWD", 3)  # so that values become and cease to be those of a crowd
    monkeypatch.setattr("customers.identity.refresh.CHUNK", 7)
    emails = [f"p{n}@example.com" for n in range(5)] + [""]
    phones = [f"+3120123456{n}" for n in range(4)] + [""]
    names = ["Jan", "Piet", ""]

    def values() -> tuple[str, str, str]:
        return chance.choice(names), chance.choice(emails), chance.choice(phones)

    rows: list[Any] = [
        people.customer(name, email, phone or None) for name, email, phone in (values() for _ in range(9))
    ]
    rows += [people.contact(*values()) for _ in range(7)]
    rows += [people.recipient(*values()) for _ in range(7)]
    for _ in range(12):
        for row in chance.sample(rows, chance.randint(1, 4)):
            name, email, phone = values()
            if chance.random() < 0.2:
                people.gone(row)
            elif isinstance(row, Customer):
                people.change(row, name=name, email=email, vanished_at=None)
            elif isinstance(row, Recipient):
                people.change(row, family_name=name, email=email, phone=phone, vanished_at=None)
            else:
                people.change(row, display_name=name, email=email, phone=phone, vanished_at=None)
        people.suggest()
        stepwise = table()
        IdentityLink.objects.all().delete()
        match.suggest(everything=True)
        assert table() == stepwise
    keys = set(IdentityKey.objects.values_list("source", "source_id", "record_id", "kind", "value", "value_hash"))
    assert rebuild() >= 9
    assert (
        set(IdentityKey.objects.values_list("source", "source_id", "record_id", "kind", "value", "value_hash")) == keys
    )
