"""Small charts: plain SVG that needs no script, each with the same numbers as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import Case, IntegerField, Value, When
from django.db.models.expressions import Combinable
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice import texts, times
from backoffice.badges import Tone
from backoffice.desk.parts import Numbers
from backoffice.texts import Text

DAYS = 14
WIDTH, HEIGHT, GAP = 336, 96, 4


@dataclass(frozen=True)
class Series:
    """Numbers of one kind, and how they look."""

    name: str
    label: Text
    tone: Tone


@dataclass(frozen=True)
class Bar:
    """A line of a chart of bars: its length as a share of the longest, and what is written beside it."""

    label: Text
    number: int
    text: Any
    tone: Tone


def days() -> list[date]:
    """The days of a chart, the last one today, where the installation is."""
    today = timezone.localdate()
    return [today - timedelta(days=back) for back in reversed(range(DAYS))]


def span() -> tuple[datetime, datetime]:
    """From when to when these days are: the beginning of the first, and of the one after the last."""
    return times.midnight(1 - DAYS), times.midnight(1)


def day_of(column: str) -> Combinable:
    """The place of a moment among the days, 0 to ``DAYS - 1``; for moments within ``span`` only.

    Compared with each day's end: it holds where the clock is changed, and SQLite calls no Python for each row.
    """
    ends = [times.midnight(2 - DAYS + number) for number in range(DAYS)]
    cases = (When(**{f"{column}__lt": end}, then=Value(number)) for number, end in enumerate(ends))
    return Case(*cases, default=Value(DAYS - 1), output_field=IntegerField())


def columns(series: Sequence[Series], numbers: Numbers) -> SafeString | None:
    """A column for each day, made up of what its series count, the first one lowest. None where there is nothing."""
    shown = days()
    totals = [sum(numbers.get((one.name, place), 0) for one in series) for place in range(DAYS)]
    if not any(totals):
        return None
    most, width = max(totals), WIDTH / DAYS
    boxes = []
    of_box = pgettext("a column of a chart", "{day}: {count} {what}")
    for place, day in enumerate(shown):
        below = 0.0
        for one in series:
            number = numbers.get((one.name, place), 0)
            if not number:
                continue
            height = number / most * HEIGHT
            below += height
            boxes.append(
                {
                    "tone": one.tone, "x": f"{place * width + GAP / 2:.1f}", "y": f"{HEIGHT - below:.1f}",
                    "width": f"{width - GAP:.1f}", "height": f"{max(height, 1):.1f}",
                    "told": of_box.format(day=_day(day), count=texts.number(number), what=one.label),
                }
            )  # fmt: skip
    sums = [sum(numbers.get((one.name, place), 0) for place in range(DAYS)) for one in series]
    context = {
        "boxes": boxes, "width": WIDTH, "height": HEIGHT, "most": texts.number(most), "first": _day(shown[0]),
        "legend": [(one.tone, one.label, texts.number(total)) for one, total in zip(series, sums, strict=True)],
        "heads": [_("Day"), *(texts.capital(one.label) for one in series)],
        "rows": [
            [_day(day), *(texts.number(numbers.get((one.name, place), 0)) for one in series)]
            for place, day in enumerate(shown)
        ],
    }  # fmt: skip
    return SafeString(render_to_string("backoffice/desk/_columns.html", context))


def bars(lines: Iterable[Bar], heads: Sequence[Text], told: Text = "") -> SafeString | None:
    """A bar for each line, each beside its label. None where all are empty."""
    shown = list(lines)
    most = max((line.number for line in shown), default=0)
    if not most:
        return None
    drawn = [
        {"label": line.label, "text": line.text, "tone": line.tone, "share": f"{line.number / most * 100:.1f}"}
        for line in shown
    ]
    return SafeString(render_to_string("backoffice/desk/_bars.html", {"bars": drawn, "heads": heads, "told": told}))


def _day(day: date) -> str:
    return date_format(day, "D j M")
