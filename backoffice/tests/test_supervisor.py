"""The supervisor over real processes. Each test starts it in a process of its own, as the commands do."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from backoffice.broker_files import set_unreadable_aside

pytestmark = pytest.mark.slow

# What the children of these tests are made of: they write to `diary` what happens to them.
PRELUDE = """
import os, signal, subprocess, sys, time
def note(text):
    with open({diary!r}, "a") as diary:
        diary.write(f"{{time.monotonic()}} {{text}}\\n")
def on_term(then):
    signal.signal(signal.SIGTERM, lambda *_: then())
"""
POLITE = """
def end():
    note("{name} ended"); sys.exit()
on_term(end); note("{name} started {{}}".format(os.getpid()))
while True: time.sleep(0.05)
"""
STUBBORN = """
on_term(lambda: None)
inner = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
note("{name} started {{}}".format(os.getpid())); note("inner started {{}}".format(inner.pid))
while True: time.sleep(0.05)
"""
SCRIPT = """
import sys
from pathlib import Path
from backoffice.supervisor import Child, Supervisor
def say(line): print(line, flush=True)
def python(code): return [sys.executable, "-c", code]
children = [{children}]
sys.exit(Supervisor(children, say=say, on_up=lambda: say("all up"), grace_s={grace_s}, delay_s=0.1).run())
"""


class Running:
    """A supervisor under way."""

    def __init__(self, folder: Path) -> None:
        self._log = folder / "log"
        self._diary = folder / "diary"
        self._log.touch()
        self._diary.touch()
        self.process: subprocess.Popen[bytes] | None = None

    def child(self, name: str, code: str, **options: str) -> str:
        """Source text of one Child."""
        body = PRELUDE.format(diary=str(self._diary)) + code.format(name=name)
        more = "".join(f", {option}={value}" for option, value in options.items())
        return f"Child({name!r}, python({body!r}){more})"

    def start(self, *children: str, grace_s: float = 5.0) -> None:
        script = SCRIPT.format(children=", ".join(children), grace_s=grace_s)
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", script], stdout=log, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def events(self) -> list[str]:
        """What the children noted, without times."""
        return [line.split(" ", 1)[1] for line in self._diary.read_text().splitlines()]

    def times(self, event: str) -> list[float]:
        return [float(line.split(" ", 1)[0]) for line in self._diary.read_text().splitlines() if event in line]

    def pid_of(self, name: str) -> int:
        wait_until(lambda: any(event.startswith(f"{name} started") for event in self.events))
        return [int(event.split()[2]) for event in self.events if event.startswith(f"{name} started")][-1]

    def end(self, *signals: int, within_s: float = 10.0) -> int:
        assert self.process
        for number in signals:
            self.process.send_signal(number)
        return self.process.wait(within_s)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    running = Running(tmp_path)
    yield running
    if running.process:
        with suppress(ProcessLookupError):
            running.process.kill()
        running.process.wait()


def wait_until(holds: Callable[[], bool], within_s: float = 10.0) -> None:
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends, "waited in vain"
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def test_a_child_that_keeps_dying_is_restarted_ever_later_and_given_up_after_five_deaths(running):
    running.start(running.child("weak", "note('weak started 0'); sys.exit(3)"), running.child("steady", POLITE))
    assert running.end(within_s=20) == 1
    starts = running.times("weak started")
    assert len(starts) == 5
    pauses = [later - earlier for earlier, later in zip(starts, starts[1:], strict=False)]
    assert all(pause >= least for pause, least in zip(pauses, (0.1, 0.2, 0.4, 0.8), strict=True))
    assert "weak ended with exit status 3; starting it again in 0.1 s." in running.output
    assert "weak ended 5 times within a minute, at last with exit status 3. Giving up." in running.output
    assert running.events[-1] == "steady ended"


def test_what_serves_others_starts_first_and_ends_last(running, tmp_path):
    ready = tmp_path / "ready"
    slow_start = f"note('server started 0'); time.sleep(0.5); open({str(ready)!r}, 'w').close()" + POLITE
    running.start(
        running.child("client", POLITE),
        running.child("server", slow_start, serves_others="True", is_up=f"Path({str(ready)!r}).exists"),
    )
    wait_until(lambda: "all up" in running.output)
    running.pid_of("client")
    assert running.end(signal.SIGINT) == 0
    told = [event for event in running.events if "started 0" not in event]
    assert [event.split()[:2] for event in told] == [
        ["server", "started"],
        ["client", "started"],
        ["client", "ended"],
        ["server", "ended"],
    ]


def test_a_child_that_does_not_end_in_time_is_killed_with_what_it_started(running):
    running.start(running.child("stubborn", STUBBORN), grace_s=0.5)
    outer, inner = running.pid_of("stubborn"), running.pid_of("inner")
    assert running.end(signal.SIGTERM) == 1
    assert "stubborn did not end in time and was killed." in running.output
    wait_until(lambda: not is_alive(outer) and not is_alive(inner))


def test_a_second_ctrl_c_kills_at_once(running):
    running.start(running.child("stubborn", STUBBORN), grace_s=60)
    running.pid_of("inner")
    assert running.process
    running.process.send_signal(signal.SIGINT)
    wait_until(lambda: "Stopping" in running.output)
    time.sleep(0.5)
    assert running.end(signal.SIGINT, within_s=3) == 1


def test_signals_that_come_together_are_one_wish_to_end(running):
    slow_end = POLITE.replace('note("{name} ended")', 'time.sleep(0.6); note("{name} ended")')
    running.start(running.child("slow", slow_end))
    running.pid_of("slow")
    assert running.end(signal.SIGTERM, signal.SIGTERM, signal.SIGHUP, signal.SIGINT) == 0
    assert running.events[-1] == "slow ended"


def test_what_a_child_left_behind_is_killed_before_its_restart(running):
    running.start(running.child("stubborn", STUBBORN), grace_s=0.5)
    outer, inner = running.pid_of("stubborn"), running.pid_of("inner")
    os.kill(outer, signal.SIGKILL)
    wait_until(lambda: not is_alive(inner))
    wait_until(lambda: running.pid_of("stubborn") != outer)
    assert "stubborn ended by SIGKILL; starting it again in 0.1 s." in running.output
    assert running.end(signal.SIGTERM) == 1  # by the supervisor's own hand: one that is killed leaves a stubborn child


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells children of their parent's death on Linux only")
def test_no_child_outlives_a_killed_supervisor(running):
    running.start(running.child("one", POLITE), running.child("two", POLITE))
    pids = [running.pid_of("one"), running.pid_of("two")]
    running.end(signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in pids))
    assert {"one ended", "two ended"} <= set(running.events)  # asked, not killed


def test_only_what_children_say_on_standard_error_is_shown_under_their_names(running):
    code = "print('chatter', flush=True); print('a warning', file=sys.stderr, flush=True)" + POLITE
    running.start(running.child("web", code))
    wait_until(lambda: "web: a warning\n" in running.output)
    running.end(signal.SIGTERM)
    assert "chatter" not in running.output


def test_something_is_done_before_every_start(running):
    before = "lambda: say('made ready')"
    running.start(running.child("weak", "sys.exit(0)", before_start=before))
    running.end(within_s=20)
    assert running.output.count("made ready") == 5


@pytest.mark.parametrize("body", [b"", b'{"body": "eyJhIj', b"\xff\xfe", b"not json"])
def test_unreadable_broker_files_are_set_aside_and_the_others_stay(tmp_path, body):
    queue, control = tmp_path / "queue", tmp_path / "control"
    queue.mkdir()
    control.mkdir()
    good = queue / "2_b.celery.msg"
    good.write_text('{"body": ""}')
    (control / "celery.exchange").write_text("[]")
    bad, bad_table = queue / "1_a.celery.msg", control / "reply.exchange"
    bad.write_bytes(body)
    bad_table.write_bytes(body)
    moved = set_unreadable_aside(tmp_path)
    assert moved == [control / "reply.exchange.bad", queue / "1_a.celery.msg.bad"]
    assert moved[1].read_bytes() == body
    assert sorted(path.name for path in queue.iterdir()) == ["1_a.celery.msg.bad", good.name]
    assert set_unreadable_aside(tmp_path) == []
