"""Real workers in processes of their own, on a real broker, against a sandbox on a loopback port.

The embedded broker, or Redis where ``CELERY_BROKER_URL`` names one on this machine: CI runs the suite with each.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote, urlsplit

import pytest
import redis
from django.conf import settings
from django.db import connection

from backoffice.models import SyncRun
from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.server import LoopbackServer, listen
from backoffice.sandbox.switches import Switch
from backoffice.sync import runs
from customers.models import Customer

CUSTOMERS = 1500
PROCESSES = 2  # of a worker
SUITE_BROKER = settings.CELERY_BROKER_URL
IS_LOCAL_REDIS = SUITE_BROKER.startswith("redis:") and urlsplit(SUITE_BROKER).hostname in {"127.0.0.1", "localhost"}
BROKERS = [SUITE_BROKER if IS_LOCAL_REDIS else "filesystem://localhost"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", BROKERS, ids=lambda url: urlsplit(url).scheme, indirect=True),
]


@dataclass
class Installation:
    """A sandbox, a broker and the suite's database, and the workers that were started on them."""

    sandbox: Sandbox
    environment: dict[str, str]
    log: Path
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    level: ClassVar[str] = "WARNING"  # of what a worker logs

    def start_worker(self) -> "subprocess.Popen[bytes]":
        command = (
            f"-m celery -A backoffice worker -c {PROCESSES} --without-gossip --without-mingle -l {self.level}".split()
        )
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                [sys.executable, *command], env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.workers.append(worker)
        return worker

    def enqueue(self, run: SyncRun, times: int = 1) -> None:
        """From a process that ends at once: the message must outlive it."""
        code = (
            "import django; django.setup(); from backoffice.tasks import carry_out_run\n"
            f"for _ in range({times}): carry_out_run.delay({run.pk})"
        )
        subprocess.run([sys.executable, "-c", code], env=self.environment, check=True, timeout=30)

    def slow_down(self, ms: int) -> None:
        self.sandbox.switches["kirim"].turn_on(Switch("latency", ms=ms, path="/customers"))

    def speed_up(self) -> None:
        self.sandbox.switches["kirim"].turn_off("latency")

    def assert_customers_are_exact(self) -> None:
        there = {row["id"]: row["name"] for row in self.sandbox.kirim.storage.select("customers")}
        assert dict(Customer.objects.filter(vanished_at=None).values_list("remote_id", "name")) == there
        assert len(there) == CUSTOMERS


@pytest.fixture
def broker(request: pytest.FixtureRequest) -> Iterator[str]:
    """A broker without a message."""
    url: str = request.param

    def clear() -> None:
        if url.startswith("redis:"):
            with redis.Redis.from_url(url) as client:
                client.delete("celery", "unacked", "unacked_index", "unacked_mutex")

    clear()
    yield url
    clear()


@pytest.fixture
def here(broker: str, transactional_db: None, tmp_path: Path) -> Iterator[Installation]:
    with Sandbox(customers=CUSTOMERS) as sandbox, listen(0) as listening:
        server = LoopbackServer(listening, sandbox.wsgi)
        server.start()
        environment = environment_of(sandbox, server.port, broker, tmp_path)
        installation = Installation(sandbox, environment, tmp_path / "worker.log")
        yield installation
        for worker in installation.workers:
            kill(worker)
        server.stop()
    assert "Traceback" not in installation.log.read_text()


def environment_of(sandbox: Sandbox, port: int, broker: str, data_dir: Path) -> dict[str, str]:
    """Of the processes of an installation on the suite's database, whose sandbox listens on ``port``."""
    return {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "backoffice.settings",
        "BACKOFFICE_IN_DEMO": "1",  # so that no .env of the machine counts
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": database_url(),
        "CELERY_BROKER_URL": broker,
        "SECRET_KEY": "a-key-for-the-worker" * 3,
        "KIRIM_BASE_URL": f"http://127.0.0.1:{port}{KIRIM_PATH}",
        "KIRIM_API_KEY": sandbox.kirim_api_key,
    }


def database_url() -> str:
    """The suite's own test database, for another process."""
    to = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{to['NAME']}"
    who = ":".join(quote(str(part), safe="") for part in (to["USER"], to["PASSWORD"]) if part)
    return f"postgres://{who}@{to['HOST']}:{to['PORT'] or 5432}/{to['NAME']}"


def kill(worker: "subprocess.Popen[bytes]") -> None:
    """What the supervisor, or a container's end, does to a worker and its pool."""
    try:
        os.killpg(worker.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    worker.wait()


def wait_until(holds: Callable[[], bool], within_s: float) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.05)


def wait_until_in_the_middle(run: SyncRun) -> None:
    def is_in_the_middle() -> bool:
        run.refresh_from_db()
        assert not run.is_over, f"it ended too early: {run.state} {run.error}"
        return run.state == SyncRun.State.RUNNING and 0 < run.fetched < CUSTOMERS

    wait_until(is_in_the_middle, within_s=20)


def wait_until_over(run: SyncRun, within_s: float = 20) -> None:
    def is_over() -> bool:
        run.refresh_from_db()
        return run.is_over

    wait_until(is_over, within_s)


def test_a_run_enqueued_by_one_process_is_carried_out_once_by_another(here: Installation):
    run = runs.queue("kirim.customers", trigger="command")
    here.enqueue(run, times=2)  # as a broker does that takes a long task for lost
    here.start_worker()
    wait_until_over(run)
    assert (run.state, run.fetched, run.created) == (SyncRun.State.SUCCEEDED, CUSTOMERS, CUSTOMERS)
    here.assert_customers_are_exact()
    assert list(SyncRun.objects.filter(resource="kirim.customers")) == [run]


def test_after_a_kill_in_the_middle_the_next_worker_ends_exact(here: Installation):
    here.slow_down(ms=700)
    run = runs.queue("kirim.customers", trigger="command")
    here.enqueue(run)
    worker = here.start_worker()
    wait_until_in_the_middle(run)
    kill(worker)
    here.speed_up()
    here.start_worker()
    wait_until_over(run)
    assert run.state == SyncRun.State.INTERRUPTED
    wait_until(lambda: SyncRun.objects.filter(resumes=run, state=SyncRun.State.SUCCEEDED).exists(), within_s=20)
    here.assert_customers_are_exact()
    assert not SyncRun.objects.filter(resource="kirim.customers", state=SyncRun.State.RUNNING).exists()


def test_a_worker_told_to_end_interrupts_its_run_within_15_seconds_and_the_next_goes_on(here: Installation):
    here.slow_down(ms=1000)
    run = runs.queue("kirim.customers", trigger="command")
    here.enqueue(run)
    worker = here.start_worker()
    wait_until_in_the_middle(run)
    worker.terminate()
    worker.wait(12)  # the supervisor gives it 14 s
    run.refresh_from_db()
    assert run.state == SyncRun.State.INTERRUPTED
    assert run.checkpoint
    here.speed_up()
    here.start_worker()
    wait_until(lambda: SyncRun.objects.filter(resumes=run, state=SyncRun.State.SUCCEEDED).exists(), within_s=20)
    here.assert_customers_are_exact()
