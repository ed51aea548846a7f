"""Events on their way: tried in their order, tried again, and troubled on demand, whatever the upstream.

Nobody delivers by itself: ``deliver`` is called by a courier (courier.py) or by a test.
"""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random

from backoffice.sandbox.storage import Row
from backoffice.sandbox.switches import Switches

AT_ONCE = 500  # deliveries read in one go
_EVENT = "EVENT"  # stands where a call's method does, as switches narrow calls down


@dataclass(frozen=True)
class Delivery:
    """One POST to be made."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


Send = Callable[[Delivery], int | None]
"""Makes the POST and answers its status; None where no answer came."""


@dataclass(frozen=True)
class Told:
    """How one try ended: with which status (None: no answer), and whether it was switched to be lost."""

    status: int | None
    is_lost: bool = False

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be done about it."""
        return self.is_lost or (self.status is not None and 200 <= self.status < 300)


class Outbox(ABC):
    """What is still to be told. Safe to use from any thread; deliveries go out one after another."""

    def __init__(self, switches: Switches) -> None:
        self._switches = switches
        self._delivering = threading.Lock()
        self._rng = Random()  # noqa: S311  disorder on demand
        self.news = threading.Event()
        """Set with every event that somebody is to be told of; whoever waits for it clears it."""

    @abstractmethod
    def due(self) -> list[Row]:
        """What is to be tried now, the oldest first, at most ``AT_ONCE``; ``type`` is what switches narrow down by."""

    @abstractmethod
    def signed(self, row: Row) -> Delivery:
        """The POST of one of these."""

    @abstractmethod
    def settle(self, row: Row, told: Told) -> None:
        """Write down how its try ended."""

    def deliver(self, send: Send) -> int:
        """Try all deliveries that are due once, the oldest first, and answer how many were tried.

        Anything but 2xx is tried again later, with growing pauses; what comes later meanwhile is not held up.
        Switches ``lose``, ``redeliver`` and ``shuffle`` make trouble; they are narrowed down by the event's type.
        """
        with self._delivering:
            due = self.due()
            for row in self._in_order(due):
                self.settle(row, self._told(row, send))
        return len(due)

    def _in_order(self, due: list[Row]) -> list[Row]:
        """The order of the events, but those that are switched to come in disorder come last and anyhow."""
        kept: list[Row] = []
        moved: list[Row] = []
        for row in due:
            (moved if self._switches.take("shuffle", _EVENT, row["type"]) else kept).append(row)
        self._rng.shuffle(moved)
        return kept + moved

    def _told(self, row: Row, send: Send) -> Told:
        """Make the POST, unless it is switched to be lost."""
        if self._switches.take("lose", _EVENT, row["type"]):
            return Told(None, is_lost=True)
        told = Told(send(self.signed(row)))
        if self._switches.take("redeliver", _EVENT, row["type"]):
            again = Told(send(self.signed(row)))
            return told if told.is_over else again
        return told
