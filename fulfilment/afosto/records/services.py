"""Tasks, files, printers, webhook subscriptions, counts."""

from typing import ClassVar

import msgspec

from backoffice.records import Aware
from fulfilment.afosto.records.base import AfostoRecord


class TaskRecord(AfostoRecord, frozen=True, kw_only=True):
    """Work that Afosto does in its own time; over once ``completed_at`` is set, for better or worse."""

    id: str
    name: str | None = None
    progress: int | None = None  # taken as 0 to 100
    result: str | None = None  # free text; what it means is not stated
    started_at: Aware | None = None
    completed_at: Aware | None = None
    expires_at: Aware | None = None


class FileRecord(AfostoRecord, frozen=True, kw_only=True):
    """A file; ``url`` has its bytes. Source: ``GET /cnt/files/{id}``."""

    id: str
    filename: str | None = None
    label: str | None = None
    mime: str | None = None
    url: str | None = None


class SubscriptionRecord(AfostoRecord, frozen=True, kw_only=True):
    """Who is told of which events. Lists hold the signing secret, too. Source: ``GET /mes/webhooks/subscriptions``."""

    secrets: ClassVar = frozenset({"secret"})

    id: int
    endpoint: str
    events: list[str]
    secret: str = ""
    delivery_rate: int | None = None

    def __repr__(self) -> str:
        return f"SubscriptionRecord(id={self.id!r})"


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """How many were done and how many not: an answer of 200 with ``failed`` above zero is half a failure."""

    success: int = 0
    failed: int = 0
