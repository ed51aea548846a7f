"""OAuth 2 client credentials: a token for a while, renewed before it ends, asked for at the API's own origin."""

import threading
from collections.abc import AsyncIterable, Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from time import monotonic

import httpx
import msgspec

from backoffice.answers import BEFORE_CALL, retry_at_of
from backoffice.errors import RemoteAuthFailed, RemoteLimited, RemoteNotReached

RENEW_BEFORE_S = 60.0
RENEW_BEFORE_SHARE = 0.2  # of a short life
DEFAULT_LIFE_S = 3600.0
MAX_ANSWER_BYTES = 64 * 1024
WAIT_FOR_OTHERS_S = 5.0  # for the token that another thread is asking for


class _Token(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


@dataclass
class Credentials:
    """A client id and secret, and the token that they are worth now. One per process and upstream; threads share it."""

    endpoint: str  # "POST /iam/oauth/authorize"
    members: dict[str, str] = field(repr=False)
    """The body of a token request, the secret among it."""
    _token: str = field(default="", repr=False)
    _renew_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    now: Callable[[], float] = field(default=monotonic, repr=False)

    def usable(self) -> str:
        """The token, where it does not end soon; else ""."""
        return self._token if self.now() < self._renew_at else ""

    def keep(self, response: httpx.Response) -> str:
        """The token in the answer to a request for one, kept for the next calls.

        Raises RemoteError; nothing of the answer is quoted.
        """
        status = response.status_code
        if status in {400, 401, 403}:
            raise RemoteAuthFailed(self.endpoint, "the client id or secret is refused", status)
        if status == 429:
            limited = RemoteLimited(self.endpoint, "answered 429 to the request for an access token", status)
            limited.retry_at = retry_at_of(response.headers.get("Retry-After", ""))
            raise limited
        try:
            if not response.is_success or len(response.content) > MAX_ANSWER_BYTES:
                raise ValueError
            token = msgspec.json.decode(response.content, type=_Token)
            if not (token.access_token.isascii() and token.access_token.isprintable() and token.access_token.strip()):
                raise ValueError
        except (msgspec.MsgspecError, ValueError, RecursionError):
            reason = f"answered {status} without an access token, so nothing else was sent"
            raise RemoteNotReached(self.endpoint, reason, status) from None
        life_s = token.expires_in if token.expires_in and token.expires_in > 0 else DEFAULT_LIFE_S
        self._token = token.access_token
        self._renew_at = self.now() + life_s - min(RENEW_BEFORE_S, RENEW_BEFORE_SHARE * life_s)
        return token.access_token

    def drop(self, token: str) -> None:
        """``token`` was refused."""
        if token == self._token:
            self._token, self._renew_at = "", 0.0


class ClientCredentials(httpx.Auth):
    """Puts a bearer token on every request; one that is refused is replaced once and the request repeated."""

    requires_response_body = False

    def __init__(self, base_url: str, credentials: Credentials) -> None:
        self._url = httpx.URL(base_url.rstrip("/") + credentials.endpoint.split(" ", 1)[1])
        self._credentials = credentials

    def sync_auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The requests that one request takes. Raises RemoteError where no token is to be had."""
        for is_last in (False, True):
            token = yield from self._token(request)
            request.headers["Authorization"] = f"Bearer {token}"
            response = yield request
            if response.status_code != 401 or is_last:
                return
            response.stream = _Beginning(response.stream)  # httpx reads it whole before it repeats the request
            self._credentials.drop(token)

    def _token(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, str]:
        known = self._credentials
        if token := known.usable():
            return token
        if not known.lock.acquire(timeout=WAIT_FOR_OTHERS_S):
            raise RemoteNotReached(known.endpoint, "another thread still waits for the access token; nothing was sent")
        try:
            if token := known.usable():
                return token
            response = yield httpx.Request(
                "POST",
                self._url,
                headers={"Accept": "application/json"},
                json=known.members,
                extensions={**request.extensions, BEFORE_CALL: True},
            )
            response.stream = _Beginning(response.stream)
            response.read()
            return known.keep(response)
        finally:
            known.lock.release()


class _Beginning(httpx.SyncByteStream):
    """As much of a body as a token's answer may have, and a byte that tells of more: no body fills the memory."""

    def __init__(self, stream: Iterable[bytes] | AsyncIterable[bytes]) -> None:
        assert isinstance(stream, httpx.SyncByteStream)  # noqa: S101  what a client that is not async has
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        left = MAX_ANSWER_BYTES + 1
        for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    def close(self) -> None:
        self._stream.close()
