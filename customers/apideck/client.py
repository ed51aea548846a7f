"""Apideck's client: a method for each endpoint, nothing else. Contract: Apideck Customer Support 9.5."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs, urlsplit

import httpx
import msgspec
from django.conf import settings

from backoffice import upstreams
from backoffice.client import Answer, Attempts, Page, Patience, RemoteClient, Repeats
from backoffice.errors import RemoteContractError, RemoteError, RemoteUnsupported
from backoffice.masking import texts_in
from customers.apideck import errors
from customers.apideck.currencies import CURRENCIES
from customers.apideck.records import ACCOUNT_TYPES, SupportCustomerRecord

PAGE_SIZE = 200  # the largest that the contract allows
_WORDS = frozenset({*ACCOUNT_TYPES, *CURRENCIES})
LISTING = "GET /customer-support/customers"
READING = "GET /customer-support/customers/{id}"


class _Cursors(msgspec.Struct):
    next: str | None = None


class _Meta(msgspec.Struct):
    cursors: _Cursors | None = None


class _Links(msgspec.Struct):
    next: str | None = None


class _ListAnswer(msgspec.Struct):
    data: list[msgspec.Raw]
    meta: _Meta | None = None
    links: _Links | None = None


class _ObjectAnswer(msgspec.Struct):
    data: msgspec.Raw


class _Id(msgspec.Struct):
    id: str


class _IdAnswer(msgspec.Struct):
    data: _Id


class ApideckAPI(RemoteClient):
    """Apideck's customer-support API, one method per endpoint, for one consumer and one connected service."""

    reference_header: ClassVar[str] = "Request-Id"
    logs_bodies: ClassVar[bool] = False  # tax numbers and bank accounts stand in them

    _is_paged = True

    @classmethod
    def from_settings(cls, patience: Patience) -> Self:
        """A client for the configured consumer and service. Raises NotConfigured, UpstreamChanged."""
        return cls(
            upstreams.base_url("apideck"),
            {
                "Authorization": f"Bearer {settings.APIDECK_API_KEY.partition(',')[0]}",
                "x-apideck-app-id": settings.APIDECK_APP_ID,
                "x-apideck-consumer-id": settings.APIDECK_CONSUMER_ID,
                "x-apideck-service-id": settings.APIDECK_SERVICE_ID,
            },
            patience=patience,
            budget=upstreams.budget("apideck"),
            breaker=upstreams.open_breaker("apideck"),
            keep_breaker=partial(upstreams.keep_breaker, "apideck"),
            transport=settings.REMOTE_TRANSPORT,
        )

    def list_customers(self, cursor: str | None = None) -> Page:
        """One page of customers. Source: ``GET /customer-support/customers``.

        The end is a null cursor, however short a page is. Where paging is not supported the whole list is one page.
        """
        if self._is_paged:
            params = {"limit": str(PAGE_SIZE), **({"cursor": cursor} if cursor else {})}
            try:
                return _page(self.call(LISTING, _ListAnswer, params=params), cursor)
            except RemoteUnsupported as error:
                if error.code != errors.NO_PAGING:
                    raise
                self._is_paged = False
        answer = self.call(LISTING, _ListAnswer)
        # A cursor that nothing may follow leaves the list without an end.
        return Page(_rows(answer), None, _cursor_in(answer.value) is None, answer.sent_at)

    def pages(self) -> Iterator[Page]:
        """All pages, up to the stated end; for whoever looks for one customer among all.

        Raises RemoteError, also where the list does not come to its end.
        """
        cursor, met = None, set[str]()
        while True:
            page = self.list_customers(cursor)
            yield page
            if page.is_last:
                return
            cursor = page.next_cursor
            if cursor is None or cursor in met:
                raise RemoteContractError(LISTING, "the list never ends")
            met.add(cursor)

    def retrieve_customer(self, customer_id: str) -> tuple[bytes, datetime]:
        """The customer as JSON, and when it was asked for. Source: ``GET /customer-support/customers/{id}``."""
        answer = self.call(READING, _ObjectAnswer, path={"id": customer_id})
        return bytes(answer.value.data), answer.sent_at

    def keep_private(self, members: Mapping[str, Any]) -> None:
        """Mask what of a customer's members not everyone may see, wherever an error of Apideck quotes it."""
        self.private.update(_private(members))

    # -- changing something: each is sent through ``backoffice.writes`` only ------------------------------------------

    def create_customer(self, members: Mapping[str, Any], attempts: Attempts) -> str:
        """The new customer's id; nothing else is told. Repeated after 429 only.

        Source: ``POST /customer-support/customers``.
        """
        answer = self.send(
            "POST /customer-support/customers",
            _IdAnswer,
            body=members,
            attempts=attempts,
            repeats=Repeats.ONLY_WHEN_LIMITED,
            private=_private(members),
        )
        if not answer.value.data.id:
            raise RemoteContractError("POST /customer-support/customers", "answered without an id", answer.status)
        return answer.value.data.id

    def update_customer(self, customer_id: str, members: Mapping[str, Any], attempts: Attempts) -> None:
        """Set members; a list as a whole, null clears. The answer tells no more than the id.

        Source: ``PATCH /customer-support/customers/{id}``.
        """
        self.send(
            "PATCH /customer-support/customers/{id}",
            _IdAnswer,
            path={"id": customer_id},
            body=members,
            attempts=attempts,
            repeats=Repeats.SAFE,
            private=_private(members),
        )

    def delete_customer(self, customer_id: str, attempts: Attempts) -> None:
        """Delete it, for good; RemoteNotFound also on a repeat of a deletion whose answer was lost.

        Source: ``DELETE /customer-support/customers/{id}``.
        """
        endpoint, path = "DELETE /customer-support/customers/{id}", {"id": customer_id}
        self.send(endpoint, _IdAnswer, path=path, attempts=attempts, repeats=Repeats.SAFE)

    # -- errors -------------------------------------------------------------------------------------------------------

    def remote_words(self, body: bytes) -> tuple[str, str]:
        return errors.words_in(body), ""

    def remote_fields(self, body: bytes) -> dict[str, str]:
        return errors.fields_in(body)

    def remote_code(self, body: bytes) -> str:
        return errors.code_in(body)

    def kind_of(self, response: httpx.Response, code: str) -> type[RemoteError]:
        return errors.kind_of(response, code)

    def retry_at(self, headers: Mapping[str, str]) -> datetime | None:
        return errors.retry_at(headers)


