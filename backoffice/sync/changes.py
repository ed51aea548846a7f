"""What an update changed, member by member."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db import connection
from django.db.models import ForeignKey, Model
from django.utils import timezone

from backoffice import correlation
from backoffice.models import RemoteWrite, RowChange, SyncRun, WebhookDelivery
from backoffice.sync.sql import Table

MAX_TOLD_CHARS = 2000
_COLUMNS = (
    "resource", "remote_id", "member", "before", "after", "run", "write", "delivery", "correlation_id", "changed_at",
)  # fmt: skip
_VANISHED = "vanished_at"  # our own member among the remote's
_ABSENT = object()

Change = tuple[Any, ...]


@dataclass(frozen=True)
class Cause:
    """What brought the bodies that are stored: one of these, or a person who read a record again."""

    run: SyncRun | None = None
    write: RemoteWrite | None = None
    delivery: WebhookDelivery | None = None


BY_HAND = Cause()
"""A person read a record again."""


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Python alone takes ``true`` for ``1``."""
    return bool(one == other) and _canonical(one) == _canonical(other)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


class Changes:
    """Compares payloads and keeps what differs."""

    def __init__(self, resource: str, cause: Cause) -> None:
        self._resource = resource
        self._table = Table(RowChange)
        causes = (cause.run, cause.write, cause.delivery)
        keys = (self._key(name, row) for name, row in zip(("run", "write", "delivery"), causes, strict=True))
        self._told = (*keys, correlation.current())

    def between(self, remote_id: str, before: Any, after: dict[str, Any], had_vanished: bool) -> list[Change]:
        """The members that differ between two payloads of one record, by name."""
        before = before if isinstance(before, dict) else {}
        pairs = {name: (before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in before.keys() | after.keys()}
        if had_vanished:
            pairs[_VANISHED] = "vanished", None
        time = self._table.time(timezone.now())
        return [
            (self._resource, remote_id, name[:255], _told(old), _told(new), *self._told, time)
            for name, (old, new) in sorted(pairs.items())
            if old is _ABSENT or new is _ABSENT or not is_same(old, new)
        ]

    def vanishing(self, remote_ids: Iterable[str]) -> list[Change]:
        """The change that a tombstone is."""
        time = self._table.time(timezone.now())
        told = _told(None), _told("vanished")
        return [(self._resource, remote_id, _VANISHED, *told, *self._told, time) for remote_id in remote_ids]

    def keep(self, changes: list[Change]) -> None:
        """Write them down."""
        self._table.insert(_COLUMNS, changes)

    @staticmethod
    def _key(name: str, row: Model | None) -> Any:
        """The row's primary key as the driver takes it."""
        field = RowChange._meta.get_field(name)
        assert isinstance(field, ForeignKey)  # noqa: S101  our own names
        return None if row is None else field.get_db_prep_save(row.pk, connection)


def _told(value: Any) -> str | None:
    """A member's value as JSON, cut where it is too long to be read anyway; None where the member is absent."""
    if value is _ABSENT:
        return None
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_TOLD_CHARS else f"{text[:MAX_TOLD_CHARS]}…"
