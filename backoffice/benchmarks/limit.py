"""The physical limit: the same pages, decoded, into the same table, with nothing but the drivers.

No run record, no changes, no rejections, no checkpoint, no tombstones, no retries.
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import blake2b
from time import perf_counter
from typing import Any

import httpx
import msgspec
import psycopg

from customers.kirim import CustomerRecord

COMMIT_EVERY_PAGES = 10
COLUMNS = (
    "remote_id", "payload", "payload_hash", "synced_at", "vanished_at", "text_cleaned", "remote_created_at",
    "remote_updated_at", "name", "email", "status", "team_id", "metadata", "archived_at", "search_text",
)  # fmt: skip
NAMES = ", ".join(COLUMNS)
MARKS = ", ".join("?" for _ in COLUMNS)


class _Page(msgspec.Struct):
    data: list[msgspec.Raw]
    next_cursor: str | None


class Database:
    """A bare driver connection to SQLite or PostgreSQL."""

    def __init__(self, url: str) -> None:
        self.is_postgresql = url.startswith("postgres")
        if self.is_postgresql:
            self.connection: Any = psycopg.connect(url)
        else:
            self.connection = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level="IMMEDIATE")
            self.connection.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;")

    def insert(self, rows: list[tuple[Any, ...]]) -> None:
        """New rows: executemany or COPY."""
        if not self.is_postgresql:
            self.connection.executemany(f"INSERT INTO customers_customer ({NAMES}) VALUES ({MARKS})", rows)  # noqa: S608
            return
        with self.connection.cursor().copy(f"COPY customers_customer ({NAMES}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)

    def upsert(self, rows: list[tuple[Any, ...]]) -> None:
        """Native upsert that skips rows whose digest is equal."""
        marks = ", ".join("%s" for _ in COLUMNS) if self.is_postgresql else MARKS
        sets = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[1:])
        self.connection.cursor().executemany(
            f"INSERT INTO customers_customer ({NAMES}) VALUES ({marks}) ON CONFLICT (remote_id) "  # noqa: S608
            f"DO UPDATE SET {sets} WHERE customers_customer.payload_hash <> excluded.payload_hash",
            rows,
        )

    def digests(self, remote_ids: list[str]) -> dict[str, bytes]:
        """Stored digests by remote id."""
        query = "SELECT remote_id, payload_hash FROM customers_customer WHERE remote_id"
        if self.is_postgresql:
            return dict(self.connection.execute(f"{query} = ANY(%s)", [remote_ids]).fetchall())
        marks = ", ".join("?" for _ in remote_ids)
        return dict(self.connection.execute(f"{query} IN ({marks})", remote_ids).fetchall())


def pages(base_url: str) -> Iterator[list[msgspec.Raw]]:
    """All pages over one keep-alive connection; the archived list too, as a sweep has to read it."""
    with httpx.Client(base_url=base_url) as http:
        for filters in ({}, {"status": "archived"}):
            cursor: str | None = None
            while True:
                params = {"limit": "200", **filters, **({"cursor": cursor} if cursor else {})}
                page = msgspec.json.decode(http.get("/customers", params=params).content, type=_Page)
                yield page.data
                cursor = page.next_cursor
                if cursor is None:
                    break


def first_load(base_url: str, url: str) -> float:
    """Seconds to load an empty table."""
    return _seconds(base_url, url, lambda database, rows: database.insert([_read(row, database) for row in rows]))


def resync_by_upsert(base_url: str, url: str) -> float:
    """Seconds to bring a loaded table up to date, every row decoded and offered to the database."""
    return _seconds(base_url, url, lambda database, rows: database.upsert([_read(row, database) for row in rows]))


def resync_by_digest(base_url: str, url: str) -> float:
    """Seconds to bring a loaded table up to date, with only rows of another digest decoded and written."""
    return _seconds(base_url, url, _offer)


class _Id(msgspec.Struct):
    id: str


_id_of = msgspec.json.Decoder(_Id).decode


def _offer(database: Database, rows: list[msgspec.Raw]) -> None:
    offered = {_id_of(row).id: (row, _digest(row)) for row in rows}
    stored = database.digests(list(offered))
    changed = [pair for remote_id, pair in offered.items() if stored.get(remote_id) != pair[1]]
    if changed:
        database.upsert([_values(row, digest, database.is_postgresql) for row, digest in changed])


def _seconds(base_url: str, url: str, take: Callable[[Database, list[msgspec.Raw]], None]) -> float:
    database = Database(url)
    start = perf_counter()
    for number, rows in enumerate(pages(base_url), 1):
        take(database, rows)
        if number % COMMIT_EVERY_PAGES == 0:
            database.connection.commit()
    database.connection.commit()
    seconds = perf_counter() - start
    database.connection.close()
    return seconds


def _read(row: msgspec.Raw, database: Database) -> tuple[Any, ...]:
    return _values(row, _digest(row), database.is_postgresql)


def _digest(row: msgspec.Raw) -> bytes:
    return blake2b(row, digest_size=16).digest()


def _values(row: msgspec.Raw, digest: bytes, is_postgresql: bool) -> tuple[Any, ...]:
    record = msgspec.json.decode(row, type=CustomerRecord)
    metadata = record.metadata or {}
    time = (lambda value: value) if is_postgresql else _naive_text
    return (
        record.id,
        bytes(row).decode(),
        digest,
        time(datetime.now(UTC)),
        None,
        False,
        time(record.created_at),
        time(record.updated_at),
        record.name,
        record.email,
        record.status,
        record.team_id,
        msgspec.json.encode(record.metadata).decode(),
        time(record.archived_at),
        "\n".join([record.name, record.email or "", record.id, *map(str, metadata.values())]).lower(),
    )


def _naive_text(value: datetime | None) -> str | None:
    return None if value is None else str(value.replace(tzinfo=None))
