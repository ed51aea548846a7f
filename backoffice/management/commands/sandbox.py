"""``manage.py sandbox``: the upstreams in small on a loopback port."""

import os
import signal
import sqlite3
import threading
from argparse import ArgumentParser
from contextlib import ExitStack
from dataclasses import asdict
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError

from backoffice import upstreams
from backoffice.commands import StaffCommand, whole_number
from backoffice.sandbox import AFOSTO_PATH, APIDECK_PATH, KIRIM_PATH, LAYERCAKE_PATH, Sandbox
from backoffice.sandbox.afosto.assumptions import EVENTS as AFOSTO_EVENTS
from backoffice.sandbox.apideck.state import Keys
from backoffice.sandbox.courier import Courier
from backoffice.sandbox.ids import is_signing_secret
from backoffice.sandbox.kirim.assumptions import EVENTS as KIRIM_EVENTS
from backoffice.sandbox.layercake.assumptions import EVENTS as LAYERCAKE_EVENTS
from backoffice.sandbox.layercake.state import Tenant
from backoffice.sandbox.server import HOST, LoopbackServer, listen

DEFAULT_KIRIM_API_KEY = "kirim-sandbox-key"
DEFAULT_AFOSTO_CLIENT = ("afosto-sandbox-id", "afosto-sandbox-secret")
OWN_SUBSCRIPTION = "The back office that came with this sandbox"
_COUNTS = (
    ("--customers", 350, "Kirim customers, and about as many people at Apideck and L4YERCAK3 each,"),
    ("--lists", 40, "Afosto handling lists, each with its shipments,"),
    ("--parcels", 60, "Afosto parcels"),
)


