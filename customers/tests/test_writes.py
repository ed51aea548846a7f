"""Writes to customers, from the plan to the mirror, against a Kirim that is slow, refuses, or loses answers."""

from uuid import uuid4

import pytest
from django.db import transaction
from django.utils import timezone

from backoffice.client import PERSON, Attempts
from backoffice.models import RemoteWrite, RowChange, WriteAttempt
from backoffice.sandbox import Sandbox, Switch
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.plan import plan
from backoffice.writes.sending import send, settle
from customers.kirim import KirimAPI
from customers.models import Customer
from customers.tests.writing import OPERATOR, active_customer, later, look, write
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


def named(sandbox: Sandbox, name: str) -> list[str]:
    return [row["id"] for row in sandbox.kirim.customers if row["name"] == name]


def test_a_suspension_is_sent_confirmed_mirrored_and_recorded(sandbox: Sandbox) -> None:
    customer = active_customer()
    done = write(verbs.SUSPEND_CUSTOMER, customer, reason="unpaid")
    customer.refresh_from_db()
    assert (done.state, customer.status) == (State.CONFIRMED, "suspended")
    assert sandbox.kirim.customers.get(customer.remote_id)["status"] == "suspended"
    assert (done.status, done.reason, done.before) == (200, "unpaid", {"status": "active"})
    assert done.request_id.startswith("req_")
    attempt = done.attempts.get()
    assert (attempt.outcome, attempt.status, attempt.request_id) == (WriteAttempt.Outcome.DONE, 200, done.request_id)
    change = RowChange.objects.get(member="status", write=done)
    assert change.correlation_id == done.correlation_id


def test_the_same_write_again_is_not_sent_again(sandbox: Sandbox) -> None:
    id = uuid4()
    first = write(verbs.CREATE_CUSTOMER, id=id, sends={"name": "Once"})
    second = write(verbs.CREATE_CUSTOMER, id=id, sends={"name": "Once"})
    assert first.pk == second.pk
    assert second.state == State.CONFIRMED
    assert len(named(sandbox, "Once")) == 1


def test_a_create_whose_answer_is_lost_is_unknown_and_found_by_looking(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="POST", times=1))
    lost = write(verbs.CREATE_CUSTOMER, sends={"name": "Lost", "email": "lost@shop.example"})
    assert lost.state == State.UNKNOWN
    assert lost.attempts.count() == 1  # a create is never repeated
    found = look(lost, after_s=0)
    assert found.state == State.CONFIRMED
    assert [found.remote_id] == named(sandbox, "Lost")
    assert Customer.objects.get(remote_id=found.remote_id).name == "Lost"


def test_a_create_that_was_not_done_is_failed_only_after_a_whole_sweep_and_then_sent_again_once(
    sandbox: Sandbox,
) -> None:
    sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=500, times=1))
    lost = write(verbs.CREATE_CUSTOMER, sends={"name": "Never made"})
    assert lost.state == State.UNKNOWN
    assert look(lost, after_s=0).state == State.UNKNOWN  # too early to prove anything
    assert look(lost).state == State.FAILED
    renew(lost, OPERATOR)
    carry_out(lost, PERSON)
    lost.refresh_from_db()
    assert lost.state == State.CONFIRMED
    assert lost.attempts.count() == 2
    assert len(named(sandbox, "Never made")) == 1


def test_a_create_that_the_remote_did_after_all_is_adopted_when_it_is_sent_again(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=500, times=1))
    lost = look(write(verbs.CREATE_CUSTOMER, sends={"name": "Late"}))
    late = sandbox.kirim.customers.add("Late", metadata={"backoffice_write": str(lost.pk)})
    renew(lost, OPERATOR)
    carry_out(lost, PERSON)
    lost.refresh_from_db()
    assert (lost.state, lost.remote_id) == (State.CONFIRMED, late["id"])
    assert named(sandbox, "Late") == [late["id"]]


@pytest.mark.parametrize(("kind", "state"), [("down", State.FAILED), ("limit", State.FAILED), ("drop", State.UNKNOWN)])
def test_what_is_known_of_a_repeatable_write_after_the_last_try(sandbox: Sandbox, kind: str, state: str) -> None:
    sandbox.switches["kirim"].turn_on(Switch(kind))
    customer = active_customer()
    tried = write(verbs.SUSPEND_CUSTOMER, customer)
    assert tried.state == state
    assert tried.attempts.count() == 3
    customer.refresh_from_db()
    assert customer.status == "active"


