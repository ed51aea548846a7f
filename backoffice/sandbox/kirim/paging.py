"""Pages of a list: a limit in digits, and an opaque cursor that stays right while rows come and change."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from backoffice.sandbox.kirim.assumptions import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, LISTS_NEWEST_FIRST
from backoffice.sandbox.kirim.refusal import invalid
from backoffice.sandbox.storage import Row, Storage


@dataclass(frozen=True)
class PageRequest:
    """How much is asked for, and from where on."""

    limit: int = DEFAULT_PAGE_SIZE
    after: int | None = None  # the ``seq`` of the last row already given

    @classmethod
    def from_query(cls, query: Mapping[str, str], table: str) -> Self:
        """Read ``limit`` and ``cursor``. Raises Refusal (400) when one is not valid."""
        limit, cursor = query.get("limit"), query.get("cursor")
        return cls(
            limit=DEFAULT_PAGE_SIZE if limit is None else _page_size(limit),
            after=None if cursor is None else _read_cursor(cursor, table),
        )


def read_page(
    storage: Storage, table: str, conditions: Mapping[str, Any], page: PageRequest
) -> tuple[list[Row], str | None]:
    """One page of ``table``: its rows, and the cursor of the next page (None at the end).

    The position is the row's number of creation: rows that arrive or change meanwhile shift nothing.

    Args:
        conditions: SQL with one question mark -> its value.
    """
    if page.after is not None:
        conditions = {**conditions, "seq < ?" if LISTS_NEWEST_FIRST else "seq > ?": page.after}
    rows = storage.select(table, conditions, newest_first=LISTS_NEWEST_FIRST, limit=page.limit + 1)
    more = len(rows) > page.limit
    rows = rows[: page.limit]
    return rows, _cursor(table, rows[-1]["seq"]) if more else None


def _page_size(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise invalid(("limit", "must be a string of digits"))
    digits = text.lstrip("0")
    if not digits:
        raise invalid(("limit", "must be at least 1"))
    return LARGEST_PAGE_SIZE if len(digits) > 3 else min(int(digits), LARGEST_PAGE_SIZE)


def _cursor(table: str, seq: int) -> str:
    return base64.urlsafe_b64encode(f"{table}:{seq}".encode()).decode().rstrip("=")


def _read_cursor(cursor: str, table: str) -> int:
    """The ``seq`` in a cursor of this table; anything that this table did not hand out is refused."""
    try:
        decoded = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        seq = int(decoded.removeprefix(f"{table}:"))
    except (binascii.Error, ValueError):  # ValueError: not ASCII, not UTF-8, no number
        raise invalid(("cursor", "is not valid")) from None
    if _cursor(table, seq) != cursor or not 0 < seq < 2**63:  # SQLite's largest
        raise invalid(("cursor", "is not valid"))
    return seq
