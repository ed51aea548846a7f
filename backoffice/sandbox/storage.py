"""The sandbox's memory: one SQLite database behind one lock.

In memory for tests, in a file for the demo. Every change is one transaction, so that a kill -9 loses at most the call
that was being answered, and a restart goes on from there.
"""

import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

Row = sqlite3.Row  # members by name

_NOTES = "CREATE TABLE IF NOT EXISTS notes (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID"
_COUNT_UP = "INSERT INTO notes VALUES (?, 1) ON CONFLICT (name) DO UPDATE SET value = value + 1 RETURNING value"


class Storage:
    """Rows and named whole numbers ("notes"). Safe to use from any thread."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(path or ":memory:", isolation_level=None, check_same_thread=False)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=NORMAL")  # survives kill -9; only a power cut may cost a call
        self._connection.execute("PRAGMA cache_size=-64000")  # 64 MB: filling a big new state need not spill
        self._connection.execute(_NOTES)

    def create(self, schema: str) -> None:
        """Run the statements of ``schema``; they create what is not there yet."""
        with self._lock:
            self._connection.executescript(schema)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing, and nobody in between. Inside another transaction it is part of that one."""
        with self._lock:
            if self._connection.in_transaction:
                yield
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[Row]:
        """All rows of a query."""
        with self._lock:
            return self._connection.execute(sql, values).fetchall()

    def row(self, sql: str, values: Sequence[Any] = ()) -> Row | None:
        """The first row of a query, or None."""
        with self._lock:
            row: Row | None = self._connection.execute(sql, values).fetchone()
            return row

    def select(
        self,
        table: str,
        conditions: Mapping[str, Any] | None = None,
        *,
        newest_first: bool = False,
        limit: int = -1,
        offset: int = 0,
    ) -> list[Row]:
        """Rows of ``table`` in the order of their creation.

        Args:
            conditions: SQL with one question mark -> its value; all must hold.
            limit: at most so many; -1: all.
            offset: after leaving out so many.
        """
        where = _where(conditions)
        order = "DESC" if newest_first else "ASC"
        sql = f"SELECT * FROM {table} WHERE {where} ORDER BY seq {order} LIMIT ? OFFSET ?"  # noqa: S608  all names are ours
        return self.rows(sql, (*(conditions or {}).values(), limit, offset))

    def count(self, table: str, conditions: Mapping[str, Any] | None = None) -> int:
        """How many rows of ``table`` there are, all or those for which ``conditions`` hold."""
        sql = f"SELECT count(*) AS rows FROM {table} WHERE {_where(conditions)}"  # noqa: S608  all names are ours
        row = self.row(sql, tuple((conditions or {}).values()))
        return row["rows"] if row else 0

    def run(self, sql: str, values: Sequence[Any] = ()) -> int:
        """Run one statement and answer how many rows it changed."""
        with self._lock:
            return self._connection.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Any]]) -> None:
        """Run one statement for each of ``rows``."""
        with self._lock:
            self._connection.executemany(sql, rows)

    def update(self, table: str, key: tuple[str, Any], values: Mapping[str, Any]) -> int:
        """Set ``values`` on the rows whose column ``key[0]`` is ``key[1]``; answers how many there were."""
        changes = ", ".join(f"{name} = ?" for name in values)
        sql = f"UPDATE {table} SET {changes} WHERE {key[0]} = ?"  # noqa: S608  all names are ours
        return self.run(sql, (*values.values(), key[1]))

    def note(self, name: str) -> int | None:
        """The number kept under ``name``, or None."""
        row = self.row("SELECT value FROM notes WHERE name = ?", (name,))
        return row["value"] if row else None

    def set_note(self, name: str, value: int) -> None:
        """Keep ``value`` under ``name``."""
        self.run("INSERT OR REPLACE INTO notes VALUES (?, ?)", (name, value))

    def count_up(self, name: str) -> int:
        """Add one to the number kept under ``name`` and answer it; the first is 1."""
        row = self.row(_COUNT_UP, (name,))
        return row["value"] if row else 0

    def close(self) -> None:
        """Close the database; nothing works afterwards."""
        with self._lock:
            self._connection.close()


def _where(conditions: Mapping[str, Any] | None) -> str:
    return " AND ".join(conditions) if conditions else "true"


def insert_into(table: str, columns: Sequence[str]) -> str:
    """The INSERT statement for these columns, with question marks."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608  all names are ours
