"""``manage.py sandbox``: the upstreams in small on a loopback port."""

import os
import signal
import sqlite3
import threading
from argparse import ArgumentParser
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from backoffice import upstreams
from backoffice.commands import StaffCommand, whole_number
from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.server import HOST, LoopbackServer, listen

DEFAULT_KIRIM_API_KEY = "kirim-sandbox-key"


class Command(StaffCommand):
    """Serves until it is told to end (SIGTERM, Ctrl-C); the state stays in ``DATA_DIR/sandbox``."""

    help = "Serve the sandbox: the upstreams in small, on 127.0.0.1. Its state stays in DATA_DIR/sandbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=whole_number(0, 65535), default=9000, help="default 9000; 0: any free one")
        parser.add_argument(
            "--customers",
            type=whole_number(0, 1_000_000),
            default=350,
            help="how many Kirim customers a new state starts with (default 350)",
        )
        parser.add_argument("--seed", type=whole_number(0, 2**62), default=1, help="what a new state is made from")
        parser.add_argument("--latency-ms", type=whole_number(0, 600_000), default=0, help="wait before each answer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Serve.

        Raises:
            CommandError: the port is taken, the state cannot be used, or the development packages are missing.
        """
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, end)
        port = options["port"]
        try:
            listening = listen(port)
        except OSError as error:
            raise CommandError(f"Port {port} on {HOST} cannot be used: {os.strerror(error.errno or 0)}.") from None
        is_ours = upstreams.identity("kirim") == upstreams.SANDBOX  # the key of a live Kirim is neither used nor shown
        key = (settings.KIRIM_API_KEY if is_ours else "") or DEFAULT_KIRIM_API_KEY
        with listening, self.build(key, options) as sandbox:
            server = LoopbackServer(listening, sandbox.wsgi)
            server.start()
            try:
                self.stdout.write(f"Kirim sandbox: http://{HOST}:{server.port}{KIRIM_PATH}")
                self.stdout.write(f"Kirim key: {key}")
                self.stdout.flush()
                threading.Event().wait()  # until a signal ends it
            finally:
                server.stop()

    def build(self, key: str, options: dict[str, Any]) -> Sandbox:
        """The sandbox to serve, with the state of the last time where there is one."""
        state_path = settings.DATA_DIR / "sandbox"
        try:
            sandbox = Sandbox(
                customers=options["customers"],
                seed=options["seed"],
                latency_ms=options["latency_ms"],
                state_path=state_path,
                kirim_api_key=key,
                alive=True,
            )
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The sandbox needs the development packages ({error.name} is missing): "
                "pip install -r requirements-dev.txt"
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"The state in {state_path} cannot be used: {error}.") from None
        if not sandbox.kirim.is_new:
            self.stderr.write(f"Going on with the state in {state_path}; delete it to start over.")
        return sandbox


def end(signal_number: int, frame: FrameType | None) -> None:
    """End the command, also while it is still filling a new state: what is not committed was never there."""
    raise SystemExit(0)
