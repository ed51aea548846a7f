"""A search in a list: what it finds is what its words' conditions say; how it is found depends on how many that are.

The index of words gives the few rows that a rare search finds. What is frequent is met soon where the list's order
begins, so there the conditions themselves are enough. Words that are too short for the index are looked for in the
newest rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext

from backoffice import textindex
from backoffice.texts import number

MOST = 1_000
"""Rows that a search finds and that are known one by one; more of them are met where the order begins."""
NEWEST = 20_000
"""Rows that are looked through for a word that is too short for the index."""
IS_FREQUENT = 200
"""Of those, so many make it frequent."""


class TooMany(Exception):
    """More rows than it pays to know one by one. ``are_found`` where they are what was searched for."""

    def __init__(self, *, are_found: bool = False) -> None:
        super().__init__()
        self.are_found = are_found


class Searched(Protocol):
    """A list that can be searched."""

    model: type[Model]
    is_indexed: bool
    has_elsewhere: bool

    def holding(self, part: str) -> Q: ...

    def elsewhere(self, part: str) -> Iterable[Q]: ...


@dataclass(frozen=True)
class Narrowed:
    """The rows that a search finds, and what has to be said of it."""

    rows: QuerySet[Any]
    note: str = ""
    at_least: int = 0
    """So many rows it is known to find, where they were not counted."""


def related(model: type[Model], part: str) -> list[int]:
    """Keys of the rows of another model in whose text a word occurs. Raises TooMany."""
    if not textindex.is_for([part]):
        raise TooMany
    keys = textindex.keys(model, [part], MOST)
    if keys is None:
        raise TooMany
    return keys


def narrow(own: Searched, rows: QuerySet[Any], parts: Sequence[str]) -> Narrowed:
    """The rows in which all of ``parts`` occur."""
    if not parts:
        return Narrowed(rows)
    if not own.is_indexed:
        return Narrowed(_holding(own, rows, parts))
    if not textindex.is_for(parts):
        return _among_newest(own, rows, parts)
    try:
        keys = _keys(own, parts)
    except TooMany as many:
        return Narrowed(_holding(own, rows, parts), at_least=MOST if many.are_found else 0)
    return Narrowed(rows.filter(pk__in=keys))


def _holding(own: Searched, rows: QuerySet[Any], parts: Sequence[str]) -> QuerySet[Any]:
    for part in parts:
        rows = rows.filter(own.holding(part))
    return rows


def _keys(own: Searched, parts: Sequence[str]) -> set[int]:
    """A row that all words are in has them all in its text, or one of them elsewhere. Raises TooMany."""
    keys = _in_text(own, parts, are_found=True)
    every = own.model._default_manager.order_by()
    long = [part for part in parts if textindex.is_for([part])]
    others: set[int] = set()
    ways = [every.filter(way).values_list("pk", flat=True) for part in long for way in own.elsewhere(part)]
    if ways:
        found = ways[0].union(*ways[1:], all=True) if len(ways) > 1 else ways[0]
        others = set(found[: MOST + 1])
        if len(others) > MOST:
            raise TooMany
    if len(long) < len(parts) and own.has_elsewhere:
        others |= set(_in_text(own, long))  # the short words may be elsewhere
    if others and len(parts) > 1:
        others = set(_holding(own, every.filter(pk__in=others), parts).values_list("pk", flat=True))
    return {*keys, *others}


def _in_text(own: Searched, parts: Sequence[str], *, are_found: bool = False) -> list[int]:
    keys = textindex.keys(own.model, parts, MOST)
    if keys is None:
        raise TooMany(are_found=are_found)
    return keys


def _among_newest(own: Searched, rows: QuerySet[Any], parts: Sequence[str]) -> Narrowed:
    every = own.model._default_manager.order_by("-pk")
    before = list(every.values_list("pk", flat=True)[NEWEST : NEWEST + 1])
    newest = every.filter(pk__gt=before[0]) if before else every
    keys = set(_holding(own, newest, parts).values_list("pk", flat=True)[: IS_FREQUENT + 1])
    if len(keys) > IS_FREQUENT:
        return Narrowed(_holding(own, rows, parts), at_least=IS_FREQUENT)
    note = gettext(
        "Only the {count} {things} that came last were looked through: search for a word of 3 letters to find all."
    ).format(count=number(NEWEST), things=own.model._meta.verbose_name_plural)
    return Narrowed(rows.filter(pk__in=keys), note if before else "")
