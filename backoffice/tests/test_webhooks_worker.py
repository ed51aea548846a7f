"""Deliveries from gunicorn to real workers on a real broker: a burst, a killed worker, a broker that is down (FAULTS
50, 55, 66).
"""

import json
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from django.utils import timezone
from standardwebhooks import Webhook

from backoffice.benchmarks.load import Measured, measure, signed_request
from backoffice.models import WebhookDelivery
from backoffice.sandbox.server import listen
from backoffice.tests.factories import RunFactory
from backoffice.tests.signed import SECRET, new_id
from backoffice.tests.test_worker import BROKERS, Installation, broker, here, kill, wait_until
from customers.models import Customer

__all__ = ["broker", "here"]  # fixtures

WITHIN_S = 60  # many times what it takes, for a machine that is busy with something else
URL = "/webhooks/kirim/"
State = WebhookDelivery.State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", BROKERS, ids=lambda url: urlsplit(url).scheme, indirect=True),
]


@pytest.fixture(autouse=True)
def no_sync_at_the_start(here: Installation) -> None:  # noqa: F811
    """So that whatever reaches the mirror came with a delivery."""
    for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
        RunFactory(resource=resource)


@contextmanager
def web(here: Installation, **environment: str) -> Iterator[int]:  # noqa: F811
    """Gunicorn as operations.md starts it; yields its port."""
    with listen(0) as free:
        port = int(free.getsockname()[1])
    command = f"-m gunicorn backoffice.wsgi --workers 2 --threads 4 --bind 127.0.0.1:{port} --log-level error".split()
    env = {**here.environment, "KIRIM_WEBHOOK_SECRET": SECRET, **environment}
    with (here.log.parent / "web.log").open("ab") as log:
        server = subprocess.Popen([sys.executable, *command], env=env, stdout=log, stderr=log)
    try:
        wait_until(lambda: is_up(port), within_s=WITHIN_S)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def is_up(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/healthz").is_success
    except httpx.TransportError:
        return False


def renamed(here: Installation, count: int) -> dict[str, str]:  # noqa: F811
    """Customers that have a new name at Kirim; their names by id."""
    customers = list(here.sandbox.kirim.customers)[:count]
    for number, row in enumerate(customers):
        here.sandbox.kirim.customers.change(row["id"], name=f"Renamed {number}")
    return {row["id"]: f"Renamed {number}" for number, row in enumerate(customers)}


def burst(port: int, customers: dict[str, str], each: int = 1, connections: int = 30) -> Measured:
    """Tell of each customer so often, over that many connections at once."""
    signer = Webhook(SECRET)
    requests = deque(
        signed_request(URL, signer, new_id(), json.dumps({"type": "customer.updated", "data": {"id": id}}))
        for _ in range(each)
        for id in customers
    )
    return measure(port, requests, connections, seconds=WITHIN_S)


def wait_until_all_are(state: str) -> None:
    wait_until(lambda: not WebhookDelivery.objects.exclude(state=state).exists(), within_s=WITHIN_S)


def names(customers: dict[str, str]) -> dict[str, str]:
    return dict(Customer.objects.filter(remote_id__in=customers).values_list("remote_id", "name"))


def test_of_a_burst_of_500_none_is_lost_each_is_answered_within_a_second_and_all_are_processed(
    here: Installation,  # noqa: F811
) -> None:
    customers = renamed(here, 50)
    with web(here) as port:
        measured = burst(port, customers, each=10, connections=100)
        assert (measured.answered, measured.taken) == (500, 500)
        assert measured.longest_s < 1
        assert WebhookDelivery.objects.count() == 500
        here.start_worker()
        wait_until_all_are(State.PROCESSED)
        assert names(customers) == customers
        later = renamed(here, 3)
        burst(port, later)  # now that a worker waits, within seconds
        wait_until_all_are(State.PROCESSED)
    assert WebhookDelivery.objects.count() == 503


def test_what_a_killed_worker_had_in_hand_is_done_by_the_next(here: Installation) -> None:  # noqa: F811
    customers = renamed(here, 40)
    here.slow_down(ms=300)
    with web(here) as port:
        burst(port, customers)
    worker = here.start_worker()
    wait_until(lambda: WebhookDelivery.objects.filter(state=State.PROCESSED).count() >= 3, within_s=WITHIN_S)
    kill(worker)
    left = WebhookDelivery.objects.filter(state=State.RECEIVED)
    assert left.filter(claim__isnull=False).exists()
    left.filter(claim__isnull=False).update(claimed_at=timezone.now() - timedelta(seconds=61))  # a minute later
    here.speed_up()
    here.start_worker()
    wait_until_all_are(State.PROCESSED)
    assert names(customers) == customers


def test_with_the_broker_down_deliveries_are_kept_at_once_and_processed_when_it_is_back(
    here: Installation,  # noqa: F811
) -> None:
    customers = renamed(here, 20)
    with web(here, CELERY_BROKER_URL="redis://127.0.0.1:1/0") as port:
        measured = burst(port, customers, each=5)
        assert measured.taken == 100
        assert measured.longest_s < 1
    assert WebhookDelivery.objects.filter(state=State.RECEIVED).count() == 100
    here.start_worker()
    wait_until_all_are(State.PROCESSED)
    assert names(customers) == customers
