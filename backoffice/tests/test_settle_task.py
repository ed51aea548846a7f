"""Settling by itself: each minute and at every worker's start; and deleting what is past its time."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_celery_beat.models import PeriodicTask

from backoffice import tasks
from backoffice.models import BulkAction, BulkItem, RemoteWrite, WriteAttempt
from backoffice.pruning import delete_in_parts
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.test_needs import make_bulk, make_write
from backoffice.writes import settle as settling
from backoffice.writes.carry_out import renew
from backoffice.writes.plan import plan
from customers.tests.conftest import sandbox
from customers.tests.writing import OPERATOR, active_customer, later, write
from customers.verbs import kirim as verbs

__all__ = ["sandbox"]  # the fixture

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


def lost_suspension(sandbox: Sandbox) -> RemoteWrite:
    sandbox.switches["kirim"].turn_on(Switch("drop", method="PATCH"))
    lost = write(verbs.SUSPEND_CUSTOMER, active_customer())
    sandbox.switches["kirim"].turn_off("drop")
    assert lost.state == State.UNKNOWN
    return lost


def test_a_new_installation_settles_writes_each_minute_and_lets_no_messages_pile_up() -> None:
    task = PeriodicTask.objects.get(task="backoffice.tasks.settle_writes")
    assert (task.interval.every, task.interval.period, task.expire_seconds) == (1, "minutes", 60)
    assert task.enabled and task.args == "[]"


def test_what_is_unknown_is_looked_for_once_its_time_has_come(sandbox: Sandbox) -> None:
    lost = lost_suspension(sandbox)
    tasks.settle_writes()
    lost.refresh_from_db()
    assert (lost.state, lost.looks) == (State.UNKNOWN, 0)  # its sending may still be answered
    with later(46):
        tasks.settle_writes()
    lost.refresh_from_db()
    assert (lost.state, lost.looks) == (State.CONFIRMED, 1)


def test_looks_that_find_nothing_out_come_at_longer_and_longer_pauses(sandbox: Sandbox) -> None:
    lost = lost_suspension(sandbox)
    sandbox.switches["kirim"].turn_on(Switch("down"))
    pauses, passed = [], 46.0
    for _ in range(4):
        with later(passed):
            now = timezone.now()
            tasks.settle_writes()
            lost.refresh_from_db()
            assert lost.next_look_at is not None
            pauses.append(round((lost.next_look_at - now).total_seconds() / 60))
            passed += (lost.next_look_at - now).total_seconds() + 5
    assert pauses == [1, 2, 4, 8]
    assert (lost.state, lost.looks) == (State.UNKNOWN, 4)
    assert "Looking did not work." in lost.remark and "Traceback" not in lost.remark


class Meanwhile(httpx.BaseTransport):
    """Another worker's round begins while the first one's request is under way."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self.inner, self.requests = inner, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.requests == 1:
            tasks.settle_writes()
        return self.inner.handle_request(request)


def test_two_rounds_at_once_look_for_a_write_once(sandbox: Sandbox, settings: Any) -> None:
    lost = lost_suspension(sandbox)
    settings.REMOTE_TRANSPORT = meanwhile = Meanwhile(settings.REMOTE_TRANSPORT)
    with later(46):
        tasks.settle_writes()
    lost.refresh_from_db()
    assert (lost.state, lost.looks, meanwhile.requests) == (State.CONFIRMED, 1, 1)


def test_a_round_that_dies_over_a_look_leaves_it_to_a_later_one(sandbox: Sandbox, settings: Any) -> None:
    lost = lost_suspension(sandbox)
    working, settings.REMOTE_TRANSPORT = settings.REMOTE_TRANSPORT, httpx.MockTransport(_die)
    with later(46), pytest.raises(KeyboardInterrupt):
        tasks.settle_writes()
    settings.REMOTE_TRANSPORT = working
    with later(60):
        tasks.settle_writes()
    lost.refresh_from_db()
    assert lost.state == State.UNKNOWN
    with later(46 + settling.LOOK_TAKES_AT_MOST.total_seconds() + 5):
        tasks.settle_writes()
    lost.refresh_from_db()
    assert (lost.state, lost.looks) == (State.CONFIRMED, 1)


def _die(request: httpx.Request) -> httpx.Response:
    raise KeyboardInterrupt


def test_a_look_that_comes_back_late_says_nothing_of_a_later_sending(sandbox: Sandbox) -> None:
    lost = lost_suspension(sandbox)
    stale = RemoteWrite.objects.get(pk=lost.pk)
    RemoteWrite.objects.filter(pk=lost.pk).update(sent_at=timezone.now() + timedelta(seconds=1))  # it was sent again
    settling.look_for(stale, settling.BACKGROUND)
    lost.refresh_from_db()
    assert lost.state == State.UNKNOWN