class Command(StaffCommand):
    """Serves until it is told to end (SIGTERM, Ctrl-C); the state stays in ``DATA_DIR/sandbox``.

    Where the environment describes a back office of this sandbox with webhook secrets, its events go there. The keys
    of a live upstream are neither used nor shown.
    """

    help = "Serve the sandbox: the upstreams in small, on 127.0.0.1. Its state stays in DATA_DIR/sandbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=whole_number(0, 65535), default=9000, help="default 9000; 0: any free one")
        for option, count, what in _COUNTS:
            told = f"how many {what} a new state starts with (default {count})"
            parser.add_argument(option, type=whole_number(0, 1_000_000), default=count, help=told)
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
        with listening, self.build(options) as sandbox:
            self.subscribe(sandbox)
            server = LoopbackServer(listening, sandbox.wsgi)
            with ExitStack() as couriers:
                for upstream in (sandbox.kirim, sandbox.afosto, sandbox.apideck, sandbox.layercake):
                    couriers.enter_context(Courier(upstream.events))
                server.start()
                try:
                    self.tell(sandbox, f"http://{HOST}:{server.port}")
                    threading.Event().wait()  # until a signal ends it
                finally:
                    server.stop()

    def tell(self, sandbox: Sandbox, origin: str) -> None:
        """Say where the upstreams are and who may call them."""
        self.stdout.write(f"Kirim sandbox: {origin}{KIRIM_PATH}")
        self.stdout.write(f"Kirim key: {sandbox.kirim_api_key}")
        self.stdout.write(f"Afosto sandbox: {origin}{AFOSTO_PATH}")
        self.stdout.write(f"Afosto client id: {sandbox.afosto_client_id}")
        self.stdout.write(f"Afosto client secret: {sandbox.afosto_client_secret}")
        keys = sandbox.apideck_keys
        self.stdout.write(f"Apideck sandbox: {origin}{APIDECK_PATH}")
        self.stdout.write(f"Apideck key: {keys.api_key}")
        self.stdout.write(f"Apideck app, consumer, service: {keys.app_id}, {keys.consumer_id}, {keys.service_id}")
        self.stdout.write(f"L4YERCAK3 sandbox: {origin}{LAYERCAKE_PATH}")
        self.stdout.write(f"L4YERCAK3 key: {sandbox.layercake_tenant.api_key}")
        self.stdout.write(f"L4YERCAK3 organization: {sandbox.layercake_tenant.organization_id}")
        self.stdout.flush()

    def subscribe(self, sandbox: Sandbox) -> None:
        """Have the upstreams' events delivered to our own inbox, wherever that was the last time."""
        if secret := own("kirim", "KIRIM_WEBHOOK_SECRET"):
            if is_signing_secret(secret):
                events = sorted(name for name in KIRIM_EVENTS if name.startswith("customer."))
                sandbox.kirim.subscriptions.keep(inbox("kirim"), events, OWN_SUBSCRIPTION, secret)
            else:
                self.stderr.write("KIRIM_WEBHOOK_SECRET is not whsec_ and base64, so no events are delivered to us.")
        if secret := own("afosto", "AFOSTO_WEBHOOK_SECRET"):
            sandbox.afosto.events.keep(inbox("afosto"), AFOSTO_EVENTS, secret)
        if own("apideck", "APIDECK_API_KEY"):
            sandbox.apideck.connection.register(inbox("apideck"))
        if secret := own("layercake", "LAYERCAKE_WEBHOOK_SECRET"):
            sandbox.layercake.events.keep(inbox("layercake"), LAYERCAKE_EVENTS, secret)

    def build(self, options: dict[str, Any]) -> Sandbox:
        """The sandbox to serve, with the state of the last time where there is one."""
        state_path = settings.DATA_DIR / "sandbox"
        client = (own("afosto", "AFOSTO_CLIENT_ID"), own("afosto", "AFOSTO_CLIENT_SECRET"))
        client_id, client_secret = client if all(client) else DEFAULT_AFOSTO_CLIENT
        try:
            sandbox = Sandbox(
                customers=options["customers"],
                lists=options["lists"],
                parcels=options["parcels"],
                seed=options["seed"],
                latency_ms=options["latency_ms"],
                state_path=state_path,
                kirim_api_key=own("kirim", "KIRIM_API_KEY") or DEFAULT_KIRIM_API_KEY,
                afosto_client_id=client_id,
                afosto_client_secret=client_secret,
                apideck=Keys(**keys_of("apideck", asdict(Keys()))),
                layercake=Tenant(**keys_of("layercake", asdict(Tenant()))),
            )
            states = (sandbox.kirim, sandbox.afosto, sandbox.apideck, sandbox.layercake)
            is_new = all(state.is_new for state in states)
            sandbox.begin_life()
        except ModuleNotFoundError as error:
            raise CommandError(
                f"The sandbox needs the development packages ({error.name} is missing): "
                "pip install -r requirements-dev.txt"
            ) from None
        except (OSError, sqlite3.Error) as error:
            raise CommandError(f"The state in {state_path} cannot be used: {error}.") from None
        if not is_new:
            self.stderr.write(f"Going on with the state in {state_path}; delete it to start over.")
        return sandbox


def own(upstream: str, variable: str) -> str:
    """A setting about this sandbox, the first of several; "" where the configuration names a live upstream or none."""
    if upstream not in upstreams.UPSTREAMS:
        return ""
    is_ours = upstreams.identity(upstream).startswith(upstreams.SANDBOX)
    return str(getattr(settings, variable)).partition(",")[0].strip() if is_ours else ""


def keys_of(upstream: str, usual: dict[str, str]) -> dict[str, str]:
    """The settings about this sandbox's upstream, such as ``api_key``; the ``usual`` ones unless each is set."""
    configured = {name: own(upstream, f"{upstream}_{name}".upper()) for name in usual}
    return configured if all(configured.values()) else usual


def inbox(upstream: str) -> str:
    """Where our back office takes an upstream's events."""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/{upstream}/"


def end(signal_number: int, frame: FrameType | None) -> None:
    """End the command, also while it is still filling a new state: what is not committed was never there."""
    raise SystemExit(0)
