"""From a change at the upstream to the mirror, as in production: a served sandbox, gunicorn, a broker and a worker."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from django.conf import settings as installation

from backoffice.models import RowChange, WebhookDelivery
from backoffice.sandbox import Sandbox, Switch
from backoffice.sandbox.courier import Courier
from backoffice.sandbox.kirim.assumptions import EVENTS
from backoffice.sandbox.server import listen
from backoffice.sync import engine, runs
from backoffice.tests.shell import KEY, LiveSandbox, database_url, live_sandbox, mirrored

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

CUSTOMERS, CHANGES = 60, 500
SECRET = "whsec_c2VjcmV0LW9mLTMyLWJ5dGVzLWZvci10aGUtdGVzdHM="
State = WebhookDelivery.State


@dataclass
class Installation:
    """A web process and a worker on the test's database, told of changes by a Kirim on a loopback port."""

    live: LiveSandbox
    url: str
    log: Path

    @property
    def sandbox(self) -> Sandbox:
        return self.live.sandbox

    def wait_until(self, holds: Callable[[], object], what: str, within_s: float = 90) -> None:
        ends = time.monotonic() + within_s
        while not holds():
            assert time.monotonic() < ends, f"{what} did not come: {self.log.read_text()[-3000:]}"
            time.sleep(0.1)

    def wait_until_told(self, count: int) -> None:
        self.wait_until(lambda: not self.sandbox.kirim.events.pending(), "the end of the deliveries")
        waiting = WebhookDelivery.objects.exclude(state=State.PROCESSED)
        self.wait_until(lambda: not waiting.exists(), "the end of the processing")
        assert WebhookDelivery.objects.count() == count


@pytest.fixture
def installed(tmp_path: Path, settings: Any) -> Iterator[Installation]:
    log = tmp_path / "log"
    with live_sandbox(tmp_path, customers=CUSTOMERS) as live, listen(0) as port, log.open("ab") as output:
        live.mirror(settings)
        assert mirrored() == live.state()
        url = f"http://127.0.0.1:{port.getsockname()[1]}"
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "BACKOFFICE_IN_DEMO": "1",  # so that no .env of the machine counts
            "DATA_DIR": str(tmp_path),
            "DATABASE_URL": database_url(),
            "SECRET_KEY": installation.SECRET_KEY,
            "CELERY_BROKER_URL": "filesystem://localhost",
            "CELERY_TASK_ALWAYS_EAGER": "False",
            "KIRIM_BASE_URL": settings.KIRIM_BASE_URL,
            "KIRIM_API_KEY": KEY,
            "KIRIM_WEBHOOK_SECRET": SECRET,
        }
        commands = [
            ["gunicorn", "backoffice.wsgi", "--bind", f"fd://{port.fileno()}", "--workers", "2", "--threads", "4"],
            *["celery -A backoffice worker -c 2 --without-gossip --without-mingle -l WARNING".split()],
        ]
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env=environment,
                stdout=output,
                stderr=output,
                pass_fds=[port.fileno()],
                start_new_session=True,
            )
            for command in commands
        ]
        try:
            made = Installation(live, url, log)
            made.wait_until(lambda: is_up(url), "the web process")
            live.sandbox.kirim.subscriptions.keep(f"{url}/webhooks/kirim/", sorted(EVENTS), "ours", SECRET)
            with Courier(live.sandbox.kirim.events):
                yield made
        finally:
            for process in processes:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
    assert "Traceback" not in log.read_text()


def is_up(url: str) -> bool:
    try:
        return httpx.get(f"{url}/healthz", timeout=1).status_code == 200
    except httpx.HTTPError:
        return False


def change(sandbox: Sandbox, count: int) -> int:
    """So many changes, of every kind that Kirim tells of, as fast as they come; how many events they make."""
    rng, kirim, events = Random(5), sandbox.kirim, 0
    existing = [row["id"] for row in kirim.customers if row["status"] == "active"]
    for number in range(count):
        kind = rng.choice(["rename"] * 6 + ["new", "link", "onboard", "archive"])
        if kind == "rename":
            kirim.customers.change(rng.choice(existing), name=f"Renamed {number}")
            events += 1
        elif kind == "new":
            existing.append(kirim.customers.add(f"New {number}", email=f"new{number}@shop.example")["id"])
            events += 1
        elif kind == "link":
            kirim.links.add(rng.choice(existing))
            events += 1
        elif kind == "onboard":
            customer = kirim.customers.add(f"Onboarded {number}")
            kirim.complete_onboarding(kirim.links.add(customer["id"])["id"])
            events += 5  # created, link created, link consumed, updated, onboarded
        else:
            gone = kirim.customers.add(f"Archived {number}")
            kirim.customers.archive(gone["id"])
            events += 2
    return events


@pytest.mark.parametrize("trouble", [[], ["redeliver", "shuffle"]], ids=["as a rule", "repeated and in disorder"])
def test_a_burst_is_mirrored_exactly_and_none_of_it_is_lost(installed: Installation, trouble: list[str]) -> None:
    for kind in trouble:
        installed.sandbox.switches["kirim"].turn_on(Switch(kind))
    events = change(installed.sandbox, CHANGES)
    assert events > CHANGES
    installed.wait_until_told(events)
    assert mirrored() == installed.live.state()
    causes = RowChange.objects.filter(changed_at__gte=WebhookDelivery.objects.earliest("pk").received_at)
    assert causes.exists() and not causes.filter(delivery=None).exists()


def test_what_came_while_nobody_listened_is_delivered_later_and_what_was_lost_is_found_by_a_sweep(
    installed: Installation,
) -> None:
    kirim = installed.sandbox.kirim
    customer = next(row["id"] for row in kirim.customers if row["status"] == "active")
    kirim.subscriptions.keep("http://127.0.0.1:1/", sorted(EVENTS), "ours", SECRET)
    kirim.customers.change(customer, name="While it was away")
    installed.wait_until(lambda: any(row["tries"] for row in kirim.events.pending()), "a try in vain")
    kirim.subscriptions.keep(f"{installed.url}/webhooks/kirim/", sorted(EVENTS), "ours", SECRET)
    installed.wait_until_told(1)
    assert mirrored() == installed.live.state()

    installed.sandbox.switches["kirim"].turn_on(Switch("lose"))
    kirim.customers.change(customer, name="Never told")
    installed.wait_until(lambda: not kirim.events.pending(), "the loss")
    assert mirrored() != installed.live.state()
    run = engine.carry_out(runs.queue("kirim.customers", trigger="command"))
    assert (run.state, run.updated) == ("succeeded", 1)
    assert mirrored() == installed.live.state()
    assert RowChange.objects.filter(run=run, member="name").count() == 1
