"""A process that is killed between a request and its answer: a real worker finds out what became of the write.

The embedded broker, or Redis where ``CELERY_BROKER_URL`` names one on this machine.
"""

import signal
import subprocess
import sys
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import pytest
from django.db.models import F

from backoffice.models import RemoteWrite, WriteAttempt
from backoffice.sandbox.switches import Switch
from backoffice.tests.test_worker import BROKERS, Installation, broker, here, wait_until
from customers.models import Customer

__all__ = ["broker", "here"]  # fixtures

State = RemoteWrite.State

pytestmark = [
    pytest.mark.slow,
    pytest.mark.django_db(transaction=True),
    pytest.mark.parametrize("broker", BROKERS, ids=lambda url: urlsplit(url).scheme, indirect=True),
]

CREATE = """
import sys
import django
django.setup()
from uuid import UUID
from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import Actor, plan
from customers.verbs.kirim import CREATE_CUSTOMER
actor = Actor(None, RemoteWrite.Door.PAGE)
write, _ = plan(CREATE_CUSTOMER, actor, id=UUID(sys.argv[1]), sends={"name": "Made by one who died"})
carry_out(write, PERSON)
"""


def die_while_sending(here: Installation) -> RemoteWrite:
    """A process of its own plans and sends a create, and is killed before the answer comes."""
    id = uuid4()
    here.sandbox.switches["kirim"].turn_on(Switch("latency", method="POST", ms=1500))
    process = subprocess.Popen([sys.executable, "-c", CREATE, str(id)], env=here.environment)
    wait_until(lambda: WriteAttempt.objects.filter(write=id, outcome="open").exists(), within_s=30)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    write = RemoteWrite.objects.get(pk=id)
    assert write.state == State.SENT
    return write


def a_minute_passes(write: RemoteWrite) -> None:
    RemoteWrite.objects.filter(pk=write.pk).update(sent_at=F("sent_at") - timedelta(seconds=61))


def wait_until_settled(id: UUID) -> RemoteWrite:
    wait_until(lambda: RemoteWrite.objects.get(pk=id).is_over, within_s=60)
    return RemoteWrite.objects.get(pk=id)


def made_there(here: Installation) -> list[str]:
    return [row["id"] for row in here.sandbox.kirim.customers if row["name"] == "Made by one who died"]


def test_what_the_remote_did_after_all_is_found_and_not_done_twice(here: Installation) -> None:
    write = die_while_sending(here)
    wait_until(lambda: bool(made_there(here)), within_s=10)
    a_minute_passes(write)
    here.start_worker()
    settled = wait_until_settled(write.pk)
    assert (settled.state, [settled.remote_id]) == (State.CONFIRMED, made_there(here))
    assert Customer.objects.get(remote_id=settled.remote_id).name == "Made by one who died"
    assert settled.attempts.get().outcome == WriteAttempt.Outcome.LOST
    assert not RemoteWrite.objects.filter(state=State.SENT).exists()


def test_what_the_remote_never_did_is_proven_absent_and_can_be_sent_again(here: Installation) -> None:
    here.sandbox.switches["kirim"].turn_on(Switch("fail", method="POST", status=500))
    write = die_while_sending(here)
    a_minute_passes(write)
    here.start_worker()
    settled = wait_until_settled(write.pk)
    assert (settled.state, made_there(here)) == (State.FAILED, [])
    assert settled.attempts.count() == 1  # looking sends nothing
    assert not RemoteWrite.objects.filter(state=State.SENT).exists()
