"""What people decide about pairs: through the service and the command, and taken back."""

import json

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection

from backoffice.errors import NotAllowed, NotInThisState
from backoffice.models import AuditEntry, RemoteWrite
from backoffice.tests.at_once import at_once
from backoffice.tests.factories import person
from backoffice.writes.plan import Actor
from customers.models import IdentityDecision, IdentityLink
from customers.services.identity import IdentityService, SecondLink, newest_decision

State = IdentityLink.State


def service(user=None) -> IdentityService:
    return IdentityService(Actor(user, RemoteWrite.Door.PAGE))


@pytest.fixture
def pair(people):
    """A suggested one."""
    people.customer("Toko Melati", "a@example.com")
    people.contact("Melati", "a@example.com")
    people.suggest()
    return IdentityLink.objects.get()


def test_confirm_unlink_reject_and_undo_are_written_down_with_before_and_after(people, pair):
    desk = person("customer desk")
    confirmed = service(desk).confirm(pair, seen=State.SUGGESTED, reason="called them")
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by, pair.reason) == (State.CONFIRMED, desk, "called them")
    assert confirmed.proof == {"email": 1, "names": "differ"}
    service(desk).unlink(pair)
    back = service().undo(newest_decision(pair))
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by, pair.reason) == (State.CONFIRMED, desk, "called them")
    with pytest.raises(NotInThisState):  # undoing is not undone, and nothing older either
        service().undo(back)
    with pytest.raises(NotInThisState):
        service().undo(confirmed)
    told = list(IdentityDecision.objects.order_by("pk").values_list("verb", "before", "after", "actor"))
    assert told == [
        ("confirm", "suggested", "confirmed", desk.pk),
        ("unlink", "confirmed", "rejected", desk.pk),
        ("undo", "rejected", "confirmed", None),
    ]
    noted = AuditEntry.objects.order_by("pk").values_list("verb", "actor", "detail", "reason", "owner_remote_id")
    assert list(noted) == [
        (f"identity_{verb}", who, f"{pair.resource}: {before} to {after}", reason, pair.remote_id)
        for (verb, before, after, who), reason in zip(told, ("called them", "", ""), strict=True)
    ]
    assert set(AuditEntry.objects.values_list("remote_id", flat=True)) == {pair.customer.remote_id}
    assert people.suggest().withdrawn == 0


def test_an_undone_rejection_is_a_suggestion_only_while_something_speaks_for_it(people, pair):
    decision = service().reject(pair)
    assert people.suggest().offered == 0
    people.change(pair.customer, email="else@example.com")
    people.suggest()
    service().undo(decision)
    assert IdentityLink.objects.get().state == State.SUGGESTED
    people.suggest()
    assert not IdentityLink.objects.exists()


@pytest.mark.parametrize("verb", ["confirm", "reject"])
def test_a_decision_on_what_is_not_as_it_was_seen_changes_nothing(pair, verb):
    service(person("customer desk", username="siti")).reject(pair)
    with pytest.raises(NotInThisState, match="siti decided it meanwhile"):
        getattr(service(), verb)(pair, seen=State.SUGGESTED)
    with pytest.raises(NotInThisState):
        service().reject(pair)
    with pytest.raises(NotInThisState):
        service().unlink(pair)
    assert IdentityDecision.objects.count() == 1


def test_a_second_link_on_either_side_is_made_only_knowingly(people, pair):
    customer = pair.customer
    twin, record = people.contact("Twin", "a@example.com"), pair
    other = people.customer("Other", "a@example.com")
    people.suggest()
    service().confirm(record)
    for second in (people.link(customer, twin), IdentityLink.objects.get(customer=other, record_id=pair.record_id)):
        with pytest.raises(SecondLink, match="already"):
            service().confirm(second)
        assert service().confirm(second, knowingly=True).knowingly
    assert IdentityLink.objects.filter(state=State.CONFIRMED).count() == 3
    unlinked = service().unlink(pair)
    with pytest.raises(SecondLink):  # nor does undoing make one unasked
        service().undo(unlinked)


