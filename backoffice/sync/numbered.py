"""Lists in numbered pages: several are asked for at once, and the first empty page is the end.

The count that the remote states only says how many pages to ask for ahead of time; it may be junk.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

from backoffice.client import NumberedPage
from backoffice.errors import RemoteContractError

MAX_REPEATED_PAGES = 3  # with the very rows of an earlier page

Read = Callable[[int], NumberedPage]


def numbered(read: Read, first: int, in_flight: int, listing: str) -> Iterator[tuple[int, NumberedPage]]:
    """Pages from number ``first`` (1 is a list's first) in their order, the empty one that ends the list included.

    Raises RemoteContractError where the same pages come again and again, and what ``read`` raises.
    """
    waiting: deque[tuple[int, Future[NumberedPage]]] = deque()
    expected = following = first
    longest = repeated = 0
    met: set[int] = set()
    with ThreadPoolExecutor(in_flight, "fetch") as pool:
        try:
            while True:
                while len(waiting) < in_flight and (following <= expected or not waiting):
                    waiting.append((following, pool.submit(read, following)))
                    following += 1
                number, future = waiting.popleft()
                page = future.result()
                longest = max(longest, len(page.rows))
                if page.count is not None and longest:
                    expected = -(-page.count // longest)
                content = hash((len(page.rows), *page.rows[:1], *page.rows[-1:]))
                repeated += content in met
                met.add(content)
                yield number, page
                if not page.rows:
                    return
                if repeated >= MAX_REPEATED_PAGES:
                    raise RemoteContractError(listing, "the same pages come again and again, so the list never ends")
        finally:
            for _, future in waiting:
                future.cancel()
