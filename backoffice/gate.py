"""What stands before every call to an upstream: a rate budget per process, and a breaker that remembers failures."""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic

from django.utils import timezone

from backoffice.errors import RemoteAuthFailed, RemoteError, RemoteUnavailable

FAILURES_TO_OPEN = 5
PAUSE = timedelta(seconds=60)
LONGEST_PAUSE = timedelta(days=1)  # whatever a remote asks for
BACKGROUND_SHARE = 0.7
SAVED_S = 10  # how long an idle time is made up for


class Budget:
    """A rate that all threads of a process keep to. Background work may take 70 % of it, people what is left and free.

    Args:
        per_minute: calls; 0 or less keeps no rate.
    """

    def __init__(self, per_minute: float) -> None:
        self._per_s = per_minute / 60
        self._saved = self._most = max(1.0, self._per_s * SAVED_S)  # calls that may go out at once
        self._counted_at = monotonic()
        self._background_free_at = 0.0
        self._lock = threading.Lock()

    def wait_s(self, background: bool) -> float:
        """Take the next place; how long to wait for it."""
        if self._per_s <= 0:
            return 0.0
        with self._lock:
            now = monotonic()
            self._saved = min(self._most, self._saved + (now - self._counted_at) * self._per_s) - 1
            self._counted_at = now
            place = now + max(0.0, -self._saved / self._per_s)
            if background:
                place = max(place, self._background_free_at)
                self._background_free_at = place + 1 / (self._per_s * BACKGROUND_SHARE)
            return place - now


@dataclass
class Breaker:
    """Stops calling an upstream that keeps failing: at once when it refuses our key, else after five calls in a row.

    One per client; ``UpstreamState`` keeps it between processes.
    """

    paused_until: datetime | None = None
    reason: str = ""
    failures: int = 0
    key_refused: bool = False
    changed: bool = False
    now: Callable[[], datetime] = timezone.now

    def __post_init__(self) -> None:
        self._lock = threading.Lock()

    def refusal(self) -> str | None:
        """Why no call may go out now; None when one may."""
        if self.paused_until is None or self.paused_until <= self.now():
            return None
        return f"paused until {self.paused_until:%H:%M:%S} UTC: {self.reason}"

    def succeeded(self) -> None:
        """The upstream answered as it should."""
        if self.failures or self.paused_until or self.key_refused:
            with self._lock:
                self.failures, self.paused_until, self.reason = 0, None, ""
                self.key_refused, self.changed = False, True

    def failed(self, error: RemoteError) -> None:
        """A call failed after its last try. Refusals of one request say nothing about the upstream."""
        if not (isinstance(error, RemoteUnavailable) or error.is_for_all):
            return
        with self._lock:
            self.failures += 1
            self.changed = True
            self.key_refused = isinstance(error, RemoteAuthFailed)
            retry_at = getattr(error, "retry_at", None)
            if retry_at:
                self.paused_until, self.reason = min(retry_at, self.now() + LONGEST_PAUSE), str(error)
            elif self.key_refused or self.failures >= FAILURES_TO_OPEN:
                self.paused_until, self.reason = self.now() + PAUSE, str(error)
