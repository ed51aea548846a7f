"""RemoteClient: the only way out. Origin, key, time, size, repeats and redaction are decided here, once."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import Enum
from time import monotonic
from typing import Any, ClassVar, Generic, Protocol, Self, TypeVar
from urllib.parse import quote

import httpx
import msgspec
import structlog
import tenacity
from django.conf import settings
from django.utils import timezone

from backoffice.answers import decode, excerpt, kind_of_error, reference_of, retry_at_of, told_as_remote_errors
from backoffice.errors import (
    RemoteContractError,
    RemoteError,
    RemoteLimited,
    RemoteNotReached,
    RemoteRejected,
    RemoteUnavailable,
)
from backoffice.gate import Breaker, Budget
from backoffice.logs import quotable
from backoffice.masking import masked
from backoffice.transport import Deadline, DeadlineTransport, read_at_most

A = TypeVar("A")
log = structlog.get_logger(__name__)

CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
WRITE_TOTAL_S = 45.0  # a write's sending, waits and repeats included, whoever waits
WRITE_LONGEST_WAIT_S = 20.0
MAX_ANSWER_BYTES = 64 * 1024 * 1024
JSON_HEADERS = {"Content-Type": "application/json"}
LIMITS = httpx.Limits(max_connections=16, max_keepalive_connections=16)


@dataclass(frozen=True)
class Patience:
    """How long a caller can wait: a person in front of a page, or work in the background."""

    background: bool
    tries: int
    deadline_s: float  # for one try, from its first byte to the last
    total_s: float  # for all tries, with what is waited between them
    longest_wait_s: float  # a longer Retry-After is not slept through: the call fails with ``retry_at``

    def for_writing(self) -> "Patience":
        """The same, within what a write may take at most."""
        longest_wait_s = min(self.longest_wait_s, WRITE_LONGEST_WAIT_S)
        deadline_s, total_s = min(self.deadline_s, WRITE_TOTAL_S), min(self.total_s, WRITE_TOTAL_S)
        return replace(self, deadline_s=deadline_s, total_s=total_s, longest_wait_s=longest_wait_s)


PERSON = Patience(background=False, tries=3, deadline_s=8, total_s=12, longest_wait_s=5)
BACKGROUND = Patience(background=True, tries=5, deadline_s=60, total_s=600, longest_wait_s=60)


class Repeats(Enum):
    """When a call that changes something may be sent once more, as its contract says."""

    SAFE = "after a lost answer, 429 or no connection"
    ONLY_WHEN_LIMITED = "after 429 only"


class Attempts(Protocol):
    """Is told of every request of a write: before its first byte, and when it has ended."""

    def begin(self) -> None:
        """Raises WriteIsSettled where this request must not go out, and RuntimeError inside a transaction."""

    def end(self, error: RemoteError | None, status: int | None, request_id: str) -> None:
        """The request has ended; ``error`` is None where it was answered as it should."""


@dataclass(frozen=True)
class Answer(Generic[A]):
    """A decoded answer, and when its request was sent by our clock: that orders the bodies of one object."""

    value: A
    sent_at: datetime
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)  # whatever the case of their names


@dataclass(frozen=True)
class _Request:
    endpoint: str  # as in the contract, "PATCH /customers/{id}"
    path: Mapping[str, str]
    params: Mapping[str, str]
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    is_secret: bool = False  # its answer holds what may be in no log
    private: Collection[str] = ()  # what it sends and not everyone may see, so no answer is quoted with it


@dataclass(frozen=True)
class Page:
    """One page of a list, its rows still JSON so that one bad row is one bad row."""

    rows: list[bytes]
    next_cursor: str | None
    is_last: bool  # the remote stated the end
    sent_at: datetime


@dataclass(frozen=True)
class NumberedPage:
    """One page of a list whose pages are numbered from 1; the first empty one is the end."""

    rows: list[bytes]
    count: int | None  # of all rows as the remote states it, None where it states none we can read
    sent_at: datetime


@dataclass(frozen=True)
class OffsetPage:
    """One page of a list that is read from a place in it, the first is 0."""

    rows: list[bytes]
    has_more: bool | None  # None where the remote does not say
    total: int | None  # of all rows as the remote states it, None where it states none we can read
    sent_at: datetime


class ReadsFirst(Exception):
    """A client that only shows what it would send was to read; ``str(error)`` is the endpoint."""


class RemoteClient:
    """One remote API. Subclasses add a method per endpoint and return records, never raw JSON.

    A context manager: leaving it closes the connections. Threads may share a client. Create it after any fork.
    Redirects are not followed and credentials go to ``base_url``'s origin only.
    """

    reference_header: ClassVar[str] = ""
    """The header with the remote's own reference, for answers whose body has none."""
    logs_bodies: ClassVar[bool] = True
    """Whether the beginning of an answer that cannot be taken may stand in the log; not where not all may see it."""

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
        auth: httpx.Auth | None = None,
    ) -> None:
        self._deadline = Deadline()
        self._http = httpx.Client(
            base_url=base_url,
            headers={"Accept": "application/json", "Accept-Encoding": "gzip", **headers},
            timeout=httpx.Timeout(READ_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            auth=auth,
            transport=transport or DeadlineTransport(self._deadline, LIMITS),
            follow_redirects=False,
            trust_env=False,
        )
        self.private: set[str] = set()
        """Texts that answers may quote and not everyone may see: masked in every error, as what a request sends is."""
        self._patience = patience
        self._budget = budget or Budget(per_minute=0)
        self.breaker = breaker or Breaker()
        self._keep_breaker = keep_breaker
        self.is_preview = False
        """Whether nothing leaves: it only shows what would be sent. Services then take what is mirrored."""
        self.left_out: list[str] = []
        """The readings that a preview left out, by endpoint."""

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

    def only_show(self, transport: httpx.BaseTransport) -> None:
        """From now on nothing leaves: what is sent ends at ``transport``, as it would go, and nothing is read.

        A token that is asked for when it is needed is not asked for; a word stands in its place.
        """
        stopped = httpx.Client(
            base_url=self._http.base_url, headers=self._http.headers, transport=transport, trust_env=False
        )
        if self._http.auth is not None:
            stopped.headers["Authorization"] = "Bearer"
        self._http.close()
        self._http, self.is_preview = stopped, True
        self._budget, self.breaker, self._keep_breaker = Budget(per_minute=0), Breaker(), lambda breaker: None

    def leaves_out(self, endpoint: str) -> bool:
        """Whether a reading is left out, as nothing is sent: what is mirrored then stands in for its answer."""
        if self.is_preview and endpoint not in self.left_out:
            self.left_out.append(endpoint)
        return self.is_preview

    def call(
        self,
        endpoint: str,
        answer: type[A],
        *,
        path: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        body: Any = None,
    ) -> Answer[A]:
        """Read ``endpoint`` ("GET /customers/{id}", or a search by POST with ``body`` as JSON) and decode the answer.

        Repeated on network errors, 429 and 5xx as often as the caller's patience allows, with growing waits and full
        jitter, or as long as ``Retry-After`` says. Raises RemoteError, nothing else.
        """
        if self.is_preview:
            raise ReadsFirst(endpoint)
        patience = self._patience
        request = _Request(endpoint, path or {}, params or {}, headers or {}, _encoded(body))

        def attempt(ends_at: float) -> Answer[A]:
            self._await_turn(request, ends_at)
            return self._once(request, answer, ends_at, patience)

        return self._repeated(request, patience, Repeats.SAFE, attempt)

    def send(
        self,
        endpoint: str,
        answer: type[A],
        *,
        attempts: Attempts,
        repeats: Repeats,
        path: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | Sequence[Any] | None = None,
        is_secret: bool = False,
        private: Collection[str] = (),
    ) -> Answer[A]:
        """Change something: call ``endpoint`` ("PATCH /customers/{id}") and decode the answer; NoneType is no body.

        Ends within 45 s, waits and repeats included. ``attempts`` is asked before every request and told of its end.
        Nothing of an answer that ``is_secret`` is logged or quoted; the texts in ``private`` are masked wherever an
        answer repeats them. Raises RemoteError, of the last request, and what ``attempts.begin`` raises.
        """
        patience = self._patience.for_writing()
        request = _Request(endpoint, path or {}, {}, {}, _encoded(body), is_secret, private)

        def attempt(ends_at: float) -> Answer[A]:
            self._await_turn(request, ends_at)
            attempts.begin()
            try:
                answered = self._once(request, answer, ends_at, patience)
            except RemoteError as error:
                attempts.end(error, error.status, error.request_id)
                raise
            reference = self.reference(answered.value) or self._reference_in(answered.headers)
            attempts.end(None, answered.status, reference)
            return answered

        return self._repeated(request, patience, repeats, attempt)

    def remote_words(self, body: bytes) -> tuple[str, str]:
        """The remote's own sentence and its reference in an error's body; empty where it has none we can read."""
        return "", ""

    def remote_fields(self, body: bytes) -> dict[str, str]:
        """What an error's body says is wrong, by member of the request; empty where it names none."""
        return {}

    def reference(self, answer: Any) -> str:
        """The remote's own reference in a decoded answer; empty where it has none."""
        return reference_of(str(getattr(answer, "request_id", "")))

    def remote_code(self, body: bytes) -> str:
        """The remote's own word for the kind of error in an error's body; empty where it has none we can read."""
        return ""

    def kind_of(self, response: httpx.Response, code: str) -> type[RemoteError]:
        """The error that an answer is; overridden where the remote's own word says more than the status."""
        return kind_of_error(response)

    def retry_at(self, headers: Mapping[str, str]) -> datetime | None:
        """When the remote lets us come back, by our clock; None where it does not say."""
        return retry_at_of(headers.get("Retry-After", ""))

    def _reference_in(self, headers: Mapping[str, str]) -> str:
        return reference_of(headers.get(self.reference_header, "")) if self.reference_header else ""

    def _repeated(
        self, request: _Request, patience: Patience, repeats: Repeats, attempt: Callable[[float], Answer[A]]
    ) -> Answer[A]:
        refusal = self.breaker.refusal()
        if refusal:
            raise RemoteNotReached(request.endpoint, refusal)
        try:
            answered = self._retrying(patience, repeats)(attempt, monotonic() + patience.total_s)
        except RemoteError as error:
            self.breaker.failed(error)
            raise
        self.breaker.succeeded()
        return answered

    def _retrying(self, patience: Patience, repeats: Repeats) -> tenacity.Retrying:
        given_up = self._deadline.given_up
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception(lambda error: _is_worth_repeating(error, patience, repeats)),
            wait=_wait_s,
            stop=tenacity.stop_after_attempt(patience.tries)
            | tenacity.stop_before_delay(patience.total_s)
            | tenacity.stop_when_event_set(given_up),
            sleep=tenacity.sleep_using_event(given_up),
            reraise=True,
        )

    def _await_turn(self, request: _Request, ends_at: float) -> None:
        """Wait for a place in the rate budget. Raises RemoteNotReached where it comes too late for the call."""
        wait_s = self._budget.wait_s(self._patience.background)
        if wait_s > 0 and wait_s >= ends_at - monotonic():
            raise RemoteNotReached(request.endpoint, f"our own rate budget has no place for it within {wait_s:.0f} s")
        if self._deadline.given_up.wait(wait_s) if wait_s > 0 else self._deadline.given_up.is_set():
            raise RemoteNotReached(request.endpoint, "given up")

    def _once(self, request: _Request, answer: type[A], ends_at: float, patience: Patience) -> Answer[A]:
        endpoint = request.endpoint
        method, template = endpoint.split(" ", 1)
        url = template.format_map({name: _quoted(endpoint, value) for name, value in request.path.items()})
        headers = {**request.headers, **(JSON_HEADERS if request.body is not None else {})}
        self._deadline.start(min(patience.deadline_s, ends_at - monotonic()))
        sent_at = timezone.now()
        with (
            told_as_remote_errors(endpoint),
            self._http.stream(
                method, url, params=dict(request.params), content=request.body, headers=headers
            ) as response,
        ):
            encoding = response.headers.get("Content-Encoding", "identity").lower()
            if encoding not in {"identity", "gzip"}:  # others may unpack a kilobyte to gigabytes in one step
                raise ValueError(f"the answer is packed as {encoding[:20]!r}, which nobody asked for")
            body = read_at_most(response.iter_bytes(), MAX_ANSWER_BYTES, self._deadline)
        if not response.is_success:
            raise self._error_for(request, response, body)
        is_private = request.is_secret or not self.logs_bodies
        value = decode(endpoint, response, body, answer, is_secret=is_private)
        return Answer(value, sent_at, response.status_code, response.headers)

    def _error_for(self, request: _Request, response: httpx.Response, body: bytes) -> RemoteError:
        endpoint, status = request.endpoint, response.status_code
        if request.is_secret and not 400 <= status < 500:
            body = b""  # whatever it is, the work may be done and its secret in there
        words, request_id = self.remote_words(body)
        private = {*request.private, *self.private}
        words = quotable(masked(words, private))
        request_id = reference_of(request_id) or self._reference_in(response.headers)
        say = log.debug if status == 404 else log.info  # confirming what is gone asks for many that are not there
        told = b"" if request.is_secret or not self.logs_bodies else body
        say("remote refused", endpoint=endpoint, status=status, request_id=request_id, body=excerpt(told))
        if 300 <= status < 400 or status < 200:
            return RemoteContractError(endpoint, f"answered {status}, which is not followed", status)
        code = self.remote_code(body)
        kind = self.kind_of(response, code)
        error = kind(endpoint, f"answered {status}: {words}" if words else f"answered {status}", status, request_id)
        error.code = code
        if isinstance(error, RemoteUnavailable):
            error.retry_at = self.retry_at(response.headers)
        if isinstance(error, RemoteRejected):
            fields = self.remote_fields(body).items()
            error.fields = {name: quotable(masked(text, private)) for name, text in fields}
        return error


def _is_worth_repeating(error: BaseException, patience: Patience, repeats: Repeats) -> bool:
    if not isinstance(error, RemoteUnavailable):
        return False
    if repeats is Repeats.ONLY_WHEN_LIMITED and not isinstance(error, RemoteLimited):
        return False
    if isinstance(error, RemoteNotReached):
        return not error.tls
    if error.retry_at:
        return error.retry_at - timezone.now() <= timedelta(seconds=patience.longest_wait_s)
    return True


def _encoded(body: Any) -> bytes | None:
    return None if body is None else msgspec.json.encode(dict(body) if isinstance(body, Mapping) else body)


def _quoted(endpoint: str, value: str) -> str:
    if value in {"", ".", ".."}:  # would name another path
        raise RemoteRejected(endpoint, f"{value!r} is not an id; nothing was sent")
    return quote(value, safe="")


def _wait_s(state: tenacity.RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, RemoteUnavailable) and error.retry_at:
        return max(0.0, (error.retry_at - timezone.now()).total_seconds())
    return float(tenacity.wait_random_exponential(multiplier=settings.REMOTE_FIRST_WAIT_S, max=8)(state))
