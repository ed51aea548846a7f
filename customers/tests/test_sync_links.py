"""Reading setup links customer by customer (FAULTS 40, 41, 60)."""

from datetime import UTC, datetime

import httpx
import pytest
import time_machine

from backoffice.models import RejectedRecord, RowChange, SyncRun
from backoffice.sync import engine, runs
from customers.models import Customer, SetupLink
from customers.tests.kirim import FakeKirim, counts, customer, setup_link, sync

pytestmark = pytest.mark.django_db


def with_links(kirim: FakeKirim, customers: int, status: str = "active", link_status: str = "consumed") -> None:
    """So many customers, two links each, mirrored customers."""
    kirim.customers = [customer(n, status=status) for n in range(customers)]
    for n, row in enumerate(kirim.customers):
        kirim.links[row["id"]] = [setup_link(n * 10 + k, row["id"], status=link_status) for k in range(2)]
    sync("kirim.customers")
    kirim.requests.clear()


def asked(kirim: FakeKirim) -> list[str]:
    """Customers whose links were read since, in their order."""
    paths, kirim.requests = kirim.paths(), []
    return sorted(path.split("/")[3] for path in paths if path.endswith("setup_links"))


def test_links_that_were_never_read_are_read_and_related(kirim: FakeKirim) -> None:
    with_links(kirim, 12)
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.SUCCEEDED
    assert counts(run) == {"fetched": 24, "created": 24}
    assert SetupLink.objects.filter(customer__isnull=False).count() == 24
    assert not Customer.objects.filter(links_read_at=None).exists()


def test_a_normal_run_reads_only_customers_where_something_can_have_happened(kirim: FakeKirim) -> None:
    with_links(kirim, 12)
    sync("kirim.setup_links")
    asked(kirim)
    assert counts(sync("kirim.setup_links")) == {}
    assert asked(kirim) == []
    kirim.customers[1]["name"] = "Changed"
    kirim.customers[2]["status"] = "pending"
    sync("kirim.customers")
    asked(kirim)
    assert counts(sync("kirim.setup_links")) == {"fetched": 4, "unchanged": 4}
    assert asked(kirim) == [kirim.customers[1]["id"], kirim.customers[2]["id"]]
    sync("kirim.setup_links")
    assert asked(kirim) == [kirim.customers[2]["id"]]  # pending ones every time


def test_a_customer_with_a_link_last_seen_active_is_read_until_it_is_not(kirim: FakeKirim) -> None:
    with_links(kirim, 3, link_status="active")
    sync("kirim.setup_links")
    asked(kirim)
    for link in kirim.links[kirim.customers[0]["id"]]:
        link |= {"status": "consumed", "consumed_at": "2025-03-05T09:58:12.000Z"}
    assert counts(sync("kirim.setup_links")) == {"fetched": 6, "updated": 2, "unchanged": 4}
    assert len(asked(kirim)) == 3
    sync("kirim.setup_links")
    assert len(asked(kirim)) == 2


def test_a_full_run_reads_every_customer(kirim: FakeKirim) -> None:
    with_links(kirim, 7)
    sync("kirim.setup_links")
    asked(kirim)
    assert counts(sync("kirim.setup_links", mode="full")) == {"fetched": 14, "unchanged": 14}
    assert len(asked(kirim)) == 7


def test_absence_from_the_fifty_newest_proves_nothing(kirim: FakeKirim) -> None:
    with_links(kirim, 1)
    owner = kirim.customers[0]["id"]
    kirim.links[owner] = [setup_link(n, owner) for n in range(60)]
    sync("kirim.setup_links", mode="full")
    kirim.links[owner] = kirim.links[owner][55:]
    run = sync("kirim.setup_links", mode="full")
    assert run.vanished == 0
    assert SetupLink.objects.filter(vanished_at=None).count() == 50 + 5


def test_one_child_list_that_fails_leaves_its_links_and_takes_the_others(kirim: FakeKirim) -> None:
    with_links(kirim, 6)
    sync("kirim.setup_links")
    broken = kirim.customers[2]["id"]
    for links in kirim.links.values():
        links[0]["success_redirect_url"] = "https://new.example/"
    kirim.mischief = lambda request: httpx.Response(500) if broken in request.url.path else None
    run = sync("kirim.setup_links", mode="full")
    assert run.state == SyncRun.State.PARTIAL
    assert counts(run) == {"fetched": 10, "updated": 5, "unchanged": 5}
    assert "GET /customers/{id}/setup_links" in run.error
    assert (
        SetupLink.objects.filter(customer_remote_id=broken).exclude(success_redirect_url="https://new.example/").count()
        == 2
    )
    kirim.mischief = lambda request: None
    assert counts(sync("kirim.setup_links", mode="full")) == {"fetched": 12, "updated": 1, "unchanged": 11}


