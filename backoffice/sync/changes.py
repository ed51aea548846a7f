"""What an update changed, member by member."""

from collections.abc import Iterable
from typing import Any

import msgspec
from django.utils import timezone

from backoffice.models import RowChange, SyncRun
from backoffice.sync.sql import Table

MAX_TOLD_CHARS = 2000
_COLUMNS = ("resource", "remote_id", "member", "before", "after", "run", "changed_at")
_VANISHED = "vanished_at"  # our own member among the remote's
_ABSENT = object()

Change = tuple[Any, ...]


def is_same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON. Python alone takes ``true`` for ``1``."""
    return bool(one == other) and _canonical(one) == _canonical(other)


def _canonical(value: Any) -> bytes:
    return msgspec.json.encode(value, order="deterministic")


class Changes:
    """Compares payloads and keeps what differs. ``run`` is None where a person read a single record."""

    def __init__(self, resource: str, run: SyncRun | None) -> None:
        self._resource = resource
        self._run_id = run.pk if run else None
        self._table = Table(RowChange)

    def between(self, remote_id: str, before: Any, after: dict[str, Any], had_vanished: bool) -> list[Change]:
        """The members that differ between two payloads of one record, by name."""
        before = before if isinstance(before, dict) else {}
        pairs = {name: (before.get(name, _ABSENT), after.get(name, _ABSENT)) for name in before.keys() | after.keys()}
        if had_vanished:
            pairs[_VANISHED] = "vanished", None
        time = self._table.time(timezone.now())
        return [
            (self._resource, remote_id, name[:255], _told(old), _told(new), self._run_id, time)
            for name, (old, new) in sorted(pairs.items())
            if old is _ABSENT or new is _ABSENT or not is_same(old, new)
        ]

    def vanishing(self, remote_ids: Iterable[str]) -> list[Change]:
        """The change that a tombstone is."""
        time = self._table.time(timezone.now())
        told = _told(None), _told("vanished")
        return [(self._resource, remote_id, _VANISHED, *told, self._run_id, time) for remote_id in remote_ids]

    def keep(self, changes: list[Change]) -> None:
        """Write them down."""
        self._table.insert(_COLUMNS, changes)


def _told(value: Any) -> str | None:
    """A member's value as JSON, cut where it is too long to be read anyway; None where the member is absent."""
    if value is _ABSENT:
        return None
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= MAX_TOLD_CHARS else f"{text[:MAX_TOLD_CHARS]}…"
