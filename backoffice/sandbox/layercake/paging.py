"""Which rows of a list are asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from backoffice.sandbox.layercake.assumptions import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from backoffice.sandbox.layercake.refusal import invalid


@dataclass(frozen=True)
class PageRequest:
    """How many rows, after leaving out how many."""

    limit: int = DEFAULT_PAGE_SIZE
    offset: int = 0

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> Self:
        """Read ``limit`` and ``offset``. Raises Refusal (400)."""
        limit = _number(query, "limit", DEFAULT_PAGE_SIZE)
        if not 1 <= limit <= LARGEST_PAGE_SIZE:
            raise invalid(("limit", f"must be 1 to {LARGEST_PAGE_SIZE}"))
        return cls(limit, _number(query, "offset", 0))


def _number(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise invalid((name, "must be a whole number"))
    return int(text)
