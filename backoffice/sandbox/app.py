"""The sandbox as one object: its state, its switches, and one WSGI app over all of it."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from backoffice.sandbox.clock import Clock, utc_now
from backoffice.sandbox.kirim.state import Kirim
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switch, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

KIRIM_PATH = "/sandbox/kirim/v1"
TICK_EVERY_S = 3.0


class Sandbox:
    """The upstreams in small. A context manager; closing it ends its life and closes its state.

    Args:
        customers: how many a new state starts with.
        seed: the same seed and clock give the same bytes, ids and tokens included.
        latency_ms: how long each call waits before it is answered; the control can change it.
        state_path: a directory that keeps the state; None keeps it in memory. A state found there goes on as it was,
            whatever ``customers`` and ``seed`` say.
        alive: let ``kirim.tick()`` be called every few seconds by a thread.
        lists_archived: whether Kirim's customers list holds archived ones when no status is asked for.
        now: the clock; answers aware moments.
    """

    def __init__(
        self,
        *,
        customers: int = 350,
        seed: int = 1,
        latency_ms: int = 0,
        state_path: Path | None = None,
        kirim_api_key: str = "kirim-sandbox-key",
        alive: bool = False,
        lists_archived: bool = False,
        now: Clock = utc_now,
    ) -> None:
        # Here, not above: the web framework is a development dependency, and production imports this package.
        from backoffice.sandbox.mount import mounted

        if state_path is not None:
            state_path.mkdir(mode=0o700, parents=True, exist_ok=True)  # it holds signing secrets
        self._storage = Storage(state_path and state_path / "kirim.sqlite3")
        self.kirim = Kirim(self._storage, seed_number=seed, count=customers, now=now, lists_archived=lists_archived)
        self.kirim_api_key = kirim_api_key
        self.switches = {"kirim": Switches()}  # by upstream
        if latency_ms:
            for switches in self.switches.values():
                switches.turn_on(Switch("latency", ms=latency_ms))
        self.wsgi: WSGIApplication = mounted(self.kirim, KIRIM_PATH, kirim_api_key, self.switches)
        self._ended = threading.Event()
        self._life: threading.Thread | None = None
        if alive:
            self._life = threading.Thread(target=self._live, name="sandbox-life", daemon=True)
            self._life.start()

    def __enter__(self) -> "Sandbox":
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """End the sandbox's life and close its state."""
        self._ended.set()
        if self._life:
            self._life.join()
        self._storage.close()

    def _live(self) -> None:
        while not self._ended.wait(TICK_EVERY_S):
            self.kirim.tick()
