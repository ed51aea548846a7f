"""RemoteClient: the only way out. Origin, key, time, size, repeats and redaction are decided here, once."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ssl import SSLError
from time import monotonic
from typing import Generic, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
import structlog
import tenacity
from django.conf import settings
from django.utils import timezone

from backoffice.errors import (
    RemoteAnswerLost,
    RemoteAuthFailed,
    RemoteConflict,
    RemoteContractError,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteNotReached,
    RemoteRejected,
    RemoteUnavailable,
)
from backoffice.gate import Breaker, Budget
from backoffice.logs import redact
from backoffice.records import clean_json
from backoffice.transport import Deadline, DeadlineTransport, read_at_most

A = TypeVar("A")
log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
EXCERPT_READ = 4096
MAX_ANSWER_BYTES = 64 * 1024 * 1024
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)

_ERRORS: dict[int, type[RemoteError]] = {
    401: RemoteAuthFailed,
    402: RemoteAuthFailed,
    403: RemoteAuthFailed,
    404: RemoteNotFound,
    409: RemoteConflict,
    410: RemoteNotFound,
    429: RemoteLimited,
}


@dataclass(frozen=True)
class Patience:
    """How long a caller can wait: a person in front of a page, or work in the background."""

    background: bool
    tries: int
    deadline_s: float  # for one try, from its first byte to the last
    total_s: float  # for all tries, with what is waited between them
    longest_wait_s: float  # a longer Retry-After is not slept through: the call fails with ``retry_at``


PERSON = Patience(background=False, tries=3, deadline_s=8, total_s=12, longest_wait_s=5)
BACKGROUND = Patience(background=True, tries=5, deadline_s=60, total_s=600, longest_wait_s=60)


@dataclass(frozen=True)
class Answer(Generic[A]):
    """A decoded answer, and when its request was sent by our clock: that orders the bodies of one object."""

    value: A
    sent_at: datetime


@dataclass(frozen=True)
class Page:
    """One page of a list, its rows still JSON so that one bad row is one bad row."""

    rows: list[bytes]
    next_cursor: str | None
    is_last: bool  # the remote stated the end
    sent_at: datetime


class RemoteClient:
    """One remote API. Subclasses add a method per endpoint and return records, never raw JSON.

    A context manager: leaving it closes the connections. Threads may share a client. Create it after any fork.
    Redirects are not followed and credentials go to ``base_url``'s origin only.
    """

    def __init__(
        self,
        base_url: str,
        headers: Mapping[str, str],
        *,
        patience: Patience,
        budget: Budget | None = None,
        breaker: Breaker | None = None,
        keep_breaker: Callable[[Breaker], None] = lambda breaker: None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._deadline = Deadline()
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **headers},
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            transport=transport or DeadlineTransport(self._deadline, LIMITS),
            follow_redirects=False,
            trust_env=False,
        )
        self._patience = patience
        self._budget = budget or Budget(per_minute=0)
        self.breaker = breaker or Breaker()
        self._keep_breaker = keep_breaker

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Give up what is under way in other threads, close the connections, hand over what the breaker has learned."""
        self.give_up()
        self._http.close()
        self._keep_breaker(self.breaker)

    def give_up(self) -> None:
        """End all waiting and reading of this client, in every thread, within a second."""
        self._deadline.given_up.set()

    def call(
        self,
        endpoint: str,
        answer: type[A],
        *,
        path: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer[A]:
        """Read ``endpoint`` ("GET /customers/{id}") and decode the answer.

        Repeated on network errors, 429 and 5xx as often as the caller's patience allows, with growing waits and full
        jitter, or as long as ``Retry-After`` says. Raises RemoteError, nothing else.
        """
        refusal = self.breaker.refusal()
        if refusal:
            raise RemoteNotReached(endpoint, refusal)
        try:
            ends_at = monotonic() + self._patience.total_s
            value = self._repeating()(self._once, endpoint, answer, path or {}, params or {}, ends_at)
        except RemoteError as error:
            self.breaker.failed(error)
            raise
        self.breaker.succeeded()
        return value

    def remote_words(self, body: bytes) -> tuple[str, str]:
        """The remote's own sentence and its reference in an error's body; empty where it has none we can read."""
        return "", ""

    def _repeating(self) -> tenacity.Retrying:
        given_up = self._deadline.given_up
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(self._is_worth_repeating),
            wait=_wait_s,
            stop=tenacity.stop_after_attempt(self._patience.tries)
            | tenacity.stop_before_delay(self._patience.total_s)
            | tenacity.stop_when_event_set(given_up),
            sleep=tenacity.sleep_using_event(given_up),
            reraise=True,
        )

    def _is_worth_repeating(self, error: BaseException) -> bool:
        if isinstance(error, RemoteNotReached):
            return not error.tls
        if isinstance(error, RemoteUnavailable) and error.retry_at:
            return error.retry_at - timezone.now() <= timedelta(seconds=self._patience.longest_wait_s)
        return isinstance(error, RemoteUnavailable)

    def _once(
        self, endpoint: str, answer: type[A], path: Mapping[str, str], params: Mapping[str, str], ends_at: float
    ) -> Answer[A]:
        self._keep_to_budget(endpoint)
        method, template = endpoint.split(" ", 1)
        url = template.format_map({name: _quoted(endpoint, value) for name, value in path.items()})
        self._deadline.start(min(self._patience.deadline_s, ends_at - monotonic()))
        sent_at = timezone.now()
        with _told_as_remote_errors(endpoint), self._http.stream(method, url, params=dict(params)) as response:
            encoding = response.headers.get("Content-Encoding", "identity").lower()
            if encoding not in {"identity", "gzip"}:  # others may unpack a kilobyte to gigabytes in one step
                raise ValueError(f"the answer is packed as {encoding[:20]!r}, which nobody asked for")
            body = read_at_most(response.iter_bytes(), MAX_ANSWER_BYTES, self._deadline)
        if not response.is_success:
            raise self._error_for(endpoint, response, body)
        return Answer(_decode(endpoint, response, body, answer), sent_at)

    def _keep_to_budget(self, endpoint: str) -> None:
        wait_s = self._budget.wait_s(self._patience.background)
        if self._deadline.given_up.wait(wait_s) if wait_s > 0 else self._deadline.given_up.is_set():
            raise RemoteNotReached(endpoint, "given up")

    def _error_for(self, endpoint: str, response: httpx.Response, body: bytes) -> RemoteError:
        status = response.status_code
        words, request_id = (redact(text)[:200] for text in self.remote_words(body))
        say = log.debug if status == 404 else log.info  # confirming what is gone asks for many that are not there
        say("remote refused", endpoint=endpoint, status=status, request_id=request_id, body=_excerpt(body))
        if 300 <= status < 400 or status < 200:
            return RemoteContractError(endpoint, f"answered {status}, which is not followed", status)
        kind = _ERRORS.get(status) or (RemoteAnswerLost if status >= 500 else RemoteRejected)
        if kind is RemoteNotFound and "html" in response.headers.get("Content-Type", ""):
            kind = RemoteRejected  # a web server's page on the way: it proves nothing about the object
        error = kind(endpoint, f"answered {status}: {words}" if words else f"answered {status}", status, request_id)
        if isinstance(error, RemoteUnavailable):
            error.retry_at = _retry_at(response.headers.get("Retry-After", ""))
        return error


