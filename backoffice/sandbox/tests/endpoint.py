"""A web address that takes deliveries, on a loopback port."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any


class Endpoint(ThreadingHTTPServer):
    """Answers every POST with ``status`` and keeps what came, from any number of clients that keep connections open."""

    daemon_threads = True

    def __init__(self, status: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status = status
        self.taken: list[str] = []  # ids of events
        self.bodies: list[bytes] = []
        self.headers_of: list[dict[str, str]] = []
        self.clients: list[Any] = []


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.headers_of.append({name.lower(): value for name, value in self.headers.items()})
        self.server.clients.append(self.client_address)
        self.server.taken.append(self.headers["webhook-id"])
        self.send_response(self.server.status)
        if self.server.status == 302:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@contextmanager
def endpoint(status: int = 204) -> Iterator[Endpoint]:
    """An endpoint that serves until the block is left."""
    server = Endpoint(status)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def wait_for(holds: Callable[[], Any], within_s: float = 20) -> None:
    """Wait until it holds."""
    ends = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.01)
