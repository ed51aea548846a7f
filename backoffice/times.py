"""Times as people read them: how long ago, with the exact moment in the title and in the person's own zone."""

from datetime import UTC, datetime, timedelta

from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from backoffice.texts import Text, number

_STEPS: tuple[tuple[float, int, Text], ...] = (
    (60, 1, pgettext_lazy("a length of time", "{count} s")),
    (3600, 60, pgettext_lazy("a length of time", "{count} min")),
    (2 * 86400, 3600, pgettext_lazy("a length of time", "{count} h")),
    (float("inf"), 86400, pgettext_lazy("a length of time", "{count} d")),
)


def spell(length: timedelta) -> str:
    """A length of time in one unit: "45 s", "3 min", "5 h", "12 d"."""
    seconds = abs(length.total_seconds())
    for limit, unit_s, so_many in _STEPS:
        if seconds < limit:
            return str(so_many).format(count=number(int(seconds // unit_s)))
    raise AssertionError  # the last limit is infinite


def relative(moment: datetime, now: datetime | None = None) -> str:
    """How far a moment is away: "3 min ago", "in 5 h", "just now"."""
    distance = moment - (now or timezone.now())
    if abs(distance) < timedelta(seconds=5):
        return _("just now")
    told = pgettext("a moment", "in {span}") if distance > timedelta() else pgettext("a moment", "{span} ago")
    return told.format(span=spell(distance))


def midnight(days: int) -> datetime:
    """The beginning of the day that is so many days from today, where the installation is."""
    day = timezone.localdate() + timedelta(days=days)
    return timezone.make_aware(datetime(day.year, day.month, day.day))


def ago(moment: datetime | None, empty: Text | None = None) -> SafeString | str:
    """``<time>`` with the distance as its text; "never" or ``empty`` where there is no moment."""
    if moment is None:
        return _("never") if empty is None else str(empty)
    return format_html('<time datetime="{}" title="{} UTC">{}</time>', _iso(moment), _exact(moment), relative(moment))


def at(moment: datetime | None, empty: Text = "–") -> SafeString | str:
    """``<time>`` with the moment as its text; a script shows it in the person's zone."""
    if moment is None:
        return str(empty)
    return format_html('<time datetime="{}" data-local>{} UTC</time>', _iso(moment), _exact(moment))


def both(moment: datetime) -> SafeString:
    """``<time>`` with the moment in UTC as its text; a script puts the person's own time before it."""
    minute = f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return format_html('<time datetime="{}" title="{} UTC" data-both>{}</time>', _iso(moment), _exact(moment), minute)


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _exact(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