def _page(answer: Answer[_ListAnswer], asked: str | None) -> Page:
    rows, following = _rows(answer), _cursor_in(answer.value)
    # Where neither cursor nor link is told nobody has stated an end: a full page may well have a next one, and so may
    # one whose predecessors told of theirs.
    is_told = answer.value.meta is not None or answer.value.links is not None
    is_last = following is None and (is_told or (asked is None and len(rows) < PAGE_SIZE))
    return Page(rows, following, is_last, answer.sent_at)


def _cursor_in(answer: _ListAnswer) -> str | None:
    """The next page's cursor; from the link where there is no ``meta``. Of a link nothing but the cursor is used."""
    if answer.meta is not None and answer.meta.cursors is not None:
        return answer.meta.cursors.next or None
    link = answer.links.next if answer.links else None
    with suppress(ValueError):
        return next(iter(parse_qs(urlsplit(link or "").query).get("cursor", [])), None)
    return None


def _rows(answer: Answer[_ListAnswer]) -> list[bytes]:
    return [bytes(row) for row in answer.value.data]


def _private(members: Mapping[str, Any]) -> list[str]:
    """What of a customer's members not everyone may see; words of the contract are no secret."""
    texts = (text for name in SupportCustomerRecord.masked & members.keys() for text in texts_in(members[name]))
    return [text for text in texts if text not in _WORDS]
