"""What the command palette finds beside pages: records, few of each kind, only what the person may see."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Protocol, runtime_checkable

from django.http import HttpRequest
from unfold.dataclasses import SearchResult

MAX_HITS = 10


@runtime_checkable
class Findable(Protocol):
    """A model admin whose records the palette finds; those with the lowest rank first."""

    @property
    def palette_rank(self) -> int: ...

    def has_view_permission(self, request: HttpRequest) -> bool: ...

    def palette(self, request: HttpRequest, term: str, limit: int) -> list[SearchResult]: ...


def find(request: HttpRequest, admins: Iterable[Any], term: str) -> list[SearchResult]:
    """At most ten records that match."""
    return list(islice(_found(request, admins, term), MAX_HITS))


def _found(request: HttpRequest, admins: Iterable[Any], term: str) -> Iterator[SearchResult]:
    findable = [admin for admin in admins if isinstance(admin, Findable)]
    for admin in sorted(findable, key=lambda admin: admin.palette_rank):
        if admin.has_view_permission(request):
            yield from admin.palette(request, term, MAX_HITS)
