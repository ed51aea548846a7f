"""A search in a list: what it finds is what its words' conditions say; how it is found depends on how many that are.

The index of words gives the few rows that a rare search finds. What is frequent is met soon among the newest rows, so
there the conditions themselves are enough, newest first. Words that are too short for the index, and frequent ones of
which it is not known whether they meet, are looked for in the newest rows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _

from backoffice import textindex
from backoffice.texts import number

MOST = 4_000
"""Rows that a search finds and that are known one by one; more of them are met where the order begins."""
NEWEST, NEWEST_ELSEWHERE = 20_000, 5_000
"""Rows that are looked through for a word that is too short for the index: the second, where each leads to another."""
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
    looks_elsewhere: bool

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
        if not many.are_found:
            return _among_newest(own, rows, parts)
        return Narrowed(_holding(own, rows, parts), at_least=MOST)
    return Narrowed(rows.filter(pk__in=keys))


def _holding(own: Searched, rows: QuerySet[Any], parts: Sequence[str]) -> QuerySet[Any]:
    for part in parts:
        rows = rows.filter(own.holding(part))
    return rows


def _keys(own: Searched, parts: Sequence[str]) -> set[int]:
    """A row that all words are in has them all in its text, or is among the few that one rare word is in.

    Raises TooMany.
    """
    keys = set(_in_text(own, parts, are_found=True))
    ways = {part: _ways(own, part) for part in parts}
    if all(found == [] for found in ways.values()):
        return keys
    for part, found in ways.items():
        if found is None or not textindex.is_for([part]):
            continue
        try:
            few = _elsewhere(own, found) | (keys if len(ways) == 1 else set(_in_text(own, [part])))
        except TooMany:
            continue
        return keys | (few if len(ways) == 1 else set(_holding(own, _every(own).filter(pk__in=few), parts)))
    raise TooMany


def _ways(own: Searched, part: str) -> list[Q] | None:
    """How rows are found that have a word elsewhere than in their text; None where they are too many."""
    try:
        return list(own.elsewhere(part))
    except TooMany:
        return None


def _elsewhere(own: Searched, ways: Sequence[Q]) -> set[int]:
    if not ways:
        return set()
    first, *rest = (_every(own).filter(way) for way in ways)
    keys = set((first.union(*rest, all=True) if rest else first)[: MOST + 1])
    if len(keys) > MOST:
        raise TooMany
    return keys


def _every(own: Searched) -> QuerySet[Any]:
    """The keys of all rows."""
    return own.model._default_manager.order_by().values_list("pk", flat=True)


def _in_text(own: Searched, parts: Sequence[str], *, are_found: bool = False) -> list[int]:
    if not textindex.column_of(own.model):
        return []
    keys = textindex.keys(own.model, parts, MOST)
    if keys is None:
        raise TooMany(are_found=are_found)
    return keys


def _among_newest(own: Searched, rows: QuerySet[Any], parts: Sequence[str]) -> Narrowed:
    """What the newest rows hold, where to look through all of them would take long."""
    every = own.model._default_manager.order_by("-pk")
    count = NEWEST_ELSEWHERE if own.looks_elsewhere else NEWEST
    before = list(every.values_list("pk", flat=True)[count : count + 1])
    newest = every.filter(pk__gt=before[0]) if before else every
    keys = set(_holding(own, newest, parts).values_list("pk", flat=True)[: IS_FREQUENT + 1])
    if len(keys) > IS_FREQUENT:
        return Narrowed(_holding(own, rows, parts), at_least=IS_FREQUENT)
    return Narrowed(rows.filter(pk__in=keys), _how_far(own, parts, count) if before else "")


def _how_far(own: Searched, parts: Sequence[str], count: int) -> str:
    if textindex.is_for(parts):
        told = _("Only the {count} {things} that came last were looked through: add a rarer word to find all.")
    else:
        told = _(
            "Only the {count} {things} that came last were looked through: search for a word of 3 letters to find all."
        )
    return told.format(count=number(count), things=own.model._meta.verbose_name_plural)
