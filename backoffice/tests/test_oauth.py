"""Access tokens for client credentials: kept, renewed early, replaced once when refused, and told to nobody."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backoffice.client import Patience, RemoteClient
from backoffice.errors import RemoteAnswerLost, RemoteAuthFailed, RemoteLimited, RemoteNotReached
from backoffice.gate import Breaker
from backoffice.oauth import ClientCredentials, Credentials

QUICK = Patience(background=True, tries=1, deadline_s=2, total_s=5, longest_wait_s=0)
SECRET = "the-client-secret"


class Remote:
    """An API with a token endpoint. ``good`` is the only token that it takes; each request makes another one."""

    def __init__(self, life_s: Any = 3600, answer: Callable[[], httpx.Response] | None = None) -> None:
        self.life_s, self.answer = life_s, answer
        self.good = ""
        self.asked = 0
        self.bodies: list[bytes] = []
        self.seen: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/base/token":
            self.asked += 1
            self.bodies.append(request.content)
            assert request.url.host == "api.example" and "Authorization" not in request.headers
            time.sleep(0.02)
            if self.answer:
                return self.answer()
            self.good = f"token-{self.asked}"
            return httpx.Response(200, json={"access_token": self.good, "expires_in": self.life_s})
        self.seen.append(request.headers["Authorization"])
        if self.seen[-1] != f"Bearer {self.good}":
            return httpx.Response(401, json={})
        return httpx.Response(200, json={"ok": request.content.decode()})


def credentials(now: Callable[[], float] = time.monotonic) -> Credentials:
    return Credentials("POST /token", {"client_id": "me", "client_secret": SECRET}, now=now)


def client(remote: Remote, known: Credentials, breaker: Breaker | None = None) -> RemoteClient:
    base = "https://api.example/base"
    auth = ClientCredentials(base, known)
    return RemoteClient(base, {}, patience=QUICK, breaker=breaker, transport=httpx.MockTransport(remote), auth=auth)


def test_one_token_serves_all_calls_of_all_clients_and_threads_of_a_process() -> None:
    remote, known = Remote(), credentials()
    with client(remote, known) as one, client(remote, known) as other:
        threads = [threading.Thread(target=one.call, args=("GET /things", dict)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        other.call("GET /things", dict)
    assert remote.asked == 1
    assert remote.seen == ["Bearer token-1"] * 7
    assert b"client_id" in remote.bodies[0] and SECRET.encode() in remote.bodies[0]


@pytest.mark.parametrize(("life_s", "used_s", "renewed"), [(3600, 3530, 1), (3600, 3550, 2), (10, 7, 1), (10, 9, 2)])
def test_a_token_is_renewed_before_it_ends(life_s: int, used_s: int, renewed: int) -> None:
    moments = [1000.0]
    remote = Remote(life_s)
    with client(remote, credentials(lambda: moments[0])) as api:
        api.call("GET /things", dict)
        moments[0] += used_s
        api.call("GET /things", dict)
    assert remote.asked == renewed


@pytest.mark.parametrize("life_s", [None, 0, -5])
def test_a_life_that_is_not_told_is_taken_as_an_hour(life_s: Any) -> None:
    moments = [0.0]
    remote = Remote(life_s)
    with client(remote, credentials(lambda: moments[0])) as api:
        api.call("GET /things", dict)
        moments[0] += 3500
        api.call("GET /things", dict)
    assert remote.asked == 1


def test_a_token_that_ends_in_mid_work_is_replaced_and_the_request_repeated_with_its_body() -> None:
    remote = Remote()
    with client(remote, credentials()) as api:
        api.call("GET /things", dict)
        remote.good = "none of ours"
        assert api.call("POST /search", dict, body={"a": 1}).value == {"ok": '{"a":1}'}
    assert remote.asked == 2
    assert remote.seen == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


def test_a_fresh_token_that_is_refused_too_ends_it_and_pauses_the_upstream() -> None:
    remote, breaker = Remote(), Breaker()

    def refusing(request: httpx.Request) -> httpx.Response:
        return remote(request) if request.url.path == "/base/token" else httpx.Response(401, json={})

    auth = ClientCredentials("https://api.example/base", credentials())
    with RemoteClient(
        "https://api.example/base", {}, patience=QUICK, breaker=breaker, transport=httpx.MockTransport(refusing),
        auth=auth,
    ) as api, pytest.raises(RemoteAuthFailed):  # fmt: skip
        api.call("GET /things", dict)
    assert remote.asked == 2
    assert breaker.key_refused


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (lambda: httpx.Response(400, json={"error": "invalid_client"}), RemoteAuthFailed),
        (lambda: httpx.Response(401, json={}), RemoteAuthFailed),
        (lambda: httpx.Response(403, json={}), RemoteAuthFailed),
        (lambda: httpx.Response(429, json={}, headers={"Retry-After": "5"}), RemoteLimited),
        (lambda: httpx.Response(503, json={}), RemoteNotReached),
        (lambda: httpx.Response(302, headers={"Location": "https://elsewhere.example/"}), RemoteNotReached),
        (lambda: httpx.Response(200, content=b"<html>"), RemoteNotReached),
        (lambda: httpx.Response(200, json={"access_token": ""}), RemoteNotReached),
        (lambda: httpx.Response(200, json={"access_token": "a\r\nX: y"}), RemoteNotReached),
        (lambda: httpx.Response(200, json={"access_token": "a" * 70_000}), RemoteNotReached),
    ],
)
def test_without_a_token_nothing_else_is_sent_and_nothing_secret_is_told(
    answer: Callable[[], httpx.Response], error: type[Exception], caplog: pytest.LogCaptureFixture
) -> None:
    remote, known = Remote(answer=answer), credentials()
    with client(remote, known) as api, pytest.raises(error) as told:
        api.call("GET /things", dict)
    assert remote.seen == []
    for text in (str(told.value), repr(known), caplog.text):
        assert SECRET not in text and "aaaa" not in text


@pytest.mark.parametrize("path", ["/base/token", "/base/things"])
def test_of_an_answer_without_end_only_the_beginning_is_read(path: str) -> None:
    remote, sent = Remote(), 0

    def without_end() -> Iterator[bytes]:
        nonlocal sent
        for _ in range(1000):
            sent += 1
            yield b"a" * 10_000

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != path or sent:
            return remote(request)
        return httpx.Response(200 if path == "/base/token" else 401, content=without_end())

    auth = ClientCredentials("https://api.example/base", credentials())
    with RemoteClient(
        "https://api.example/base", {}, patience=QUICK, transport=httpx.MockTransport(answer), auth=auth
    ) as api:  # fmt: skip
        if path == "/base/token":
            with pytest.raises(RemoteNotReached, match="without an access token"):
                api.call("GET /things", dict)
        assert api.call("GET /things", dict).value == {"ok": ""}
    assert sent == 7


def test_a_write_whose_token_does_not_come_in_time_was_not_sent() -> None:
    def late() -> httpx.Response:
        raise httpx.ReadTimeout("no whole answer in time")

    remote = Remote(answer=late)
    with client(remote, credentials()) as api, pytest.raises(RemoteNotReached) as told:
        api.call("POST /things", dict, body={"a": 1})
    assert remote.seen == []
    assert "no access token" in str(told.value)


def test_an_answer_that_is_lost_after_the_token_came_stays_a_lost_answer() -> None:
    remote = Remote()

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/base/token":
            return remote(request)
        raise httpx.ReadTimeout("no whole answer in time")

    auth = ClientCredentials("https://api.example/base", credentials())
    with RemoteClient(
        "https://api.example/base", {}, patience=QUICK, transport=httpx.MockTransport(answer), auth=auth
    ) as api, pytest.raises(RemoteAnswerLost):  # fmt: skip
        api.call("POST /things", dict, body={"a": 1})


def test_nobody_waits_for_ever_for_the_token_that_another_thread_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backoffice.oauth.WAIT_FOR_OTHERS_S", 0.05)
    remote, known = Remote(), credentials()
    with client(remote, known) as api:
        with known.lock, pytest.raises(RemoteNotReached, match="another thread"):
            api.call("GET /things", dict)
        assert api.call("GET /things", dict).status == 200
    assert remote.asked == 1
