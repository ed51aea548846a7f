"""The work on the desk as one person sees it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db.models import IntegerField, QuerySet, Value
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice.badges import Tone
from backoffice.desk import counting
from backoffice.desk.parts import KNOWN, Chart, Counts, Figure, Numbers, Part, Person, by, in_order
from backoffice.desk.summary import DEAR_MAX_AGE_S, Summary, Wanted, summaries
from backoffice.freshness import Freshness
from backoffice.texts import Text
from backoffice.wording import things


@dataclass(frozen=True)
class Tile:
    """A figure with its number."""

    label: Text
    text: str
    url: str
    tone: Tone
    counted_at: datetime | None = None  # None: now


@dataclass(frozen=True)
class Drawn:
    """A chart; without a picture where there is nothing to show."""

    name: str
    question: Text
    picture: SafeString | None
    none: Text


@dataclass(frozen=True)
class Work:
    """One part of the desk."""

    name: str
    title: Text
    tiles: Sequence[Tile]
    nothing: Text  # "" where something is to be done
    charts: Sequence[Drawn]
    counted_at: datetime | None  # of the charts


def work(person: Person, fresh: Sequence[Freshness]) -> list[Work]:
    """The parts of which the person may see anything, their own work first. One query, and one more each minute."""
    parts = in_order(person)
    figures = {part.name: list(KNOWN.figures_of(part)) for part in parts}
    charts = {
        part.name: [chart for chart in KNOWN.charts_of(part) if person.has_perms(chart.permissions)] for part in parts
    }
    counted = counting.counts(person, [figure for part in parts for figure in figures[part.name]])
    kept = summaries(
        [
            *(_dear(figure, rows) for part in parts for figure, rows in _dear_ones(person, figures[part.name])),
            *(Wanted(chart.name, chart.counts, chart.draw) for part in parts for chart in charts[part.name]),
        ]
    )
    unread = {item.resource.name for item in fresh if item.sweep is None}
    shown = (_part(part, figures[part.name], charts[part.name], counted, kept, unread) for part in parts)
    return [one for one in shown if one.tiles or one.charts]


def _dear_ones(person: Person, figures: Sequence[Figure]) -> list[tuple[Figure, QuerySet]]:  # type: ignore[type-arg]
    dear = [(figure, figure.rows(person)) for figure in figures if figure.is_dear]
    return [(figure, rows) for figure, rows in dear if rows is not None]


def _dear(figure: Figure, rows: QuerySet) -> Wanted:  # type: ignore[type-arg]
    return Wanted(figure.name, partial(_counts, rows), _number, DEAR_MAX_AGE_S, is_drawn=False)


def _counts(rows: QuerySet) -> Counts:  # type: ignore[type-arg]
    return [by(rows, Value("all"), Value(0, output_field=IntegerField()))]


def _number(numbers: Numbers) -> int:
    return numbers.get(("all", 0), 0)


def _part(
    part: Part,
    figures: Sequence[Figure],
    charts: Sequence[Chart],
    counted: Mapping[str, int],
    kept: Mapping[str, Summary],
    unread: set[str],
) -> Work:
    tiles = [tile for figure in figures if (tile := _tile(figure, counted, kept))]
    drawn = [Drawn(chart.name, chart.question, kept[chart.name].made, chart.none) for chart in charts]
    return Work(
        part.name,
        part.title,
        tiles,
        _nothing(part, tiles, unread),
        drawn,
        min((kept[chart.name].counted_at for chart in charts), default=None),
    )


def _tile(figure: Figure, counted: Mapping[str, int], kept: Mapping[str, Summary]) -> Tile | None:
    summary = kept.get(figure.name)
    number = summary.made if summary else counted.get(figure.name)
    if number is None:
        return None
    tone = figure.tone if number else "dull"
    return Tile(figure.label, counting.in_words(number), figure.url(), tone, summary.counted_at if summary else None)


def _nothing(part: Part, tiles: Sequence[Tile], unread: set[str]) -> Text:
    if any(tile.tone != "dull" for tile in tiles):
        return ""
    missing = [things(name) for name in part.resources if name in unread]
    if missing:
        them = ", ".join(missing)
        return _(
            "Never read to the end: {things}. What is said here counts what was read. See under Upstreams what to do."
        ).format(things=them)
    return part.nothing
