"""Who delivers a served sandbox's events: a thread that makes the POSTs, beside the calls and never inside one."""

import threading
from types import TracebackType
from typing import Self

import httpx

from backoffice.sandbox.outbox import Delivery, Outbox

LOOKS_EVERY_S = 0.5  # for deliveries whose pause is over
ANSWERS_WITHIN_S = 5.0  # one endpoint that does not answer holds up the others so long, once a delivery


class _Ended(Exception):
    """The sandbox ends; what is not yet sent is left for its next start."""


class Courier:
    """Delivers until the block is left. Connections are kept open, redirects are not followed."""

    def __init__(self, events: Outbox) -> None:
        self._events = events
        self._ended = threading.Event()
        self._http = httpx.Client(timeout=ANSWERS_WITHIN_S, trust_env=False)
        self._thread = threading.Thread(target=self._work, name="sandbox-courier", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        self._events.news.set()
        self._thread.join()
        self._http.close()

    def _work(self) -> None:
        while not self._ended.is_set():
            self._events.news.clear()
            try:
                tried = self._events.deliver(self._post)
            except _Ended:
                return
            if not tried:
                self._events.news.wait(LOOKS_EVERY_S)

    def _post(self, delivery: Delivery) -> int | None:
        if self._ended.is_set():
            raise _Ended
        try:
            return self._http.post(delivery.url, content=delivery.body, headers=dict(delivery.headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL):
            return None
