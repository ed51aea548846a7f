"""Sweeping customers: exact, repeatable, honest about every fault (FAULTS 5-41 as far as the list reaches)."""

from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.db import transaction
from django.utils import timezone

from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun, UpstreamState
from backoffice.sync.changes import Cause
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.sync.store import CHUNK, Store
from backoffice.sync.tally import Met, Tally
from customers.models import Customer
from customers.tests.kirim import FakeKirim, counts, customer, raw_page, refusal, sync, text

pytestmark = pytest.mark.django_db


def mirrored() -> dict[str, Any]:
    """Living rows as the remote would state them."""
    return {row.remote_id: row.payload for row in Customer.objects.filter(vanished_at=None)}


def stated(kirim: FakeKirim) -> dict[str, Any]:
    return {row["id"]: row for row in kirim.customers}


def page_fails(number: int, fault: httpx.Response | Exception) -> Any:
    """Mischief: from the ``number``-th list request on, the fault."""
    seen = []

    def mischief(request: httpx.Request) -> httpx.Response | None:
        seen.append(request)
        if len(seen) < number:
            return None
        if isinstance(fault, Exception):
            raise fault
        return fault

    return mischief


# -- the straight path ------------------------------------------------------------------------------------------------


def test_a_first_sync_mirrors_every_customer_with_its_columns(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(130)]
    kirim.customers[3] |= {"email": None, "metadata": {"shop": {"City": "東京", "n": [1, None, True]}}}
    run = sync()
    assert run.state == SyncRun.State.SUCCEEDED
    assert counts(run) == {"fetched": 130, "created": 130}
    assert mirrored() == stated(kirim)
    row = Customer.objects.get(remote_id=kirim.customers[3]["id"])
    assert (row.name, row.email, row.status, row.team_id) == ("Toko 3", None, "active", "team_main")
    assert row.remote_created_at is not None
    assert row.remote_created_at.isoformat() == "2025-03-04T08:15:30+00:00"
    assert "東京" in row.search_text
    assert "true" in row.search_text
    assert UpstreamState.objects.get(upstream="kirim").identity == "https://kirim.example/v1"


def test_a_second_sync_changes_nothing_and_says_so(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(130)]
    sync()
    before = list(Customer.objects.order_by("pk").values())
    run = sync()
    assert counts(run) == {"fetched": 130, "unchanged": 130}
    assert list(Customer.objects.order_by("pk").values()) == before
    assert not RowChange.objects.exists()


def test_a_change_is_mirrored_and_told_member_by_member(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(60)]
    sync()
    kirim.customers[7] |= {"name": "New name", "status": "suspended", "extra": {"a": 1}}
    run = sync()
    assert counts(run) == {"fetched": 60, "updated": 1, "unchanged": 59}
    assert mirrored() == stated(kirim)
    changes = RowChange.objects.order_by("member").values_list("remote_id", "member", "before", "after", "run_id")
    remote_id = kirim.customers[7]["id"]
    assert list(changes) == [
        (remote_id, "extra", None, '{"a":1}', run.pk),
        (remote_id, "name", '"Toko 7"', '"New name"', run.pk),
        (remote_id, "status", '"active"', '"suspended"', run.pk),
    ]


def test_the_same_content_in_other_bytes_is_unchanged(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(5)]
    sync()
    kirim.customers = [dict(reversed(row.items())) for row in kirim.customers]
    assert counts(sync()) == {"fetched": 5, "unchanged": 5}
    assert counts(sync()) == {"fetched": 5, "unchanged": 5}
    assert not RowChange.objects.exists()


def test_archived_customers_are_read_whether_or_not_the_plain_list_holds_them(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n, status="archived" if n % 3 == 0 else "active") for n in range(90)]
    assert counts(sync()) == {"fetched": 90, "created": 90}
    kirim.lists_archived = True
    assert counts(sync()) == {"fetched": 90, "unchanged": 90}


def test_a_dry_run_counts_and_writes_no_row(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(60)]
    sync()
    kirim.customers[0]["name"] = "Other"
    kirim.customers[1]["name"] = 5
    del kirim.customers[-1]
    kirim.customers += [customer(100), customer(100)]
    before = list(Customer.objects.order_by("pk").values())
    run = sync(is_dry=True)
    assert counts(run) == {"fetched": 60, "created": 1, "updated": 1, "unchanged": 57, "failed": 1, "vanished": 1}
    assert list(Customer.objects.order_by("pk").values()) == before
    assert not RowChange.objects.exists()
    assert not RejectedRecord.objects.exists()
    assert run.checkpoint is None


