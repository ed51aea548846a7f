"""Thousands of rows in one bulk action, carried out by real workers that are killed, against a Kirim in trouble.

All 5,000 on Redis; on the embedded broker, which is for a few people, fewer.
"""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

import pytest
from django.db import close_old_connections
from django.db.models import Count, F
from django.utils import timezone

from backoffice.bulk import again
from backoffice.bulk.outcome import outcome_of
from backoffice.client import BACKGROUND
from backoffice.models import BulkAction, BulkItem, RemoteWrite, WriteAttempt
from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.server import LoopbackServer, listen
from backoffice.sandbox.switches import Switch
from backoffice.tests import test_worker as workers
from backoffice.tests.factories import person
from backoffice.tests.test_worker import BROKERS, IS_LOCAL_REDIS, PROCESSES, broker, kill, wait_until
from backoffice.writes import settle as settling
from customers.models import Customer
from customers.tests.bulking import frozen
from customers.tests.kirim import sync
from customers.verbs import kirim as verbs

__all__ = ["broker"]  # a fixture

ROWS = 5000 if IS_LOCAL_REDIS else 1000
WITHIN_S = 600  # many times what it takes: only a hang shall fail here, not a busy machine
State = BulkItem.State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", BROKERS, ids=lambda url: urlsplit(url).scheme, indirect=True),
]


@dataclass
class Installation(workers.Installation):
    """One whose sandbox counts what it is asked to change."""

    patches: Counter[str] = field(default_factory=Counter)  # by customer
    level: ClassVar[str] = "ERROR"  # rows that fail are warnings, and there are many

    def run(self, code: str) -> None:
        """In a process of its own, as a page would: the messages must outlive it."""
        script = f"import django; django.setup()\nfrom backoffice import tasks\n{code}"
        subprocess.run([sys.executable, "-c", script], env=self.environment, check=True, timeout=60)

    def hand_out(self, bulk: BulkAction) -> None:
        code = f"from backoffice.models import BulkAction\ntasks.send_bulk(BulkAction.objects.get(pk='{bulk.pk}'))"
        self.run(code)

    @property
    def switches(self) -> Any:
        return self.sandbox.switches["kirim"]


@pytest.fixture
def here(broker: str, transactional_db: None, tmp_path: Path, settings: Any) -> Iterator[Installation]:  # noqa: F811
    patches: Counter[str] = Counter()
    with Sandbox(customers=10) as sandbox, listen(0) as listening:

        def counted(environ: Any, start_response: Any) -> Iterable[bytes]:
            if environ["REQUEST_METHOD"] == "PATCH":
                patches[environ["PATH_INFO"].rpartition("/")[2]] += 1
            return sandbox.wsgi(environ, start_response)

        server = LoopbackServer(listening, counted)
        server.start()
        settings.KIRIM_BASE_URL = f"http://127.0.0.1:{server.port}{KIRIM_PATH}"
        settings.KIRIM_API_KEY = sandbox.kirim_api_key
        settings.REMOTE_TRANSPORT = None
        environment = workers.environment_of(sandbox, server.port, broker, tmp_path)
        installation = Installation(sandbox, environment, tmp_path / "worker.log", patches=patches)
        yield installation
        for worker in installation.workers:
            kill(worker)
        server.stop()
    assert "Traceback" not in installation.log.read_text()


def customers_to_suspend(sandbox: Sandbox) -> list[Customer]:
    """As many active customers as are wanted, there and here, with fresh reads so that no start-up sync is needed."""
    with sandbox.kirim.storage.transaction():
        for number in range(ROWS):
            sandbox.kirim.customers.add(f"Toko {number}", status="active")
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        sync(resource)
    return list(Customer.objects.filter(name__startswith="Toko ", status="active").order_by("pk")[:ROWS])