def test_what_lost_its_process_gets_an_end_and_nothing_stays_sent(sandbox: Sandbox) -> None:
    customer = active_customer()
    never, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=customer.remote_id)
    gone, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=customer.remote_id)
    sent = {"state": State.SENT, "sent_at": timezone.now(), "before": {"status": "active"}}
    RemoteWrite.objects.filter(pk=gone.pk).update(**sent)
    attempt = WriteAttempt.objects.create(write=gone)
    tasks.settle_writes()
    assert set(RemoteWrite.objects.values_list("state", flat=True)) == {State.PLANNED, State.SENT}
    with later(61):
        tasks.settle_writes()
    for one in (never, gone, attempt):
        one.refresh_from_db()
    assert (never.state, gone.state) == (State.FAILED, State.FAILED)  # looked for at once: Kirim shows it active
    assert (attempt.outcome, attempt.error) == ("lost", "The process ended before the answer.")
    assert sandbox.kirim.customers.get(customer.remote_id)["status"] == "active"


def test_a_write_that_cannot_be_looked_for_keeps_none_of_the_others_waiting(sandbox: Sandbox) -> None:
    foreign = lost_suspension(sandbox)
    RemoteWrite.objects.filter(pk=foreign.pk).update(identity="https://other.example/v1")
    lost = lost_suspension(sandbox)
    with later(46):
        tasks.settle_writes()
    foreign.refresh_from_db()
    lost.refresh_from_db()
    assert (foreign.state, lost.state) == (State.UNKNOWN, State.CONFIRMED)


# -- deleting what is past its time -----------------------------------------------------------------------------------

LONG_AGO = timedelta(days=181)


def old_write(state: str, **values: Any) -> RemoteWrite:
    then = timezone.now() - LONG_AGO
    told = {"planned_at": then, "waits_since": then, "sent_at": then, "settled_at": then, **values}
    return make_write(state, **told)


def kept() -> set[Any]:
    tasks.prune()
    return set(RemoteWrite.objects.values_list("pk", flat=True))


def test_writes_go_half_a_year_after_they_were_settled_with_their_requests() -> None:
    recent = make_write(State.CONFIRMED)
    for state in (State.CONFIRMED, State.REFUSED):
        WriteAttempt.objects.create(write=old_write(state))
    old_write(State.FAILED, dismissed_at=timezone.now())
    assert kept() == {recent.pk}
    assert WriteAttempt.objects.count() == 0


def test_what_still_needs_a_person_stays_whatever_its_age() -> None:
    needed = {
        old_write(State.UNKNOWN, settled_at=None).pk,
        old_write(State.FAILED).pk,
        old_write(State.CONFIRMED, target="setup_link", verb="create", secret_lost=True).pk,
        old_write(State.SENT, settled_at=None).pk,
        old_write(State.PLANNED, settled_at=None).pk,
    }
    assert kept() == needed


def test_what_is_settled_late_counts_from_then() -> None:
    late = old_write(State.CONFIRMED, settled_at=timezone.now())
    assert kept() == {late.pk}


def test_a_follow_up_is_never_left_without_its_first_half() -> None:
    first = old_write(State.CONFIRMED, target="setup_link", verb="create")
    follow = {"target": "setup_link", "verb": "revoke", "follows": first}
    unknown = old_write(State.UNKNOWN, settled_at=None, **follow)
    old_write(State.FAILED, **follow)  # its link has ended long ago
    assert kept() == {first.pk, unknown.pk}
    RemoteWrite.objects.filter(pk=unknown.pk).update(state=State.CONFIRMED, settled_at=first.settled_at)
    assert kept() == set()


def test_bulk_actions_go_with_the_last_of_their_writes() -> None:
    then = timezone.now() - LONG_AGO
    done, waits, recent = make_bulk(ended_at=then), make_bulk(ended_at=then), make_bulk(ended_at=timezone.now())
    running = make_bulk(state="running", confirmed_at=then)
    for bulk in (done, waits):
        item = BulkItem.objects.create(bulk=bulk, position=1, remote_id="cus_1", name="One", state="confirmed")
        old_write(State.CONFIRMED, pk=item.pk, bulk=bulk)
    old_write(State.FAILED, bulk=waits)
    tasks.prune()
    assert set(BulkAction.objects.values_list("pk", flat=True)) == {waits.pk, recent.pk, running.pk}
    assert BulkItem.objects.get().bulk == waits


def test_much_is_deleted_in_parts_so_that_no_writer_waits_for_all_of_it() -> None:
    recent = make_write(State.CONFIRMED)
    for _ in range(5):
        WriteAttempt.objects.create(write=old_write(State.CONFIRMED))
    old = RemoteWrite.objects.filter(settled_at__lt=timezone.now() - timedelta(days=180))
    with CaptureQueriesContext(connection) as queries:
        delete_in_parts(old, at_once=2)
    own = [query["sql"] for query in queries if query["sql"].startswith('DELETE FROM "backoffice_remotewrite"')]
    assert len(own) == 3
    assert not any('"sends"' in query["sql"] for query in queries)  # what is deleted is not loaded
    assert (RemoteWrite.objects.get(), WriteAttempt.objects.count()) == (recent, 0)


def test_what_is_sent_again_is_looked_for_as_if_for_the_first_time() -> None:
    failed = make_write(State.FAILED, looks=9)
    renew(failed, OPERATOR)
    assert (failed.state, failed.looks) == (State.PLANNED, 0)
