"""Contacts and organizations are created, changed and deleted once, whatever becomes of the answer."""

from typing import Any

import httpx
import pytest

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.writes.carry_out import carry_out, renew
from customers.models import Contact, Organization
from customers.tests.crm.layercake import FakeLayercake, changed, contact, refusal
from customers.tests.crm.writing import SANNE, heal, lose_answers, write
from customers.tests.kirim import sync
from customers.tests.writing import OPERATOR, look
from customers.verbs import crm as verbs

pytestmark = pytest.mark.django_db
State = RemoteWrite.State


@pytest.mark.parametrize("answers", ["whole", "wrapped", "id"])
def test_a_contact_and_an_organization_are_created_whatever_the_answer_shows(
    mirrored: FakeLayercake, answers: str
) -> None:
    mirrored.answers = answers
    made = write(verbs.CREATE_CONTACT, sends={**SANNE, "customFields": {"department": "Sales"}})
    assert (made.state, made.status) == (State.CONFIRMED, 201)
    person = Contact.objects.get(remote_id=made.remote_id)
    assert (person.display_name, person.email) == ("Sanne Vos", "Sanne.Vos@example.com")
    sent = mirrored.sent("POST")[0]
    assert sent == {"organizationId": "org_9f2k7q", **SANNE, "customFields": {"department": "Sales"}}
    company = write(verbs.CREATE_ORGANIZATION, sends={"name": "Acme", "website": "https://acme.example", "taxId": "X1"})
    assert company.state == State.CONFIRMED
    assert Organization.objects.get(remote_id=company.remote_id).tax_id == "X1"


@pytest.mark.parametrize("searches", [True, False], ids=["by search", "in a whole sweep"])
def test_a_contact_whose_answer_was_lost_is_found_and_never_sent_again(mirrored: FakeLayercake, searches: bool) -> None:
    namesake = contact(9, displayName="Sanne Vos", email="sanne.vos@example.com", id="obj_namesake")
    mirrored.contacts.insert(0, namesake)
    Contact.objects.create(
        remote_id="obj_namesake", display_name="Sanne Vos", email="sanne.vos@example.com", payload={},
        payload_hash=b"", synced_at="2026-01-01T00:00Z",
    )  # fmt: skip
    mirrored.contacts += [contact(number) for number in range(100, 230)]
    mirrored.searches = searches
    lose_answers(mirrored, "POST")
    lost = write(verbs.CREATE_CONTACT, sends=SANNE)
    assert lost.state == State.UNKNOWN and len(mirrored.called("POST")) == 1
    heal(mirrored)
    if not searches:
        assert look(lost, after_s=1).state == State.UNKNOWN
    found = look(lost)
    new = mirrored.contacts[-1]
    assert (found.state, found.remote_id) == (State.CONFIRMED, new["id"]) and new["id"] != "obj_namesake"
    assert Contact.objects.get(remote_id=new["id"]).display_name == "Sanne Vos"
    assert len(mirrored.called("POST")) == 1


def test_only_a_whole_reading_proves_that_nothing_was_made_and_then_it_may_be_sent_again(
    mirrored: FakeLayercake,
) -> None:
    lose_answers(mirrored, "POST", is_done=False)
    lost = write(verbs.CREATE_ORGANIZATION, sends={"name": "Acme", "website": "https://acme.example"})
    assert lost.state == State.UNKNOWN and len(mirrored.called("POST")) == 1
    heal(mirrored)
    assert look(lost, after_s=1).state == State.UNKNOWN

    def cut_short(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"organizations": [], "total": 2, "hasMore": False})

    mirrored.mischief = cut_short
    assert look(lost).state == State.UNKNOWN
    heal(mirrored)
    assert look(lost).state == State.FAILED
    mirrored.organizations.append(
        changed(
            {"id": "obj_late", "customProperties": {}, "displayName": " ACME "}, {"website": "https://acme.example"}
        )
    )
    renew(lost, OPERATOR)
    carry_out(lost, PERSON)
    lost.refresh_from_db()
    assert lost.state == State.CONFIRMED and len(mirrored.called("POST")) == 1


@pytest.mark.parametrize("there", [" Änne Vos ", "änne vos", "ÄNNE VOS"])
def test_one_that_was_here_before_is_never_taken_for_what_was_created(mirrored: FakeLayercake, there: str) -> None:
    mirrored.contacts.append(contact(50, displayName=there, email=""))
    sync("layercake.contacts")
    lose_answers(mirrored, "POST", is_done=False)
    lost = write(verbs.CREATE_CONTACT, sends={"displayName": "Änne Vos"})
    assert lost.before == {"ids": ["obj_c050"]}
    heal(mirrored)
    assert look(lost).state == State.FAILED


