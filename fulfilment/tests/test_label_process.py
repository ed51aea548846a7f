"""A label requested by one process, followed by real workers of which one is killed (FAULTS 50, 61).

The embedded broker, or Redis where ``CELERY_BROKER_URL`` names one on this machine.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from backoffice.sandbox import AFOSTO_PATH
from backoffice.sandbox.server import LoopbackServer, listen
from backoffice.tests.test_worker import BROKERS, Installation, broker, environment_of, kill, wait_until
from fulfilment.models import LabelJob, Parcel
from fulfilment.tests.parcel_writes import Packing
from fulfilment.tests.syncing import upstream

__all__ = ["broker"]  # a fixture

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", BROKERS, ids=lambda url: urlsplit(url).scheme, indirect=True),
]
FOLLOW = """
import django
django.setup()
from fulfilment.tasks import follow_labels
for _ in range(2): follow_labels.delay()
"""


@pytest.fixture
def packing(settings: Any, transactional_db: None) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Packing.of(there)


@pytest.fixture
def here(packing: Packing, broker: str, tmp_path: Path) -> Iterator[Installation]:
    sandbox = packing.there.sandbox
    with listen(0) as listening:
        server = LoopbackServer(listening, sandbox.wsgi)
        server.start()
        environment = {
            **environment_of(sandbox, server.port, broker, tmp_path),
            "AFOSTO_BASE_URL": f"http://127.0.0.1:{server.port}{AFOSTO_PATH}",
            "AFOSTO_CLIENT_ID": sandbox.afosto_client_id,
            "AFOSTO_CLIENT_SECRET": sandbox.afosto_client_secret,
        }
        installation = Installation(sandbox, environment, tmp_path / "worker.log")
        yield installation
        for worker in installation.workers:
            kill(worker)
        server.stop()
    assert "Traceback" not in installation.log.read_text()


def run(here: Installation, *argv: str) -> None:
    subprocess.run([sys.executable, *argv], env=here.environment, check=True, timeout=60)


def test_a_label_outlives_the_process_that_asked_and_the_worker_that_followed(
    here: Installation, packing: Packing
) -> None:
    packing.there.afosto.label_takes_s = 600
    worker = here.start_worker()
    run(here, "manage.py", "parcel", "label", packing.packed)
    wait_until(lambda: LabelJob.objects.get().polls > 0, within_s=30)  # from the message: nothing else asks here
    kill(worker)
    assert LabelJob.objects.get().state == LabelJob.State.PENDING
    packing.there.afosto.finish_tasks()
    LabelJob.objects.update(next_poll_at=timezone.now())  # as time does
    here.start_worker()
    run(here, "-c", FOLLOW)  # as the schedule does, whose messages may come twice
    wait_until(lambda: LabelJob.objects.get().state == LabelJob.State.READY, within_s=30)
    assert Parcel.objects.get(remote_id=packing.packed).label_file_id == LabelJob.objects.get().file_id
    assert len(packing.there.afosto.purchases) == 1
