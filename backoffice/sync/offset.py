"""Lists that are read from a place in them: each page begins with the last row of the one before it.

So it is seen when rows were added or removed in front of it meanwhile, also where the remote states no total. That
total only says how many pages to ask for ahead of time; it may be junk.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from backoffice.client import OffsetPage
from backoffice.errors import RemoteContractError
from backoffice.records import id_in

MAX_EMPTY_PAGES = 3  # in a row, that still promise more
MAX_REPEATED_PAGES = 3  # with the very rows of an earlier page

Read = Callable[[int], OffsetPage]


@dataclass(frozen=True)
class Place:
    """A page in its place."""

    page: OffsetPage
    rows: list[bytes]  # less the one that the page before it ended with
    following: int  # where the next page begins
    has_slipped: bool  # rows were added or removed in front of it since the page before was read
    is_last: bool


def placed(read: Read, first: int, limit: int, in_flight: int, listing: str) -> Iterator[Place]:
    """Pages from offset ``first`` in their order, to the end of the list.

    The end is where the remote says that there is no more. Where it says nothing, it is a page shorter than one before
    it, or one that repeats a short one whole: such a remote gives the list in one answer, whatever offset it is asked
    for. Raises RemoteContractError where paging stops to advance, and what ``read`` raises.

    Args:
        limit: how many rows a page is asked for.
        in_flight: pages under way at a time, once the remote has stated a total.
    """
    with ThreadPoolExecutor(in_flight, "fetch") as pool:
        pages = _Pages(read, pool, in_flight)
        try:
            yield from _walk(pages, first, limit, listing)
        finally:
            pages.give_up()


def _walk(pages: "_Pages", offset: int, limit: int, listing: str) -> Iterator[Place]:
    before: list[bytes] = []  # the rows of the page before
    longest = empty = repeated = 0
    met: set[int] = set()
    while True:
        page = pages.take(offset)
        rows = page.rows
        tail = id_in(before[-1]) if len(before) > 1 else ""
        is_met = bool(tail and rows) and id_in(rows[0]) == tail
        is_whole_again = page.has_more is None and bool(rows) and rows == before and len(rows) < limit
        longest = max(longest, len(rows))
        is_short = not rows or len(rows) < longest
        is_last = page.has_more is False or (page.has_more is None and (is_short or is_whole_again))
        following = offset + max(len(rows) - 1, 1)
        has_slipped = bool(tail) and not is_met and not is_whole_again
        yield Place(page, rows[1:] if is_met else rows, following, has_slipped, is_last)
        if is_last:
            return
        empty = 0 if rows else empty + 1
        content = hash((len(rows), *rows[:1], *rows[-1:]))
        repeated += content in met and bool(rows)
        met.add(content)
        if empty >= MAX_EMPTY_PAGES:
            raise RemoteContractError(listing, f"{empty} empty pages in a row promised more")
        if repeated >= MAX_REPEATED_PAGES:
            raise RemoteContractError(listing, "the same pages come again and again, so the list never ends")
        pages.expect(page.total or 0, step=len(rows) - 1)
        before, offset = rows, following


class _Pages:
    """Pages that are asked for ahead of time, as long as they turn out to be as long as was thought."""

    def __init__(self, read: Read, pool: ThreadPoolExecutor, in_flight: int) -> None:
        self._read, self._pool, self._in_flight = read, pool, in_flight
        self._waiting: deque[tuple[int, Future[OffsetPage]]] = deque()
        self._total, self._step = 0, 0

    def expect(self, total: int, step: int) -> None:
        """So many rows there are, and so many a page brings on."""
        self._total, self._step = total, step

    def take(self, offset: int) -> OffsetPage:
        """The page that begins there."""
        if self._waiting and self._waiting[0][0] != offset:  # a page was shorter than those before it
            self.give_up()
        if not self._waiting:
            self._ask(offset)
        while self._step > 0 and len(self._waiting) < self._in_flight:
            following = self._waiting[-1][0] + self._step
            if following + 1 >= self._total:  # it would hold no more than the last row of the one before
                break
            self._ask(following)
        return self._waiting.popleft()[1].result()

    def give_up(self) -> None:
        """Forget what is under way."""
        for _, future in self._waiting:
            future.cancel()
        self._waiting.clear()

    def _ask(self, offset: int) -> None:
        self._waiting.append((offset, self._pool.submit(self._read, offset)))