def test_the_links_of_a_customer_that_is_gone_are_skipped(kirim: FakeKirim) -> None:
    with_links(kirim, 4)
    gone = kirim.customers[1]["id"]
    kirim.mischief = lambda request: httpx.Response(404) if gone in request.url.path else None
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.SUCCEEDED
    assert counts(run) == {"fetched": 6, "created": 6}


def test_a_kirim_that_is_down_fails_the_run_without_asking_for_every_customer(kirim: FakeKirim) -> None:
    with_links(kirim, 40)

    def down(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    kirim.mischief = down
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.FAILED
    assert len(kirim.requests) <= 60
    assert not SetupLink.objects.exists()


def test_a_kirim_that_always_fails_is_left_alone_after_five_calls(kirim: FakeKirim) -> None:
    with_links(kirim, 60)
    kirim.mischief = lambda request: httpx.Response(500)
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.FAILED
    assert "paused until" in run.error
    assert len(kirim.requests) <= 60


def test_a_bad_link_is_rejected_with_its_owner_and_without_any_secret(kirim: FakeKirim) -> None:
    with_links(kirim, 2)
    owner = kirim.customers[0]["id"]
    secret = "mock-token-aB3dE5fG7hJ9kLmNx7Qd"
    kirim.links[owner][0] |= {"token": secret, "setup_url": f"https://connect.kirim.example/s/{secret}"}
    kirim.links[owner][1] |= {"expires_at": None, "token": secret}
    run = sync("kirim.setup_links")
    assert counts(run) == {"fetched": 4, "created": 3, "failed": 1}
    rejected = RejectedRecord.objects.get()
    assert (rejected.owner_remote_id, rejected.remote_id) == (owner, kirim.links[owner][1]["id"])
    kirim.links[owner][0]["token"] = f"{secret}-2"
    sync("kirim.setup_links", mode="full")
    everything = [*SetupLink.objects.values(), *RejectedRecord.objects.values(), *RowChange.objects.values()]
    assert secret not in str(everything)


def test_a_changed_link_is_read_again_only_after_its_customer_changed_later(kirim: FakeKirim) -> None:
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC), tick=False):
        with_links(kirim, 1)
        sync("kirim.setup_links")
    read_at = Customer.objects.get().links_read_at
    with time_machine.travel(datetime(2026, 1, 2, tzinfo=UTC), tick=False):
        sync("kirim.customers")
        sync("kirim.setup_links")
    assert Customer.objects.get().links_read_at == read_at  # the sweep met the same body: nothing changed


def test_a_403_for_one_customer_hides_the_links_of_no_other(kirim: FakeKirim) -> None:
    with_links(kirim, 12)
    closed = kirim.customers[5]["id"]
    kirim.mischief = lambda request: httpx.Response(403) if closed in request.url.path else None
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.PARTIAL
    assert run.created == 22


def test_a_stretch_of_bad_customers_does_not_hide_those_behind_it_for_ever(kirim: FakeKirim) -> None:
    with_links(kirim, 30)
    bad = {row["id"] for row in kirim.customers[:7]}
    kirim.mischief = lambda request: httpx.Response(500) if request.url.path.split("/")[3] in bad else None
    for _ in range(6):
        sync("kirim.setup_links")
    assert SetupLink.objects.count() == 46


def test_a_remote_that_says_when_it_will_listen_is_left_alone_until_then(kirim: FakeKirim) -> None:
    with_links(kirim, 30)
    kirim.mischief = lambda request: httpx.Response(429, headers={"Retry-After": "3600"})
    run = sync("kirim.setup_links")
    assert run.state == SyncRun.State.FAILED
    assert "not before" in run.error
    assert len(kirim.requests) <= 4  # those under way at once
    kirim.requests.clear()
    again = engine.carry_out(runs.queue("kirim.setup_links", trigger="schedule"))
    assert "paused until" in again.error
    assert not kirim.requests
