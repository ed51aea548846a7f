"""Moments as the upstreams write them: in UTC."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]  # answers aware moments


def utc_now() -> datetime:
    """The machine's clock, aware."""
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """``2025-03-04T08:15:30.000Z``. Stamps sort as text."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def offset_stamp(moment: datetime) -> str:
    """``2025-03-04T08:15:30+00:00``, without milliseconds. These sort as text too."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def milliseconds(moment: datetime) -> int:
    """Whole milliseconds since 1970."""
    return int(moment.timestamp() * 1000)
