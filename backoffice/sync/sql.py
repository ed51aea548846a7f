"""The few statements a sweep is made of, built from a model's ``_meta`` and never from a remote's names.

Through model objects the same work took five times as long (docs/architecture.md).
"""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from django.db import connection
from django.db.models import CharField, DateTimeField, Field, JSONField, Model

from backoffice.records import RecordError

Row = Sequence[Any]


class Table:
    """One model's table: look up by remote id, insert many, update many."""

    def __init__(self, model: type[Model]) -> None:
        quote = connection.ops.quote_name
        self._model = model
        self._name = quote(model._meta.db_table)
        self._quote = quote
        self.is_postgresql = connection.vendor == "postgresql"

    def stored(self, remote_ids: Sequence[str]) -> dict[str, tuple[int, bytes, bool]]:
        """Primary key, payload hash and "has vanished" of those that are here, by remote id."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT remote_id, id, payload_hash, vanished_at IS NOT NULL FROM {self._name} "  # noqa: S608
                f"WHERE remote_id {self._is_one_of}",
                [self._list_of(remote_ids)],
            )
            return {row[0]: row[1:] for row in cursor.fetchall()}

    def primary_keys(self, remote_ids: Sequence[str]) -> list[int]:
        """Primary keys of ``remote_ids``, in no order."""
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT id FROM {self._name} WHERE remote_id {self._is_one_of}",  # noqa: S608
                [self._list_of(remote_ids)],
            )
            return [row[0] for row in cursor.fetchall()]

    def insert(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Insert rows whose values stand in the order of ``names`` and went through ``converters``."""
        columns = ", ".join(self._quote(self._field(name).column or "") for name in names)
        with connection.cursor() as cursor:
            if self.is_postgresql:
                with cursor.copy(f"COPY {self._name} ({columns}) FROM STDIN") as copy:
                    for row in rows:
                        copy.write_row(row)
            else:
                marks = ", ".join(["%s"] * len(names))
                cursor.executemany(f"INSERT INTO {self._name} ({columns}) VALUES ({marks})", rows)  # noqa: S608

    def update(self, names: Sequence[str], rows: Sequence[Row]) -> None:
        """Update rows: the values of ``names``, then the primary key."""
        columns = ", ".join(f"{self._quote(self._field(name).column or '')} = %s" for name in names)
        with connection.cursor() as cursor:
            cursor.executemany(f"UPDATE {self._name} SET {columns} WHERE id = %s", rows)  # noqa: S608

    def _field(self, name: str) -> "Field[Any, Any]":
        field = self._model._meta.get_field(name)
        assert isinstance(field, Field)  # noqa: S101  our own names, never a reverse relation
        return field

    @property
    def _is_one_of(self) -> str:
        return "= ANY(%s)" if self.is_postgresql else "IN (SELECT value FROM json_each(%s))"

    def _list_of(self, values: Sequence[str]) -> Any:
        return list(values) if self.is_postgresql else msgspec.json.encode(values).decode()

    def converter(self, name: str) -> Callable[[Any], Any]:
        """How a value of the field ``name`` becomes a parameter of a statement."""
        return _converter(self._field(name), self.is_postgresql)


def _converter(field: "Field[Any, Any]", is_postgresql: bool) -> Callable[[Any], Any]:
    if isinstance(field, DateTimeField):
        return _same if is_postgresql else _sqlite_time
    if isinstance(field, JSONField):
        return _json
    if isinstance(field, CharField) and field.max_length:
        return _short_text(field.name, field.max_length)
    return _same


def _same(value: Any) -> Any:
    return value


def _sqlite_time(value: datetime | None) -> str | None:
    """As Django stores times in SQLite: naive UTC text."""
    return None if value is None else str(value.astimezone(UTC).replace(tzinfo=None))


def _json(value: Any) -> str | None:
    """JSON text; bytes are JSON already."""
    if value is None:
        return None
    return value.decode() if isinstance(value, bytes) else msgspec.json.encode(value).decode()


def _short_text(name: str, max_length: int) -> Callable[[str | None], str | None]:
    def checked(value: str | None) -> str | None:
        if value is not None and len(value) > max_length:
            raise RecordError(f"{name} has {len(value)} characters; {max_length} are kept at most")
        return value

    return checked
