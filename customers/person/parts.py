"""The registry of what a customer's page is made of: for each system, how it stands there and what it shows."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from backoffice import times
from backoffice.admin.readonly import Section
from backoffice.freshness import Freshness, row_fresh_at
from backoffice.mirror import MirrorModel
from customers.models import Customer


@dataclass(frozen=True)
class Subject:
    """Whom the page is about.

    Args:
        linked: remote ids of the records that a person confirmed to be the same customer, by resource.
        fresh: the runs of each resource that tell how old its rows are.
    """

    customer: Customer
    linked: Mapping[str, list[str]]
    fresh: Mapping[str, Freshness]

    def ids(self, resource: str) -> list[str]:
        """The linked records of a resource; none where nothing is linked."""
        return self.linked.get(resource, [])

    def fresh_at(self, resource: str, row: MirrorModel) -> datetime | None:
        """What a row's age counts from."""
        known = self.fresh.get(resource)
        return row_fresh_at(row.synced_at, known.swept_from if known else None)

    def age(self, resource: str, row: MirrorModel) -> Any:
        """The same in words."""
        return times.ago(self.fresh_at(resource, row))


@dataclass(frozen=True)
class Problem:
    """Something that a person should know before anything else, and where to go."""

    text: Any
    url: str = ""
    action: str = ""
    is_bad: bool = True


@dataclass(frozen=True)
class Standing:
    """One record that is this customer in one system: its page, how it is, and how old that is."""

    name: str
    url: str
    state: Any
    age: Any


@dataclass(frozen=True)
class Shown:
    """What one system shows of a customer to one person."""

    standings: list[Standing] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    records: Mapping[str, list[str]] = field(default_factory=dict)
    """What the timeline is about: remote ids by resource; lists, as no index serves subqueries within an OR."""


@dataclass(frozen=True)
class Part:
    """What one system brings to the page.

    Args:
        rank: the page begins with the lowest.
        show: None for a person who may see nothing of it.
    """

    upstream: str
    rank: int
    show: Callable[[HttpRequest, Subject], Shown | None]


PARTS: dict[str, Part] = {}
"""All parts by their upstream."""


def register(part: Part) -> None:
    """Make a system's part known."""
    PARTS[part.upstream] = part


def in_order() -> Iterable[Part]:
    """All parts as they stand on the page."""
    return sorted(PARTS.values(), key=lambda part: part.rank)