def test_a_huge_page_is_taken_in_groups(kirim: FakeKirim) -> None:
    kirim.page_size = 100_000
    kirim.customers = [customer(n) for n in range(CHUNK * 2 + 17)]
    assert counts(sync()) == {"fetched": CHUNK * 2 + 17, "created": CHUNK * 2 + 17}
    assert Customer.objects.count() == CHUNK * 2 + 17


def test_a_kirim_that_refuses_our_page_size_is_listed_by_its_own(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(120)]
    kirim.mischief = lambda request: (
        refusal(400, "validation_failed", "limit") if "limit" in request.url.params else None
    )
    assert counts(sync()) == {"fetched": 120, "created": 120}
    assert len([request for request in kirim.requests if "limit" in request.url.params]) == 1


# -- one bad row is one bad row ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        {"name": None},
        {"name": 5},
        {"name": {"a": 1}},
        {"created_at": "yesterday"},
        {"created_at": "9999-99-99T00:00:00Z"},
        {"updated_at": 17},
        {"created_at": "0001-01-01T00:00:00+14:00"},
        {"metadata": [1]},
        {"name": "x" * 601},
        {"metadata": {"blob": "y" * (1 << 20)}},
    ],
)
def test_a_row_that_cannot_be_taken_is_rejected_and_the_stored_one_stays(
    kirim: FakeKirim, damage: dict[str, Any]
) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    good = kirim.customers[4]
    kirim.customers[4] = {**good, **damage}
    kirim.customers[5]["name"] = "Still taken"
    run = sync()
    assert run.state == SyncRun.State.PARTIAL
    assert counts(run) == {"fetched": 30, "updated": 1, "unchanged": 28, "failed": 1}
    assert mirrored()[good["id"]] == good
    rejected = RejectedRecord.objects.get()
    assert (rejected.remote_id, rejected.resolved_at, rejected.run) == (good["id"], None, run)
    assert rejected.reason
    sync()
    assert RejectedRecord.objects.get().seen == 2
    kirim.customers[4] = good
    assert sync().state == SyncRun.State.SUCCEEDED
    assert RejectedRecord.objects.get().resolved_at is not None


def test_a_required_member_that_is_missing_rejects_the_row(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(10)]
    del kirim.customers[2]["team_id"]
    run = sync()
    assert counts(run) == {"fetched": 10, "created": 9, "failed": 1}
    assert "team_id" in RejectedRecord.objects.get().reason


@pytest.mark.parametrize(
    "bad", ["5", "null", "[]", '"x"', '{"name": "no id"}', '{"id": 5}', '{"id": ""}', '{"id": null}']
)
def test_a_row_without_a_usable_id_is_rejected_and_nothing_is_called_gone(kirim: FakeKirim, bad: str) -> None:
    kirim.customers = [customer(n) for n in range(5)]
    sync()
    kirim.mischief = lambda request: (
        raw_page(text(customer(0)), bad) if "status" not in request.url.params else raw_page()
    )
    run = sync()
    assert run.state == SyncRun.State.PARTIAL
    assert counts(run) == {"fetched": 2, "unchanged": 1, "failed": 1}
    assert Customer.objects.filter(vanished_at=None).count() == 5


def test_the_same_unreadable_row_is_one_rejection_however_often_it_comes(kirim: FakeKirim) -> None:
    kirim.customers = [customer(0), "not an object"]
    sync()
    sync()
    assert RejectedRecord.objects.get().seen == 2


def test_a_rejection_is_settled_when_a_complete_sweep_no_longer_meets_its_record(kirim: FakeKirim) -> None:
    kirim.customers = [customer(0), "not an object", customer(1, name=5)]
    sync()
    assert RejectedRecord.objects.filter(resolved_at=None).count() == 2
    kirim.customers = kirim.customers[:1]
    kirim.mischief = lambda request: httpx.Response(422) if "status" in request.url.params else None
    assert sync().state == SyncRun.State.FAILED
    assert RejectedRecord.objects.filter(resolved_at=None).count() == 2
    kirim.mischief = lambda request: None
    assert sync().state == SyncRun.State.SUCCEEDED
    assert not RejectedRecord.objects.filter(resolved_at=None).exists()


@pytest.mark.parametrize(
    "row",
    [
        '{"id": "cus_\\u0000", "object": "customer"}',
        '{"id": "cus_\\ud800", "object": "customer"}',
        '{"id": "cus_\udc80", "object": "customer"}',
        '{"id": "' + "x" * 256 + '"}',
    ],
)
def test_an_id_that_cannot_be_kept_rejects_the_row(kirim: FakeKirim, row: str) -> None:
    kirim.mischief = lambda request: raw_page(row)
    run = sync()
    assert run.state == SyncRun.State.PARTIAL
    assert run.failed == run.fetched > 0
    assert not Customer.objects.exists()


