"""The physical limit: the same pages, decoded, into the same table, with nothing but the drivers.

No run record, no changes, no rejections, no checkpoint, no tombstones, no retries.
"""

import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from time import perf_counter
from typing import Any

import msgspec
import psycopg

from backoffice.benchmarks.kinds import Kind, Rows

COMMIT_EVERY_PAGES = 10


class Database:
    """A bare driver connection to SQLite or PostgreSQL, for one kind's table."""

    def __init__(self, url: str, kind: Kind) -> None:
        self.kind = kind
        self._names = ", ".join(kind.columns)
        self.is_postgresql = url.startswith("postgres")
        self._marks = ", ".join("%s" if self.is_postgresql else "?" for _ in kind.columns)
        if self.is_postgresql:
            self.connection: Any = psycopg.connect(url)
        else:
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level="IMMEDIATE")
            self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")

    def insert(self, rows: list[tuple[Any, ...]]) -> None:
        """New rows: executemany or COPY."""
        into = f"{self.kind.table} ({self._names})"
        if not self.is_postgresql:
            self.connection.executemany(f"INSERT INTO {into} VALUES ({self._marks})", rows)  # noqa: S608
            return
        with self.connection.cursor().copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def upsert(self, rows: list[tuple[Any, ...]]) -> None:
        """Native upsert that skips rows whose digest is equal."""
        table = self.kind.table
        sets = ", ".join(f"{name} = excluded.{name}" for name in self.kind.columns[1:])
        self.connection.cursor().executemany(
            f"INSERT INTO {table} ({self._names}) VALUES ({self._marks}) ON CONFLICT (remote_id) "  # noqa: S608
            f"DO UPDATE SET {sets} WHERE {table}.payload_hash <> excluded.payload_hash",
            rows,
        )

    def digests(self, remote_ids: list[str]) -> dict[str, bytes]:
        """Stored digests by remote id."""
        query = f"SELECT remote_id, payload_hash FROM {self.kind.table} WHERE remote_id"  # noqa: S608
        if self.is_postgresql:
            return dict(self.connection.execute(f"{query} = ANY(%s)", [remote_ids]).fetchall())
        marks = ", ".join("?" for _ in remote_ids)
        return dict(self.connection.execute(f"{query} IN ({marks})", remote_ids).fetchall())


def first_load(kind: Kind, base_url: str, url: str) -> float:
    """Seconds to load an empty table."""
    return _seconds(kind, base_url, url, lambda database, rows: database.insert(_read_all(rows, database)))


def resync_by_upsert(kind: Kind, base_url: str, url: str) -> float:
    """Seconds to bring a loaded table up to date, every row decoded and offered to the database."""
    return _seconds(kind, base_url, url, lambda database, rows: database.upsert(_read_all(rows, database)))


def resync_by_digest(kind: Kind, base_url: str, url: str) -> float:
    """Seconds to bring a loaded table up to date, with only rows of another digest decoded and written."""
    return _seconds(kind, base_url, url, _offer)


class _Id(msgspec.Struct):
    id: str


_id_of = msgspec.json.Decoder(_Id).decode


def _offer(database: Database, rows: Rows) -> None:
    offered = {_id_of(row).id: (row, _digest(row)) for row in rows}
    stored = database.digests(list(offered))
    changed = [pair for remote_id, pair in offered.items() if stored.get(remote_id) != pair[1]]
    if changed:
        database.upsert([database.kind.values(row, digest, database.is_postgresql) for row, digest in changed])


def _seconds(kind: Kind, base_url: str, url: str, take: Callable[[Database, Rows], None]) -> float:
    database = Database(url, kind)
    start = perf_counter()
    for number, rows in enumerate(kind.pages(base_url), 1):
        take(database, rows)
        if number % COMMIT_EVERY_PAGES == 0:
            database.connection.commit()
    database.connection.commit()
    seconds = perf_counter() - start
    database.connection.close()
    return seconds


def _read_all(rows: Rows, database: Database) -> list[tuple[Any, ...]]:
    return [database.kind.values(row, _digest(row), database.is_postgresql) for row in rows]


def _digest(row: msgspec.Raw) -> bytes:
    return blake2b(row, digest_size=16).digest()
