"""What a remote can do to one call, and what becomes of it (FAULTS 1-16, 24, 34-39)."""

import pickle
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import httpx
import msgspec
import pytest
import time_machine
from django.conf import settings

from backoffice import errors
from backoffice.client import BACKGROUND, CONNECT_TIMEOUT_S, PERSON, Patience, RemoteClient
from backoffice.gate import Breaker, Budget
from backoffice.tests.loopback import head, read_request, serving


class Thing(msgspec.Struct):
    name: str


_opened: list[RemoteClient] = []


@pytest.fixture(autouse=True)
def _close_clients() -> Iterator[None]:
    """Every client that a test opened is closed with it."""
    yield
    while _opened:
        _opened.pop().close()


QUICK = Patience(background=True, tries=3, deadline_s=1.5, total_s=60, longest_wait_s=60)
FINE = httpx.Response(200, json={"name": "fine"})


def client(
    handler: Callable[[httpx.Request], httpx.Response] | None = None,
    base_url: str = "https://remote.example/v1",
    patience: Patience = QUICK,
    breaker: Breaker | None = None,
) -> RemoteClient:
    transport = httpx.MockTransport(handler) if handler else None
    api = RemoteClient(
        base_url, {"Authorization": "Bearer key-1"}, patience=patience, transport=transport, breaker=breaker
    )
    _opened.append(api)
    return api


def read(api: RemoteClient) -> Thing:
    return api.call("GET /things/{id}", Thing, path={"id": "t 1"}).value