def _quoted(endpoint: str, value: str) -> str:
    if value in {"", ".", ".."}:  # would name another path
        raise RemoteRejected(endpoint, f"{value!r} is not an id; nothing was sent")
    return quote(value, safe="")


@contextmanager
def _told_as_remote_errors(endpoint: str) -> Iterator[None]:
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:  # also DNS and TLS
        refusal = RemoteNotReached(endpoint, f"not reached ({_cause(error)})")
        refusal.tls = _is_tls(error)
        raise refusal from error
    except httpx.RequestError as error:
        raise RemoteAnswerLost(endpoint, f"no whole answer ({type(error).__name__})") from error
    except (ValueError, httpx.InvalidURL) as error:  # too large, packed otherwise; a cursor too long to be sent
        raise RemoteContractError(endpoint, str(error)) from error


def _cause(error: Exception) -> str:
    if _is_tls(error):
        return "its TLS certificate cannot be verified"
    return redact(str(error))[:120] or type(error).__name__


def _is_tls(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, SSLError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _wait_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RemoteUnavailable) and error.retry_at:
        return max(0.0, (error.retry_at - timezone.now()).total_seconds())
    return float(tenacity.wait_random_exponential(multiplier=settings.REMOTE_FIRST_WAIT_S, max=8)(state))


def _retry_at(header: str) -> datetime | None:
    """When ``Retry-After`` (seconds or HTTP-date) lets us come back, by our clock; None when it says nothing usable."""
    header = header.strip()
    try:
        if re.fullmatch(r"\d{1,9}", header):
            return timezone.now() + timedelta(seconds=int(header))
        if not header:
            return None
        moment = parsedate_to_datetime(header)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)  # HTTP's third date form names no zone
    except (ValueError, OverflowError):
        return None


def _decode(endpoint: str, response: httpx.Response, body: bytes, answer: type[A]) -> A:
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        if kind != "application/json" and not kind.endswith("+json"):
            raise ValueError(f"answered with {kind[:60] or 'no content type'} instead of JSON")
        return msgspec.json.decode(clean_json(body), type=answer)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = redact(" ".join(str(error).split()))[:200]
        log.warning("answer outside the contract", endpoint=endpoint, reason=reason, body=_excerpt(body))
        raise RemoteContractError(endpoint, f"unreadable answer: {reason}", response.status_code) from error


def _excerpt(body: bytes) -> str:
    return redact(body[:EXCERPT_READ].decode("utf-8", "replace"))[:200]  # so that no cut leaves most of a key
