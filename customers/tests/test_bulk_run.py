"""Carrying out the rows of a bulk action: one after another, by several, by one who dies; cancelled and sent again."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import close_old_connections
from django.utils import timezone

from backoffice import tasks, upstreams
from backoffice.bulk import again, run
from backoffice.bulk.outcome import outcome_of
from backoffice.client import PERSON
from backoffice.correlation import correlated
from backoffice.errors import NotAllowed
from backoffice.models import BulkAction, BulkItem, RemoteWrite, WriteAttempt
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.at_once import at_once
from backoffice.tests.factories import person
from backoffice.writes import settle as settling
from backoffice.writes.plan import Actor, plan
from customers.models import Customer
from customers.tests.bulking import frozen, item_of, states
from customers.tests.kirim import sync
from customers.tests.writing import later
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

State = BulkItem.State


@pytest.fixture
def user():
    return person("supervisor")


def active(count: int) -> list[Customer]:
    return list(Customer.objects.filter(status="active")[:count])


def carry_out(bulk: BulkAction, **how: Any) -> None:
    """As a worker does, until nothing waits."""
    while run.work(bulk, **{"patience": PERSON, **how}):
        continue
    bulk.refresh_from_db()


def planned_for(bulk: BulkAction, item: BulkItem) -> RemoteWrite:
    """The write of a row as a worker plans it."""
    actor = Actor(bulk.actor, RemoteWrite.Door.BULK)
    with correlated(bulk.correlation_id):
        return plan(verbs.SUSPEND_CUSTOMER, actor, id=item.pk, remote_id=item.remote_id, bulk=bulk)[0]


def let_die(item: BulkItem) -> None:
    """Its worker is gone for over a minute."""
    past = timezone.now() - timedelta(seconds=70)
    BulkItem.objects.filter(pk=item.pk).update(state=State.RUNNING, claimed_at=past)
    RemoteWrite.objects.filter(pk=item.pk).update(sent_at=past, waits_since=past)


# -- one after another ------------------------------------------------------------------------------------------------


def test_one_bad_row_stops_no_other_and_each_says_its_own(user, sandbox: Sandbox):
    fine, gone, limited, lost, wrong, archived = active(6)
    switches = sandbox.switches["kirim"]
    sandbox.kirim.customers.remove(gone.remote_id)
    switches.turn_on(Switch("limit", path=f"/customers/{limited.remote_id}"))
    switches.turn_on(Switch("drop", path=f"/customers/{lost.remote_id}"))
    switches.turn_on(Switch("fail", status=422, path=f"/customers/{wrong.remote_id}"))
    Customer.objects.filter(pk=archived.pk).update(status="archived")
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [gone, limited, lost, wrong, archived, fine])
    carry_out(bulk)
    assert states(bulk) == ["refused", "failed", "unknown", "refused", "refused", "confirmed"]
    assert bulk.state == BulkAction.State.DONE and bulk.ended_at
    errors = [item.error for item in bulk.items.order_by("position")]
    assert errors[0] == "Kirim does not know it. It may be gone there: refresh the record, or check its id."
    assert "asks us to wait" in errors[1] and errors[1].startswith("Nothing was done.")
    assert "Nobody can say yet whether Kirim did it" in errors[2]
    assert errors[3].startswith("Kirim refused it")
    assert "archived" in errors[4] and "Nothing was sent" in errors[4]
    assert errors[5] == ""
    outcome = outcome_of(bulk)
    assert outcome.worst == State.UNKNOWN
    assert outcome.sentence == "1 of 6 confirmed; 1 unknown, 1 failed, 3 refused."


def test_the_worst_row_names_the_whole_and_nothing_confirmed_is_no_success(user, sandbox: Sandbox):
    rows = active(2)
    Customer.objects.filter(pk__in=[row.pk for row in rows]).update(status="archived")
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, rows)
    carry_out(bulk)
    outcome = outcome_of(bulk)
    assert (outcome.worst, outcome.sentence) == (State.REFUSED, "None of 2 confirmed; 2 refused.")


def test_no_row_is_begun_that_would_end_too_late_and_the_rest_waits(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("latency", ms=150))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(6))
    assert run.work(bulk, patience=PERSON, within_s=0.5)
    done = states(bulk).count("confirmed")
    assert 1 <= done <= 3
    assert states(bulk).count("waiting") == 6 - done
    bulk.refresh_from_db()
    assert bulk.state == BulkAction.State.RUNNING
    sandbox.switches["kirim"].turn_off("latency")
    carry_out(bulk)
    assert states(bulk) == ["confirmed"] * 6


def test_a_first_row_is_carried_out_however_little_time_there_is(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(2))
    assert run.work(bulk, within_s=0.0)
    assert states(bulk) == ["confirmed", "waiting"]


def test_more_than_twenty_rows_go_to_the_workers_at_once(user, sandbox: Sandbox):
    rows = [Customer.objects.get(remote_id=row["id"]) for row in more_customers(sandbox, 21)]
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, rows)
    assert tasks.start_bulk(bulk)  # the test's workers are this process
    bulk.refresh_from_db()
    assert (bulk.state, set(states(bulk))) == (BulkAction.State.DONE, {"confirmed"})


def more_customers(sandbox: Sandbox, count: int) -> list[Any]:
    made = [sandbox.kirim.customers.add(f"More {number}", status="active") for number in range(count)]
    sync("kirim.customers")
    return made


def test_who_loses_the_permission_meanwhile_does_nothing_more(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(3))
    run.work(bulk, within_s=0.0)
    user.groups.clear()
    carry_out(bulk)
    assert states(bulk) == ["confirmed", "refused", "refused"]
    assert "it takes customers.suspend_customer. Nothing was sent." in bulk.items.get(position=2).error
    assert WriteAttempt.objects.count() == 1


def test_who_is_switched_off_meanwhile_does_nothing_more(user, sandbox: Sandbox):
    bulk = frozen(verbs.REFRESH_CUSTOMER, user, active(2))
    run.work(bulk, within_s=0.0)
    user.is_active = False
    user.save()
    carry_out(bulk)
    assert states(bulk) == ["confirmed", "refused"]


def test_freezing_takes_the_permission(sandbox: Sandbox):
    with pytest.raises(NotAllowed):
        frozen(verbs.ARCHIVE_CUSTOMER, person("customer desk"), active(1))
    assert not BulkAction.objects.exists()


@pytest.mark.parametrize("verb", [verbs.SUSPEND_CUSTOMER, verbs.REFRESH_CUSTOMER])
def test_with_kirim_off_each_row_fails_and_says_so(user, sandbox: Sandbox, settings, verb):
    bulk = frozen(verb, user, active(2))
    settings.KIRIM_API_KEY = ""
    carry_out(bulk)
    assert states(bulk) == ["failed"] * 2
    assert all("Kirim is off: set KIRIM_API_KEY." in item.error for item in bulk.items.all())


@pytest.mark.parametrize("verb", [verbs.SUSPEND_CUSTOMER, verbs.REFRESH_CUSTOMER])
def test_another_kirim_than_the_mirrored_one_is_sent_nothing(user, sandbox: Sandbox, settings, verb):
    bulk = frozen(verb, user, active(2))
    settings.KIRIM_BASE_URL = "https://other.example/v1"
    carry_out(bulk)
    assert states(bulk) == ["refused"] * 2
    assert all("Nothing was sent." in item.error for item in bulk.items.all())


def test_with_the_key_refused_the_rows_fail_at_once_and_say_so(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("fail", status=401))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(4))
    carry_out(bulk)
    assert states(bulk) == ["refused", "failed", "failed", "failed"]
    assert all("401" in item.error for item in bulk.items.all())
    assert WriteAttempt.objects.filter(status=401).count() == 1  # and Kirim is not asked again and again


# -- an upstream that pauses ------------------------------------------------------------------------------------------


def test_while_kirim_asks_to_wait_the_rows_of_a_worker_wait_and_then_go_on(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("limit", method="PATCH", retry_after="90", times=1))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(3))
    assert not run.work(bulk, patience=PERSON)  # nothing to be done at once
    assert states(bulk) == ["failed", "waiting", "waiting"]
    bulk.refresh_from_db()
    assert not bulk.is_over
    with later(100):
        assert list(run.silent_bulk_actions()) == [bulk]
        tasks.reap()
    bulk.refresh_from_db()
    assert states(bulk) == ["failed", "confirmed", "confirmed"]
    assert bulk.state == BulkAction.State.DONE


def test_an_upstream_that_stays_paused_for_a_quarter_of_an_hour_ends_the_waiting(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("limit", method="PATCH", retry_after="7200"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(3))
    run.work(bulk, patience=PERSON)
    assert states(bulk).count("waiting") == 2
    with later(16 * 60):
        carry_out(bulk)
    assert states(bulk) == ["failed"] * 3


def test_a_person_who_waits_is_told_of_the_pause_at_once(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("limit", method="PATCH", retry_after="90"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(3))
    assert tasks.start_bulk(bulk)
    assert states(bulk) == ["failed"] * 3
    assert all("asks us to wait" in item.error or "paused" in item.error for item in bulk.items.all())


# -- workers that die -------------------------------------------------------------------------------------------------


def test_a_row_whose_worker_died_before_planning_is_carried_out(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    let_die(bulk.items.get())
    carry_out(bulk)
    assert states(bulk) == ["confirmed"]
    assert WriteAttempt.objects.count() == 1


def test_a_row_whose_worker_died_before_sending_is_carried_out(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    planned_for(bulk, bulk.items.get())
    let_die(bulk.items.get())
    carry_out(bulk)
    assert states(bulk) == ["confirmed"]
    assert WriteAttempt.objects.count() == 1


def test_a_row_whose_worker_died_while_sending_is_never_sent_again_by_itself(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(2))
    item = bulk.items.get(position=1)
    write = planned_for(bulk, item)
    before = {"status": "active"}
    RemoteWrite.objects.filter(pk=write.pk).update(state="sent", sent_at=timezone.now(), before=before)
    WriteAttempt.objects.create(write=write)
    let_die(item)
    carry_out(bulk)
    assert states(bulk) == ["unknown", "confirmed"]
    assert bulk.state == BulkAction.State.DONE
    write.refresh_from_db()
    assert (write.state, write.attempts.get().outcome) == ("unknown", WriteAttempt.Outcome.LOST)
    assert sandbox.kirim.customers.get(item.remote_id)["status"] == "active"


def test_a_row_that_is_in_hand_is_left_to_whoever_has_it(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(2))
    item = bulk.items.get(position=1)
    BulkItem.objects.filter(pk=item.pk).update(state=State.RUNNING, claimed_at=timezone.now())
    carry_out(bulk)
    assert states(bulk) == ["running", "confirmed"]
    assert not bulk.is_over


@pytest.mark.parametrize("state", ["confirmed", "refused", "failed", "unknown"])
def test_a_row_whose_write_has_an_end_takes_it_over(user, sandbox: Sandbox, state):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    write = planned_for(bulk, bulk.items.get())
    RemoteWrite.objects.filter(pk=write.pk).update(state=state, error="as it ended")
    let_die(bulk.items.get())
    carry_out(bulk)
    assert (states(bulk), bulk.items.get().error) == ([state], "as it ended")
    assert not WriteAttempt.objects.exists()


def test_a_silent_bulk_action_is_handed_out_again_once_a_minute(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(2))
    assert not run.silent_bulk_actions().exists()
    with later(61):
        tasks.reap()
        assert states(bulk) == ["confirmed"] * 2
        other = frozen(verbs.ACTIVATE_CUSTOMER, user, Customer.objects.filter(status="suspended")[:1])
        run.hand_out_again(other)
        assert not run.silent_bulk_actions().exists()


def test_a_task_leaves_a_bulk_action_alone_that_enough_others_work_on(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(6))
    in_hand = list(bulk.items.order_by("position").values_list("pk", flat=True)[: run.AT_ONCE])
    BulkItem.objects.filter(pk__in=in_hand).update(state=State.RUNNING, claimed_at=timezone.now())
    tasks.carry_out_bulk(str(bulk.pk))
    assert states(bulk) == ["running"] * run.AT_ONCE + ["waiting"] * 2
    tasks.carry_out_bulk("00000000-0000-0000-0000-000000000000")  # and one that is not there is no error


def test_a_task_carried_out_twice_sends_once(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(3))
    for _ in range(2):
        tasks.carry_out_bulk(str(bulk.pk))
    assert states(bulk) == ["confirmed"] * 3
    assert WriteAttempt.objects.count() == 3


@pytest.mark.django_db(transaction=True)
def test_several_at_once_share_the_rows_and_send_each_once(sandbox: Sandbox):
    user = person("supervisor")
    rows = [Customer.objects.get(remote_id=row["id"]) for row in more_customers(sandbox, 24)]
    sandbox.switches["kirim"].turn_on(Switch("latency", ms=20))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, rows)

    at_once(lambda worker: carry_out(BulkAction.objects.get(pk=bulk.pk)), range(3))
    close_old_connections()
    bulk.refresh_from_db()
    assert set(states(bulk)) == {"confirmed"}
    assert bulk.state == BulkAction.State.DONE
    assert WriteAttempt.objects.count() == 24


# -- cancel, and again ------------------------------------------------------------------------------------------------


def test_cancelling_takes_back_what_waits_and_lets_what_is_in_hand_end(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(4))
    run.work(bulk, within_s=0.0)
    in_hand = bulk.items.get(position=2)
    BulkItem.objects.filter(pk=in_hand.pk).update(state=State.RUNNING, claimed_at=timezone.now())
    assert again.cancel(bulk, user) == 2
    assert states(bulk) == ["confirmed", "running", "cancelled", "cancelled"]
    assert not bulk.is_over
    assert not run.work(bulk)
    BulkItem.objects.filter(pk=in_hand.pk).update(state=State.CONFIRMED)
    run.work(bulk)
    bulk.refresh_from_db()
    assert bulk.state == BulkAction.State.CANCELLED
    assert outcome_of(bulk).worst == State.CANCELLED
    assert again.cancel(bulk, user) == 0


def test_cancelling_and_retrying_take_the_verbs_permission(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(2))
    for act in (again.cancel, again.retry):
        with pytest.raises(NotAllowed):
            act(bulk, person("viewer"))
    assert states(bulk) == ["waiting"] * 2


def test_retrying_takes_only_failed_rows_as_a_new_attempt_on_the_same_write(user, sandbox: Sandbox):
    failed, refused, fine = active(3)
    sandbox.switches["kirim"].turn_on(Switch("limit", path=f"/customers/{failed.remote_id}"))
    Customer.objects.filter(pk=refused.pk).update(status="archived")
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [failed, refused, fine])
    carry_out(bulk)
    assert states(bulk) == ["failed", "refused", "confirmed"]
    sandbox.switches["kirim"].turn_off("limit")
    attempts = WriteAttempt.objects.count()
    other = person("supervisor")
    assert again.retry(bulk, other) == 1
    assert states(bulk) == ["waiting", "refused", "confirmed"]
    assert bulk.actor == other  # whose permission counts from now on
    carry_out(bulk)
    assert states(bulk) == ["confirmed", "refused", "confirmed"]
    write = RemoteWrite.objects.get(pk=item_of(bulk, failed).pk)
    assert (write.actor, write.state) == (user, "confirmed")
    assert WriteAttempt.objects.count() == attempts + 1
    assert again.retry(bulk, other) == 0
    assert bulk.is_over


def test_retrying_looks_for_unknown_rows_and_sends_only_those_that_were_not_done(user, sandbox: Sandbox):
    done, not_done = active(2)
    switches = sandbox.switches["kirim"]
    switches.turn_on(Switch("drop", method="PATCH", path=f"/customers/{done.remote_id}"))
    switches.turn_on(Switch("fail", method="PATCH", path=f"/customers/{not_done.remote_id}"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [done, not_done])
    carry_out(bulk)
    assert states(bulk) == ["unknown"] * 2
    switches.turn_off("drop", "fail")
    attempts = WriteAttempt.objects.count()
    again.retry(bulk, user)
    carry_out(bulk)
    assert states(bulk) == ["confirmed", "unknown"]  # too early to prove that it was not done
    with later(50):
        again.retry(bulk, user)
        carry_out(bulk)
    assert states(bulk) == ["confirmed"] * 2
    assert WriteAttempt.objects.count() == attempts + 1


def test_cancelling_a_retry_leaves_unknown_what_is_unknown(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    carry_out(bulk)
    again.retry(bulk, user)
    assert states(bulk) == ["waiting"]
    assert again.cancel(bulk, user) == 0
    assert states(bulk) == ["unknown"]
    assert bulk.is_over


def test_a_failed_row_of_another_kirim_is_never_sent_to_this_one(user, sandbox: Sandbox, settings):
    sandbox.switches["kirim"].turn_on(Switch("down"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    carry_out(bulk, waits_out_pauses=False)
    assert states(bulk) == ["failed"]
    sandbox.switches["kirim"].turn_off("down")
    settings.KIRIM_BASE_URL = "https://other.example/v1"
    upstreams.accept("kirim")
    again.retry(bulk, user)
    carry_out(bulk)
    assert states(bulk) == ["failed"]
    assert "not configured now" in bulk.items.get().error


def test_a_retry_that_is_no_longer_allowed_leaves_what_failed_to_be_retried_by_others(user, sandbox: Sandbox):
    failed, lost = active(2)
    switches = sandbox.switches["kirim"]
    switches.turn_on(Switch("limit", path=f"/customers/{failed.remote_id}"))
    switches.turn_on(Switch("drop", method="PATCH", path=f"/customers/{lost.remote_id}"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, [failed, lost])
    carry_out(bulk)
    switches.turn_off("limit", "drop")
    again.retry(bulk, user)
    user.groups.clear()
    carry_out(bulk)
    assert states(bulk) == ["failed", "unknown"]
    assert all("may not do this" in item.error for item in bulk.items.all())
    again.retry(bulk, person("supervisor"))
    carry_out(bulk)
    assert states(bulk) == ["confirmed", "confirmed"]


def test_a_planned_row_of_somebody_who_may_no_longer_is_refused_with_its_write(user, sandbox: Sandbox):
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    planned_for(bulk, bulk.items.get())
    let_die(bulk.items.get())
    user.groups.clear()
    carry_out(bulk)
    assert states(bulk) == ["refused"]
    assert RemoteWrite.objects.get().state == RemoteWrite.State.REFUSED


def test_a_refresh_that_failed_is_read_again(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("fail", status=503))
    bulk = frozen(verbs.REFRESH_CUSTOMER, user, active(1))
    carry_out(bulk)
    assert states(bulk) == ["failed"]
    sandbox.switches["kirim"].turn_off("fail")
    again.retry(bulk, user)
    carry_out(bulk)
    assert states(bulk) == ["confirmed"]


def test_a_row_of_which_looking_found_an_end_meanwhile_shows_it(user, sandbox: Sandbox):
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    carry_out(bulk)
    write = RemoteWrite.objects.get()
    settling.look_for(write, PERSON)
    assert states(bulk) == ["confirmed"]
    assert bulk.items.get().error == ""


def test_a_permission_of_ones_own_counts_like_that_of_a_group(sandbox: Sandbox):
    user = person()
    user.user_permissions.add(Permission.objects.get(codename="suspend_customer"))
    bulk = frozen(verbs.SUSPEND_CUSTOMER, user, active(1))
    carry_out(bulk)
    assert states(bulk) == ["confirmed"]


@pytest.mark.django_db(transaction=True)
def test_the_same_rows_confirmed_by_several_at_once_are_one_bulk_action(sandbox: Sandbox):
    people = [person("supervisor") for _ in range(4)]
    rows = active(6)
    made = at_once(lambda user: frozen(verbs.SUSPEND_CUSTOMER, user, rows).pk, people)
    assert len(made) == 4 and set(made) == {BulkAction.objects.get().pk}
    assert BulkItem.objects.count() == 6