def make_trouble(here: Installation, rows: list[Customer]) -> dict[str, list[str]]:
    """Two of a hundred calls fail: most of them once, so that a repeat helps, and some rows whatever is tried."""
    switches = here.switches
    switches.turn_on(Switch("fail", method="PATCH", path="/customers/*", every=200))
    switches.turn_on(Switch("fail", method="PATCH", path="/customers/cus_*", every=300, after_work=True))
    switches.turn_on(Switch("drop", method="PATCH", path="/customers/*", every=250))
    switches.turn_on(Switch("limit", method="PATCH", path="/customers/*", every=400))
    spread = iter(row.remote_id for row in rows[7 :: ROWS // 16])
    doomed = {kind: list(islice(spread, 2)) for kind in ("lost", "undone", "limited", "wrong", "removed", "archived")}
    for remote_id in doomed["lost"]:
        switches.turn_on(Switch("drop", method="PATCH", path=f"/customers/{remote_id}"))
    for remote_id in doomed["undone"]:
        switches.turn_on(Switch("fail", method="PATCH", path=f"/customers/{remote_id}"))
    for remote_id in doomed["limited"]:
        switches.turn_on(Switch("limit", method="PATCH", path=f"/customers/{remote_id}"))
    for remote_id in doomed["wrong"]:
        switches.turn_on(Switch("fail", method="PATCH", path=f"/customers/{remote_id}", status=422))
    for remote_id in doomed["removed"]:
        here.sandbox.kirim.customers.remove(remote_id)
    Customer.objects.filter(remote_id__in=doomed["archived"]).update(status="archived")
    return doomed


def ended(bulk: BulkAction) -> int:
    close_old_connections()
    return bulk.items.exclude(state__in=[State.WAITING, State.RUNNING]).count()


def wait_until_over(bulk: BulkAction) -> None:
    def is_over() -> bool:
        bulk.refresh_from_db()
        return bulk.is_over

    wait_until(is_over, within_s=WITHIN_S)


def let_a_minute_pass(bulk: BulkAction) -> None:
    """What is in hand now is so for over a minute, as far as the rows tell."""
    minute = timedelta(seconds=70)
    bulk.items.filter(state=State.RUNNING).update(claimed_at=F("claimed_at") - minute)
    in_hand = RemoteWrite.objects.filter(state__in=[RemoteWrite.State.SENT, RemoteWrite.State.PLANNED])
    in_hand.update(sent_at=F("sent_at") - minute, waits_since=F("waits_since") - minute)
    BulkAction.objects.filter(pk=bulk.pk).update(heartbeat_at=timezone.now() - minute)


def test_thousands_are_suspended_though_calls_fail_and_the_worker_is_killed(here: Installation):
    rows = customers_to_suspend(here.sandbox)
    assert len(rows) == ROWS
    doomed = make_trouble(here, rows)
    bulk = frozen(verbs.SUSPEND_CUSTOMER, person("supervisor"), rows)
    here.hand_out(bulk)
    worker = here.start_worker()
    wait_until(lambda: ended(bulk) > ROWS // 5, within_s=WITHIN_S)
    kill(worker)
    in_hand = set(bulk.items.filter(state=State.RUNNING).values_list("remote_id", flat=True))
    assert len(in_hand) <= PROCESSES
    assert ended(bulk) < ROWS
    let_a_minute_pass(bulk)
    here.start_worker()  # and the reaper with it
    wait_until_over(bulk)

    # Every row has an end that is true, whatever happened.
    assert_each_row_tells_the_truth(here, bulk, in_hand)
    states = dict(bulk.items.values_list("remote_id", "state"))
    # A worker that starts looks for what is unknown, so some of these may be settled already.
    assert {states[remote_id] for remote_id in doomed["lost"]} <= {State.UNKNOWN, State.CONFIRMED}
    assert {states[remote_id] for remote_id in doomed["undone"]} <= {State.UNKNOWN, State.FAILED}
    assert {states[remote_id] for remote_id in doomed["limited"]} == {State.FAILED}
    for kind in ("wrong", "removed", "archived"):
        assert {states[remote_id] for remote_id in doomed[kind]} == {State.REFUSED}
    outcome = outcome_of(bulk)
    assert outcome.worst in {State.UNKNOWN, State.FAILED}
    assert outcome.of(State.CONFIRMED) >= ROWS - sum(map(len, doomed.values())) - len(in_hand) - ROWS // 100

    # What is unknown is settled by looking, which sends nothing.
    here.switches.turn_off("fail", "drop", "limit")
    RemoteWrite.objects.filter(state=RemoteWrite.State.UNKNOWN).update(sent_at=F("sent_at") - timedelta(seconds=60))
    sent = here.patches.copy()
    for write in RemoteWrite.objects.filter(state=RemoteWrite.State.UNKNOWN):
        settling.look_for(write, BACKGROUND)
    assert here.patches == sent
    states = dict(bulk.items.values_list("remote_id", "state"))
    assert {states[remote_id] for remote_id in doomed["lost"]} == {State.CONFIRMED}
    assert {states[remote_id] for remote_id in doomed["undone"]} == {State.FAILED}
    assert not bulk.items.filter(state=State.UNKNOWN).exists()

    # 'Retry failed' finishes the rest, as new attempts on the same writes.
    writes = RemoteWrite.objects.count()
    failed = bulk.items.filter(state=State.FAILED).count()
    assert again.retry(bulk, bulk.actor) == failed > 0
    here.hand_out(bulk)
    wait_until_over(bulk)
    refused = {*doomed["wrong"], *doomed["removed"], *doomed["archived"]}
    assert set(bulk.items.exclude(state=State.CONFIRMED).values_list("remote_id", flat=True)) == refused
    assert RemoteWrite.objects.count() == writes
    assert_each_row_tells_the_truth(here, bulk, in_hand)


def assert_each_row_tells_the_truth(here: Installation, bulk: BulkAction, in_hand: set[str]) -> None:
    """Each row ends as its write does, no request went out that is not an attempt, and Kirim is as the rows say."""
    states = dict(bulk.items.values_list("remote_id", "state"))
    assert set(states.values()) <= {State.CONFIRMED, State.REFUSED, State.FAILED, State.UNKNOWN}
    assert dict(RemoteWrite.objects.filter(bulk=bulk).values_list("remote_id", "state")) == states
    counted = WriteAttempt.objects.values_list("write__remote_id").annotate(count=Count("pk"))
    attempts = {remote_id: count for remote_id, count in counted.order_by()}
    differing = {id for id in states if attempts.get(id, 0) != here.patches.get(id, 0)}
    assert differing <= in_hand  # an attempt is written down first, so a kill may leave one that was never sent
    assert all(attempts[id] >= here.patches[id] for id in differing)
    there = {row["id"]: row["status"] for row in here.sandbox.kirim.customers}
    for remote_id, state in states.items():
        if state == State.CONFIRMED:
            assert there[remote_id] == "suspended", remote_id
        elif state == State.FAILED:
            assert there[remote_id] == "active", remote_id
