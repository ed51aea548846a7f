"""The registry of what needs a person: kinds of things that wait. The menu, the desk and the page count by it."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

SHOWN = 20  # rows of a section on the page; the list that it links to has them all

Person = User | AnonymousUser


@dataclass(frozen=True)
class Line:
    """One sentence on the desk, and where to go."""

    text: str
    url: str
    action: str


@dataclass(frozen=True)
class Kind:
    """One kind of thing that may wait for a person."""

    name: str  # its place on the page: "unknown"
    rank: int  # the page begins with the lowest
    title: str
    meaning: str  # what it means and what to do
    sentence: str  # before the count, on the desk
    action: str  # what the desk's link says
    template: str
    rows: Callable[[Person], QuerySet[Any] | None]
    """What waits; None for those who may neither act nor see. Every page with the menu counts it.

    Two persons of the same permissions get the same rows, and every moment in the query lies as far from now as it did
    before: its SQL is kept.
    """
    parts: Callable[[Person], Mapping[str, Any]]
    """What the template shows."""
    lines: Callable[[Person], Sequence[Line]] | None = None
    """For the desk, where one sentence does not do."""


@dataclass(frozen=True)
class Section:
    """One kind of thing that does wait, as one person sees it."""

    kind: Kind
    person: Person
    count: int

    @property
    def lines(self) -> Sequence[Line]:
        """What the desk says of it."""
        if self.kind.lines:
            return self.kind.lines(self.person)
        url = f"{reverse('needs_you')}#{self.kind.name}"
        return [Line(f"{self.kind.sentence}: {self.count:,}", url, self.kind.action)]

    @property
    def parts(self) -> Mapping[str, Any]:
        """What the page shows of it."""
        return self.kind.parts(self.person)


KINDS: dict[str, Kind] = {}
"""All kinds by name."""


def register(*kinds: Kind) -> None:
    """Make kinds known."""
    KINDS.update({kind.name: kind for kind in kinds})


def waiting(request: HttpRequest) -> list[Section]:
    """What waits for this person, the worst first; counted once a request, with one query."""
    known: list[Section] | None = getattr(request, "_needs_a_person", None)
    if known is None:
        known = _count(request.user)
        request._needs_a_person = known  # type: ignore[attr-defined]
    return known


def count(request: HttpRequest) -> int:
    """How many things wait for this person, of all kinds."""
    return sum(section.count for section in waiting(request))


@dataclass(frozen=True)
class _Statement:
    """The SQL that counts all kinds for persons of the same permissions. Building it costs far more than running it."""

    sql: str
    params: tuple[Any, ...]
    built_at: datetime

    def run(self) -> list[tuple[str, int]]:
        """Kinds with their counts, as of now."""
        later = timezone.now() - self.built_at
        params = [_stored(moment + later) if (moment := _moment(param)) else param for param in self.params]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            return cursor.fetchall()  # type: ignore[no-any-return]


_STATEMENTS: dict[tuple[str, frozenset[str] | None], _Statement | None] = {}
_MOST_STATEMENTS = 200


def _count(person: Person) -> list[Section]:
    is_all_powerful = person.is_active and person.is_superuser
    key = (connection.vendor, None if is_all_powerful else frozenset(person.get_all_permissions()))
    if key not in _STATEMENTS:
        if len(_STATEMENTS) >= _MOST_STATEMENTS:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _build(person)
    statement = _STATEMENTS[key]
    found = [Section(KINDS[name], person, count) for name, count in statement.run() if count] if statement else []
    return sorted(found, key=lambda section: section.kind.rank)


def _build(person: Person) -> _Statement | None:
    built_at = timezone.now()
    visible = {name: rows for name, kind in KINDS.items() if (rows := kind.rows(person)) is not None}
    if not visible:
        return None
    first, *rest = [
        rows.order_by().values(in_section=Value(name)).annotate(in_all=Count("pk")) for name, rows in visible.items()
    ]
    try:
        sql, params = first.union(*rest, all=True).query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return _Statement(sql, tuple(params), built_at)


def _moment(param: Any) -> datetime | None:
    """The moment that a parameter is, if it is one: SQLite is given them as text."""
    if isinstance(param, str) and connection.vendor == "sqlite":
        with suppress(ValueError):
            return datetime.fromisoformat(param).replace(tzinfo=UTC)
    return param if isinstance(param, datetime) else None


def _stored(moment: datetime) -> Any:
    return connection.ops.adapt_datetimefield_value(moment)
