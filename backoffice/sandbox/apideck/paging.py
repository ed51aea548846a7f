"""Which page of the customers is asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from backoffice.sandbox.apideck.assumptions import DEFAULT_PAGE_SIZE, LARGEST_PAGE_SIZE
from backoffice.sandbox.apideck.refusal import invalid
from backoffice.sandbox.pages import seq_in


@dataclass(frozen=True)
class PageRequest:
    """How much is asked for, and from where on."""

    limit: int = DEFAULT_PAGE_SIZE
    cursor: str | None = None
    after: int | None = None  # the ``seq`` in the cursor

    @classmethod
    def from_query(cls, query: Mapping[str, str], service_id: str) -> Self:
        """Read ``limit`` and ``cursor``; a cursor of another service is refused. Raises Refusal (400)."""
        limit, cursor = query.get("limit", str(DEFAULT_PAGE_SIZE)), query.get("cursor") or None
        is_number = limit.isascii() and limit.isdigit() and len(limit) < 10
        if not is_number or not 1 <= int(limit) <= LARGEST_PAGE_SIZE:
            raise invalid(("limit", f"must be an integer of 1 to {LARGEST_PAGE_SIZE}"))
        after = seq_in(cursor, service_id) if cursor else None
        if cursor and after is None:
            raise invalid(("cursor", "is not one of this service"))
        return cls(int(limit), cursor, after)
