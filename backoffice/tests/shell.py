"""Commands as a shell runs them: in this process, or in one of their own against a sandbox on a loopback port."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib import import_module
from io import StringIO
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import OutputWrapper
from django.db import connection

from backoffice.commands import StaffCommand
from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.server import LoopbackServer, listen
from backoffice.sync import engine, runs

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"
KEY = "sandbox-key-that-nobody-may-see"


@dataclass(frozen=True)
class Ended:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def records(self) -> list[dict[str, Any]]:
        """What ``--json`` printed."""
        return [json.loads(line) for line in self.out.splitlines()]


def command(module: str) -> StaffCommand:
    """A fresh command object, ``customers.management.commands.customers`` for one."""
    made: StaffCommand = import_module(module).Command()
    return made


def run(made: StaffCommand, *argv: str) -> Ended:
    """Run a command in this process, from its arguments to its exit code."""
    out, err = StringIO(), StringIO()
    made.stdout, made.stderr = OutputWrapper(out), OutputWrapper(err)
    made.is_from_shell = made._called_from_command_line = True  # type: ignore[attr-defined]
    parser = made.create_parser("manage.py", made.__module__.rpartition(".")[2])
    try:
        options = vars(parser.parse_args(argv))
        made.execute(*options.pop("args", ()), **options)
    except SystemExit as ended:
        return Ended(int(ended.code or 0), out.getvalue(), err.getvalue())
    return Ended(0, out.getvalue(), err.getvalue())


@dataclass
class LiveSandbox:
    """A sandbox on a loopback port, and our commands in processes of their own, on the test's database."""

    sandbox: Sandbox
    port: int
    data_dir: Path
    calls: list[str] = field(default_factory=list)  # paths that were asked for
    done: list[str] = field(default_factory=list)  # those whose work is done
    held: str = ""  # calls of this method wait until they are let go
    let_go: threading.Event = field(default_factory=threading.Event)

    def start(self, *argv: str, stderr_to: int = subprocess.PIPE, **environment: str) -> "subprocess.Popen[str]":
        """Start a command in its own process."""
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "backoffice.settings",
            "DATA_DIR": str(self.data_dir),
            "DATABASE_URL": database_url(),
            "SECRET_KEY": settings.SECRET_KEY,
            "KIRIM_BASE_URL": f"http://127.0.0.1:{self.port}{KIRIM_PATH}",
            "KIRIM_API_KEY": KEY,
            "CELERY_TASK_ALWAYS_EAGER": "False",
            **environment,
        }
        return subprocess.Popen(
            [sys.executable, str(MANAGE), *argv],
            env=env,
            stdout=subprocess.PIPE,
            stderr=stderr_to,
            text=True,
        )

    def run(self, *argv: str, **environment: str) -> Ended:
        """Run a command in its own process to its end."""
        return ended(self.start(*argv, **environment))

    def mirror(self, settings: Any) -> None:
        """Mirror the sandbox from this process: what a command of its own would do, without its start."""
        settings.KIRIM_BASE_URL = f"http://127.0.0.1:{self.port}{KIRIM_PATH}"
        settings.KIRIM_API_KEY = KEY
        settings.REMOTE_TRANSPORT = None
        for resource in ("kirim.customers", "kirim.accounts", "kirim.setup_links"):
            mode = "full" if resource == "kirim.setup_links" else "normal"
            assert engine.carry_out(runs.queue(resource, trigger="command", mode=mode)).state == "succeeded"

    def wait_for_calls(self, count: int) -> None:
        """Wait until the sandbox was asked so often in all."""
        give_up_at = monotonic() + 30
        while len(self.calls) < count:
            assert monotonic() < give_up_at, f"only {len(self.calls)} calls came"
            sleep(0.005)

    def hold(self, method: str) -> None:
        """Let calls of that method wait, before anything is done, for as long as the test wants."""
        self.let_go.clear()
        self.held = method

    def release(self) -> None:
        """Let them go on, and all later ones."""
        self.held = ""
        self.let_go.set()

    def state(self) -> dict[str, dict[str, Any]]:
        """What Kirim knows, as its API tells it, by table and id; accounts without a number by their text."""
        with httpx.Client(
            transport=httpx.WSGITransport(app=self.sandbox.wsgi),
            base_url=f"http://sandbox{KIRIM_PATH}",
            headers={"Authorization": f"Bearer {KEY}"},
        ) as http:
            customers = {
                row["id"]: row
                for filters in ({}, {"status": "archived"})
                for row in _all(http, "/customers", {"limit": "200", **filters})
            }
            links = [row for id_ in customers for row in _all(http, f"/customers/{id_}/setup_links", {})]
            accounts = [account for account in _all(http, "/accounts", {"limit": "200"})]
        return {
            "customers": customers,
            "accounts": {row["phone_number_id"] or json.dumps(row, sort_keys=True): row for row in accounts},
            "setup_links": {row["id"]: row for row in links},
        }


def ended(process: "subprocess.Popen[str]", within_s: float = 60) -> Ended:
    """Wait for a process that was started."""
    out, err = process.communicate(timeout=within_s)
    return Ended(process.returncode, out, err or "")


def mirrored() -> dict[str, dict[str, Any]]:
    """What the mirror holds, in the shape of ``LiveSandbox.state``."""
    from customers.models import Customer, SetupLink, WhatsAppAccount

    def payloads(model: Any) -> Iterable[dict[str, Any]]:
        return model.objects.filter(vanished_at=None).values_list("payload", flat=True)

    return {
        "customers": {row["id"]: row for row in payloads(Customer)},
        "accounts": {
            row["phone_number_id"] or json.dumps(row, sort_keys=True): row for row in payloads(WhatsAppAccount)
        },
        "setup_links": {row["id"]: row for row in payloads(SetupLink)},
    }


@contextmanager
def live_sandbox(data_dir: Path, *, customers: int, latency_ms: int = 0) -> Iterator[LiveSandbox]:
    """A sandbox that serves until the block is left."""
    with Sandbox(customers=customers, seed=7, latency_ms=latency_ms, kirim_api_key=KEY) as sandbox, listen(0) as port:
        live = LiveSandbox(sandbox, port.getsockname()[1], data_dir)

        def counted(environ: Any, start_response: Any) -> Iterable[bytes]:
            live.calls.append(environ["PATH_INFO"])
            if environ["REQUEST_METHOD"] == live.held:
                live.let_go.wait(60)
            answer = sandbox.wsgi(environ, start_response)
            live.done.append(environ["PATH_INFO"])
            return answer

        server = LoopbackServer(port, counted)
        server.start()
        try:
            yield live
        finally:
            live.release()
            server.stop()


def database_url() -> str:
    """The test's own database, as ``DATABASE_URL``."""
    to = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{to['NAME']}"
    return f"postgres://{to['USER']}:{to['PASSWORD']}@{to['HOST'] or 'localhost'}:{to['PORT'] or 5432}/{to['NAME']}"


def _all(http: httpx.Client, path: str, params: dict[str, str]) -> Iterator[dict[str, Any]]:
    cursor: str | None = None
    while True:
        answer = http.get(path, params={**params, **({"cursor": cursor} if cursor else {})})
        page = answer.raise_for_status().json()
        yield from page["data"]
        cursor = page.get("next_cursor")
        if not cursor:
            return
