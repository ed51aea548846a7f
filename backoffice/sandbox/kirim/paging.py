"""Pages of a list: a limit in digits, and an opaque cursor that stays right while rows come and change."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from backoffice.sandbox.kirim.assumptions import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, LISTS_NEWEST_FIRST
from backoffice.sandbox.kirim.refusal import invalid
from backoffice.sandbox.pages import cursor_after, seq_in
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
    return rows, cursor_after(table, rows[-1]["seq"]) if more else None


def _page_size(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise invalid(("limit", "must be a string of digits"))
    digits = text.lstrip("0")
    if not digits:
        raise invalid(("limit", "must be at least 1"))
    return LARGEST_PAGE_SIZE if len(digits) > 3 else min(int(digits), LARGEST_PAGE_SIZE)


def _read_cursor(cursor: str, table: str) -> int:
    """The ``seq`` in a cursor of this table; anything that this table did not hand out is refused."""
    seq = seq_in(cursor, table)
    if seq is None or seq <= 0:
        raise invalid(("cursor", "is not valid"))
    return seq
