"""Corners of a sweep that were met once and must not come back."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from backoffice import tasks
from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun, UpstreamState
from backoffice.sync import drift
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.tests.kirim import FakeKirim, account, counts, customer, raw_page, setup_link, sync, text

pytestmark = pytest.mark.django_db


def test_the_first_stored_rows_say_whose_they_are_even_when_the_run_fails(kirim: FakeKirim, settings: Any) -> None:
    kirim.customers = [customer(n) for n in range(100)]
    kirim.mischief = lambda request: httpx.Response(422) if "cursor" in request.url.params else None
    assert sync().state == SyncRun.State.FAILED
    assert Customer.objects.exists()
    settings.KIRIM_BASE_URL = "https://other-kirim.example/v1"
    kirim.requests.clear()
    assert "--accept-upstream kirim" in sync().error
    assert not kirim.requests


def test_a_vanished_row_that_comes_back_unreadable_hides_nothing_that_is_gone(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    first = kirim.customers.pop(3)
    assert sync().vanished == 1
    kirim.customers.append(first | {"name": None})
    second = kirim.customers.pop(5)
    run = sync()
    assert (run.failed, run.vanished) == (1, 1)
    assert Customer.objects.get(remote_id=second["id"]).vanished_at is not None
    assert Customer.objects.get(remote_id=first["id"]).vanished_at is not None


def test_a_time_without_a_zone_rejects_its_row(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1), customer(2, created_at="2025-03-04T08:15:30")]
    assert counts(sync()) == {"fetched": 2, "created": 1, "failed": 1}


def test_a_cursor_too_long_to_be_sent_ends_the_run_honestly(kirim: FakeKirim) -> None:
    body = {"data": [customer(1)], "has_more": True, "next_cursor": "c" * 70_000, "request_id": "r"}
    kirim.mischief = lambda request: httpx.Response(200, json=body)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert Customer.objects.count() == 1


def test_the_same_page_under_ever_new_cursors_ends_honestly(kirim: FakeKirim) -> None:
    numbers = iter(range(10_000))
    kirim.mischief = lambda request: httpx.Response(
        200,
        json={"data": [customer(1)], "has_more": True, "next_cursor": f"c{next(numbers)}", "request_id": "r"},
    )
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "again and again" in run.error
    assert len(kirim.requests) < 10


def test_true_is_not_one(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, metadata={"vip": True})]
    sync()
    kirim.customers[0]["metadata"] = {"vip": 1}
    assert counts(sync()) == {"fetched": 1, "updated": 1}
    assert RowChange.objects.get().after == '{"vip":1}'


def test_a_resumed_run_counts_a_nameless_record_once(kirim: FakeKirim) -> None:
    from backoffice.sync import engine, runs

    kirim.page_size = 10
    kirim.customers = [customer(n) for n in range(60)]
    kirim.customers[15:15] = ["no object"]
    run = runs.queue("kirim.customers", trigger="command")
    asked = iter(range(1000))
    engine.carry_out(run, should_stop=lambda: next(asked) >= 4)
    assert run.state == SyncRun.State.INTERRUPTED
    kirim.customers[45:45] = ["another"]
    again = sync()
    assert again.resumes == run
    assert (again.fetched, again.failed) == (62, 2)


def test_a_dry_run_relates_nothing(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    kirim.accounts = [account(1, kirim.customers[0]["id"])]
    sync("kirim.accounts")
    sync("kirim.customers", is_dry=True)
    sync("kirim.accounts", is_dry=True)
    assert not UpstreamState.objects.filter(identity="").exists()
    assert WhatsAppAccount.objects.get().customer is None


def test_a_bad_onboarding_account_leaves_its_stored_row_and_drift_is_told_once(kirim: FakeKirim) -> None:
    nothing = {"phone_number_id": None, "phone_number": None, "name": None}
    kirim.accounts = [account(1, None, **nothing, status="onboarding", plan="x")]
    sync("kirim.accounts")
    sync("kirim.accounts")
    assert Drift.objects.get().count == 1
    kirim.accounts = [account(1, None, **nothing, status=None)]
    assert counts(sync("kirim.accounts")) == {"fetched": 1, "failed": 1}
    assert WhatsAppAccount.objects.get().status == "onboarding"


def test_drift_is_bounded_and_pruned(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n, status=f"word-{n}") for n in range(drift.MAX_KEPT + 50)]
    assert sync().state == SyncRun.State.SUCCEEDED
    assert Drift.objects.count() == drift.MAX_KEPT
    Drift.objects.update(last_seen_at=timezone.now() - timedelta(days=400))
    tasks.prune()
    assert not Drift.objects.exists()


def test_pruning_never_takes_the_last_real_sweep(kirim: FakeKirim) -> None:
    real = sync()
    dry = sync(is_dry=True)
    SyncRun.objects.update(ended_at=timezone.now() - timedelta(days=400))
    tasks.prune()
    assert list(SyncRun.objects.all()) == [real]
    assert dry.is_dry


def test_the_reaper_does_not_turn_a_dry_run_into_a_real_one(
    kirim: FakeKirim, django_capture_on_commit_callbacks: Any
) -> None:
    dead = {"pid": 2**22 - 3, "process_started": "1", "state": SyncRun.State.RUNNING, "started_at": timezone.now()}
    SyncRun.objects.create(resource="kirim.customers", is_dry=True, **dead)
    held = SyncRun.objects.create(resource="kirim.accounts", state="partial", error="held", held=30)
    SyncRun.objects.create(resource="kirim.accounts", accepts=held, **dead)
    with django_capture_on_commit_callbacks(execute=True):
        tasks.reap()
    queued = SyncRun.objects.filter(trigger=SyncRun.Trigger.REAPER).values_list("resource", "accepts")
    assert list(queued) == [("kirim.accounts", held.pk)]


def test_a_run_of_a_resource_that_is_no_more_ends(kirim: FakeKirim) -> None:
    run = sync("kirim.forgotten")
    assert run.state == SyncRun.State.FAILED
    assert "kirim.forgotten" in run.error


def test_memory_of_failed_child_reads_is_one_sentence(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(40)]
    sync()
    kirim.mischief = lambda request: httpx.Response(422) if request.url.path.endswith("setup_links") else None
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.PARTIAL
    assert run.error.startswith("40 readings failed")


def test_rejected_links_settle_when_their_owner_is_read_without_them(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    sync()
    owner = kirim.customers[0]["id"]
    kirim.links[owner] = [setup_link(1, owner), "no object", setup_link(2, owner, expires_at=None)]
    sync("kirim.setup_links")
    assert RejectedRecord.objects.filter(resolved_at=None).count() == 2
    kirim.links[owner] = kirim.links[owner][:1]
    sync("kirim.setup_links", mode="full")
    assert not RejectedRecord.objects.filter(resolved_at=None).exists()
    assert SetupLink.objects.count() == 1


def test_an_answer_packed_in_a_way_nobody_asked_for_is_not_unpacked(kirim: FakeKirim) -> None:
    packed = httpx.Response(200, content=b"\x0b\x02\x80{}\x03", headers={"Content-Type": "application/json"})
    packed.headers["Content-Encoding"] = "br"
    kirim.mischief = lambda request: packed
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert kirim.requests[0].headers["Accept-Encoding"] == "gzip"


def test_two_nameless_records_are_two(kirim: FakeKirim) -> None:
    kirim.mischief = lambda request: (
        raw_page(text(customer(0)), "null", "null") if "status" not in request.url.params else raw_page()
    )
    assert counts(sync()) == {"fetched": 3, "created": 1, "failed": 2}
