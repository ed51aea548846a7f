"""The embedded broker's messages: a worker never meets one that is half written."""

import threading
from pathlib import Path
from queue import Empty
from typing import Any

import pytest
from kombu import Connection

from backoffice.broker_files import Channel

PUTTERS, EACH = 3, 400


@pytest.fixture
def channel(tmp_path: Path, settings: Any) -> Any:
    options = {"data_folder_in": str(tmp_path), "data_folder_out": str(tmp_path), "control_folder": str(tmp_path)}
    with Connection("filesystem://localhost", transport_options=options) as broker:
        channel = broker.channel()
        assert isinstance(channel, Channel)  # what the name stands for here
        yield channel


def test_a_message_is_taken_whole_however_many_are_put_meanwhile(channel: Any, tmp_path: Path) -> None:
    def put(putter: int) -> None:
        for number in range(EACH):
            channel._put("celery", {"id": [putter, number]})

    putters = [threading.Thread(target=put, args=(putter,)) for putter in range(PUTTERS)]
    for thread in putters:
        thread.start()
    taken = []
    while len(taken) < PUTTERS * EACH:
        try:
            taken.append(channel._get("celery")["id"])
        except Empty:
            assert any(thread.is_alive() for thread in putters) or list(tmp_path.glob("*.msg"))
    for thread in putters:
        thread.join()
    assert sorted(taken) == [[putter, number] for putter in range(PUTTERS) for number in range(EACH)]
    assert list(tmp_path.iterdir()) == []


def test_a_message_cannot_be_taken_before_it_is_written(channel: Any) -> None:
    class Body:
        def __json__(self) -> str:
            with pytest.raises(Empty):
                channel._get("celery")
            return "written"

    channel._put("celery", {"body": Body()})
    assert channel._get("celery") == {"body": "written"}


def test_messages_come_in_the_order_they_were_put(channel: Any) -> None:
    for number in range(3):
        channel._put("celery", {"id": number})
        threading.Event().wait(0.002)
    assert [channel._get("celery")["id"] for _ in range(3)] == [0, 1, 2]
