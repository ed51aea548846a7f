"""Creating, changing and deleting support customers, and finding out what became of it where no answer came."""

from typing import Any

import httpx
import pytest

from backoffice.client import PERSON
from backoffice.errors import NotAllowed
from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.tests.factories import person
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.plan import Actor, plan
from backoffice.writes.verbs import WriteVerb
from customers.models import SupportCustomer, UnsupportedOperation
from customers.services.support import why_not
from customers.tests.kirim import sync
from customers.tests.support.apideck import IBAN, PRIVATE, FakeApideck, customer, refusal
from customers.tests.writing import OPERATOR, look
from customers.verbs.support import CREATE, DELETE, UPDATE

NEW = {
    "first_name": "Luc", "last_name": "Martin", "individual": True,
    "emails": [{"email": "luc@example.org", "type": "personal"}],
    "bank_accounts": {"iban": IBAN, "currency": None},
}  # fmt: skip


def write(verb: WriteVerb, remote_id: str = "", **wanted: Any) -> RemoteWrite:
    """Plan a write and carry it out; the write as it is then."""
    planned, _ = plan(verb, OPERATOR, remote_id=remote_id, **wanted)
    carry_out(planned, PERSON)
    planned.refresh_from_db()
    return planned


def ana() -> SupportCustomer:
    return SupportCustomer.objects.get(remote_id="cs_1001")


def test_a_new_customer_is_read_again_as_the_answer_tells_no_more_than_its_id(mirrored: FakeApideck) -> None:
    done = write(CREATE, sends=NEW)
    assert (done.state, done.remote_id, done.status, done.request_id) == ("confirmed", "cs_5003", 201, "req-42")
    assert mirrored.sent("POST") == [NEW]
    here = SupportCustomer.objects.get(remote_id="cs_5003")
    assert (here.name, here.email, here.individual) == ("Luc Martin", "luc@example.org", True)
    assert done.remark == ""


def test_a_create_is_not_repeated_after_a_lost_answer_and_found_among_all(mirrored: FakeApideck) -> None:
    mirrored.lose = {"POST"}
    lost = write(CREATE, sends=NEW)
    assert (lost.state, len(mirrored.sent("POST"))) == ("unknown", 1)
    assert look(lost, after_s=1).state == "unknown" and not mirrored.sent("GET")  # too soon to prove anything
    mirrored.customers.append(customer(9))
    found = look(lost)
    assert (found.state, found.remote_id) == ("confirmed", "cs_5003")
    assert SupportCustomer.objects.filter(remote_id="cs_5003").exists() and len(mirrored.sent("POST")) == 1


@pytest.mark.parametrize(
    ("there", "state"),
    [
        ([], "failed"),
        ([customer(9)], "failed"),
        ([{**NEW, "id": "cs_8"}, {**NEW, "id": "cs_9"}], "unknown"),
        ([customer(9, emails=[{"email": " LUC@example.org"}])], "unknown"),
        ([{"id": "cs_9", "first_name": "luc", "last_name": "MARTIN", "individual": True}], "unknown"),
        ([{"id": "cs_9", "first_name": 7}], "failed"),
    ],
    ids=["nothing new", "another", "two alike", "its e-mail", "its name", "unreadable, another"],
)
def test_only_a_whole_list_without_one_that_may_be_it_proves_that_a_customer_was_not_made(
    mirrored: FakeApideck, there: list[Any], state: str
) -> None:
    mirrored.mischief = lambda request: httpx.Response(502) if request.method == "POST" else None
    lost = write(CREATE, sends=NEW)
    mirrored.customers += there
    assert look(lost).state == state, lost.remark
    mirrored.mischief = lambda request: None
    if state == "failed":
        renew(lost, OPERATOR)
        carry_out(lost, PERSON)
        assert lost.state == "confirmed" and len(mirrored.sent("POST")) == 2


def test_a_list_that_does_not_end_proves_nothing(mirrored: FakeApideck) -> None:
    mirrored.lose = {"POST"}
    lost = write(CREATE, sends={"notes": "x"})
    mirrored.mischief = lambda request: refusal(502, "ConnectorExecutionError", "Downstream call failed")
    assert look(lost).state == "unknown" and "Looking did not work" in lost.remark


