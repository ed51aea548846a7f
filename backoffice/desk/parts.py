"""The registry of the work on the desk: each app registers its parts, figures and charts, also for others' parts."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Count, QuerySet
from django.utils.safestring import SafeString

from backoffice.badges import Tone
from backoffice.texts import Text

Person = User | AnonymousUser
Numbers = Mapping[tuple[str, int], int]
"""What was counted: by series and slot, as a day or a length."""
Counts = Sequence[QuerySet[Any, dict[str, Any]]]
"""Queries of a summary, each row ``series`` (text), ``slot`` (whole number) and ``number``, in this order."""


@dataclass(frozen=True)
class Figure:
    """How many of something there are now, and the list of exactly these.

    Args:
        rows: what is counted; None for those who may not see the list. Two persons of the same permissions and limits
            get the same rows. Every moment in the query is the beginning of a day, or lies as far from now as before.
        url: of the list that shows these rows and no others.
        tone: how it looks where there is any.
        is_dear: it cannot be counted within a few milliseconds in large tables. Then it is five minutes old at most,
            says so, and its rows are the same for all who may see them.
    """

    name: str
    part: str
    rank: int
    label: Text
    tone: Tone
    rows: Callable[[Person], QuerySet[Any] | None]
    url: Callable[[], str]
    is_dear: bool = False


@dataclass(frozen=True)
class Chart:
    """A small chart that answers a question; a minute old at most.

    Args:
        permissions: without which nobody sees it.
        counts: the queries behind it; the same for everybody.
        draw: the chart and its table; None where there is nothing to draw, and ``none`` is said.
    """

    name: str
    part: str
    rank: int
    question: Text
    none: Text
    permissions: Sequence[str]
    counts: Callable[[], Counts]
    draw: Callable[[Numbers], SafeString | None]


@dataclass(frozen=True)
class Part:
    """The work of one kind of people.

    Args:
        own: the permission of those whose work it is; they see it first.
        nothing: what is said, and what to do, where no figure tells of any.
        resources: that have to be read before anything can be said.
    """

    name: str
    rank: int
    title: Text
    own: str
    nothing: Text
    resources: Sequence[str] = ()


@dataclass
class Registry:
    """What the apps made known."""

    parts: dict[str, Part] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    charts: dict[str, Chart] = field(default_factory=dict)

    def figures_of(self, part: Part) -> Iterable[Figure]:
        """As they stand on the desk."""
        return sorted((one for one in self.figures.values() if one.part == part.name), key=lambda one: one.rank)

    def charts_of(self, part: Part) -> Iterable[Chart]:
        """As they stand on the desk."""
        return sorted((one for one in self.charts.values() if one.part == part.name), key=lambda one: one.rank)


def by(rows: QuerySet[Any], series: Any, slot: Any) -> QuerySet[Any, dict[str, Any]]:
    """Rows counted by two expressions: a query of a summary."""
    counted: QuerySet[Any, dict[str, Any]] = (
        rows.order_by().values(series=series, slot=slot).annotate(number=Count("pk"))
    )
    return counted


KNOWN = Registry()


def register(*things: Part | Figure | Chart) -> None:
    """Make parts, figures and charts known."""
    for thing in things:
        match thing:
            case Part():
                KNOWN.parts[thing.name] = thing
            case Figure():
                KNOWN.figures[thing.name] = thing
            case Chart():
                KNOWN.charts[thing.name] = thing


def in_order(person: Person) -> list[Part]:
    """All parts, the person's own work first."""
    return sorted(KNOWN.parts.values(), key=lambda part: (not person.has_perm(part.own), part.rank))
