"""Figures as of now: one query counts them all, and none further than people care to know."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice import limits, times
from backoffice.desk.parts import KNOWN, Figure, Person
from backoffice.kept import Statement
from backoffice.texts import number

MOST = 1_000
"""No figure is counted beyond this: the database stops there, so that a large one costs no more."""
DAYS = range(-31, 9)
"""The days whose beginnings may stand in a figure's query, from today."""

_STATEMENTS: dict[tuple[Any, ...], Statement | None] = {}
_MOST_STATEMENTS = 200


def counts(person: Person, figures: Sequence[Figure]) -> Mapping[str, int]:
    """How many each figure tells of, by its name; ``MOST + 1`` for more. What the person may not see is left out."""
    statement = _statement(person, [figure for figure in figures if not figure.is_dear])
    return dict(statement.run()) if statement else {}


def _statement(person: Person, figures: Sequence[Figure]) -> Statement | None:
    is_all_powerful = person.is_active and person.is_superuser
    permissions = None if is_all_powerful else frozenset(person.get_all_permissions())
    day: date = timezone.localdate()
    zone = timezone.get_current_timezone_name()
    key = (connection.vendor, day, zone, limits.held(), permissions, *(one.name for one in figures))
    if key not in _STATEMENTS:
        if len(_STATEMENTS) >= _MOST_STATEMENTS:
            _STATEMENTS.clear()
        _STATEMENTS[key] = _build(person, figures)
    return _STATEMENTS[key]


def _build(person: Person, figures: Sequence[Figure]) -> Statement | None:
    built_at = timezone.now()
    parts: list[str] = []
    params: list[Any] = []
    for figure in figures:
        assert KNOWN.figures[figure.name] is figure and figure.name.isascii() and "'" not in figure.name  # noqa: S101  it stands in the SQL
        rows = figure.rows(person)
        if rows is None:
            continue
        sql, of_rows = bounded(rows)
        parts.append(f"SELECT '{figure.name}', COUNT(*) FROM ({sql}) AS counted")  # noqa: S608  a name of ours
        params += of_rows
    if not parts:
        return None
    fixed = frozenset(times.midnight(days) for days in DAYS)
    return Statement(" UNION ALL ".join(parts), tuple(params), built_at, fixed)


def bounded(rows: QuerySet[Any]) -> tuple[str, Sequence[Any]]:
    """SQL for the keys of rows, of one more than are counted at the most."""
    keys = rows.order_by().values_list("pk")[: MOST + 1]
    try:
        sql, params = keys.query.get_compiler(connection=connection).as_sql()
    except EmptyResultSet:
        return "SELECT 1 WHERE 1 = 0", ()
    return sql, params


def in_words(count: int) -> str:
    """The number as it is told: no more than is known."""
    return _("more than {count}").format(count=number(MOST)) if count > MOST else number(count)