@pytest.mark.parametrize(
    "odd",
    [{"suggestion": ["Upgrade"]}, {"error": {"message": "plan is full"}}, {"error": None, "upgradeUrl": 7}],
    ids=lambda odd: next(iter(odd)),
)
def test_an_odd_member_of_an_error_hides_nothing_of_the_others(mirrored: FakeLayercake, odd: dict[str, Any]) -> None:
    body = {"message": "plan is full", "code": "RESOURCE_LIMIT", "upgradeCommand": "l4yercak3 upgrade", **odd}
    mirrored.mischief = lambda request: httpx.Response(429, json=body)
    refused = write(verbs.CREATE_CONTACT, sends=SANNE)
    assert (refused.state, len(mirrored.called("POST"))) == (State.REFUSED, 1)
    assert "plan is full. l4yercak3 upgrade." in refused.error


def test_a_full_plan_is_a_refusal_with_advice_and_being_too_fast_is_waited_out(mirrored: FakeLayercake) -> None:
    advice = {"suggestion": "Upgrade your plan", "upgradeUrl": "https://app.l4yercak3.com"}
    mirrored.mischief = lambda request: refusal(429, "API_KEY_LIMIT_REACHED", "no more keys on this plan", **advice)
    refused = write(verbs.CREATE_CONTACT, sends=SANNE)
    assert (refused.state, len(mirrored.called("POST"))) == (State.REFUSED, 1)
    assert "Upgrade your plan. https://app.l4yercak3.com" in refused.error
    mirrored.mischief = lambda request: refusal(429, "RATE_LIMITED", "slow") if len(mirrored.requests) == 2 else None
    assert write(verbs.CREATE_CONTACT, sends=SANNE).state == State.CONFIRMED
    mirrored.mischief = lambda request: refusal(500, "UNKNOWN_ERROR", "server fault")
    before = len(mirrored.called("POST"))
    assert write(verbs.CREATE_CONTACT, sends=SANNE).state == State.UNKNOWN
    assert len(mirrored.called("POST")) == before + 1


def test_an_edit_sends_what_changed_and_never_over_somebody_else(mirrored: FakeLayercake) -> None:
    sends: dict[str, Any] = {"displayName": "Sanne B.", "phone": "", "customFields": {"department": "Sales"}}
    before = {"displayName": "Sanne de Vries 1", "phone": "+31612340001", "customFields": {"department": "Purchasing"}}
    mirrored.contacts[0]["customProperties"]["company"] = "Somewhere else"
    done = write(verbs.UPDATE_CONTACT, "obj_c001", sends={**sends, "company": "Somewhere else"}, before=before)
    assert done.state == State.CONFIRMED and mirrored.sent("PATCH") == [sends]
    person = Contact.objects.get(remote_id="obj_c001")
    assert (person.display_name, person.phone, person.company) == ("Sanne B.", "", "Somewhere else")

    mirrored.contacts[0]["customProperties"]["customFields"] = {"department": "Legal"}
    stale = write(verbs.UPDATE_CONTACT, "obj_c001", sends={"customFields": {"a": 1}}, before={"customFields": {"b": 2}})
    assert stale.state == State.REFUSED and "meanwhile (customFields)" in stale.error
    same = write(verbs.UPDATE_CONTACT, "obj_c001", sends={"displayName": "Sanne B."}, before={"displayName": "x"})
    assert same.state == State.CONFIRMED and "had it so already" in same.remark
    assert len(mirrored.sent("PATCH")) == 1

    lose_answers(mirrored, "PATCH")
    lost = write(verbs.UPDATE_CONTACT, "obj_c001", sends={"displayName": "Sanne C."})
    assert lost.state == State.UNKNOWN and len(mirrored.sent("PATCH")) > 2
    heal(mirrored)
    assert look(lost).state == State.CONFIRMED
    mirrored.mischief = lambda request: httpx.Response(204) if request.method == "PATCH" else None
    unheard = write(verbs.UPDATE_CONTACT, "obj_c001", sends={"displayName": "Sanne D."})
    assert unheard.state == State.CONFIRMED and "shows something else" in unheard.remark


def test_a_deleted_contact_is_gone_here_also_where_the_answer_was_lost_or_it_is_only_archived(
    mirrored: FakeLayercake,
) -> None:
    assert write(verbs.DELETE_CONTACT, "obj_c001").state == State.CONFIRMED
    assert Contact.objects.get(remote_id="obj_c001").vanished_at
    assert write(verbs.DELETE_CONTACT, "obj_c001").state == State.REFUSED
    assert mirrored.called("DELETE") == ["/crm/contacts/obj_c001"]

    def lose_first(request: httpx.Request) -> None:
        if request.method == "DELETE" and len(mirrored.called("DELETE")) == 2:
            raise httpx.ReadTimeout("no answer", request=request)

    mirrored.after = lose_first
    repeated = write(verbs.DELETE_CONTACT, "obj_c002")
    assert repeated.state == State.CONFIRMED and "earlier request" in repeated.remark
    assert Contact.objects.get(remote_id="obj_c002").vanished_at
    mirrored.soft_deletes = True
    lose_answers(mirrored, "DELETE")
    archived = write(verbs.DELETE_CONTACT, "obj_c003")
    heal(mirrored)
    assert archived.state == State.UNKNOWN and look(archived).state == State.CONFIRMED
    assert Contact.objects.get(remote_id="obj_c003").status == "archived"
