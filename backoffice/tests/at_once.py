"""Several who do the same at the same moment, each with a database connection of his own."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")
WITHIN_S = 60


def at_once(do: Callable[[T], R], among: Sequence[T]) -> list[R]:
    """What ``do`` gave for each of ``among``, all begun together. Raises what one of them raised."""
    start = Barrier(len(among))

    def one(item: T) -> R:
        start.wait(WITHIN_S)
        try:
            return do(item)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(among)) as pool:
        return list(pool.map(one, among, timeout=WITHIN_S))
