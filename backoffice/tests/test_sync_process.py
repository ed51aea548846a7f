"""``sync`` in processes of its own: signals, kill -9, two at once, broker and database away."""

import contextlib
import os
import pty
import signal
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import pytest

from backoffice.models import SyncRun
from backoffice.sandbox.switches import Switch
from backoffice.tests.shell import KEY, LiveSandbox, ended, live_sandbox, mirrored

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DOWN = "redis://127.0.0.1:1/0"  # nothing listens on port 1


CUSTOMERS = 210  # more than one page of them, so that a sync has many moments


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveSandbox]:
    with live_sandbox(tmp_path, customers=CUSTOMERS, latency_ms=5) as live:
        yield live


@pytest.fixture
def small(tmp_path: Path) -> Iterator[LiveSandbox]:
    """Few customers, where it is not the moment that matters."""
    with live_sandbox(tmp_path, customers=6) as small:
        yield small


def test_sigterm_ends_as_interrupted_and_the_next_sync_goes_on_and_ends_exact(live: LiveSandbox) -> None:
    process = live.start("sync", "--json")
    live.wait_for_calls(60)  # in the middle of the setup links
    told = monotonic()
    process.send_signal(signal.SIGTERM)
    stopped = ended(process)
    assert monotonic() - told < 15
    assert stopped.code == 1
    assert [record["state"] for record in stopped.records] == ["succeeded", "succeeded", "interrupted"]
    assert "To go on: manage.py sync kirim.setup_links" in stopped.err
    assert "Traceback" not in stopped.err
    assert SyncRun.objects.get(resource="kirim.setup_links").state == "interrupted"
    again = live.run("sync", "--json")
    assert (again.code, again.err) == (0, "")
    assert SyncRun.objects.filter(resource="kirim.setup_links").first().resumes is not None  # type: ignore[union-attr]
    assert mirrored() == live.state()


def test_ctrl_c_ends_as_interrupted_and_names_what_was_not_begun(live: LiveSandbox) -> None:
    live.run("sync", "kirim.customers")
    process = live.start("sync")
    live.wait_for_calls(len(live.calls) + 2)
    process.send_signal(signal.SIGINT)
    stopped = ended(process, within_s=15)
    assert stopped.code == 1
    assert "interrupted" in stopped.out
    assert "Not begun: " in stopped.err
    assert "kirim.setup_links" in stopped.err
    assert "Traceback" not in stopped.err


def test_a_second_ctrl_c_ends_at_once(small: LiveSandbox) -> None:
    small.sandbox.switches["kirim"].turn_on(Switch("latency", ms=20_000))
    process = small.start("sync", "kirim.customers", "--json")
    small.wait_for_calls(1)
    told = monotonic()
    process.send_signal(signal.SIGINT)
    sleep(0.2)
    if process.poll() is None:
        process.send_signal(signal.SIGINT)
    stopped = ended(process)
    assert monotonic() - told < 5
    assert (stopped.code, stopped.records[0]["state"]) == (1, "interrupted")
    assert "Traceback" not in stopped.err


@pytest.mark.parametrize("calls", [1, 3, 5, 8, 40, 150])
def test_after_kill_9_at_any_moment_a_plain_sync_ends_exact(live: LiveSandbox, calls: int) -> None:
    process = live.start("sync")
    live.wait_for_calls(calls)
    process.kill()
    process.communicate()
    again = live.run("sync", "kirim.customers", "kirim.accounts", "kirim.setup_links", "--json")
    assert again.code == 0, again.err
    assert mirrored() == live.state()
    assert not SyncRun.objects.filter(state="running").exists()
    for line in again.records:
        assert line["fetched"] == line["created"] + line["updated"] + line["unchanged"] + line["failed"]


def test_killed_again_and_again_while_kirim_changes_it_still_ends_exact(live: LiveSandbox) -> None:
    assert live.run("sync").code == 0
    for calls in (2, 7, 30):
        live.sandbox.kirim.tick()
        process = live.start("sync", "--full")
        live.wait_for_calls(len(live.calls) + calls)
        process.kill()
        process.communicate()
    assert live.run("sync").code == 0
    assert live.run("sync", "--full").code == 0
    assert mirrored() == live.state()


def test_of_two_syncs_at_once_one_waits_and_both_add_up(live: LiveSandbox) -> None:
    both = [live.start("sync", "--json"), live.start("sync", "--json")]
    for done in [ended(process) for process in both]:
        assert done.code == 0, done.err
        assert [record["state"] for record in done.records] == ["succeeded"] * 3
        for line in done.records:
            assert line["fetched"] == line["created"] + line["updated"] + line["unchanged"] + line["failed"]
    assert mirrored() == live.state()
    assert not SyncRun.objects.exclude(state="succeeded").exists()


def test_with_the_broker_down_the_runs_are_kept_and_it_is_said(small: LiveSandbox) -> None:
    done = small.run("sync", "--enqueue", "--json", CELERY_BROKER_URL=DOWN)
    assert done.code == 0
    assert [record["state"] for record in done.records] == ["queued"] * 3
    assert "The runs are kept" in done.err
    assert "Traceback" not in done.err
    assert SyncRun.objects.filter(state="queued").count() == 3
    assert small.calls == []


def test_the_key_is_in_no_output(small: LiveSandbox) -> None:
    for argv in (
        ("sync", "-v", "3"),
        ("sync", "--json", "-v", "3"),
        ("doctor", "-v", "3"),
        ("doctor", "--json"),
        ("customers", "list", "-v", "3"),
    ):
        done = small.run(*argv)
        assert KEY not in done.out + done.err


def test_an_upstream_that_is_down_is_one_sentence_a_resource(small: LiveSandbox) -> None:
    done = small.run("sync", "kirim.customers", KIRIM_BASE_URL="http://127.0.0.1:1/sandbox/kirim/v1")
    assert done.code == 1
    assert "not reached" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("argv", [("sync", "--json"), ("customers", "list"), ("setup_link", "list", "cus_1")])
def test_a_database_without_tables_says_to_migrate_first(small: LiveSandbox, tmp_path: Path, argv: Any) -> None:
    done = small.run(*argv, DATABASE_URL=f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    assert done.code == 1
    assert "Run manage.py migrate first." in done.err
    assert "Traceback" not in done.err
    assert small.calls == []


@pytest.mark.parametrize("argv", [("sync",), ("customers", "list"), ("doctor",)])
@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("postgres://desk:pg-password@127.0.0.1:1/desk", "PostgreSQL at 127.0.0.1:1 does not answer"),
        ("sqlite:////nowhere/at/all/db.sqlite3", "cannot be opened"),
    ],
)
def test_a_database_that_is_away_is_one_sentence(small: LiveSandbox, argv: Any, url: str, told: str) -> None:
    done = small.run(*argv, DATABASE_URL=url)
    assert done.code == 1
    assert told in done.out + done.err
    assert "Traceback" not in done.err
    assert "pg-password" not in done.out + done.err


def test_progress_is_shown_on_a_terminal_only(live: LiveSandbox) -> None:
    assert "read …" not in live.run("sync", "kirim.customers").err
    terminal, theirs = pty.openpty()
    process = live.start("sync", "kirim.customers", stderr_to=theirs)
    os.close(theirs)
    shown = b""
    with contextlib.suppress(OSError):  # what a terminal says when nobody holds its other end any more
        while read := os.read(terminal, 4096):
            shown += read
    os.close(terminal)
    assert ended(process).code == 0
    assert f"kirim.customers {CUSTOMERS} read …" in shown.decode()
