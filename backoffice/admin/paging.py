"""How many rows a list has, and which of them stand on a page, in a time that does not grow with the table.

Up to ``MOST`` rows are counted. Of more it is said that they are more, and of a whole table about how many it has. A
page far behind is read from the order's other end. Where a page is told by its number from the end (-1 is the last), no
count is needed to find it.
"""

import json
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from django.core.paginator import InvalidPage
from django.db import connection
from django.db.models import AutoField, QuerySet
from django.utils.translation import gettext, pgettext, pgettext_lazy

from backoffice.mirror import GONE, MirrorModel
from backoffice.texts import Text, number

MOST = 10_000
"""So many rows are counted one by one, and sorted by what no index holds."""
SOME = 500
"""So many are counted where each has to be looked up in another table."""
FEW = 4_000
"""So many rows are found by what narrows the list, then sorted."""
MORE_THAN = pgettext_lazy("before a number", "more than")
ABOUT = pgettext_lazy("before a number", "about")
AT_MOST = pgettext_lazy("before a number", "at most")


class Size(int):
    """A number of rows; as text it says how well it is known."""

    words: Text = ""

    @classmethod
    def told(cls, count: int, words: Text = "") -> "Size":
        """``words`` stand before a number that is not exact: "more than", "about"."""
        size = cls(count)
        size.words = words
        return size

    @property
    def is_exact(self) -> bool:
        """Whether there are so many rows, neither more nor fewer."""
        return not self.words

    def __str__(self) -> str:
        return f"{self.words} {number(int(self))}".lstrip()


def size_of(rows: QuerySet[Any], *, is_whole: bool, most: int, at_least: int = 0) -> Size:
    """How many rows there are, counted as far as ``most``.

    ``is_whole`` where nothing narrows the list but that what is gone is left out. ``at_least``: so many are known to be
    there, and counting on would take long.
    """
    if at_least:
        return Size.told(at_least, MORE_THAN)
    plain = rows.order_by().select_related(None)
    counted = plain[: most + 1].count()
    if counted <= most:
        return Size(counted)
    whole = _whole(plain) if is_whole else None
    return whole if whole is not None and whole > most else Size.told(most, MORE_THAN)


def _whole(rows: QuerySet[Any]) -> Size | None:
    """How many rows a whole table has; None where that is not known without counting them."""
    if connection.vendor == "postgresql":
        plan: Any = json.loads(rows.values("pk").explain(format="json"))
        estimate = int(plan[0]["Plan"]["Plan Rows"])
        return Size.told(_rounded(estimate), ABOUT)
    # SQLite estimates nothing, but our rows are numbered as they come, and seldom or never deleted.
    is_mirror = issubclass(rows.model, MirrorModel)
    if not isinstance(rows.model._meta.pk, AutoField) or (rows.query.where and not is_mirror):
        return None
    everything = rows.model._default_manager.order_by()
    keys = everything.order_by("pk").values_list("pk", flat=True)
    first, last = keys.first(), keys.last()  # each one step of the index; both in one statement would read it whole
    gone = everything.filter(GONE)[: MOST + 1].count() if is_mirror else 0
    estimate = max(last - first + 1 - gone, 0) if first is not None and last is not None else 0
    return Size.told(_rounded(estimate), AT_MOST if gone > MOST else ABOUT)


def _rounded(estimate: int) -> int:
    return round(estimate, 3 - len(str(estimate)))


class Pages:
    """The pages of a list. ``rows`` are in an order that leaves no two rows equal.

    A number counts from the first page, which is 1; one below zero from the last, which is -1.
    """

    def __init__(self, rows: QuerySet[Any], size: Size, per_page: int, *, is_narrowed: bool) -> None:
        self.size = size
        self._rows = rows
        self._per_page = per_page
        self._is_narrowed = is_narrowed

    @property
    def last(self) -> int:
        """The number of the last page; -1 where it is not known how many there are."""
        return max(1, -(-self.size // self._per_page)) if self.size.is_exact else -1

    def number(self, asked: int) -> int:
        """A page's number as it is used: counted from the end only where there is no other way. Raises InvalidPage."""
        number = asked + self.last + 1 if asked < 0 and self.size.is_exact else asked
        if number == 0 or (self.size.is_exact and not 1 <= number <= self.last):
            raise InvalidPage
        return number

    def keys(self, number: int) -> tuple[list[Any], bool]:
        """The keys of a page's rows in their order, and whether more follow, before where it is counted from the end.

        Raises InvalidPage for one behind the last.
        """
        start = (abs(number) - 1) * self._per_page
        wanted = min(self._per_page, self.size - start) if self.size.is_exact else self._per_page
        after = self.size - start - wanted if self.size.is_exact else None
        if after is not None and after < start:
            return self._read(self._ordered.reverse(), after, wanted)[::-1], after > 0
        ordered = self._ordered.reverse() if number < 0 else self._ordered
        keys = self._read(ordered, start, wanted + 1)
        if not keys and number != 1:
            raise InvalidPage
        page = keys[:wanted]
        return page[::-1] if number < 0 else page, len(keys) > wanted

    @cached_property
    def few(self) -> QuerySet[Any] | None:
        """The keys of all rows in no order, where these are few among many."""
        if not (self._is_narrowed and self.size.is_exact and self.size <= FEW):
            return None
        # Its limit keeps the database from walking the order instead.
        return self._rows.select_related(None).order_by().values("pk")[:FEW]

    @cached_property
    def _ordered(self) -> QuerySet[Any]:
        """The keys of all rows in their order."""
        rows = self._rows.select_related(None)
        if self.few is not None:
            rows = rows.model._default_manager.filter(pk__in=self.few).order_by(*self._rows.query.order_by)
        return rows.values_list("pk", flat=True)

    def _read(self, ordered: QuerySet[Any], start: int, count: int) -> list[Any]:
        return list(ordered[start : start + count])


def shown(number: int, last: int, *, has_more: bool) -> Iterator[int | None]:
    """The pages that page ``number`` leads to, itself among them; None stands for a gap.

    ``has_more``: whether rows follow on the side that it is not counted from.
    """
    if last > 0:
        numbers = sorted({1, last, *range(max(1, number - 2), min(last, number + 2) + 1)})
    elif number > 0:
        numbers = [*sorted({1, *range(max(1, number - 2), number + 1 + has_more)}), *([-1] if has_more else [])]
    else:
        numbers = [1, *sorted({-1, *range(number - has_more, min(-1, number + 2) + 1)})]
    for before, one in zip([None, *numbers], numbers, strict=False):
        if before is not None and one != before + 1:
            yield None
        yield one


def label(page: int) -> str:
    """A page's number for people."""
    if page > 0:
        return number(page)
    if page == -1:
        return pgettext("a page of a list", "last")
    return gettext("{count} from the end").format(count=number(-page))
