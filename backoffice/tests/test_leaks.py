"""What must be nowhere: keys in any table, pickled messages in the workers (FAULTS 38, 69, 75)."""

import pickle
from typing import Any

import httpx
import pytest
from kombu.exceptions import ContentDisallowed
from kombu.serialization import loads

from backoffice.celery import app
from backoffice.tests.everywhere import every_table
from customers.tests.kirim import FakeKirim, customer, refusal, setup_link, sync

TOKEN = "mock-token-aB3dE5fG7hJ9kLmNx7Qd"


@pytest.mark.django_db
def test_the_key_stands_in_no_table_whatever_the_remote_echoes(kirim: FakeKirim, settings: Any) -> None:
    key = settings.KIRIM_API_KEY
    kirim.customers = [customer(1, name=5, echo=key), customer(2)]
    sync()
    for fault in (
        refusal(401, "unauthorized", f"no such key {key}"),
        httpx.Response(200, text=f"<html>{key}</html>"),
        httpx.Response(500, text=key),
        httpx.ConnectError(f"cannot reach {key}"),
    ):

        def mischief(request: httpx.Request, fault: Any = fault) -> httpx.Response:
            if isinstance(fault, Exception):
                raise fault
            return fault  # type: ignore[no-any-return]

        kirim.mischief = mischief
        sync()
    assert key not in every_table()


@pytest.mark.django_db
def test_a_setup_token_that_a_list_lets_slip_stands_in_no_table(kirim: FakeKirim) -> None:
    kirim.customers = [customer(1), customer(2)]
    sync()
    for n, row in enumerate(kirim.customers):
        link = setup_link(n, row["id"], token=TOKEN, setup_url=f"https://connect.kirim.example/s/{TOKEN}")
        kirim.links[row["id"]] = [link | {"expires_at": "never"} if n else link, [TOKEN], TOKEN]
    sync("kirim.setup_links")
    assert TOKEN not in every_table()


def test_only_json_is_accepted_from_the_broker() -> None:
    assert app.conf.accept_content == ["json"]
    message = pickle.dumps({"task": "backoffice.tasks.reap"})
    with pytest.raises(ContentDisallowed):
        loads(message, "application/x-python-serialize", "binary", accept=app.conf.accept_content)
