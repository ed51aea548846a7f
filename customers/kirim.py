"""Kirim: its records and its client, nothing else. Contract: Kirim API 3.2."""

from collections.abc import Mapping
from datetime import datetime
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Self

import msgspec
from django.conf import settings

from backoffice import upstreams
from backoffice.client import Page, Patience, RemoteClient
from backoffice.errors import RemoteRejected
from backoffice.records import Aware, Record

# Not stated by the contract: the largest `limit`. A Kirim that refuses this one is listed by its own page size.
PAGE_SIZE = "200"
# Not stated by the contract: whether a list without `status` holds archived customers. So both are read.
ARCHIVED = "archived"


class CustomerRecord(Record, frozen=True, kw_only=True):
    """A customer as Kirim states it. Source: items of ``GET /customers``; times are aware."""

    words: ClassVar = {"status": frozenset({"pending", "active", "suspended", "archived"})}

    id: str  # "cus_" + 26 characters
    object: str
    name: str
    email: str | None
    status: str
    metadata: dict[str, Any] | None
    archived_at: Aware | None
    team_id: str
    created_at: Aware
    updated_at: Aware


class CustomerAccountRecord(Record, frozen=True, kw_only=True):
    """An account inside ``GET /customers/{id}``; all but ``status`` are null until onboarding is finished."""

    phone_number_id: str | None
    phone_number: str | None
    name: str | None
    status: str
    onboarded_at: Aware | None


class CustomerDetailRecord(CustomerRecord, frozen=True, kw_only=True):
    """Source: ``GET /customers/{id}``: the list shape plus the accounts now assigned to the customer."""

    whatsapp_accounts: list[CustomerAccountRecord]


class AccountRecord(Record, frozen=True, kw_only=True):
    """A connected WhatsApp account. Source: items of ``GET /accounts``. It has no id but the nullable number's."""

    words: ClassVar = {"status": frozenset({"connected", "disconnected", "degraded", "onboarding"})}

    phone_number_id: str | None
    phone_number: str | None
    name: str | None
    status: str
    customer_id: str | None  # null: the organization itself owns it
    object: str = ""  # the contract only guesses this one, so it is not required


class SetupLinkRecord(Record, frozen=True, kw_only=True):
    """A one-time onboarding link. Source: items of ``GET /customers/{id}/setup_links``."""

    secrets: ClassVar = frozenset({"token", "setup_url"})  # only in the create answer, and never kept from there
    words: ClassVar = {"status": frozenset({"active", "consumed", "expired", "revoked"})}

    id: str  # "csl_" + 26 characters
    object: str
    customer_id: str
    status: str
    token_last4: str
    expires_at: Aware
    consumed_at: Aware | None
    success_redirect_url: str | None
    failure_redirect_url: str | None
    created_at: Aware


class _ListAnswer(msgspec.Struct):
    data: list[msgspec.Raw]
    has_more: bool
    next_cursor: str | None


class _ObjectAnswer(msgspec.Struct):
    data: msgspec.Raw


class _Error(msgspec.Struct):
    code: str = ""
    message: str = ""


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

    def list_setup_links(self, customer_id: str) -> Page:
        """The customer's 50 newest links, in one page. Source: ``GET /customers/{id}/setup_links``."""
        answer = self.call("GET /customers/{id}/setup_links", _ListAnswer, path={"id": customer_id})
        return Page([bytes(row) for row in answer.value.data], None, True, answer.sent_at)

    def retrieve_customer(self, customer_id: str) -> tuple[bytes, datetime]:
        """The customer with its accounts, as JSON, and when it was asked for. Source: ``GET /customers/{id}``."""
        answer = self.call("GET /customers/{id}", _ObjectAnswer, path={"id": customer_id})
        return bytes(answer.value.data), answer.sent_at

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