def test_characters_that_no_database_keeps_are_replaced_and_the_row_is_flagged(kirim: FakeKirim) -> None:
    good, nul, lone = customer(1), text(customer(2, name="a@b")), text(customer(3, name="a@b"))
    rows = text(good), nul.replace("@b", "\\u0000b"), lone.replace("@b", "\\ud800b")
    kirim.mischief = lambda request: raw_page(*rows)
    assert sync().state == SyncRun.State.SUCCEEDED
    names = Customer.objects.order_by("remote_id").values_list("name", "text_cleaned")
    assert list(names) == [("Toko 1", False), ("a\ufffdb", True), ("a\ufffdb", True)]
    assert counts(sync()) == {"fetched": 3, "unchanged": 3}


def test_an_unknown_word_is_kept_as_it_is_and_counted_as_drift(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, status="hibernating"), customer(2, loyalty_tier="gold")]
    assert sync().state == SyncRun.State.SUCCEEDED
    assert Customer.objects.get(remote_id=kirim.customers[0]["id"]).status == "hibernating"
    drift = Drift.objects.order_by("kind").values_list("kind", "name", "count", "sample_remote_id")
    assert list(drift) == [
        ("member", "loyalty_tier", 1, kirim.customers[1]["id"]),
        ("word", "status=hibernating", 1, kirim.customers[0]["id"]),
    ]


def test_unknown_members_are_never_set_on_the_row(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, pk=99, _state="x", vanished_at="2020-01-01T00:00:00Z", payload_hash="x")]
    sync()
    row = Customer.objects.get()
    assert row.pk != 99
    assert row.vanished_at is None
    assert row.payload["_state"] == "x"


def test_a_remote_clock_never_decides_whether_a_row_is_taken(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1, updated_at="2999-01-01T00:00:00.000Z")]
    sync()
    kirim.customers = [customer(1, name="Later, whatever it says", updated_at="1999-01-01T00:00:00.000Z")]
    assert counts(sync()) == {"fetched": 1, "updated": 1}


def test_a_body_asked_for_earlier_never_overwrites_a_later_one(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    sync()
    kirim.customers[0]["name"] = "Old news"
    asked_at = timezone.now()
    Customer.objects.update(name="Written by a later reading", synced_at=timezone.now())
    resource = RESOURCES["kirim.customers"]
    with transaction.atomic():
        tally = Store(resource, Cause()).take([Batch([text(kirim.customers[0]).encode()], asked_at)], Met(), Tally())
    assert (tally.unchanged, tally.updated) == (1, 0)
    assert Customer.objects.get().name == "Written by a later reading"


def test_a_body_that_seems_to_come_from_the_future_is_no_reason_to_stay(kirim: FakeKirim) -> None:
    kirim.customers = [customer(n) for n in range(30)]
    sync()
    Customer.objects.update(synced_at=timezone.now() + timedelta(hours=1))  # our clock was ahead
    kirim.customers[0]["name"] = "News"
    kirim.customers.pop()
    assert counts(sync()) == {"fetched": 29, "updated": 1, "unchanged": 28, "vanished": 1}


# -- rows that move, repeat or never end ------------------------------------------------------------------------------


def test_the_same_id_on_two_pages_is_stored_and_counted_once(kirim: FakeKirim) -> None:
    kirim.page_size = 10
    kirim.customers = [customer(n) for n in range(15)] + [customer(3, name="Later")] + [customer(20), customer(20)]
    run = sync()
    assert counts(run) == {"fetched": 16, "created": 16}
    assert Customer.objects.get(remote_id=customer(3)["id"]).name == "Later"


def test_rows_added_at_the_head_while_paging_are_neither_lost_nor_doubled(kirim: FakeKirim) -> None:
    kirim.page_size = 10
    kirim.customers = [customer(n) for n in range(35)]

    def insert(request: httpx.Request) -> None:
        if request.url.params.get("cursor") == "20":
            kirim.customers.insert(0, customer(100))

    kirim.mischief = insert
    sync()
    kirim.mischief = lambda request: None
    sync()
    assert mirrored() == stated(kirim)


@pytest.mark.parametrize(
    "answer",
    [
        {"data": [customer(1)], "has_more": True, "next_cursor": "same"},
        {"data": [], "has_more": True, "next_cursor": "same"},
        {"data": [customer(1)], "has_more": True, "next_cursor": None},
        {"data": [customer(1)], "has_more": False, "next_cursor": "same"},
    ],
)
def test_paging_that_does_not_advance_ends_honestly(kirim: FakeKirim, answer: dict[str, Any]) -> None:
    kirim.customers = [customer(n) for n in range(3)]
    sync()
    kirim.mischief = lambda request: httpx.Response(200, json={**answer, "request_id": "r"})
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "Listing customers" in run.error
    assert Customer.objects.filter(vanished_at=None).count() == 3
    assert len(kirim.requests) < 20


def test_empty_pages_that_always_promise_more_end_honestly(kirim: FakeKirim) -> None:
    numbers = iter(range(10_000))
    kirim.mischief = lambda request: httpx.Response(
        200, json={"data": [], "has_more": True, "next_cursor": f"c{next(numbers)}", "request_id": "r"}
    )
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert len(kirim.requests) < 10


def test_a_cursor_that_is_an_address_is_only_a_cursor(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1)]
    evil = "https://elsewhere.example/v1/customers?cursor=2"

    def mischief(request: httpx.Request) -> httpx.Response | None:
        if "cursor" not in request.url.params:
            return httpx.Response(200, json={"data": [], "has_more": True, "next_cursor": evil, "request_id": "r"})
        assert request.url.params["cursor"] == evil
        return httpx.Response(
            200, json={"data": [customer(1)], "has_more": False, "next_cursor": None, "request_id": ""}
        )

    kirim.mischief = mischief
    assert sync().state == SyncRun.State.SUCCEEDED
    assert {request.url.host for request in kirim.requests} == {"kirim.example"}