class Answers:
    """Gives its answers in turn, the last one for ever; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_a_path_parameter_is_quoted_and_an_empty_one_sends_nothing() -> None:
    answers = Answers(FINE)
    read(client(answers))
    assert answers.requests[0].url.raw_path == b"/v1/things/t%201"
    for bad in ("", ".", ".."):
        with pytest.raises(errors.RemoteRejected):
            client(answers).call("GET /things/{id}", Thing, path={"id": bad})
    assert len(answers.requests) == 1


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(500),
        httpx.Response(502, text="<html>Bad gateway</html>"),
        httpx.Response(503),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("cut"),
        httpx.ConnectError("refused"),
        httpx.Response(429),
    ],
)
def test_a_passing_fault_is_repeated_until_the_answer_comes(fault: httpx.Response | Exception) -> None:
    answers = Answers(fault, fault, FINE)
    assert read(client(answers)).name == "fine"
    assert len(answers.requests) == 3


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (httpx.Response(500), errors.RemoteAnswerLost),
        (httpx.ReadTimeout("slow"), errors.RemoteAnswerLost),
        (httpx.ConnectError("refused"), errors.RemoteNotReached),
        (httpx.Response(429), errors.RemoteLimited),
    ],
)
def test_a_lasting_fault_ends_after_the_last_try(fault: httpx.Response | Exception, kind: type[Exception]) -> None:
    answers = Answers(fault)
    with pytest.raises(kind):
        read(client(answers))
    assert len(answers.requests) == QUICK.tries


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.RemoteRejected),
        (401, errors.RemoteAuthFailed),
        (402, errors.RemoteAuthFailed),
        (403, errors.RemoteAuthFailed),
        (404, errors.RemoteNotFound),
        (410, errors.RemoteNotFound),
        (409, errors.RemoteConflict),
        (422, errors.RemoteRejected),
    ],
)
def test_a_refusal_is_never_repeated(status: int, kind: type[errors.RemoteError]) -> None:
    answers = Answers(httpx.Response(status))
    with pytest.raises(kind) as caught:
        read(client(answers))
    assert len(answers.requests) == 1
    assert caught.value.status == status


def test_retry_after_in_seconds_is_waited_for() -> None:
    answers = Answers(httpx.Response(429, headers={"Retry-After": "1"}), FINE)
    start = time.monotonic()
    assert read(client(answers)).name == "fine"
    assert time.monotonic() - start >= 0.99


def test_retry_after_counts_on_a_503_too() -> None:
    answers = Answers(httpx.Response(503, headers={"Retry-After": "1"}), FINE)
    start = time.monotonic()
    assert read(client(answers)).name == "fine"
    assert time.monotonic() - start >= 0.99


def test_retry_after_as_a_date_is_waited_for_by_our_clock_and_a_past_one_not_at_all() -> None:
    soon = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    start = time.monotonic()
    assert read(client(Answers(httpx.Response(429, headers={"Retry-After": soon}), FINE))).name == "fine"
    assert 0.9 <= time.monotonic() - start <= 3
    past = format_datetime(datetime.now(UTC) - timedelta(days=2), usegmt=True)
    start = time.monotonic()
    assert read(client(Answers(httpx.Response(429, headers={"Retry-After": past}), FINE))).name == "fine"
    assert time.monotonic() - start < 0.5


@pytest.mark.parametrize("patience", [BACKGROUND, PERSON])
def test_a_retry_after_beyond_our_patience_fails_at_once_and_says_when(patience: Patience) -> None:
    answers = Answers(httpx.Response(429, headers={"Retry-After": "3600"}))
    with time_machine.travel(datetime(2026, 11, 25, 12, 0, tzinfo=UTC), tick=False):
        with pytest.raises(errors.RemoteLimited) as caught:
            read(client(answers, patience=patience))
    assert caught.value.retry_at == datetime(2026, 11, 25, 13, 0, tzinfo=UTC)
    assert len(answers.requests) == 1


@pytest.mark.parametrize("header", ["", "soon", "-1", "99999999999999999999", "Thu, 99 Foo 2026 00:00:00 GMT", "1.5"])
def test_an_unreadable_retry_after_is_no_reason_to_fail(header: str) -> None:
    assert read(client(Answers(httpx.Response(429, headers={"Retry-After": header}), FINE))).name == "fine"


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>Sign in</html>"),
        httpx.Response(200, html="<html>Sign in</html>", headers={"Content-Type": "application/json"}),
        httpx.Response(200, content=b'{"name": "fi', headers={"Content-Type": "application/json"}),
        httpx.Response(200, content=b"", headers={"Content-Type": "application/json"}),
        httpx.Response(204),
        httpx.Response(200, json=None),
        httpx.Response(200, json=[{"name": "fine"}]),
        httpx.Response(200, json={"name": 5}),
        httpx.Response(200, content=b'{"name": NaN}', headers={"Content-Type": "application/json"}),
        httpx.Response(200, content=b'\xef\xbb\xbf{"name": "x"}', headers={"Content-Type": "application/json"}),
        httpx.Response(
            200,
            content=b'{"name": "x", "deep": ' + b"[" * 200_000 + b"]" * 200_000 + b"}",
            headers={"Content-Type": "application/json"},
        ),
        httpx.Response(200, content=b'{"name": "fine"}', headers={"Content-Type": "text/html"}),
        httpx.Response(302, headers={"Location": "https://elsewhere.example/"}),
        httpx.Response(307, headers={"Location": "https://elsewhere.example/"}),
    ],
)
def test_an_answer_outside_the_contract_is_an_error_and_not_repeated(answer: httpx.Response) -> None:
    answers = Answers(answer)
    with pytest.raises(errors.RemoteContractError):
        read(client(answers))
    assert len(answers.requests) == 1


def test_a_redirect_is_not_followed_so_no_credential_leaves() -> None:
    answers = Answers(httpx.Response(302, headers={"Location": "https://elsewhere.example/steal"}))
    with pytest.raises(errors.RemoteContractError):
        read(client(answers))
    assert {request.url.host for request in answers.requests} == {"remote.example"}


def test_what_the_remote_says_is_redacted_in_the_error() -> None:
    class Talking(RemoteClient):
        def remote_words(self, body: bytes) -> tuple[str, str]:
            return body.decode(), "req_1"

    api = Talking(
        "https://remote.example/v1",
        {"Authorization": "Bearer key-1"},
        patience=QUICK,
        transport=httpx.MockTransport(
            lambda request: httpx.Response(401, text=f"no such key: {settings.KIRIM_API_KEY}")
        ),
    )
    with pytest.raises(errors.RemoteAuthFailed) as caught:
        read(api)
    assert settings.KIRIM_API_KEY not in str(caught.value)
    assert "no such key" in str(caught.value)


def test_errors_survive_pickling_as_celery_does_it() -> None:
    error = errors.RemoteAnswerLost("GET /things", "answered 500", 500, "req_1")
    again = pickle.loads(pickle.dumps(error))
    assert (again.endpoint, again.reason, again.status, again.request_id) == (
        "GET /things",
        "answered 500",
        500,
        "req_1",
    )


def test_refused_connections_are_told_as_not_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(errors.RemoteNotReached):
        read(client(base_url=f"http://127.0.0.1:{port}/v1"))


def test_a_false_gzip_header_is_a_lost_answer() -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        body = b"this is not gzip"
        connection.sendall(head(len(body)).replace(b"\r\n\r\n", b"\r\nContent-Encoding: gzip\r\n\r\n") + body)

    with serving(behave) as url, pytest.raises(errors.RemoteAnswerLost):
        read(client(base_url=url))


def test_a_cut_body_is_read_again() -> None:
    calls = []

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        calls.append(1)
        body = b'{"name": "fine"}'
        connection.sendall(head(len(body)) + (body[:5] if len(calls) == 1 else body))

    with serving(behave) as url:
        assert read(client(base_url=url)).name == "fine"
    assert len(calls) == 2


@pytest.mark.parametrize("dripping", ["body", "head"])
def test_a_slow_drip_ends_at_the_deadline(dripping: str) -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        answer = head(1000) + b" " * 1000
        start = len(head(1000)) if dripping == "body" else 9
        connection.sendall(answer[:start])
        for byte in answer[start:]:
            time.sleep(0.1)
            connection.sendall(bytes([byte]))

    patience = Patience(background=True, tries=1, deadline_s=1.0, total_s=60, longest_wait_s=1)
    with serving(behave) as url:
        start = time.monotonic()
        with pytest.raises(errors.RemoteAnswerLost):
            read(client(base_url=url, patience=patience))
        assert time.monotonic() - start < 2


def test_giving_up_ends_a_stalled_read_in_another_thread_within_a_second() -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(5)

    patience = Patience(background=True, tries=5, deadline_s=30, total_s=60, longest_wait_s=60)
    with serving(behave) as url:
        api = client(base_url=url, patience=patience)
        failures: list[Exception] = []

        def call() -> None:
            try:
                read(api)
            except errors.RemoteError as error:
                failures.append(error)

        thread = threading.Thread(target=call)
        thread.start()
        time.sleep(0.3)
        start = time.monotonic()
        api.give_up()
        thread.join(3)
        assert time.monotonic() - start < 1.5
        assert failures


def test_all_tries_together_end_within_the_total() -> None:
    def behave(connection: socket.socket) -> None:
        read_request(connection)
        time.sleep(5)

    patience = Patience(background=False, tries=9, deadline_s=0.6, total_s=1.5, longest_wait_s=5)
    with serving(behave) as url:
        start = time.monotonic()
        with pytest.raises(errors.RemoteAnswerLost):
            read(client(base_url=url, patience=patience))
        assert time.monotonic() - start < 2.5


def test_giving_up_ends_a_long_wait_between_repeats() -> None:
    api = client(Answers(httpx.Response(429, headers={"Retry-After": "50"})))
    threading.Timer(0.2, api.give_up).start()
    start = time.monotonic()
    with pytest.raises(errors.RemoteError):
        read(api)
    assert time.monotonic() - start < 2


def test_an_answer_larger_than_the_cap_is_refused_while_it_is_read() -> None:
    sent = []

    def behave(connection: socket.socket) -> None:
        read_request(connection)
        connection.sendall(head(1 << 40))
        chunk = b" " * (1 << 20)
        for _ in range(200):
            connection.sendall(chunk)
            sent.append(1)

    patience = Patience(background=True, tries=1, deadline_s=30, total_s=60, longest_wait_s=1)
    with serving(behave) as url, pytest.raises(errors.RemoteContractError, match="larger than"):
        read(client(base_url=url, patience=patience))
    assert len(sent) < 120


def test_a_certificate_nobody_vouches_for_is_refused_once_and_nothing_is_sent(tmp_path: Path) -> None:
    received: list[bytes] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(tmp_path))
    handshakes = []

    def behave(connection: socket.socket) -> None:
        handshakes.append(1)
        with context.wrap_socket(connection, server_side=True) as secure:
            received.append(secure.recv(1000))

    with serving(behave) as url, pytest.raises(errors.RemoteNotReached, match="certificate"):
        read(client(base_url=url.replace("http://", "https://").replace("127.0.0.1", "localhost")))
    assert not any(received)
    assert len(handshakes) == 1


def self_signed(folder: Path) -> tuple[str, str]:
    """A certificate for localhost that no authority signed."""
    certificate, key = str(folder / "cert.pem"), str(folder / "key.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=localhost"]
        + ["-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
        check=True,
        capture_output=True,
    )
    return certificate, key


def test_five_failed_calls_in_a_row_open_the_breaker_and_one_good_one_closes_it() -> None:
    breaker = Breaker()
    failing = client(Answers(httpx.Response(500)), breaker=breaker)
    for _ in range(5):
        with pytest.raises(errors.RemoteAnswerLost):
            read(failing)
    answers = Answers(FINE)
    with pytest.raises(errors.RemoteNotReached, match="paused until"):
        read(client(answers, breaker=breaker))
    assert not answers.requests
    with time_machine.travel(datetime.now(UTC) + timedelta(seconds=61)):
        assert read(client(answers, breaker=breaker)).name == "fine"
    assert breaker.refusal() is None
    assert breaker.failures == 0


def test_a_refused_key_opens_the_breaker_at_once() -> None:
    breaker = Breaker()
    with pytest.raises(errors.RemoteAuthFailed):
        read(client(Answers(httpx.Response(401)), breaker=breaker))
    assert breaker.refusal() is not None


def test_a_refused_request_says_nothing_about_the_upstream() -> None:
    breaker = Breaker()
    for _ in range(10):
        with pytest.raises(errors.RemoteNotFound):
            read(client(Answers(httpx.Response(404)), breaker=breaker))
    assert breaker.refusal() is None


def test_background_work_takes_seventy_percent_of_the_rate_and_people_go_first() -> None:
    budget = Budget(per_minute=600)
    waits = [budget.wait_s(background=True) for _ in range(4)]
    assert waits == pytest.approx([n * 60 / 420 for n in range(4)], abs=0.02)
    assert budget.wait_s(background=False) == 0


def test_all_calls_together_keep_to_the_rate() -> None:
    budget = Budget(per_minute=60)
    waits = [budget.wait_s(background=False) for _ in range(15)]
    assert waits[:10] == [0] * 10  # saved up while nobody called
    assert waits[10:] == pytest.approx([1, 2, 3, 4, 5], abs=0.05)
    assert Budget(per_minute=0).wait_s(background=True) == 0


def test_a_host_that_drops_every_packet_is_given_up_within_the_connect_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=0) as deaf:
        port = deaf.getsockname()[1]
        queued = [socket.socket() for _ in range(4)]  # fill the queue, so that the kernel answers no further SYN
        for one in queued:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))
        patience = Patience(background=True, tries=1, deadline_s=1.0, total_s=60, longest_wait_s=1)
        start = time.monotonic()
        with pytest.raises(errors.RemoteNotReached):
            read(client(base_url=f"http://127.0.0.1:{port}/v1", patience=patience))
        assert time.monotonic() - start < 3
        for one in queued:
            one.close()
    assert CONNECT_TIMEOUT_S <= 10
