"""Trouble on demand: each upstream has switches that make it slow, refuse, fail, swallow answers or be down.

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

KINDS = ("latency", "down", "limit", "fail", "drop")


class AnswerDropped(httpx.RemoteProtocolError):
    """The work is done and committed; its answer is lost."""


class Unreachable(httpx.ConnectError):
    """The upstream is down; nothing was done."""


@dataclass
class Switch:
    """One trouble that is on.

    ``latency`` waits ``ms`` before the call; ``limit`` answers 429, with ``retry_after`` where given (seconds or an
    HTTP date, sent as it is); ``fail`` answers ``status``, ``after_work`` = after doing and committing the work;
    ``drop`` does the work and loses the answer; ``down`` does nothing and answers nothing.
    """

    kind: str
    method: str | None = None  # only calls with this method
    path: str | None = None  # only calls whose path after the base URL matches this shell pattern; * takes slashes too
    times: int | None = None  # how many calls it still meets; None: all
    ms: int = 0
    retry_after: str | None = None
    status: int = 500
    after_work: bool = False

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
        error_body: the upstream's own JSON error body for a status.
    """

    def __init__(self, app: "WSGIApplication", switches: Switches, error_body: Callable[[int], bytes]) -> None:
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
            return self._refuse(429, headers, start_response)
        if fail := self._switches.take("fail", *call):
            return self._refuse(fail.status, [], start_response)
        if fail := self._switches.take("fail", *call, after_work=True):
            self._work(environ)
            return self._refuse(fail.status, [], start_response)
        if self._switches.take("drop", *call):
            self._work(environ)
            raise AnswerDropped("The sandbox dropped its answer.")
        return self._app(environ, start_response)

    def _work(self, environ: "WSGIEnvironment") -> None:
        """Do the call and forget the answer."""
        answer = self._app(environ, lambda status, headers, exc_info=None: BytesIO().write)
        for _ in answer:
            pass

    def _refuse(self, status: int, headers: list[tuple[str, str]], start_response: "StartResponse") -> Iterable[bytes]:
        body = self._error_body(status)
        own = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start_response(f"{status} Switched", [*own, *headers])
        return [body]
