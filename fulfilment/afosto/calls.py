"""How Afosto is spoken to: headers that page, constraints that search, errors; and what nobody could confirm of it."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Self

import msgspec
from django.conf import settings

from backoffice import upstreams
from backoffice.client import Answer, NumberedPage, Page, Patience, RemoteClient
from backoffice.errors import RemoteRejected
from backoffice.oauth import ClientCredentials, Credentials

# Not stated by the contract: the largest page. An Afosto that refuses this one is listed by its own size.
PAGE_SIZE = "100"
# Not stated: how a server says what kind of grant it wants, and whether it must name scopes.
GRANT = "client_credentials"
AUTHORIZE = "POST /iam/oauth/authorize"
SCOPES = (
    "lcs:handling:read lcs:handling:write lcs:shipments:read lcs:shipments:write lcs:locations:read "
    "lcs:locations:write lcs:points:read lcs:dpd:read cnt:files:read mes:webhooks:read mes:subscriptions:read "
    "mes:subscriptions:write rel:contacts:read"
)
# Which member of a constraint holds the words that are looked for.
SEARCHED_BY = MappingProxyType(
    {
        "POST /lcs/lists/search": "values",
        "POST /lcs/search/parcels": "values",
        "POST /lcs/search/shipments": "value",
        "POST /lcs/search/shipments/items": "value",
    }
)

Constraints = Mapping[str, Sequence[str]]
"""Keys with the words of which one has to be met; a flag is "1" or "0". All keys have to be met."""

_credentials: dict[tuple[str, str, str], Credentials] = {}


class _Error(msgspec.Struct):
    message: str | None = None
    reference: str | None = None
    errors: dict[str, list[str]] | None = None


class AfostoCalls(RemoteClient):
    """What the endpoints of Afosto share."""

    _page_size: str | None = PAGE_SIZE

    @classmethod
    def from_settings(cls, patience: Patience) -> Self:
        """A client for the configured Afosto. Raises NotConfigured, UpstreamChanged."""
        base_url = upstreams.base_url("afosto")
        token = settings.AFOSTO_TOKEN
        return cls(
            base_url,
            {"Authorization": f"Bearer {token}"} if token else {},
            patience=patience,
            budget=upstreams.budget("afosto"),
            breaker=upstreams.open_breaker("afosto"),
            keep_breaker=lambda breaker: upstreams.keep_breaker("afosto", breaker),
            transport=settings.REMOTE_TRANSPORT,
            auth=None if token else ClientCredentials(base_url, _credentials_for(base_url)),
        )

    def remote_words(self, body: bytes) -> tuple[str, str]:
        error = _error_in(body)
        return error.message or "; ".join(error.errors or ()), error.reference or ""

    def remote_fields(self, body: bytes) -> dict[str, str]:
        told = _error_in(body).errors or {}
        return {name: problem for problem, names in told.items() for name in names}

    def numbered(self, endpoint: str, number: int, body: Any = None) -> NumberedPage:
        """One page of a list whose pages are numbered; the count is in the header ``x-count``."""
        answer = self._paged(endpoint, str(number), body, is_first=number == 1)
        return NumberedPage(_rows(answer), _count(answer.headers.get("x-count", "")), answer.sent_at)

    def cursored(self, endpoint: str, cursor: str | None, path: Mapping[str, str] | None = None) -> Page:
        """One page of a list whose answers carry the next page's mark in the header ``x-page``.

        The end: the mark is absent, empty or the one that was sent, or the page is empty.
        """
        answer = self._paged(endpoint, cursor or "1", None, is_first=cursor is None, path=path)
        rows, following = _rows(answer), answer.headers.get("x-page", "").strip()
        is_last = not rows or following in {"", cursor or "1"}
        return Page(rows, None if is_last else following, is_last, answer.sent_at)

    def searched(self, endpoint: str, constraints: Constraints, number: int) -> NumberedPage:
        """One page of what a search finds."""
        return self.numbered(endpoint, number, constrained(endpoint, constraints))

    def _paged(
        self, endpoint: str, page: str, body: Any, *, is_first: bool, path: Mapping[str, str] | None = None
    ) -> Answer[list[msgspec.Raw]]:
        size = {"x-page-size": self._page_size} if self._page_size else {}
        try:
            return self.call(endpoint, list[msgspec.Raw], path=path, headers={"x-page": page, **size}, body=body)
        except RemoteRejected as error:
            if error.status != 400 or not is_first or not size:
                raise
            self._page_size = None
            return self.call(endpoint, list[msgspec.Raw], path=path, headers={"x-page": page}, body=body)


def constrained(endpoint: str, constraints: Constraints) -> dict[str, Any]:
    """The body of a search."""
    member = SEARCHED_BY[endpoint]
    wanted = [{"key": key, "operator": "in", member: list(words)} for key, words in constraints.items()]
    return {"constraints": wanted}


def one_or_many(value: msgspec.Raw) -> list[bytes]:
    """Rows of an answer that is one object or a list of them."""
    text = bytes(value).lstrip()
    return [bytes(row) for row in msgspec.json.decode(text, type=list[msgspec.Raw])] if text[:1] == b"[" else [text]


def _rows(answer: Answer[list[msgspec.Raw]]) -> list[bytes]:
    return [bytes(row) for row in answer.value]


def _count(header: str) -> int | None:
    header = header.strip()
    return int(header) if header.isdecimal() and header.isascii() and len(header) <= 9 else None


def _error_in(body: bytes) -> _Error:
    try:
        return msgspec.json.decode(body, type=_Error)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return _Error()


def _credentials_for(base_url: str) -> Credentials:
    """This process's token for the configured client; another client or address is another token."""
    key = (base_url, settings.AFOSTO_CLIENT_ID, settings.AFOSTO_CLIENT_SECRET)
    if key not in _credentials:
        members = {
            "client_id": settings.AFOSTO_CLIENT_ID,
            "client_secret": settings.AFOSTO_CLIENT_SECRET,
            "grant_type": GRANT,
            "scope": SCOPES,
        }
        _credentials[key] = Credentials(AUTHORIZE, members)
    return _credentials[key]