def test_an_edit_sends_what_changed_lists_whole_and_nothing_that_is_not_ours_to_send(mirrored: FakeApideck) -> None:
    remote = mirrored.customers[0]
    remote["emails"][0]["verified"] = True  # a member that the contract does not know
    remote["phone_numbers"][0]["type"] = None
    remote["addresses"][0]["row_version"] = "4-0"
    phones = [{"id": "ph-1", "number": "555 01 01", "type": None}, {"number": "06 1", "type": "mobile"}]
    addresses = [{**customer()["addresses"][0], "city": "Gent"}]
    sends = {
        "first_name": "Ana", "notes": None, "phone_numbers": phones, "addresses": addresses,
        "bank_accounts": {"bic": "NEW"}, "emails": [*customer()["emails"], {"email": "b@c.example", "type": "work"}],
    }  # fmt: skip
    done = write(UPDATE, "cs_1001", sends=sends)
    (body,) = mirrored.sent("PATCH")
    assert body.keys() == {"notes", "phone_numbers", "addresses", "bank_accounts", "emails"}
    assert body["phone_numbers"] == [{"id": "ph-1", "number": "555 01 01"}, phones[1]]
    assert (body["addresses"][0]["city"], body["addresses"][0]["row_version"]) == ("Gent", "4-0")
    assert body["bank_accounts"] == {**customer()["bank_accounts"], "bic": "NEW"}
    assert [item.keys() for item in body["emails"]] == [{"id", "email", "type"}, {"email", "type"}]
    assert (done.state, done.remark) == ("confirmed", "")
    assert ana().search_text.count("b@c.example") == 1 and done.before["notes"] == "Prefers mail."


def test_somebody_elses_change_is_not_overwritten_unless_it_is_the_same(mirrored: FakeApideck) -> None:
    mirrored.customers[0] |= {"notes": "Theirs", "currency": "USD"}
    before = {"notes": "Prefers mail.", "currency": "EUR"}
    refused = write(UPDATE, "cs_1001", sends={"notes": "Mine", "currency": "USD"}, before=before)
    assert refused.state == "refused" and "(notes)" in refused.error and not mirrored.sent("PATCH")
    assert ana().payload["notes"] == "Theirs"  # what was read to compare is mirrored
    assert write(UPDATE, "cs_1001", sends={"notes": "Theirs"}, before=before).remark.startswith("Apideck had it so")
    assert write(UPDATE, "cs_1001", sends={"notes": "Mine"}).state == "confirmed"


@pytest.mark.parametrize(
    ("sends", "told"),
    [
        ({"id": "cs_7"}, "id: Apideck sets it by itself"),
        ({"created_at": None}, "created_at: Apideck sets it"),
        ({"tier": "gold"}, "tier: the contract knows no such member"),
        ({"emails": None}, "emails: it cannot be null"),
        ({"emails": [{"type": "work"}]}, "emails: Object missing required field"),
        ({"phone_numbers": [{"number": ""}]}, "number must not be empty"),
        ({"phone_numbers": [{"number": "1", "tier": 2}]}, "the contract knows no tier in it"),
        ({"addresses": [{"type": "castle"}]}, "knows no type 'castle'"),
        ({"addresses": [{"latitude": 4.3}]}, "addresses: Expected `str | null`"),
        ({"bank_accounts": [{"iban": "x"}]}, "bank_accounts: Expected `object | null`"),
        ({"bank_accounts": {"currency": "GULDEN"}}, "knows no currency 'GULDEN'"),
        ({"status": "dormant"}, "knows no status 'dormant'"),
        ({"individual": "yes"}, "individual: Expected `bool | null`"),
    ],
)
def test_what_the_contract_does_not_allow_is_never_sent(mirrored: FakeApideck, sends: Any, told: str) -> None:
    refused = write(UPDATE, "cs_1001", sends=sends)
    assert refused.state == "refused" and told in refused.error, refused.error
    assert not mirrored.requests


def test_an_edit_without_an_answer_is_repeated_and_then_settled_by_looking(mirrored: FakeApideck) -> None:
    mirrored.lose = {"PATCH"}
    lost = write(UPDATE, "cs_1001", sends={"notes": "Mine"})
    assert lost.state == "unknown" and len(mirrored.sent("PATCH")) == 3
    assert look(lost).state == "confirmed"
    mirrored.mischief = lambda request: httpx.Response(503) if request.method == "PATCH" else None
    lost = write(UPDATE, "cs_1001", sends={"tax_number": "TAX-NEW"})
    assert look(lost).state == "failed" and lost.error.endswith("before: tax_number.")
    lost = write(UPDATE, "cs_1001", sends={"notes": "Mine again"})
    mirrored.customers[0]["notes"] = "Theirs"
    assert look(lost).state == "unknown" and "TAX-NEW" not in lost.remark


