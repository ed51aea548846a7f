"""``manage.py sandbox``: the upstreams in small on a loopback port."""

import signal
import threading
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.server import HOST, LoopbackServer, listen

DEFAULT_KIRIM_API_KEY = "kirim-sandbox-key"


class Command(BaseCommand):
    """Serves until it is told to end (SIGTERM, Ctrl-C); the state stays in ``DATA_DIR/sandbox``."""

    help = "Serve the sandbox: the upstreams in small, on 127.0.0.1. Its state stays in DATA_DIR/sandbox."
    requires_system_checks: list[str] = []  # it needs neither the database nor the web side

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
        """Serve. Raises CommandError when the port is taken or the development packages are missing."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        try:
            listening = listen(options["port"])
        except OSError as error:
            raise CommandError(f"Port {options['port']} on {HOST} cannot be used: {error.strerror}.") from None
        key = settings.KIRIM_API_KEY or DEFAULT_KIRIM_API_KEY
        with listening, self._sandbox(key, options) as sandbox:
            server = LoopbackServer(listening, sandbox.wsgi)
            server.start()
            self.stdout.write(f"Kirim sandbox: http://{HOST}:{server.port}{KIRIM_PATH}")
            self.stdout.write(f"Kirim key: {key}")
            self.stdout.flush()
            ended.wait()
            server.stop()

    def _sandbox(self, key: str, options: dict[str, Any]) -> Sandbox:
        try:
            return Sandbox(
                customers=options["customers"],
                seed=options["seed"],
                latency_ms=options["latency_ms"],
                state_path=settings.DATA_DIR / "sandbox",
                kirim_api_key=key,
                alive=True,
            )
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The sandbox needs the development packages ({error.name} is missing): "
                "pip install -r requirements-dev.txt"
            ) from None


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """An argument type: ``least`` to ``most``."""

    def read(text: str) -> int:
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read
