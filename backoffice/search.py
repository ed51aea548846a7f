"""The registry of what a search finds: each app says how its kinds of records are found by a whole value and by words.

One statement looks for an id in all kinds. Beyond it a kind costs two bounded statements at most: one over indexed
columns, one over its text, and that one is left out once an id was met. Nothing here asks a remote.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import CharField, Q, QuerySet, Value

from backoffice import textindex
from backoffice.mirror import MirrorModel
from backoffice.sync.resource import RESOURCES

MAX_CHARS = 200
MAX_WORDS = 8
LEAST_CHARS = 3  # of a word: a shorter one stands in every other record
SHOWN = 20  # records of a kind
MOST_KNOWN = 2_000  # records that words find and that are then sorted
HEAVY = ("payload", "detail", "search_text", "piece_text", "line_items", "positions")


@dataclass(frozen=True)
class Term:
    """What somebody looks for."""

    text: str

    @classmethod
    def typed(cls, text: str) -> "Term":
        """As it came from an address: cut, without what no record holds."""
        return cls(" ".join(text.replace("\x00", "").split())[:MAX_CHARS].strip())

    @property
    def words(self) -> list[str]:
        """Its words in lower case, as many as a query takes."""
        return self.text.lower().split()[:MAX_WORDS]

    @property
    def looks_like_an_id(self) -> bool:
        """Whether it could be the id of a record: one word with a digit or a sign in it, but no e-mail address."""
        return bool(re.fullmatch(r"[A-Za-z0-9_.:-]{3,}", self.text) and re.search(r"[0-9_:-]", self.text))

    @property
    def is_searchable(self) -> bool:
        """Whether a word of it is long enough to be looked for inside texts."""
        return any(len(word) >= LEAST_CHARS for word in self.words)


@dataclass(frozen=True)
class Findable:
    """How the records of one resource are found.

    Args:
        exact: the rows that have the whole term as a value besides their id; only indexed columns of their own table.
            An empty condition where the term cannot be such a value.
        inside: the lookup by which a word, in lower case, is found in the row's texts; "" where there is none.
        page: where a row leads; without it to its record in the admin, as "".
    """

    resource: str
    exact: Callable[[Term], Q]
    inside: str = "search_text__contains"
    page: Callable[[Any], str] = lambda row: ""

    @property
    def model(self) -> type[MirrorModel]:
        """What is found."""
        return RESOURCES[self.resource].model

    @property
    def permission(self) -> str:
        """What it takes to find it."""
        return f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"


@dataclass(frozen=True)
class Found:
    """What was found of one kind; the first ``exact`` of the rows by a whole value."""

    findable: Findable
    rows: Sequence[Any]
    exact: int
    is_cut: bool


Also = Callable[[Term], Mapping[str, Iterable[int]]]
"""Keys of rows that an index beside their tables knows by a whole value, by resource. One bounded query."""

FINDABLES: dict[str, Findable] = {}
"""All of them by their resource."""
_ALSO: list[Also] = []


def register(*findables: Findable) -> None:
    """Make kinds findable."""
    FINDABLES.update({findable.resource: findable for findable in findables})


def register_index(also: Also) -> None:
    """Make an index known that finds whole values of several kinds with one query."""
    if also not in _ALSO:
        _ALSO.append(also)


def find(person: Any, term: Term) -> list[Found]:
    """What the person may see of what the term finds: kinds in the order of their resources, none that is empty."""
    visible = [
        FINDABLES[name] for name in RESOURCES if name in FINDABLES and person.has_perm(FINDABLES[name].permission)
    ]
    if not term.text or not visible:
        return []
    ids = _by_id(visible, term)
    keys: dict[str, list[int]] = {name: [key] for name, key in ids}
    for also in _ALSO:
        for name, found in also(term).items():
            keys.setdefault(name, []).extend(found)
    exact = {item.resource: _exact(item, term, keys.get(item.resource, [])) for item in visible}
    founds = [_found(item, exact[item.resource], [] if ids else _inside(item, term)) for item in visible]
    return [found for found in founds if found.rows]


def _by_id(visible: Sequence[Findable], term: Term) -> list[tuple[str, int]]:
    """The records with this very id: resource and key of each. One query over all kinds."""
    first, *rest = [
        item.model._default_manager.filter(remote_id=term.text)
        .order_by()
        .values_list(Value(item.resource, output_field=CharField()), "pk")
        for item in visible
    ]
    return list(first.union(*rest, all=True))


def _exact(findable: Findable, term: Term, keys: list[int]) -> list[Any]:
    whole = findable.exact(term)
    if keys:
        whole |= Q(pk__in=keys)
    return _newest(findable, _rows(findable).filter(whole)) if whole else []


def _inside(findable: Findable, term: Term) -> list[Any]:
    if not findable.inside or not term.is_searchable:
        return []
    rows = _rows(findable)
    if findable.inside == f"{textindex.column_of(findable.model)}__contains" and textindex.is_for(term.words):
        keys = textindex.keys(findable.model, term.words, MOST_KNOWN)
        if keys is not None:
            return _newest(findable, rows.filter(pk__in=keys))
    for word in term.words:  # so many have them that the newest are met soon
        rows = rows.filter(**{findable.inside: word})
    return _newest(findable, rows)


def _newest(findable: Findable, rows: QuerySet[Any]) -> list[Any]:
    return list(rows.order_by("-pk")[: SHOWN + 1])


def _rows(findable: Findable) -> QuerySet[Any]:
    names = {field.name for field in findable.model._meta.concrete_fields}
    return findable.model._default_manager.defer(*(name for name in HEAVY if name in names))


def _found(findable: Findable, exact: list[Any], inside: list[Any]) -> Found:
    met = {row.pk for row in exact}
    rows = [*exact, *(row for row in inside if row.pk not in met)]
    return Found(findable, rows[:SHOWN], min(len(exact), SHOWN), len(rows) > SHOWN)
