"""What is too dear to count at each look: counted with one query, and then kept for a while by each process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from hashlib import blake2b
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.db.models import Value
from django.utils import timezone
from django.utils.translation import get_language

from backoffice import limits
from backoffice.desk.parts import Counts, Numbers

MAX_AGE_S = 60
DEAR_MAX_AGE_S = 300  # of what takes a second in tables of a million rows


@dataclass(frozen=True)
class Wanted:
    """Something to be told, the queries that it is made of, how, and how old it may become.

    Args:
        is_drawn: what is made holds texts, so it is kept for each language by itself.
    """

    name: str
    counts: Callable[[], Counts]
    make: Callable[[Numbers], Any]
    max_age_s: int = MAX_AGE_S
    is_drawn: bool = True


@dataclass(frozen=True)
class Summary:
    """What was made of the numbers, and when they were counted."""

    made: Any
    counted_at: datetime


def summaries(wanted: Sequence[Wanted]) -> Mapping[str, Summary]:
    """Each as it was counted lately, by its name. One query where one of them was not, else none."""
    keys = {_key(one): one for one in wanted}
    kept: dict[str, Summary] = cache.get_many(keys)
    missing = {key: one for key, one in keys.items() if key not in kept}
    if missing:
        fresh = {key: summary for key, summary in zip(missing, _count(list(missing.values())), strict=True)}
        for key, summary in fresh.items():
            cache.set(key, summary, missing[key].max_age_s)
        kept |= fresh
    return {one.name: kept[key] for key, one in keys.items()}


def _key(wanted: Wanted) -> str:
    """Each day has its own, as the days of a chart end with today; so have each database and people of other limits."""
    database, language = str(connection.settings_dict["NAME"]), get_language() if wanted.is_drawn else ""
    zone = timezone.get_current_timezone_name()
    told = (database, timezone.localdate(), zone, limits.held(), language, wanted.name)
    return f"desk:{blake2b(repr(told).encode(), digest_size=16).hexdigest()}"


def _count(wanted: Sequence[Wanted]) -> list[Summary]:
    counted_at = timezone.now()
    numbers: dict[str, dict[tuple[str, int], int]] = {one.name: {} for one in wanted}
    queries = [query.order_by().annotate(of=Value(one.name)) for one in wanted for query in one.counts()]
    for row in reduce(lambda all_of, query: all_of.union(query, all=True), queries):
        place = (row["series"], row["slot"])
        numbers[row["of"]][place] = numbers[row["of"]].get(place, 0) + row["number"]
    return [Summary(one.make(numbers[one.name]), counted_at) for one in wanted]
