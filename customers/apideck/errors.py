"""What an error of Apideck says: its body's ``type_name`` decides, as the status may be the connected service's own.

Services quote what they refuse. Of a customer in hand the client masks what not everyone may see; what looks like an
IBAN is masked here, whoever's it is.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec
from django.utils import timezone

from backoffice.answers import kind_of_error, retry_at_of
from backoffice.errors import (
    RemoteAnswerLost,
    RemoteAuthFailed,
    RemoteConflict,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRejected,
    RemoteUnconnected,
    RemoteUnsupported,
)
from backoffice.masking import MASKED

NO_PAGING = "PaginationNotSupportedError"
RESET = "x-downstream-ratelimit-reset"
REMAINING = "x-downstream-ratelimit-remaining"
_EXECUTION = "ConnectorExecutionError"
_KINDS: Mapping[str, type[RemoteError]] = {
    "UnauthorizedError": RemoteAuthFailed,  # our key
    "RequestLimitError": RemoteAuthFailed,  # our plan
    "ConnectorCredentialsError": RemoteUnconnected,
    "ConnectionNotFoundError": RemoteUnconnected,
    "ConnectionSettingsError": RemoteUnconnected,
    "ConnectorRateLimitError": RemoteLimited,
    "EntityNotFoundError": RemoteNotFound,
    "ConnectorOperationUnsupportedError": RemoteUnsupported,
    NO_PAGING: RemoteUnsupported,
}
_IBAN = re.compile(
    r"\b[A-Z]{2}\d{2}(?:[A-Z0-9]{11,30}|[ -][A-Z0-9]{4}(?:[ -](?=[A-Z]*\d)[A-Z0-9]{4}){1,7}(?:[ -]\d{1,3})?)\b",
    re.IGNORECASE,
)
_IN_SECONDS = 10_000_000_000  # a larger Unix time is in milliseconds; the contract leaves the unit open


class _Error(msgspec.Struct):
    type_name: str = ""
    message: str = ""
    detail: Any = None
    error: str = ""


def code_in(body: bytes) -> str:
    """The error's class, as Apideck names it; "" where the body has none."""
    return _read(body).type_name[:100]


def words_in(body: bytes) -> str:
    """What went wrong, in Apideck's words."""
    error = _read(body)
    detail = error.detail if isinstance(error.detail, str) else _missing(error.detail)
    told = ": ".join(filter(None, dict.fromkeys((error.message or error.error or error.type_name, detail))))
    return _IBAN.sub(MASKED, told)


def fields_in(body: bytes) -> dict[str, str]:
    """What is wrong, by member: ``detail`` is an object of lists like ``{"missing": [{"email": "required"}]}``."""
    detail = _read(body).detail
    if not isinstance(detail, dict):
        return {}
    told: dict[str, str] = {}
    for items in detail.values():
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                texts = {str(name): text for name, text in item.items() if isinstance(text, str)}
                told.update({name: _IBAN.sub(MASKED, text) for name, text in texts.items()})
    return told


def kind_of(response: httpx.Response, code: str) -> type[RemoteError]:
    """The error that an answer is.

    Only an ``EntityNotFoundError`` says that a record is not there: any other 404 is about a route, a connection, or
    whatever the connected service was asked for.
    """
    known = _KINDS.get(code)
    if known is not None:
        return known
    status = response.status_code
    if status == 501:
        return RemoteUnsupported if code else RemoteRejected
    kind = kind_of_error(response)
    if code == _EXECUTION and kind is RemoteAuthFailed:
        return RemoteUnconnected if status in {401, 403} else RemoteRejected  # the service refused Apideck, not us
    return kind if kind in {RemoteAnswerLost, RemoteAuthFailed, RemoteConflict, RemoteLimited} else RemoteRejected


def retry_at(headers: Mapping[str, str]) -> datetime | None:
    """When to come back: ``Retry-After``, else the refill of the connected service's quota where that is used up."""
    told = retry_at_of(headers.get("Retry-After", ""))
    if told or headers.get(REMAINING, "0").strip() not in {"", "0"}:
        return told
    text = headers.get(RESET, "").strip()
    if not (text.isascii() and text.isdigit() and len(text) <= 13):
        return None
    seconds = int(text) / 1000 if int(text) > _IN_SECONDS else int(text)
    moment = datetime.fromtimestamp(seconds, UTC)
    return moment if moment > timezone.now() else None


def _missing(detail: Any) -> str:
    """A ``detail`` that is an object, in short."""
    if not isinstance(detail, dict):
        return ""
    return ", ".join(f"{name} {text}" for name, text in fields_in(msgspec.json.encode({"detail": detail})).items())


def _read(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Error)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Error()
