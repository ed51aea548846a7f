"""One run at a time, and what follows when one is cut off (FAULTS 46-51)."""

from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest
from django.utils import timezone

from backoffice import tasks
from backoffice.models import RowChange, SyncRun
from backoffice.process import this_process
from backoffice.sync import engine, runs
from customers.models import Customer
from customers.tests.kirim import FakeKirim, counts, customer, sync

pytestmark = pytest.mark.django_db


@pytest.fixture
def kirim(settings: Any) -> FakeKirim:
    fake = FakeKirim([customer(n) for n in range(100)], page_size=10)
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    return fake


def running(**values: Any) -> SyncRun:
    """A run that this very process seems to carry out."""
    me = this_process()
    mine = {"host": me.host, "pid": me.pid, "process_started": me.started, "heartbeat_at": timezone.now()}
    return SyncRun.objects.create(
        resource="kirim.customers", state=SyncRun.State.RUNNING, started_at=timezone.now(), **{**mine, **values}
    )


def stop_after(pages: int) -> Any:
    """Asks a run to stop once it took so many pages (or waited a second for one)."""
    asked = count()
    return lambda: next(asked) > pages


def test_a_second_run_waits_and_then_says_busy_without_asking_the_remote(kirim: FakeKirim) -> None:
    running()
    run = sync()
    assert (run.state, run.error) == (SyncRun.State.FAILED, "busy")
    assert not kirim.requests


def test_a_second_run_goes_ahead_when_the_first_ends_in_time(kirim: FakeKirim) -> None:
    first = running()
    asked = []

    def end_the_first() -> bool:
        asked.append(1)
        if len(asked) == 2:
            SyncRun.objects.filter(pk=first.pk).update(state=SyncRun.State.SUCCEEDED)
        return False

    run = engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=end_the_first)
    assert run.state == SyncRun.State.SUCCEEDED


@pytest.mark.parametrize(
    "gone",
    [
        {"pid": 2**22 - 3, "process_started": "1"},
        {"process_started": "another process with this pid"},
        {"heartbeat_at": timezone.now() - timedelta(seconds=31), "host": "elsewhere"},
        {"heartbeat_at": timezone.now() - timedelta(seconds=31)},
    ],
)
def test_a_run_whose_process_is_gone_is_buried_at_once(kirim: FakeKirim, gone: dict[str, Any]) -> None:
    dead = running(**gone)
    assert sync().state == SyncRun.State.SUCCEEDED
    dead.refresh_from_db()
    assert dead.state == SyncRun.State.INTERRUPTED
    assert dead.error


def test_a_run_on_another_host_lives_while_its_heart_beats(kirim: FakeKirim) -> None:
    running(host="elsewhere", heartbeat_at=timezone.now() - timedelta(seconds=5))
    assert sync().error == "busy"


def test_a_run_that_was_declared_dead_writes_nothing_more(kirim: FakeKirim) -> None:
    kirim.page_size = 1

    def check() -> bool:
        if len(kirim.requests) >= 30:
            SyncRun.objects.filter(state=SyncRun.State.RUNNING).update(state=SyncRun.State.INTERRUPTED)
        return False

    run = engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=check)
    assert run.state == SyncRun.State.INTERRUPTED
    assert Customer.objects.count() < 100


def test_an_interrupted_run_is_resumed_at_its_checkpoint_and_then_swept_afresh(kirim: FakeKirim) -> None:
    first = engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=stop_after(7))
    assert first.state == SyncRun.State.INTERRUPTED
    assert first.checkpoint
    stored = Customer.objects.count()
    assert 0 < stored < 100
    kirim.requests.clear()
    second = sync()
    assert second.state == SyncRun.State.SUCCEEDED
    assert second.resumes == first
    assert second.fetched == 100
    assert second.created == 100 - stored
    cursors = [request.url.params.get("cursor") for request in kirim.requests]
    assert cursors[0] == first.checkpoint["cursor"]
    assert None in cursors[1:]


def test_only_the_fresh_sweep_of_a_resumed_run_may_call_a_row_gone(kirim: FakeKirim) -> None:
    sync()
    first = engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=stop_after(7))
    assert first.state == SyncRun.State.INTERRUPTED
    gone = kirim.customers.pop(2)
    second = sync()
    assert counts(second) == {"fetched": 99, "unchanged": 99, "vanished": 1}
    assert Customer.objects.get(remote_id=gone["id"]).vanished_at is not None


