"""The registry of what needs a person: kinds of things that wait. The menu, the desk and the page count by it."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Count, F, Max, QuerySet, Value
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import pgettext

from backoffice import limits
from backoffice.kept import Statement
from backoffice.texts import Text, number

SHOWN = 20  # rows of a section on the page; the list that it links to has them all

Person = User | AnonymousUser


@dataclass(frozen=True)
class Line:
    """One sentence on the desk, and where to go."""

    text: Text
    url: str
    action: Text


@dataclass(frozen=True)
class Kind:
    """One kind of thing that may wait for a person."""

    name: str  # its place on the page: "unknown"
    rank: int  # the page begins with the lowest
    title: Text
    meaning: Text  # what it means and what to do
    sentence: Text  # before the count, on the desk
    action: Text  # what the desk's link says
    template: str
    rows: Callable[[Person], QuerySet[Any] | None]
    """What waits; None for those who may neither act nor see. Every page with the menu counts it.

    Two persons of the same permissions and limits get the same rows, and every moment in the query lies as far from
    now as it did before: its SQL is kept.
    """
    parts: Callable[[Person], Mapping[str, Any]]
    """What the template shows."""
    each: "Each | None" = None
    """For the desk, where one sentence does not do."""


@dataclass(frozen=True)
class Each:
    """A sentence of its own for each group of a kind. The query that counts tells it, so that it costs none."""

    column: str  # that groups: a resource
    line: Callable[["Group"], Line]
    number: str = ""  # a column: then each row is a group, and this is what is told of it instead of how many there are


@dataclass(frozen=True)
class Group:
    """Rows of one kind that are told in one sentence."""

    value: str  # of the kind's column
    pk: int  # of the row, where each is a group
    count: int
    number: int  # what is told


@dataclass(frozen=True)
class Section:
    """One kind of thing that does wait, as one person sees it."""

    kind: Kind
    person: Person
    groups: Sequence[Group]

    @property
    def count(self) -> int:
        """How many of them wait."""
        return sum(group.count for group in self.groups)

    @property
    def lines(self) -> Sequence[Line]:
        """What the desk says of it."""
        if self.kind.each:
            return [self.kind.each.line(group) for group in sorted(self.groups, key=lambda one: (one.value, one.pk))]
        url = f"{reverse('needs_you')}#{self.kind.name}"
        told = pgettext("what waits, and how much", "{what}: {count}")
        return [Line(told.format(what=self.kind.sentence, count=number(self.count)), url, self.kind.action)]

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


_STATEMENTS: dict[Hashable, Statement | None] = {}
_MOST_STATEMENTS = 200


def _count(person: Person) -> list[Section]:
    is_all_powerful = person.is_active and person.is_superuser
    permissions = None if is_all_powerful else frozenset(person.get_all_permissions())
    key = (connection.vendor, limits.held(), permissions)
    if key not in _STATEMENTS:
        if len(_STATEMENTS) >= _MOST_STATEMENTS:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _build(person)
    statement = _STATEMENTS[key]
    told: dict[str, list[Group]] = {}
    for name, *group in statement.run() if statement else ():
        told.setdefault(name, []).append(Group(*group))
    found = [Section(KINDS[name], person, groups) for name, groups in told.items() if any(one.count for one in groups)]
    return sorted(found, key=lambda section: section.kind.rank)


def _build(person: Person) -> Statement | None:
    built_at = timezone.now()
    visible = {name: rows for name, kind in KINDS.items() if (rows := kind.rows(person)) is not None}
    if not visible:
        return None
    first, *rest = [_grouped(KINDS[name], rows) for name, rows in visible.items()]
    try:
        sql, params = first.union(*rest, all=True).query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return None
    return Statement(sql, tuple(params), built_at)


def _grouped(kind: Kind, rows: QuerySet[Any]) -> QuerySet[Any, dict[str, Any]]:
    each = kind.each
    one: dict[str, Any] = {"in_section": Value(kind.name), "in_group": Value(""), "of_row": Value(0)}
    if each:
        one |= {"in_group": F(each.column), "of_row": F("pk") if each.number else Value(0)}
    told = Max(each.number) if each and each.number else Count("pk")
    counted: QuerySet[Any, dict[str, Any]] = rows.order_by().values(**one).annotate(in_all=Count("pk"), told=told)
    return counted
