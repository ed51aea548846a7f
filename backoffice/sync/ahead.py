"""Reading ahead: the next pages are fetched while these are stored."""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, Full, Queue
from typing import TypeVar

T = TypeVar("T")

DEPTH = 16
TICK_S = 1.0


def ahead(stream: Iterable[T], on_wait: Callable[[], None]) -> Generator[T, None, None]:
    """The items of ``stream``, which runs on a thread of its own, up to ``DEPTH`` items ahead.

    ``on_wait`` is called every second without an item; what it raises ends the iteration. What the stream raises is
    raised here, after the items before it. Closing the iterator ends the thread at its next item.
    """
    items: Queue[tuple[bool, T | BaseException | None]] = Queue(DEPTH)
    closed = threading.Event()

    def put(is_item: bool, value: T | BaseException | None) -> bool:
        while not closed.is_set():
            try:
                items.put((is_item, value), timeout=TICK_S)
                return True
            except Full:
                continue
        return False

    def run() -> None:
        try:
            for item in stream:
                if not put(True, item):
                    return
            put(False, None)
        except BaseException as error:  # noqa: BLE001  handed over whole
            put(False, error)

    thread = threading.Thread(target=run, name="read-ahead", daemon=True)
    thread.start()
    try:
        while True:
            try:
                is_item, value = items.get(timeout=TICK_S)
            except Empty:
                on_wait()
                continue
            if is_item:
                yield value  # type: ignore[misc]
            elif isinstance(value, BaseException):
                raise value
            else:
                return
    finally:
        closed.set()


def in_order(calls: Iterable[Callable[[], T]], in_flight: int) -> Iterator[T]:
    """Results of ``calls`` in their order, up to ``in_flight`` of them under way at a time."""
    futures: deque[Future[T]] = deque()
    with ThreadPoolExecutor(in_flight, "fetch") as pool:
        for call in calls:
            futures.append(pool.submit(call))
            if len(futures) >= in_flight:
                yield futures.popleft().result()
        while futures:
            yield futures.popleft().result()
