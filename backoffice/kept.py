"""SQL that is kept and run again: building a query of many parts costs far more than running it."""

from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db import connection
from django.utils import timezone


@dataclass(frozen=True)
class Statement:
    """A query's SQL, as it was at one moment.

    Args:
        built_at: what the query called now. Every moment in it is as far from now, whenever it runs.
        fixed: moments that stay as they are, such as the beginning of a day. Whoever keeps the statement lets go of it
            once they are others.
    """

    sql: str
    params: tuple[Any, ...]
    built_at: datetime
    fixed: Collection[datetime] = ()

    def run(self) -> list[tuple[Any, ...]]:
        """Its rows, as of now."""
        later = timezone.now() - self.built_at
        params = [self._moved(param, later) for param in self.params]
        with connection.cursor() as cursor:
            cursor.execute(self.sql, params)
            return cursor.fetchall()  # type: ignore[no-any-return]

    def _moved(self, param: Any, later: Any) -> Any:
        moment = moment_of(param)
        if moment is None or moment in self.fixed:
            return param
        return connection.ops.adapt_datetimefield_value(moment + later)


def moment_of(value: Any) -> datetime | None:
    """The moment that a parameter or a column of a row is, if it is one: SQLite is given and gives them as text."""
    if isinstance(value, str) and connection.vendor == "sqlite":
        with suppress(ValueError):
            return datetime.fromisoformat(value).replace(tzinfo=UTC)
    return value if isinstance(value, datetime) else None
