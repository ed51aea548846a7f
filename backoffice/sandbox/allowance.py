"""How many calls an upstream takes within a minute."""

import threading
from dataclasses import dataclass

from backoffice.sandbox.clock import Clock

MINUTE_S = 60


@dataclass(frozen=True)
class Left:
    """What is left of the current minute after a call."""

    limit: int
    remaining: int  # below zero: the call is one too many
    resets_at: int  # Unix seconds


class Allowance:
    """Counts the calls of each minute of the clock. Safe to use from any thread.

    Args:
        per_minute: may be changed at any time.
    """

    def __init__(self, per_minute: int, now: Clock) -> None:
        self.per_minute, self._now = per_minute, now
        self._lock = threading.Lock()
        self._minute = self._calls = 0

    def take(self) -> Left:
        """Count one call."""
        minute = int(self._now().timestamp()) // MINUTE_S
        with self._lock:
            if minute != self._minute:
                self._minute, self._calls = minute, 0
            self._calls += 1
            return Left(self.per_minute, self.per_minute - self._calls, (minute + 1) * MINUTE_S)
