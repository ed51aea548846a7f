"""Numbered pages: asked for several at a time, in order, to the first empty one, whatever the count says."""

import threading
import time
from typing import Any

import pytest
from django.utils import timezone

from backoffice.client import NumberedPage
from backoffice.errors import RemoteContractError, RemoteUnavailable
from backoffice.sync.numbered import numbered

NOW = timezone.now()


class Pages:
    """A remote with ``rows`` rows, five a page, that remembers what was asked and how many at a time."""

    def __init__(self, rows: int, count: Any = None, wait_s: float = 0.0) -> None:
        self.rows = [b'{"id": "%d"}' % number for number in range(rows)]
        self.count = rows if count is None else count
        self.asked: list[int] = []
        self.at_once = self.most_at_once = 0
        self._wait_s, self._lock = wait_s, threading.Lock()

    def __call__(self, number: int) -> NumberedPage:
        with self._lock:
            self.asked.append(number)
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
        time.sleep(self._wait_s * (number % 3))  # answers come out of order
        with self._lock:
            self.at_once -= 1
        return NumberedPage(self.rows[(number - 1) * 5 : number * 5], self.count if self.count >= 0 else None, NOW)


def read(pages: Any, first: int = 1, in_flight: int = 4) -> list[bytes]:
    return [row for _, page in numbered(pages, first, in_flight, "Listing") for row in page.rows]


@pytest.mark.parametrize("count", [None, 0, 3, 22, 23, 1000, 10**18, -1])
def test_every_row_comes_once_and_in_order_whatever_the_count_says(count: int | None) -> None:
    pages = Pages(23, count)
    assert read(pages) == pages.rows
    assert sorted(pages.asked)[:6] == [1, 2, 3, 4, 5, 6]
    assert len(pages.asked) <= 6 + 3  # past the end only those under way already


def test_no_more_than_allowed_are_under_way_and_they_are_handed_over_in_order() -> None:
    pages = Pages(100, wait_s=0.005)
    assert read(pages, in_flight=8) == pages.rows
    assert 4 <= pages.most_at_once <= 8


def test_an_empty_list_is_one_request() -> None:
    pages = Pages(0)
    assert read(pages) == []
    assert pages.asked == [1]


def test_reading_can_begin_anywhere() -> None:
    pages = Pages(23)
    assert read(pages, first=4) == pages.rows[15:]
    assert min(pages.asked) == 4


def test_a_remote_that_answers_every_number_with_the_same_page_is_given_up() -> None:
    page = NumberedPage([b'{"id": "1"}'], 10, NOW)
    with pytest.raises(RemoteContractError, match="again and again"):
        read(lambda number: page)


def test_pages_before_a_failing_one_are_handed_over_first() -> None:
    pages = Pages(40)

    def failing(number: int) -> NumberedPage:
        if number == 4:
            raise RemoteUnavailable("GET /rows", "answered 503")
        return pages(number)

    got: list[int] = []
    with pytest.raises(RemoteUnavailable):
        for number, _ in numbered(failing, 1, 4, "Listing"):
            got.append(number)
    assert got == [1, 2, 3]
