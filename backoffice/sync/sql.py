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
_STORED = msgspec.json.Decoder(list[tuple[str, int, str, int]])


class Table:
    """One model's table: look up by remote id, insert many, update many."""

    def __init__(self, model: type[Model]) -> None:
        quote = connection.ops.quote_name
        self._model = model
        self._name = quote(model._meta.db_table)
        self._quote = quote
        self.is_postgresql = connection.vendor == "postgresql"

    def stored(self, remote_ids: Sequence[str]) -> dict[str, tuple[int, str, bool]]:
        """Primary key, payload hash (hex) and "has vanished" of those that are here, by remote id."""
        if self.is_postgresql:
            columns = "remote_id, id, encode(payload_hash, 'hex'), vanished_at IS NOT NULL"
        else:
            # One row of JSON: SQLite's driver lets go of Python's lock at every row it steps to, and next to a thread
            # that reads ahead it would wait for the lock as often (92 ms against 5.8 s for 20,000 rows).
            columns = "json_group_array(json_array(remote_id, id, lower(hex(payload_hash)), vanished_at IS NOT NULL))"
        with connection.cursor() as cursor:
            cursor.execute(
                f"SELECT {columns} FROM {self._name} WHERE remote_id {self._is_one_of}",  # noqa: S608
                [self._list_of(remote_ids)],
            )
            rows = cursor.fetchall() if self.is_postgresql else _STORED.decode(cursor.fetchone()[0])
        return {remote_id: (pk, digest, bool(vanished)) for remote_id, pk, digest, vanished in rows}

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
                copying = cursor.copy(f"COPY {self._name} ({columns}) FROM STDIN")
                with connection.wrap_database_errors, copying as copy:  # Django wraps only what it knows itself
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

    def converter(self, name: str) -> Callable[[Any], Any] | None:
        """How a value of the field ``name`` that is not null becomes a parameter; None where it is one already."""
        field = self._field(name)
        if isinstance(field, DateTimeField):
            return self.time
        if isinstance(field, JSONField):
            return _json
        if isinstance(field, CharField) and field.max_length:
            return _short_text(name, field.max_length)
        return None

    def time(self, value: datetime) -> Any:
        """An aware time as a parameter. Raises OverflowError for one that has no year in UTC: it could not be read."""
        in_utc = value.astimezone(UTC)
        # Django stores naive UTC text in SQLite; cutting "+00:00" off is twice as fast as making the time naive.
        return in_utc if self.is_postgresql else in_utc.isoformat(" ")[:-6]


def _json(value: Any) -> str:
    """JSON text; bytes are JSON already."""
    return value.decode() if isinstance(value, bytes) else msgspec.json.encode(value).decode()


def _short_text(name: str, max_length: int) -> Callable[[str], str]:
    def checked(value: str) -> str:
        if len(value) > max_length:
            raise RecordError(f"{name} has {len(value)} characters; {max_length} are kept at most")
        return value

    return checked