def test_a_lost_answer_stays_unknown_when_the_repeat_is_not_even_sent(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH", times=1))
    sandbox.switches["kirim"].turn_on(Switch("limit", method="PATCH", path="*", retry_after="3600"))
    customer = active_customer()
    tried = write(verbs.SUSPEND_CUSTOMER, customer)
    outcomes = list(tried.attempts.values_list("outcome", flat=True))
    assert tried.state in {State.FAILED, State.UNKNOWN}
    assert (WriteAttempt.Outcome.LOST in outcomes) == (tried.state == State.UNKNOWN)


def test_what_looking_finds_changed_is_laid_to_the_write(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    lost = write(verbs.SUSPEND_CUSTOMER, active_customer())
    assert look(lost, after_s=0).state == State.CONFIRMED
    assert RowChange.objects.get(member="status").write == lost


def test_a_refusal_tells_which_member_is_wrong(sandbox: Sandbox) -> None:
    refused = write(verbs.CREATE_CUSTOMER, sends={"name": "x" * 201, "email": "nonsense"})
    assert refused.state == State.REFUSED
    assert refused.status == 400
    assert set(refused.field_errors) == {"name", "email"}


def test_an_edit_sends_only_what_changed_and_keeps_our_reference(sandbox: Sandbox) -> None:
    made = write(verbs.CREATE_CUSTOMER, sends={"name": "Edited", "metadata": {"a": 1}})
    customer = Customer.objects.get(remote_id=made.remote_id)
    sent = {"name": "Edited", "metadata": {"a": 2}}
    before = {"name": "Edited", "metadata": {"a": 1}}
    edited = write(verbs.UPDATE_CUSTOMER, customer, sends=sent, before=before)
    assert edited.state == State.CONFIRMED
    there = sandbox.kirim.customers.get(made.remote_id)
    assert there["metadata"] == {"a": 2, "backoffice_write": str(made.pk)}


def test_an_edit_is_refused_where_somebody_changed_the_same_member(sandbox: Sandbox) -> None:
    customer = active_customer()
    sandbox.kirim.customers.change(customer.remote_id, name="Theirs", email="theirs@shop.example")
    refused = write(verbs.UPDATE_CUSTOMER, customer, sends={"name": "Mine"}, before={"name": customer.name})
    assert refused.state == State.REFUSED
    assert refused.attempts.count() == 0
    assert sandbox.kirim.customers.get(customer.remote_id)["name"] == "Theirs"
    taken = write(verbs.UPDATE_CUSTOMER, customer, sends={"name": "Mine"}, before={"name": "Theirs"})
    assert taken.state == State.CONFIRMED
    assert sandbox.kirim.customers.get(customer.remote_id)["email"] == "theirs@shop.example"


def test_an_archived_customer_is_read_again_and_takes_no_more_changes(sandbox: Sandbox) -> None:
    customer = active_customer()
    archived = write(verbs.ARCHIVE_CUSTOMER, customer, reason="left us")
    customer.refresh_from_db()
    assert (archived.state, customer.status) == (State.CONFIRMED, "archived")
    assert RowChange.objects.filter(write=archived, member="status").exists()
    refused = write(verbs.SUSPEND_CUSTOMER, customer)
    assert (refused.state, refused.attempts.count()) == (State.REFUSED, 0)
    assert "archived" in refused.error


def test_nothing_is_sent_inside_a_transaction(sandbox: Sandbox) -> None:
    with transaction.atomic(), pytest.raises(RuntimeError):
        write(verbs.SUSPEND_CUSTOMER, active_customer())


def test_a_write_whose_process_is_gone_is_unknown_and_one_that_was_never_sent_is_failed(sandbox: Sandbox) -> None:
    customer = active_customer()
    never, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=customer.remote_id)
    gone, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=customer.remote_id)
    sent = {"state": State.SENT, "sent_at": timezone.now(), "before": {"status": "active"}}
    RemoteWrite.objects.filter(pk=gone.pk).update(**sent)
    with later(61):
        settling.find_lost()
    never.refresh_from_db()
    gone.refresh_from_db()
    assert (never.state, gone.state) == (State.FAILED, State.UNKNOWN)
    assert look(gone, after_s=61).state == State.FAILED


def test_an_answer_that_comes_after_looking_gave_the_write_up_still_confirms_it(sandbox: Sandbox) -> None:
    customer = active_customer()
    planned, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=customer.remote_id)

    def answered_late(api: KirimAPI) -> None:
        def call(attempts: Attempts) -> object:
            answer = api.update_customer(customer.remote_id, {"status": "suspended"}, attempts)
            settle(planned, State.FAILED, error="Looking did not find it.")  # while this process stood still
            return answer

        send(planned, call, lambda answer: None)

    carry_out(planned, PERSON, answered_late)
    planned.refresh_from_db()
    assert (planned.state, planned.error) == (State.CONFIRMED, "")


def test_settling_by_hand_takes_a_reason_and_stands_in_the_row(sandbox: Sandbox) -> None:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    lost = write(verbs.SUSPEND_CUSTOMER, active_customer())
    settling.settle_by_hand(lost, OPERATOR, was_done=True, reason="seen in the dashboard")
    assert lost.state == State.CONFIRMED
    assert "seen in the dashboard" in lost.remark
