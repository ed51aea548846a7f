"""What a remote can do to one write, which of it may be repeated, and what is recorded of it (FAULTS 56, 60)."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import httpx
import msgspec
import pytest

from backoffice import errors
from backoffice.client import BACKGROUND, PERSON, WRITE_TOTAL_S, Patience, RemoteClient, Repeats
from backoffice.gate import Budget
from backoffice.tests.loopback import read_request, serving
from backoffice.tests.test_client import Answers

TOKEN = "mock-token-aB3dE5fG7hJ9kLmNx7Qd"
QUICK = Patience(background=True, tries=3, deadline_s=1.0, total_s=60, longest_wait_s=60)
FINE = httpx.Response(200, json={"name": "fine", "request_id": "req_1"})


class Thing(msgspec.Struct):
    name: str
    request_id: str = ""


class Recorded:
    """What a write is told of its requests."""

    def __init__(self, refuse_from: int = 99) -> None:
        self.begun = 0
        self.ended: list[tuple[type[Any] | None, int | None, str]] = []
        self._refuse_from = refuse_from

    def begin(self) -> None:
        if self.begun + 1 >= self._refuse_from:
            raise errors.WriteIsSettled("settled meanwhile")
        self.begun += 1

    def end(self, error: errors.RemoteError | None, status: int | None, request_id: str) -> None:
        self.ended.append((type(error) if error else None, status, request_id))


@pytest.fixture
def client() -> Iterator[Callable[..., RemoteClient]]:
    opened: list[RemoteClient] = []

    def open_one(handler: Any = None, patience: Patience = QUICK, **options: Any) -> RemoteClient:
        transport = httpx.MockTransport(handler) if handler else None
        url = options.pop("base_url", "https://remote.example/v1")
        opened.append(RemoteClient(url, {}, patience=patience, transport=transport, **options))
        return opened[-1]

    yield open_one
    for api in opened:
        api.close()


def create(
    api: RemoteClient, attempts: Recorded, repeats: Repeats = Repeats.ONLY_WHEN_LIMITED, **options: Any
) -> Thing:
    body = {"name": "fine"}
    return api.send("POST /things", Thing, attempts=attempts, repeats=repeats, body=body, **options).value


def test_a_write_carries_json_and_each_request_is_told_before_and_after(client: Callable[..., RemoteClient]) -> None:
    answers, attempts = Answers(FINE), Recorded()
    assert create(client(answers), attempts).name == "fine"
    request = answers.requests[0]
    assert (request.method, request.content) == ("POST", b'{"name":"fine"}')
    assert request.headers["Content-Type"] == "application/json"
    assert (attempts.begun, attempts.ended) == (1, [(None, 200, "req_1")])


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(500),
        httpx.Response(503, headers={"Retry-After": "0"}),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.ConnectError("refused"),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(200, text="<html>"),
    ],
)
def test_a_create_is_sent_once_whatever_becomes_of_it(
    client: Callable[..., RemoteClient], fault: httpx.Response | Exception
) -> None:
    answers, attempts = Answers(fault), Recorded()
    with pytest.raises(errors.RemoteError):
        create(client(answers), attempts)
    assert len(answers.requests) == attempts.begun == len(attempts.ended) == 1


def test_a_create_is_repeated_after_429_only(client: Callable[..., RemoteClient]) -> None:
    answers, attempts = (
        Answers(httpx.Response(429), httpx.Response(429, headers={"Retry-After": "0"}), FINE),
        Recorded(),
    )
    create(client(answers), attempts)
    assert [told[0] for told in attempts.ended] == [errors.RemoteLimited, errors.RemoteLimited, None]


def test_what_is_safe_is_repeated_until_it_is_answered(client: Callable[..., RemoteClient]) -> None:
    answers, attempts = Answers(httpx.ReadTimeout("slow"), httpx.Response(500), FINE), Recorded()
    create(client(answers), attempts, Repeats.SAFE)
    assert attempts.begun == 3


def test_no_request_goes_out_once_the_write_was_settled_elsewhere(client: Callable[..., RemoteClient]) -> None:
    answers, attempts = Answers(httpx.Response(500)), Recorded(refuse_from=2)
    with pytest.raises(errors.WriteIsSettled):
        create(client(answers), attempts, Repeats.SAFE)
    assert len(answers.requests) == 1


@pytest.mark.parametrize(("patience", "longest_s"), [(PERSON, 5), (BACKGROUND, 20)])
def test_a_longer_retry_after_than_the_caller_waits_fails_at_once(
    client: Callable[..., RemoteClient], patience: Patience, longest_s: int
) -> None:
    answers = Answers(httpx.Response(429, headers={"Retry-After": str(longest_s + 2)}))
    before = time.monotonic()
    with pytest.raises(errors.RemoteLimited) as caught:
        create(client(answers, patience), Recorded())
    assert time.monotonic() - before < 1
    assert caught.value.retry_at is not None


def test_a_write_may_take_45_seconds_at_most_whoever_waits() -> None:
    for patience in (PERSON, BACKGROUND):
        writing = patience.for_writing()
        assert writing.total_s <= WRITE_TOTAL_S
        assert writing.deadline_s <= WRITE_TOTAL_S
        assert writing.longest_wait_s <= 20


def test_a_place_in_our_budget_that_comes_too_late_sends_nothing(client: Callable[..., RemoteClient]) -> None:
    budget = Budget(per_minute=1)
    budget.wait_s(background=True)
    answers, attempts = Answers(FINE), Recorded()
    hasty = Patience(background=True, tries=1, deadline_s=1, total_s=1, longest_wait_s=1)
    with pytest.raises(errors.RemoteNotReached, match="budget"):
        create(client(answers, hasty, budget=budget), attempts)
    assert (answers.requests, attempts.begun) == ([], 0)


def test_a_dripping_answer_ends_at_the_deadline_as_lost(client: Callable[..., RemoteClient]) -> None:
    def drip(connection: Any) -> None:
        read_request(connection)
        with closing(connection):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n")
            for _ in range(50):
                connection.sendall(b" ")
                time.sleep(0.1)

    attempts = Recorded()
    with serving(drip) as url:
        before = time.monotonic()
        with pytest.raises(errors.RemoteAnswerLost):
            create(client(base_url=url), attempts)
    assert time.monotonic() - before < 3
    assert attempts.ended[0][0] is errors.RemoteAnswerLost


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(200, json={"setup_url": f"https://connect.example/s/{TOKEN}"}),
        httpx.Response(200, text=f"<html>{TOKEN}"),
        httpx.Response(500, json={"error": {"code": "x", "message": TOKEN}}),
        httpx.Response(302, headers={"Location": f"https://connect.example/s/{TOKEN}"}),
    ],
)
def test_nothing_of_an_answer_that_may_hold_a_secret_is_logged_or_quoted(
    client: Callable[..., RemoteClient], fault: httpx.Response, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(errors.RemoteError) as caught:
        create(client(Answers(fault)), Recorded(), is_secret=True)
    assert TOKEN not in caplog.text
    assert TOKEN not in str(caught.value)
