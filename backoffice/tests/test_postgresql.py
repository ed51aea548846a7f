"""What only a real PostgreSQL can show (FAULTS 48, 49, 53)."""

import threading
from collections.abc import Callable
from typing import Any

import httpx
import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from backoffice import upstreams
from backoffice.models import RejectedRecord, SyncRun
from backoffice.sync import engine, runs
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.sync.store import Store
from backoffice.sync.tally import Met, Tally
from customers.models import Customer
from customers.tests.kirim import FakeKirim, customer, raw_page, sync, text

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif("connection.vendor != 'postgresql'", reason="needs DATABASE_URL to name a PostgreSQL"),
]


@pytest.fixture
def kirim(settings: Any) -> FakeKirim:
    fake = FakeKirim([customer(n) for n in range(100)], page_size=10)
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)
    return fake


def terminate_everybody_else() -> None:
    """What a restart of the server does to its clients."""
    database = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"], port=database["PORT"] or 5432, user=database["USER"], password=database["PASSWORD"],
        dbname="postgres", autocommit=True,
    ) as server:  # fmt: skip
        server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database["NAME"]])


def test_a_run_whose_database_restarts_fails_honestly_and_the_next_is_exact(kirim: FakeKirim) -> None:
    def restart(request: httpx.Request) -> None:
        if len(kirim.requests) == 5:
            terminate_everybody_else()

    kirim.mischief = restart
    run = sync()
    assert run.state == SyncRun.State.FAILED
    assert "PostgreSQL" in run.error
    kirim.mischief = lambda request: None
    assert sync().state == SyncRun.State.SUCCEEDED
    assert Customer.objects.count() == 100


def test_two_runs_at_once_end_as_one_and_one(kirim: FakeKirim) -> None:
    ends: list[SyncRun] = []

    def carry_out() -> None:
        run = SyncRun.objects.create(resource="kirim.customers")
        ends.append(engine.carry_out(run, busy_wait_s=10))
        connection.close()

    threads = [threading.Thread(target=carry_out) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [run.state for run in ends] == [SyncRun.State.SUCCEEDED] * 2
    assert sum(run.created for run in ends) == 100
    assert sum(run.unchanged for run in ends) == 100


def test_a_row_that_another_process_inserts_meanwhile_is_no_error(kirim: FakeKirim) -> None:
    resource = RESOURCES["kirim.customers"]

    class Meanwhile(Store):
        """Inserts the same row from another connection just before our own insert."""

        def _insert(self, items: Any) -> None:
            if not Customer.objects.exists():
                other = threading.Thread(target=_insert_elsewhere)
                other.start()
                other.join()
            super()._insert(items)

    def _insert_elsewhere() -> None:
        kirim.customers = [customer(1)]
        sync()
        connection.close()

    upstreams.own("kirim")  # else the other transaction waits for this one to say whose the records are
    with transaction.atomic():
        rows = [text(customer(1)).encode(), text(customer(2)).encode()]
        tally = Meanwhile(resource, BY_HAND).take([Batch(rows, timezone.now())], Met(), Tally())
    assert tally.failed == 0
    assert Customer.objects.count() == 2
    assert not RejectedRecord.objects.exists()


@pytest.mark.parametrize("metadata", ['{"n": 1e400000}', '{"n": ' + "9" * 200_000 + "}"])
def test_a_number_that_only_the_database_refuses_rejects_its_row_alone(kirim: FakeKirim, metadata: str) -> None:
    bad = text(customer(2)).replace('{"external_ref": "crm-2"}', metadata)
    kirim.mischief = lambda request: (
        raw_page(text(customer(1)), bad, text(customer(3))) if "status" not in request.url.params else raw_page()
    )
    run = sync()
    assert (run.created, run.failed) == (2, 1)
    assert run.state == SyncRun.State.PARTIAL
    assert runs.to_resume(run) is None


def test_a_sweep_and_a_links_run_over_the_same_customers_never_wait_in_a_circle(kirim: FakeKirim) -> None:
    customers, links = RESOURCES["kirim.customers"], RESOURCES["kirim.setup_links"]
    kirim.customers = [customer(n) for n in range(200)]
    sync()
    failures: list[Exception] = []

    def repeatedly(work: Callable[[int], None]) -> None:
        try:
            for turn in range(30):
                with transaction.atomic():
                    work(turn)
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    def sweep(turn: int) -> None:
        rows = [text(customer(n, name=f"Turn {turn}")).encode() for n in reversed(range(200))]
        Store(customers, Cause()).take([Batch(rows, timezone.now())], Met(), Tally())

    def read_links(turn: int) -> None:
        links.batches_stored([Batch([], timezone.now(), owner=customer(n)["id"]) for n in range(200)])

    threads = [threading.Thread(target=repeatedly, args=(work,)) for work in (sweep, read_links)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