@pytest.mark.parametrize("role", ["viewer", "warehouse", None])
def test_who_may_not_link_decides_nothing(pair, role):
    with pytest.raises(NotAllowed):
        service(person(role)).confirm(pair)
    with pytest.raises(NotAllowed):
        service(person(role)).suggest()


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor == "sqlite", reason="threads share no database in memory")
def test_of_two_who_decide_at_once_one_is_told_that_he_was_late(people, pair):
    def decide(verb):
        try:
            return getattr(service(), verb)(pair, seen=State.SUGGESTED).verb
        except NotInThisState:
            return "late"

    outcomes = at_once(decide, ["confirm", "reject", "confirm"])
    assert outcomes.count("late") == 2
    assert IdentityDecision.objects.count() == 1


# -- the command ------------------------------------------------------------------------------------------------------


def run(capsys, *args):
    call_command("identity", *args)
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_the_command_suggests_lists_and_decides(people, capsys):
    customer = people.customer("Toko Melati", "a@example.com")
    contact = people.contact("Melati", "a@example.com")
    person("customer desk", username="siti")
    ids = (customer.remote_id, "layercake.contacts", contact.remote_id)
    assert run(capsys, "suggest", "--json") == [{"compared": 2, "offered": 1, "withdrawn": 0}]
    told = {
        "customer": ids[0], "resource": ids[1], "remote_id": ids[2], "state": "suggested", "score": 20, "email": 1,
        "phone": None, "names": "differ", "decided_by": None, "decided_at": None, "reason": "",
    }  # fmt: skip
    assert run(capsys, "list", "--json") == [told]
    assert run(capsys, "list", "--json", "--resource", "afosto.contacts") == []
    [line] = run(capsys, "confirm", *ids, "--json", "--as", "siti", "--reason", "same shop")
    assert (line["state"], line["decided_by"], line["reason"]) == ("confirmed", "siti", "same shop")
    assert [run(capsys, verb, *ids, "--json")[0]["state"] for verb in ("unlink", "undo")] == [
        "rejected", "confirmed",
    ]  # fmt: skip
    call_command("identity", "list", "--state", "confirmed")
    assert "confirmed" in capsys.readouterr().out


def test_the_command_links_by_hand_what_nothing_suggests_and_undoes_it(people, capsys):
    customer, recipient = people.customer("A"), people.recipient("B")
    ids = (customer.remote_id, "afosto.contacts", recipient.remote_id)
    assert run(capsys, "confirm", *ids, "--json")[0]["state"] == "confirmed"
    assert run(capsys, "undo", *ids, "--json")[0]["state"] == ""
    assert not IdentityLink.objects.exists()


def test_the_command_refuses_with_a_sentence_and_its_exit_code(people, capsys):
    customer, one, two = people.customer("A"), people.contact("B"), people.contact("C")
    person("viewer", username="budi")
    ids = (customer.remote_id, "layercake.contacts")
    call_command("identity", "confirm", *ids, one.remote_id)
    for code, args in (
        (3, ("confirm", *ids, two.remote_id)),
        (3, ("confirm", *ids, one.remote_id)),
        (3, ("unlink", *ids, one.remote_id, "--as", "budi")),
        (3, ("undo", *ids, two.remote_id)),
        (1, ("reject", *ids, "nobody")),
        (1, ("reject", customer.remote_id, "kirim.customers", customer.remote_id)),
        (2, ("suggest", "--as", "nobody")),
    ):
        with pytest.raises(CommandError) as caught:
            call_command("identity", *args)
        assert (caught.value.returncode, bool(str(caught.value))) == (code, True)
    call_command("identity", "confirm", *ids, two.remote_id, "--second")
    assert IdentityLink.objects.filter(state=State.CONFIRMED).count() == 2
