"""Several child processes under one foreground process: started in order, restarted when they die, ended together.

Standard library only, no settings: it knows nothing of what it runs.
"""

import ctypes
import os
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic, sleep
from typing import IO

GRACE_S = 14.0  # from SIGTERM to SIGKILL; with what comes after it everything ends within 15 s
POLL_S = 0.1
GIVE_UP_AFTER = 5  # deaths of one child ...
WITHIN_S = 60.0  # ... in this time
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 8.0
REPEAT_S = 0.3  # signals closer together than this are one wish: a closing terminal sends several

PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None

Say = Callable[[str], None]


@dataclass(frozen=True)
class Child:
    """One process to keep alive. Its standard output is thrown away, its standard error shown under its name.

    Args:
        is_up: whether it does its work by now; asked often, so it must answer at once.
        serves_others: the others need it: they start when it is up, and it ends after them.
        before_start: called before every start, restarts included.
    """

    name: str
    command: Sequence[str]
    is_up: Callable[[], bool] = lambda: True
    serves_others: bool = False
    before_start: Callable[[], None] = lambda: None


@dataclass
class _Kept:
    """A child and its life so far."""

    child: Child
    process: subprocess.Popen[bytes] | None = None
    start_at: float = 0.0
    was_up: bool = False
    deaths: deque[float] = field(default_factory=deque)

    def send(self, number: int) -> None:
        """Signal the child alone; how to end what it started is its own business."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(number)

    def kill_all(self) -> None:
        """Kill the child and whatever it left behind: it leads a process group of its own."""
        if self.process:
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass
            self.process.wait()


class Supervisor:
    """Keeps ``children`` alive until a signal comes.

    Args:
        say: tells a person one line.
        on_up: called once, when every child is up for the first time.
        grace_s: how long children may take to end after SIGTERM before they are killed.
        delay_s: from the first death of a child to its restart; each later one waits twice as long.
    """

    def __init__(
        self,
        children: Sequence[Child],
        *,
        say: Say,
        on_up: Callable[[], None] = lambda: None,
        grace_s: float = GRACE_S,
        delay_s: float = FIRST_DELAY_S,
    ) -> None:
        self._kept = [_Kept(child) for child in sorted(children, key=lambda child: not child.serves_others)]
        self._say = say
        self._on_up = on_up
        self._grace_s = grace_s
        self._delay_s = delay_s
        self._stop_asked_at: float | None = None
        self._is_hurried = False

    def run(self) -> int:
        """Run until SIGINT, SIGTERM or SIGHUP, then end everything; a second SIGINT kills at once.

        Returns the exit status: 0 when all ended by themselves, 1 when a child had to be killed or kept dying. Must
        be called from the main thread. Should this process be killed, the children get SIGTERM (Linux).
        """
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        gave_up = False
        try:
            while self._stop_asked_at is None and not gave_up:
                gave_up = not self._keep_alive()
                sleep(POLL_S)
            if not gave_up:
                self._say("Stopping; this takes up to 15 seconds. A second Ctrl-C ends it at once.")
        finally:
            all_ended = self._stop()
        return 0 if all_ended and not gave_up else 1

    def _on_signal(self, number: int, frame: object) -> None:
        if self._stop_asked_at is None:
            self._stop_asked_at = monotonic()
        elif number == signal.SIGINT and monotonic() - self._stop_asked_at > REPEAT_S:
            self._is_hurried = True

    def _keep_alive(self) -> bool:
        """Start what is due and restart what died; false when a child dies too often."""
        for kept in self._kept:
            if kept.process and kept.process.poll() is not None and not self._bury(kept):
                return False
        for kept in self._kept:
            if kept.process is None and monotonic() >= kept.start_at:
                self._start(kept)
            if not kept.was_up:
                kept.was_up = kept.process is not None and kept.child.is_up()
                if kept.was_up and all(other.was_up for other in self._kept):
                    self._on_up()
            if kept.child.serves_others and not kept.was_up:
                break
        return True

    def _start(self, kept: _Kept) -> None:
        kept.child.before_start()
        kept.process = subprocess.Popen(  # noqa: S603  the command is ours
            kept.child.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C reaches only us: we say in which order they end
            preexec_fn=partial(_die_with, os.getpid()),
        )
        relay = threading.Thread(target=self._relay, args=(kept.child.name, kept.process.stderr), daemon=True)
        relay.start()

    def _relay(self, name: str, stream: IO[bytes]) -> None:
        """Show what a child says until it and all its children are gone."""
        with stream:
            while line := stream.readline(64 * 1024):
                self._say(f"{name}: {line.decode(errors='replace').rstrip()}")

    def _bury(self, kept: _Kept) -> bool:
        """Plan the restart of a child that died; false when it died too often."""
        name, status = kept.child.name, kept.process.returncode if kept.process else 0
        kept.kill_all()
        kept.process = None
        now = monotonic()
        kept.deaths.append(now)
        while kept.deaths[0] < now - WITHIN_S:
            kept.deaths.popleft()
        if len(kept.deaths) >= GIVE_UP_AFTER:
            self._say(f"{name} ended {len(kept.deaths)} times within a minute, at last {_how(status)}. Giving up.")
            return False
        delay_s = min(self._delay_s * 2 ** (len(kept.deaths) - 1), LONGEST_DELAY_S)
        kept.start_at = now + delay_s
        self._say(f"{name} ended {_how(status)}; starting it again in {delay_s:g} s.")
        return True

    def _stop(self) -> bool:
        """End the children, those that serve others last; whether none had to be killed."""
        ends_at = monotonic() + self._grace_s
        all_ended = True
        for serves_others in (False, True):
            group = [kept for kept in self._kept if kept.process and kept.child.serves_others == serves_others]
            for kept in group:
                kept.send(signal.SIGTERM)
            while _living(group) and monotonic() < ends_at and not self._is_hurried:
                sleep(POLL_S)
            for kept in _living(group):
                all_ended = False
                self._say(f"{kept.child.name} did not end in time and was killed.")
            for kept in group:
                kept.kill_all()
            ends_at = max(ends_at, monotonic() + min(1.0, self._grace_s))
        return all_ended


def _living(group: list[_Kept]) -> list[_Kept]:
    return [kept for kept in group if kept.process and kept.process.poll() is None]


def _how(status: int) -> str:
    if status >= 0:
        return f"with exit status {status}"
    try:
        return f"by {signal.Signals(-status).name}"
    except ValueError:
        return f"by signal {-status}"


def _die_with(parent_pid: int) -> None:
    """In the child, before its program starts: ask the kernel for SIGTERM when the supervisor is gone."""
    if _libc is not None:
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent_pid:  # it went before we asked
            os._exit(1)