# -- faults of whole answers ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "tries"),
    [
        (httpx.Response(500), 5),
        (httpx.Response(503), 5),
        (httpx.ConnectError("refused"), 5),
        (httpx.ReadTimeout("slow"), 5),
        (httpx.Response(401), 1),
        (httpx.Response(402), 1),
        (httpx.Response(403), 1),
        (httpx.Response(404), 1),
        (httpx.Response(422), 1),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), 1),
        (httpx.Response(200, text="<html>Sign in</html>"), 1),
        (httpx.Response(200, json=None), 1),
        (httpx.Response(200, json={"data": {}}), 1),
        (httpx.Response(204), 1),
        (httpx.Response(429, headers={"Retry-After": "3600"}), 1),
    ],
)
def test_a_fault_in_mid_sweep_ends_honestly_keeps_what_came_and_heals(
    kirim: FakeKirim, fault: httpx.Response | Exception, tries: int
) -> None:
    kirim.page_size = 10
    kirim.customers = [customer(n) for n in range(40)]
    sync()
    kirim.customers[3]["name"] = "Came before the fault"
    removed = kirim.customers.pop()
    kirim.requests.clear()
    kirim.mischief = page_fails(3, fault)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert run.error
    assert len(kirim.requests) == 2 + tries
    assert Customer.objects.get(remote_id=kirim.customers[3]["id"]).name == "Came before the fault"
    assert Customer.objects.filter(vanished_at=None).count() == 40
    kirim.mischief = lambda request: None
    run = sync()
    assert run.state == SyncRun.State.SUCCEEDED
    assert run.vanished == 1
    assert mirrored() == stated(kirim)
    assert removed["id"] not in mirrored()


def test_the_key_is_nowhere_even_when_the_remote_echoes_it(kirim: FakeKirim, settings: Any) -> None:
    kirim.mischief = lambda request: refusal(401, "unauthorized", f"bad key {settings.KIRIM_API_KEY}")
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "bad key" in run.error
    assert settings.KIRIM_API_KEY not in run.error
    state = UpstreamState.objects.get(upstream="kirim")
    assert state.paused_until is not None
    assert settings.KIRIM_API_KEY not in state.pause_reason


def test_an_upstream_without_its_variables_is_off_and_nothing_is_sent(kirim: FakeKirim, settings: Any) -> None:
    settings.KIRIM_API_KEY = ""
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "KIRIM_API_KEY" in run.error
    assert not kirim.requests


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("KIRIM_BASE_URL", "kirim.example/v1"),
        ("KIRIM_BASE_URL", "https://"),
        ("KIRIM_BASE_URL", "https://kirim.example:port/v1"),
        ("KIRIM_API_KEY", "schlüssel"),
        ("KIRIM_API_KEY", "two words"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named_and_nothing_is_sent(
    kirim: FakeKirim, settings: Any, variable: str, value: str
) -> None:
    setattr(settings, variable, value)
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert variable in run.error
    assert "schlüssel" not in run.error
    assert not kirim.requests


def test_another_kirim_than_the_one_mirrored_is_refused_until_an_operator_confirms(
    kirim: FakeKirim, settings: Any
) -> None:
    from backoffice import upstreams

    kirim.customers = [customer(1)]
    sync()
    settings.KIRIM_BASE_URL = "https://other-kirim.example/v1"
    kirim.requests.clear()
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "--accept-upstream kirim" in run.error
    assert not kirim.requests
    upstreams.accept("kirim")
    assert sync().state == SyncRun.State.SUCCEEDED
