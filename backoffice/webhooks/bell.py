"""Tells the workers that deliveries wait, a burst with few messages, and lets no sender wait for the broker."""

import threading
from collections.abc import Callable
from time import sleep

from django.conf import settings

from backoffice import tasks

EVERY_S = 0.5
BROKER_PAUSE_S = 5.0  # after a message that the broker did not take


class Bell:
    """Publishes one task for all deliveries since the last one, from a thread of its own, at most two a second.

    No row is missed: ``ring`` is called after its commit and raises the flag; the thread lowers the flag *before* it
    publishes. So the first publication that follows the raising is later than the commit, and its task sees the row
    (unless another has taken it before). While the broker is down the flag stays up. What a process takes along when it
    is killed with the flag up is found by the reaper, every minute: it asks the rows.

    Args:
        publish: hands the task to the broker; False where that did not work.
    """

    def __init__(self, publish: Callable[[], bool]) -> None:
        self._publish = publish
        self._flag = threading.Event()
        self._starting = threading.Lock()
        self._thread: threading.Thread | None = None

    def ring(self) -> None:
        """A delivery was committed."""
        if settings.CELERY_TASK_ALWAYS_EAGER:
            self._publish()
            return
        self._flag.set()
        if self._thread is None or not self._thread.is_alive():  # never before, or left behind by a fork
            self._start()

    def _start(self) -> None:
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="deliveries-bell", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._flag.wait()
            self._flag.clear()
            if self._publish():
                sleep(EVERY_S)
            else:
                self._flag.set()
                sleep(BROKER_PAUSE_S)


BELL = Bell(tasks.send_deliveries)