def test_a_checkpoint_that_the_remote_has_forgotten_costs_nothing(kirim: FakeKirim) -> None:
    engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=stop_after(7))
    forgotten = SyncRun.objects.get().checkpoint["cursor"]
    kirim.requests.clear()

    def forget(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(400) if len(kirim.requests) == 1 else None

    kirim.mischief = forget
    run = sync()
    assert kirim.requests[0].url.params["cursor"] == forgotten
    assert run.state == SyncRun.State.SUCCEEDED
    assert run.fetched == 100


def test_a_full_run_ignores_the_checkpoint(kirim: FakeKirim) -> None:
    engine.carry_out(runs.queue("kirim.customers", trigger="command"), should_stop=stop_after(7))
    kirim.requests.clear()
    run = sync(mode="full")
    assert run.resumes is None
    assert kirim.requests[0].url.params.get("cursor") is None
    assert run.state == SyncRun.State.SUCCEEDED


def test_a_failed_run_is_not_resumed(kirim: FakeKirim) -> None:
    kirim.mischief = lambda request: httpx.Response(422) if len(kirim.requests) > 3 else None
    assert sync().state == SyncRun.State.FAILED
    kirim.mischief = lambda request: None
    kirim.requests.clear()
    assert sync().resumes is None


def test_stop_on_request_ends_a_run_as_interrupted_and_a_waiting_one_at_once(kirim: FakeKirim) -> None:
    waiting = runs.queue("kirim.customers", trigger="person")
    assert runs.request_stop(waiting)
    waiting.refresh_from_db()
    assert waiting.state == SyncRun.State.INTERRUPTED
    assert not runs.request_stop(waiting)
    run = engine.carry_out(waiting)
    assert run.state == SyncRun.State.INTERRUPTED
    assert not kirim.requests


def test_a_run_that_waits_in_a_worker_that_is_told_to_end_stays_queued(kirim: FakeKirim) -> None:
    running()
    waiting = runs.queue("kirim.customers", trigger="person")
    asked = []

    def end_the_worker() -> bool:
        asked.append(1)
        if len(asked) == 2:
            assert runs.request_stop_of_children(this_process().pid) == 2
        return False

    engine.carry_out(waiting, should_stop=end_the_worker)
    waiting.refresh_from_db()
    assert (waiting.state, waiting.stop_requested_at) == (SyncRun.State.QUEUED, None)
    assert not kirim.requests


def test_a_run_carried_out_twice_is_carried_out_once(kirim: FakeKirim) -> None:
    run = runs.queue("kirim.customers", trigger="person")
    tasks.carry_out_run(run.pk)
    asked = len(kirim.requests)
    tasks.carry_out_run(run.pk)
    tasks.carry_out_run(run.pk + 1000)
    assert len(kirim.requests) == asked
    run.refresh_from_db()
    assert run.state == SyncRun.State.SUCCEEDED


def test_a_waiting_run_that_would_do_the_same_is_joined() -> None:
    first = runs.queue("kirim.customers", trigger="person")
    assert runs.queue("kirim.customers", trigger="person") == first
    assert runs.queue("kirim.customers", trigger="person", mode="full") != first


def test_the_reaper_goes_on_with_what_went_silent_and_sends_lost_tasks_again(
    kirim: FakeKirim, django_capture_on_commit_callbacks: Any
) -> None:
    dead = running(pid=2**22 - 3, process_started="1")
    lost = SyncRun.objects.create(resource="kirim.accounts", queued_at=timezone.now() - timedelta(minutes=5))
    fresh = SyncRun.objects.create(resource="kirim.setup_links")
    with django_capture_on_commit_callbacks(execute=True):
        tasks.reap()
    for run in (dead, lost, fresh):
        run.refresh_from_db()
    assert dead.state == SyncRun.State.INTERRUPTED
    assert lost.state == SyncRun.State.SUCCEEDED
    assert fresh.state == SyncRun.State.QUEUED
    assert SyncRun.objects.get(trigger="reaper").state == SyncRun.State.SUCCEEDED


def test_a_worker_starts_what_has_never_run_in_dependency_order(
    kirim: FakeKirim, django_capture_on_commit_callbacks: Any
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        tasks.start_up()
    ended = SyncRun.objects.order_by("pk").values_list("resource", "state")
    assert list(ended) == [
        ("kirim.customers", "succeeded"),
        ("kirim.accounts", "succeeded"),
        ("kirim.setup_links", "succeeded"),
    ]
    with django_capture_on_commit_callbacks(execute=True):
        tasks.start_up()
    assert SyncRun.objects.count() == 3


def test_a_scheduled_sync_of_an_upstream_that_is_off_leaves_no_run(settings: Any) -> None:
    settings.KIRIM_BASE_URL = ""
    tasks.sync_resource("kirim.customers")
    assert not SyncRun.objects.exists()


def test_a_scheduled_run_leaves_a_paused_upstream_alone(kirim: FakeKirim) -> None:
    kirim.mischief = lambda request: httpx.Response(401)
    sync()
    kirim.requests.clear()
    tasks.sync_resource("kirim.customers")
    assert not kirim.requests
    assert "paused until" in SyncRun.objects.first().error  # type: ignore[union-attr]


def test_pruning_keeps_what_still_needs_a_person(kirim: FakeKirim) -> None:
    old = timezone.now() - timedelta(days=400)
    sync("kirim.accounts")
    sync()
    held = SyncRun.objects.create(
        resource="kirim.customers", state="partial", error="held", ended_at=old, swept_from=old
    )
    SyncRun.objects.create(resource="kirim.customers", state="failed", error="x", ended_at=old)
    RowChange.objects.create(resource="kirim.customers", remote_id="x", member="y", changed_at=old)
    SyncRun.objects.filter(state="succeeded").update(ended_at=old)
    tasks.prune()
    kept = SyncRun.objects.order_by("resource").values_list("resource", "state")
    assert list(kept) == [("kirim.accounts", "succeeded"), ("kirim.customers", "partial")]
    assert SyncRun.objects.filter(pk=held.pk).exists()
    assert not RowChange.objects.exists()
