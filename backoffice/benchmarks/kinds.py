"""What is measured: a resource that is listed by cursor, and one in numbered pages; by hand, for the limit.

Each is read into the very table that the engine fills, with no code of the engine's.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx
import msgspec

from customers.kirim import CustomerRecord
from fulfilment.afosto import ParcelRecord

IN_FLIGHT = 8  # numbered pages
_MIRROR = (
    "remote_id", "payload", "payload_hash", "synced_at", "vanished_at", "text_cleaned", "remote_created_at",
    "remote_updated_at",
)  # fmt: skip

Rows = list[msgspec.Raw]


@dataclass(frozen=True)
class Kind:
    """A resource as the limit takes it.

    Args:
        upstream: whose base URL is set per measurement, and whose path below the server's root is ``path``.
        pages: all pages of its list below a base URL.
        values: the columns of a row, from its JSON and digest, and whether the database is PostgreSQL.
    """

    resource: str
    upstream: str
    path: str
    table: str
    columns: tuple[str, ...]
    pages: Callable[[str], Iterator[Rows]]
    values: Callable[[msgspec.Raw, bytes, bool], tuple[Any, ...]]


class _Page(msgspec.Struct):
    data: Rows
    next_cursor: str | None


def _by_cursor(base_url: str) -> Iterator[Rows]:
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


def _by_number(base_url: str) -> Iterator[Rows]:
    """All pages in their order, ``IN_FLIGHT`` of them asked for at a time, up to the first empty one."""

    def read(number: int) -> bytes:
        return http.get("/lcs/parcels", headers={"x-page": str(number), "x-page-size": "100"}).content

    waiting: deque[Future[bytes]] = deque()
    with httpx.Client(base_url=base_url) as http, ThreadPoolExecutor(IN_FLIGHT) as pool:
        for number in range(1, 1_000_000):
            waiting.append(pool.submit(read, number))
            if len(waiting) < IN_FLIGHT:
                continue
            rows = msgspec.json.decode(waiting.popleft().result(), type=Rows)
            yield rows
            if not rows:
                return


def _mirrored(record: Any, row: msgspec.Raw, digest: bytes, time: Callable[[datetime | None], Any]) -> tuple[Any, ...]:
    created, updated = time(record.created_at), time(record.updated_at)
    return record.id, bytes(row).decode(), digest, time(datetime.now(UTC)), None, False, created, updated


def _time(is_postgresql: bool) -> Callable[[datetime | None], Any]:
    return (lambda value: value) if is_postgresql else _naive_text


def _naive_text(value: datetime | None) -> str | None:
    return None if value is None else str(value.replace(tzinfo=None))


def _customer(row: msgspec.Raw, digest: bytes, is_postgresql: bool) -> tuple[Any, ...]:
    record, time = msgspec.json.decode(row, type=CustomerRecord), _time(is_postgresql)
    metadata = record.metadata or {}
    return (
        *_mirrored(record, row, digest, time),
        record.name,
        record.email,
        record.status,
        record.team_id,
        msgspec.json.encode(record.metadata).decode(),
        time(record.archived_at),
        "\n".join([record.name, record.email or "", record.id, *map(str, metadata.values())]).lower(),
    )


def _parcel(row: msgspec.Raw, digest: bytes, is_postgresql: bool) -> tuple[Any, ...]:
    record, time = msgspec.json.decode(row, type=ParcelRecord), _time(is_postgresql)
    label, pieces = record.label, record.items or []
    words = [record.number or "", record.id, record.tracking_code or "", *(piece.sku or "" for piece in pieces)]
    return (
        *_mirrored(record, row, digest, time),
        record.number or "",
        record.shipment_id or "",
        record.weight,
        record.length,
        record.width,
        record.height,
        record.position or "",
        record.tracking_code or "",
        record.tracking_url or "",
        (label and label.file_id) or "",
        time(label.requested_at) if label else None,
        (label and label.reference) or "",
        (label and label.label_text) or "",
        record.file_id or "",
        len(pieces),
        bool(record.is_outbound),
        bool(record.is_in_transit),
        bool(record.is_delivered),
        bool(record.is_finished),
        time(record.ship_at),
        time(record.in_transit_at),
        time(record.finished_at),
        "\n".join(words).lower(),
    )


CUSTOMERS = Kind(
    "kirim.customers", "kirim", "v1", "customers_customer",
    (*_MIRROR, "name", "email", "status", "team_id", "metadata", "archived_at", "search_text"),
    _by_cursor, _customer,
)  # fmt: skip
PARCELS = Kind(
    "afosto.parcels", "afosto", "afosto", "fulfilment_parcel",
    (
        *_MIRROR, "number", "shipment_remote_id", "weight", "length", "width", "height", "position", "tracking_code",
        "tracking_url", "label_file_id", "label_requested_at", "label_reference", "label_text", "slip_file_id",
        "piece_count", "is_outbound", "is_in_transit", "is_delivered", "is_finished", "ship_at", "in_transit_at",
        "finished_at", "search_text",
    ),
    _by_number, _parcel,
)  # fmt: skip