def test_a_deleted_customer_is_marked_as_gone_once_a_read_finds_nothing(mirrored: FakeApideck) -> None:
    assert write(DELETE, "cs_1001", reason="asked for").state == "confirmed"
    assert ana().vanished_at and why_not("update", ana()) == "It is gone at Apideck."
    assert write(DELETE, "cs_1001").state == "refused" and len(mirrored.sent("DELETE")) == 1


def test_nothing_found_by_a_repeat_of_a_deletion_is_a_deletion(mirrored: FakeApideck) -> None:
    lost = iter([True, False, False])

    def mischief(request: httpx.Request) -> httpx.Response | None:
        if request.method == "DELETE" and next(lost):
            mirrored.answer(request)
            raise httpx.ReadTimeout("lost", request=request)
        return None

    mirrored.mischief = mischief
    done = write(DELETE, "cs_1001")
    assert (done.state, "the repeat found nothing" in done.remark) == ("confirmed", True)
    assert ana().vanished_at
    never = write(DELETE, "cs_1002") if mirrored.customers.pop(0) else None
    assert never and never.state == "refused" and "does not know it" in never.error
    assert SupportCustomer.objects.get(remote_id="cs_1002").vanished_at


def test_a_404_for_another_reason_deletes_nothing_here(mirrored: FakeApideck) -> None:
    mirrored.mischief = lambda request: refusal(404, "ConnectionNotFoundError", "Connection not found")
    refused = write(DELETE, "cs_1001")
    assert refused.state == "refused" and "its owner has to repair it" in refused.error
    assert ana().vanished_at is None


def test_a_deletion_without_an_answer_is_settled_by_looking(mirrored: FakeApideck) -> None:
    mirrored.mischief = lambda request: httpx.Response(503) if request.method == "DELETE" else None
    lost = write(DELETE, "cs_1001")
    assert lost.state == "unknown" and look(lost).state == "failed"
    mirrored.mischief, mirrored.lose = (lambda request: None), {"DELETE", "GET"}
    lost = write(DELETE, "cs_1001")
    mirrored.lose = set()
    assert look(lost).state == "confirmed" and ana().vanished_at


def test_what_the_service_cannot_do_is_remembered_with_its_day_until_it_can(mirrored: FakeApideck) -> None:
    mirrored.mischief = lambda request: (
        refusal(501, "ConnectorOperationUnsupportedError", "Operation not supported") if request.method == "DELETE"
        else None
    )  # fmt: skip
    refused = write(DELETE, "cs_1001")
    assert refused.state == "refused" and WriteAttempt.objects.count() == 1
    told = why_not("delete", ana())
    assert "cannot delete customers; it is offered again on" in told and not why_not("update", ana())
    mirrored.mischief = lambda request: None
    assert write(DELETE, "cs_1001").state == "confirmed"
    assert not UnsupportedOperation.objects.exists()


def test_whoever_may_not_see_a_member_cannot_set_it_and_no_refusal_repeats_it(mirrored: FakeApideck) -> None:
    desk = Actor(person("customer desk"), RemoteWrite.Door.PAGE)
    with pytest.raises(NotAllowed, match="may not see tax_number"):
        plan(UPDATE, desk, remote_id="cs_1001", sends={"tax_number": "X"})
    mirrored.mischief = lambda request: (
        refusal(422, "InvalidStateError", f"IBAN {IBAN} is wrong", {"invalid": [{"bank_accounts": f"{IBAN}!"}]})
        if request.method == "PATCH" else None
    )  # fmt: skip
    refused = write(UPDATE, "cs_1001", sends={"bank_accounts": {"iban": IBAN, "bic": "B"}})
    told = " ".join([refused.error, str(refused.field_errors), *WriteAttempt.objects.values_list("error", flat=True)])
    assert "(masked)" in told and not any(value in told for value in PRIVATE)


def test_a_write_that_waits_is_settled_by_a_sync_of_all_without_asking_twice(mirrored: FakeApideck) -> None:
    mirrored.lose = {"POST"}
    lost = write(CREATE, sends=NEW)
    mirrored.lose = set()
    sync("apideck.customers")  # has it by now, as a row that is newer than the write
    assert look(lost).remote_id == "cs_5003"
