"""Kirim's client: a method for each endpoint, nothing else. Contract: Kirim API 3.2."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, Generic, Literal, Self, TypeVar

import msgspec
from django.conf import settings

from backoffice import upstreams
from backoffice.client import Answer, Attempts, Page, Patience, RemoteClient, Repeats
from backoffice.errors import RemoteContractError, RemoteRejected
from backoffice.records import Record, RecordError, id_in
from customers.kirim.records import (
    CustomerRecord,
    NewSetupLink,
    NewSetupLinkRecord,
    NewSubscription,
    SetupLinkRecord,
    SubscriptionRecord,
    TemplateCounts,
)

T = TypeVar("T")
R = TypeVar("R", bound=Record)

# Not stated by the contract: the largest `limit`. A Kirim that refuses this one is listed by its own page size.
PAGE_SIZE = "200"
# Not stated by the contract: whether a list without `status` holds archived customers. So both are read.
ARCHIVED = "archived"
MAX_SEARCH_PAGES = 20
MAX_SUBSCRIPTION_PAGES = 20


class _ListAnswer(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool
    next_cursor: str | None


class _ObjectAnswer(msgspec.Struct):
    data: msgspec.Raw
    request_id: str = ""


class _Archived(msgspec.Struct):
    archived: Literal[True]


class _Revoked(msgspec.Struct):
    revoked: Literal[True]


class _Deleted(msgspec.Struct):
    deleted: Literal[True]


class _Answer(msgspec.Struct, Generic[T]):
    data: T
    request_id: str = ""


class _Detail(msgspec.Struct):
    path: str = ""
    message: str = ""


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


class _Details(msgspec.Struct):
    details: list[_Detail] | None = None


class _DetailsAnswer(msgspec.Struct):
    error: _Details


class _ErrorAnswer(msgspec.Struct):
    error: _Error
    request_id: str = ""


class KirimAPI(RemoteClient):
    """Kirim's API, one method per endpoint."""

    _limit: Mapping[str, str] = MappingProxyType({"limit": PAGE_SIZE})

    @classmethod
    def from_settings(cls, patience: Patience) -> Self:
        """A client for the configured Kirim. Raises NotConfigured, UpstreamChanged."""
        return cls(
            upstreams.base_url("kirim"),
            {"Authorization": f"Bearer {settings.KIRIM_API_KEY}"},
            patience=patience,
            budget=upstreams.budget("kirim"),
            breaker=upstreams.open_breaker("kirim"),
            keep_breaker=partial(upstreams.keep_breaker, "kirim"),
            transport=settings.REMOTE_TRANSPORT,
        )

    def list_customers(self, cursor: str | None = None, status: str | None = None) -> Page:
        """One page of customers. Source: ``GET /customers``."""
        return self._list("GET /customers", cursor, {"status": status} if status else {})

    def list_accounts(self, cursor: str | None = None) -> Page:
        """One page of accounts, the organization's own among them. Source: ``GET /accounts``."""
        return self._list("GET /accounts", cursor)

    def list_accounts_of(self, customer_id: str, cursor: str | None = None) -> Page:
        """One page of a customer's accounts. Source: ``GET /accounts?customer_id=``."""
        return self._list("GET /accounts", cursor, {"customer_id": customer_id})

    def list_setup_links(self, customer_id: str) -> Page:
        """The customer's 50 newest links, in one page. Source: ``GET /customers/{id}/setup_links``."""
        answer = self.call("GET /customers/{id}/setup_links", _ListAnswer, path={"id": customer_id})
        return Page([bytes(row) for row in answer.value.data], None, True, answer.sent_at)

    def retrieve_customer(self, customer_id: str) -> tuple[bytes, datetime]:
        """The customer with its accounts, as JSON, and when it was asked for. Source: ``GET /customers/{id}``."""
        answer = self.call("GET /customers/{id}", _ObjectAnswer, path={"id": customer_id})
        return bytes(answer.value.data), answer.sent_at

    def search_customers(self, text: str) -> Iterator[Page]:
        """Customers that Kirim finds by ``text`` (1 to 200 characters), at most 20 pages of them.

        What is searched is not stated, so not finding proves nothing. Source: ``GET /customers?search=``.
        """
        cursor: str | None = None
        for _ in range(MAX_SEARCH_PAGES):
            page = self._list("GET /customers", cursor, {"search": text[:200]})
            yield page
            cursor = page.next_cursor
            if page.is_last or cursor is None:
                return

    # -- changing something: each is sent through ``backoffice.writes`` only ------------------------------------------

    def create_customer(self, members: Mapping[str, Any], attempts: Attempts) -> tuple[bytes, datetime]:
        """The new customer in the list's shape. Repeated after 429 only. Source: ``POST /customers``."""
        endpoint = "POST /customers"
        answer = self.send(endpoint, _ObjectAnswer, body=members, attempts=attempts, repeats=Repeats.ONLY_WHEN_LIMITED)
        return _checked(endpoint, answer, CustomerRecord), answer.sent_at

    def update_customer(
        self, customer_id: str, members: Mapping[str, Any], attempts: Attempts
    ) -> tuple[bytes, datetime]:
        """The changed customer in the list's shape; null clears. Source: ``PATCH /customers/{id}``."""
        endpoint = "PATCH /customers/{id}"
        path = {"id": customer_id}
        answer = self.send(endpoint, _ObjectAnswer, path=path, body=members, attempts=attempts, repeats=Repeats.SAFE)
        return _checked(endpoint, answer, CustomerRecord, customer_id), answer.sent_at

    def archive_customer(self, customer_id: str, attempts: Attempts) -> None:
        """Archive; the answer tells no more than that. Source: ``DELETE /customers/{id}``."""
        path = {"id": customer_id}
        self.send("DELETE /customers/{id}", _Answer[_Archived], path=path, attempts=attempts, repeats=Repeats.SAFE)

    def create_setup_link(self, customer_id: str, members: Mapping[str, Any], attempts: Attempts) -> NewSetupLink:
        """The new link with its URL, which no other answer holds. Repeated after 429 only.

        Source: ``POST /customers/{id}/setup_links``.
        """
        endpoint = "POST /customers/{id}/setup_links"
        answer = self.send(
            endpoint,
            _ObjectAnswer,
            path={"id": customer_id},
            body=members,
            attempts=attempts,
            repeats=Repeats.ONLY_WHEN_LIMITED,
            is_secret=True,
        )
        body = bytes(answer.value.data)
        record = _read(endpoint, body, NewSetupLinkRecord, answer.status)
        if record.customer_id != customer_id:
            raise RemoteContractError(endpoint, "answered with a link of another customer", answer.status)
        return NewSetupLink(SetupLinkRecord.storable(body), record.id, record.setup_url, answer.sent_at)

    def update_setup_link(
        self, customer_id: str, link_id: str, members: Mapping[str, Any], attempts: Attempts
    ) -> tuple[bytes, datetime]:
        """The changed link; null clears a redirect. 409 unless it is active.

        Source: ``PATCH /customers/{id}/setup_links/{link_id}``.
        """
        endpoint = "PATCH /customers/{id}/setup_links/{link_id}"
        path = {"id": customer_id, "link_id": link_id}
        answer = self.send(endpoint, _ObjectAnswer, path=path, body=members, attempts=attempts, repeats=Repeats.SAFE)
        return _checked(endpoint, answer, SetupLinkRecord, link_id), answer.sent_at

    def revoke_setup_link(self, customer_id: str, link_id: str, attempts: Attempts) -> None:
        """Revoke. 409 where it is not active (any more), also on a repeat of a revocation whose answer was lost.

        Source: ``DELETE /customers/{id}/setup_links/{link_id}``.
        """
        endpoint = "DELETE /customers/{id}/setup_links/{link_id}"
        path = {"id": customer_id, "link_id": link_id}
        self.send(endpoint, _Answer[_Revoked], path=path, attempts=attempts, repeats=Repeats.SAFE)

    def sync_templates(self, phone_number_id: str, attempts: Attempts) -> TemplateCounts:
        """Let Kirim read the account's templates at Meta; safe to repeat. Source: ``POST /{phone_number_id}/...``."""
        endpoint = "POST /{phone_number_id}/templates/sync"
        path = {"phone_number_id": phone_number_id}
        answer = self.send(endpoint, _Answer[TemplateCounts], path=path, attempts=attempts, repeats=Repeats.SAFE)
        return answer.value.data

    def list_subscriptions(self) -> list[SubscriptionRecord]:
        """All webhook subscriptions, whoever made them. Source: ``GET /webhook_subscriptions``.

        Raises RemoteError, also where the list does not come to its end.
        """
        endpoint, cursor = "GET /webhook_subscriptions", None
        found: list[SubscriptionRecord] = []
        for _ in range(MAX_SUBSCRIPTION_PAGES):
            page = self._list(endpoint, cursor)
            found += [_read(endpoint, row, SubscriptionRecord, 200) for row in page.rows]
            cursor = page.next_cursor
            if page.is_last or cursor is None:
                return found
        raise RemoteContractError(endpoint, f"the list has no end within {MAX_SUBSCRIPTION_PAGES} pages")

    def create_subscription(self, members: Mapping[str, Any], attempts: Attempts) -> NewSubscription:
        """The new subscription with its signing secret, which no other answer holds. Repeated after 429 only.

        Source: ``POST /webhook_subscriptions``.
        """
        endpoint = "POST /webhook_subscriptions"
        answer = self.send(
            endpoint,
            _ObjectAnswer,
            body=members,
            attempts=attempts,
            repeats=Repeats.ONLY_WHEN_LIMITED,
            is_secret=True,
        )
        return _read(endpoint, bytes(answer.value.data), NewSubscription, answer.status)

    def update_subscription(self, subscription_id: str, members: Mapping[str, Any], attempts: Attempts) -> None:
        """Set members; a list as a whole. 409 where it is disabled. Source: ``PATCH /webhook_subscriptions/{id}``."""
        endpoint, path = "PATCH /webhook_subscriptions/{id}", {"id": subscription_id}
        answer = self.send(endpoint, _ObjectAnswer, path=path, body=members, attempts=attempts, repeats=Repeats.SAFE)
        _read(endpoint, bytes(answer.value.data), SubscriptionRecord, answer.status)

    def delete_subscription(self, subscription_id: str, attempts: Attempts) -> None:
        """Remove it; 404 also on a repeat of a removal whose answer was lost.

        Source: ``DELETE /webhook_subscriptions/{id}``.
        """
        endpoint, path = "DELETE /webhook_subscriptions/{id}", {"id": subscription_id}
        self.send(endpoint, _Answer[_Deleted], path=path, attempts=attempts, repeats=Repeats.SAFE)

    def remote_fields(self, body: bytes) -> dict[str, str]:
        try:
            details = msgspec.json.decode(body, type=_DetailsAnswer).error.details or []
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return {}
        return {detail.path: detail.message for detail in details if detail.path and detail.message}

    def remote_words(self, body: bytes) -> tuple[str, str]:
        try:
            told = msgspec.json.decode(body, type=_ErrorAnswer)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return "", ""
        return told.error.message or told.error.code, told.request_id

    def _list(self, endpoint: str, cursor: str | None, filters: dict[str, str] | None = None) -> Page:
        params = {**(filters or {}), **({"cursor": cursor} if cursor else {})}
        try:
            answer = self.call(endpoint, _ListAnswer, params={**self._limit, **params})
        except RemoteRejected as error:
            if error.status != 400 or cursor or not self._limit:
                raise
            self._limit = {}
            answer = self.call(endpoint, _ListAnswer, params=params)
        page = answer.value
        # The end is stated only where both members agree; what has a cursor is read on.
        is_last = not page.has_more and not page.next_cursor
        return Page([bytes(row) for row in page.data], page.next_cursor or None, is_last, answer.sent_at)


def _checked(endpoint: str, answer: Answer[_ObjectAnswer], record: type[Record], id: str = "") -> bytes:
    """The object of an answer, less secrets; the one with ``id``, where that is known before.

    Raises RemoteContractError where it is another, or not what the contract says.
    """
    body = bytes(answer.value.data)
    _read(endpoint, body, record, answer.status)
    if id and id_in(body) != id:
        raise RemoteContractError(endpoint, "answered with another object; nothing of it was stored", answer.status)
    return record.storable(body)


def _read(endpoint: str, body: bytes, record: type[R], status: int) -> R:
    try:
        return record.read(body)
    except RecordError as error:
        raise RemoteContractError(endpoint, f"unreadable answer: {error}", status) from None
