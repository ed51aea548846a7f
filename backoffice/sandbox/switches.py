"""Trouble on demand: each upstream has switches that make it slow, refuse, fail, swallow answers or be down, and that
lose, repeat and shuffle the events it tells of. An upstream takes the kinds that it has the things for.

Where a switch leaves no answer, the WSGI app raises ``AnswerDropped`` or ``Unreachable``. Both are httpx errors, so a
client on ``httpx.WSGITransport`` meets them as it would meet the network; the loopback server (server.py) closes the
connection without a byte instead.
"""

import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from io import BytesIO
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

OF_CALLS = ("latency", "down", "limit", "fail", "drop", "expire")
OF_PAGES = ("shift", "count", "repeat", "short", "bare", "unpaged")
OF_EVENTS = ("lose", "redeliver", "shuffle")
OF_TASKS = ("task_fail", "task_slow")
KINDS = (*OF_CALLS, *OF_PAGES, *OF_EVENTS, *OF_TASKS)

ErrorBody = Callable[[int, str | None], bytes]
"""Answers an upstream's own JSON body for a status and, where one is switched, its word for the error."""


class AnswerDropped(httpx.RemoteProtocolError):
    """The work is done and committed; its answer is lost."""


class Unreachable(httpx.ConnectError):
    """The upstream is down; nothing was done."""


@dataclass
class Switch:
    """One trouble that is on.

    ``latency`` waits ``ms`` before the call; ``limit`` answers 429, with ``retry_after`` where given (seconds or an
    HTTP date, sent as it is); ``fail`` answers ``status``, ``after_work`` = after doing and committing the work; both
    with the upstream's own word ``value`` for the error, by default the one of the status; ``drop`` does the work and
    loses the answer; ``down`` does nothing and answers nothing; ``expire`` ends the life of the token that the call
    came with, so this call and later ones are refused for it.

    Of pages: before a numbered page is read, ``shift`` moves the first row to the end, so that a row slips from a page
    that is still to come onto one that is over; ``count`` states ``value`` as the number of rows (None: states none);
    ``repeat`` gives the cursor that was asked with as the next one; ``short`` gives half of the rows asked for though
    more follow; ``bare`` leaves out what a page may leave out (totals, links); ``unpaged`` refuses to page at all.

    Of events, whose type stands in place of a path: ``lose`` never delivers it, ``redeliver`` delivers it twice,
    ``shuffle`` delivers it after those that came later, in any order.

    Of tasks, whose name stands in place of a path: ``task_fail`` lets it end with the words ``value`` and without what
    it was for; ``task_slow`` lets it take ``ms`` longer.
    """

    kind: str
    method: str | None = None  # only calls with this method
    path: str | None = None  # only calls whose path after the base URL matches this shell pattern; * takes slashes too
    times: int | None = None  # how many calls it still meets; None: all
    every: int = 1  # of the calls that it is for, it meets each so-and-so-many-th
    ms: int = 0
    retry_after: str | None = None
    status: int = 500
    value: str | None = None
    after_work: bool = False
    passed: int = 0  # calls that it was for and that went by since it last met one

    def meets(self, method: str, path: str) -> bool:
        """Whether a call is one of those this switch is for."""
        return self.method in (None, method) and (self.path is None or fnmatchcase(path, self.path))


class Switches:
    """The switches of one upstream. Safe to use from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on: list[Switch] = []

    def turn_on(self, switch: Switch) -> None:
        """Add a switch; one of the same kind for the same calls is replaced. ``times`` 0 only takes that one away."""
        same = (switch.kind, switch.method, switch.path)
        with self._lock:
            self._on = [other for other in self._on if (other.kind, other.method, other.path) != same]
            if switch.times != 0:
                self._on.append(switch)

    def turn_off(self, *kinds: str) -> None:
        """Take away all switches of these kinds."""
        with self._lock:
            self._on = [switch for switch in self._on if switch.kind not in kinds]

    def take(self, kind: str, method: str, path: str, *, after_work: bool = False) -> Switch | None:
        """The switch that meets this call, if one does; it has one time less then."""
        with self._lock:
            for switch in self._on:
                if (switch.kind, switch.after_work) == (kind, after_work) and switch.meets(method, path):
                    switch.passed = (switch.passed + 1) % switch.every
                    if switch.passed:
                        continue
                    if switch.times is not None:
                        switch.times -= 1
                        if not switch.times:
                            self._on.remove(switch)
                    return switch
        return None

    def as_json(self) -> list[dict[str, Any]]:
        """What is on."""
        with self._lock:
            return [asdict(switch) for switch in self._on]


class Switched:
    """WSGI: an upstream behind its switches.

    Args:
        error_body: makes the upstream's error bodies.
    """

    def __init__(self, app: "WSGIApplication", switches: Switches, error_body: ErrorBody) -> None:
        self._app, self._switches, self._error_body = app, switches, error_body

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one call, or raise AnswerDropped or Unreachable."""
        call = (environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if latency := self._switches.take("latency", *call):
            time.sleep(latency.ms / 1000)
        if self._switches.take("down", *call):
            raise Unreachable("The sandbox is switched to down.")
        if limit := self._switches.take("limit", *call):
            headers = [] if limit.retry_after is None else [("Retry-After", limit.retry_after)]
            return self._refuse(429, limit.value, headers, start_response)
        if fail := self._switches.take("fail", *call):
            return self._refuse(fail.status, fail.value, [], start_response)
        if fail := self._switches.take("fail", *call, after_work=True):
            self._work(environ)
            return self._refuse(fail.status, fail.value, [], start_response)
        if self._switches.take("drop", *call):
            self._work(environ)
            raise AnswerDropped("The sandbox dropped its answer.")
        return self._app(environ, start_response)

    def _work(self, environ: "WSGIEnvironment") -> None:
        """Do the call and forget the answer."""
        answer = self._app(environ, lambda status, headers, exc_info=None: BytesIO().write)
        for _ in answer:
            pass

    def _refuse(
        self, status: int, word: str | None, headers: list[tuple[str, str]], start_response: "StartResponse"
    ) -> Iterable[bytes]:
        body = self._error_body(status, word)
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} Switched", [*own, *headers])
        return [body]
