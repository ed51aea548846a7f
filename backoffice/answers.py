"""What came of one request, in our words: errors of the network and of statuses, waits, decoded answers."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from ssl import SSLError
from types import NoneType
from typing import TypeVar

import httpx
import msgspec
import structlog
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
)
from backoffice.logs import quotable, redact
from backoffice.records import clean_json

A = TypeVar("A")
log = structlog.get_logger(__name__)

EXCERPT_READ = 4096  # so that no cut leaves most of a key
BEFORE_CALL = "before_call"
"""Marks, as an extension, a request for an access token: whatever comes of it, the call itself was not sent."""

_ERRORS: dict[int, type[RemoteError]] = {
    401: RemoteAuthFailed,
    402: RemoteAuthFailed,
    403: RemoteAuthFailed,
    404: RemoteNotFound,
    409: RemoteConflict,
    410: RemoteNotFound,
    429: RemoteLimited,
}


def kind_of_error(response: httpx.Response) -> type[RemoteError]:
    """The error that an answer other than 2xx and 3xx is."""
    status = response.status_code
    kind = _ERRORS.get(status) or (RemoteAnswerLost if status >= 500 else RemoteRejected)
    if kind is RemoteNotFound and "html" in response.headers.get("Content-Type", ""):
        return RemoteRejected  # a web server's page on the way: it proves nothing about the object
    return kind


@contextmanager
def told_as_remote_errors(endpoint: str) -> Iterator[None]:
    """Turns what the network, or an answer that cannot be read, raises into a RemoteError."""
    try:
        yield
    except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:  # also DNS and TLS
        refusal = RemoteNotReached(endpoint, f"not reached ({_cause(error)})")
        refusal.tls = _is_tls(error)
        raise refusal from error
    except httpx.RequestError as error:
        if _is_for_token(error):
            raise RemoteNotReached(endpoint, f"no access token in time ({type(error).__name__})") from error
        raise RemoteAnswerLost(endpoint, f"no whole answer ({type(error).__name__})") from error
    except (ValueError, httpx.InvalidURL) as error:  # too large, packed otherwise; a cursor too long to be sent
        raise RemoteContractError(endpoint, str(error)) from error


def _is_for_token(error: httpx.RequestError) -> bool:
    try:
        return BEFORE_CALL in error.request.extensions
    except RuntimeError:  # raised where no request was at hand
        return False


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


def retry_at_of(header: str) -> datetime | None:
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


def decode(endpoint: str, response: httpx.Response, body: bytes, answer: type[A], *, is_secret: bool) -> A:
    """The answer's JSON as ``answer``; where that is NoneType, the answer has no body, or some JSON that nobody reads.

    Raises RemoteContractError; nothing of one that ``is_secret`` is logged.
    """
    if answer is NoneType and not body:
        return None  # type: ignore[return-value]
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    try:
        if kind != "application/json" and not kind.endswith("+json"):
            raise ValueError(f"answered with {kind[:60] or 'no content type'} instead of JSON")
        if answer is NoneType:  # somebody's page in between is no word of the remote's that it was done
            msgspec.json.decode(body, type=msgspec.Raw)
            return None  # type: ignore[return-value]
        return msgspec.json.decode(clean_json(body), type=answer)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        reason = redact(" ".join(str(error).split()))[:200]
        quoted = "" if is_secret else excerpt(body)
        log.warning("answer outside the contract", endpoint=endpoint, reason=reason, body=quoted)
        raise RemoteContractError(endpoint, f"unreadable answer: {reason}", response.status_code) from error


def excerpt(body: bytes) -> str:
    """The beginning of a body for the log, less what may be secret."""
    return quotable(body[:EXCERPT_READ].decode("utf-8", "replace"))


def reference_of(text: str) -> str:
    """A remote's reference as it is kept; what is no single word is no reference, and may be anything."""
    return redact(text)[:200] if re.fullmatch(r"[\w.:=+-]*", text) else quotable(text)
