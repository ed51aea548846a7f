"""Kirim's records: one for each shape of an answer. Contract: Kirim API 3.2."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import msgspec

from backoffice.records import Aware, Record


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


class TemplateCounts(msgspec.Struct, frozen=True):
    """What a template sync did. Source: ``POST /{phone_number_id}/templates/sync``."""

    synced: int
    created: int
    updated: int


class SubscriptionRecord(Record, frozen=True, kw_only=True):
    """Who is told of which events. Source: ``GET /webhook_subscriptions``; its shape is assumed by the contract."""

    id: str
    url: str
    events: list[str]
    status: str = "active"


class NewSubscription(SubscriptionRecord, frozen=True, kw_only=True):
    """Source: ``POST /webhook_subscriptions``, the only answer with the signing secret."""

    secrets: ClassVar = frozenset({"initial_secret"})

    initial_secret: str

    @property
    def secret(self) -> str:
        """The signing secret, for whoever prints it."""
        return self.initial_secret

    def __repr__(self) -> str:
        return f"NewSubscription(id={self.id!r})"


@dataclass(frozen=True)
class NewSetupLink:
    """A link that was just created, and what Kirim says of it this once. ``setup_url`` is kept nowhere."""

    body: bytes  # less secrets
    id: str
    setup_url: str = field(repr=False)
    sent_at: datetime


class NewSetupLinkRecord(SetupLinkRecord, frozen=True, kw_only=True):
    setup_url: str
