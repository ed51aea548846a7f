"""Pages, asked for by request headers: numbered ones with a count, and ones that follow an opaque cursor.

A numbered page is cut out of the rows as they are now, so rows that come or go meanwhile move between pages; a cursor
keeps its place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from backoffice.sandbox.afosto.assumptions import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE, LISTS_NEWEST_FIRST
from backoffice.sandbox.afosto.refusal import invalid
from backoffice.sandbox.pages import cursor_after, seq_in
from backoffice.sandbox.storage import Row, Storage

PAGE, PAGE_SIZE, COUNT = "x-page", "x-page-size", "x-count"
FIRST = "1"


@dataclass(frozen=True)
class PageRequest:
    """Which page, and how many rows of it."""

    page: str = FIRST
    size: int = DEFAULT_PAGE_SIZE

    @classmethod
    def asked(cls, page: str | None, size: str | None) -> Self:
        """Read both headers; an empty one is as good as none. Raises Refusal (400) for a wrong size."""
        size = size or str(DEFAULT_PAGE_SIZE)
        if not _is_number(size) or not 1 <= int(size) <= LARGEST_PAGE_SIZE:
            raise invalid(PAGE_SIZE)
        return cls(page or FIRST, int(size))


def read_numbered(storage: Storage, table: str, conditions: Mapping[str, Any], asked: PageRequest) -> list[Row]:
    """One numbered page of ``table``; past the end it is empty. Raises Refusal (400)."""
    offset = (number_of(asked) - 1) * asked.size
    return storage.select(table, conditions, newest_first=LISTS_NEWEST_FIRST, limit=asked.size, offset=offset)


def number_of(asked: PageRequest) -> int:
    """The number of a numbered page. Raises Refusal (400)."""
    if not _is_number(asked.page) or int(asked.page) < 1:
        raise invalid(PAGE)
    return int(asked.page)


def read_after(
    storage: Storage, table: str, conditions: Mapping[str, Any], asked: PageRequest
) -> tuple[list[Row], str]:
    """One page of ``table`` after a cursor, and the next cursor: empty at the end. Raises Refusal (400)."""
    if asked.page != FIRST:
        conditions = {**conditions, "seq < ?" if LISTS_NEWEST_FIRST else "seq > ?": _read_cursor(asked.page, table)}
    rows = storage.select(table, conditions, newest_first=LISTS_NEWEST_FIRST, limit=asked.size + 1)
    more = len(rows) > asked.size
    rows = rows[: asked.size]
    return rows, cursor_after(table, rows[-1]["seq"]) if more else ""


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= 9


def _read_cursor(cursor: str, table: str) -> int:
    """The ``seq`` in a cursor of this table; anything that this table did not hand out is refused."""
    seq = seq_in(cursor, table)
    if seq is None:
        raise invalid(PAGE)
    return seq
