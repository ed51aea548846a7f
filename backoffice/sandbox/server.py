"""The sandbox on a loopback port: HTTP/1.1 with keep-alive, a thread for each connection.

On the standard library's server, because Werkzeug's closes the connection after every answer, which a sweep over
hundreds of pages would feel. Where the WSGI app leaves no answer (switches.py), the connection is closed without a
byte: the client cannot tell *down* from a lost answer, as with a real proxy that gave up.
"""

import socket
import sys
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes

from backoffice.sandbox.switches import AnswerDropped, Unreachable

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

HOST = "127.0.0.1"


class LoopbackServer(ThreadingHTTPServer):
    """Serves one WSGI app on a socket that listens already. ``start`` and ``stop`` it, from any thread."""

    daemon_threads = True  # an idle keep-alive connection keeps nobody from ending
    request_queue_size = 128

    def __init__(self, listening: socket.socket, app: "WSGIApplication") -> None:
        super().__init__(listening.getsockname(), _Handler, bind_and_activate=False)
        self.socket.close()  # the one that the base class made
        self.socket = listening
        self.app = app
        self._thread = threading.Thread(target=self.serve_forever, args=(0.1,), name="sandbox-server", daemon=True)

    @property
    def port(self) -> int:
        """The port served on."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Serve in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Take no more calls and close the port; connections that are open end with the process."""
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is no news; anything else is printed by the base class."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def listen(port: int) -> socket.socket:
    """A socket listening on the loopback port (0: any free one). Raises OSError when it is taken."""
    return socket.create_server((HOST, port), backlog=LoopbackServer.request_queue_size)


class _Handler(BaseHTTPRequestHandler):
    """Bridges HTTP to WSGI, one request after another on a connection."""

    server: LoopbackServer
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def serve(self) -> None:
        """Answer one request."""
        if "Transfer-Encoding" in self.headers:
            self.send_error(411)  # no client of ours streams; without this the body would be read as a request
            return
        length = self.headers.get("Content-Length") or "0"
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            self.send_error(400)
            return
        started: list[Any] = []
        try:
            chunks = self.server.app(self._environ(self.rfile.read(int(length))), _recorder(started))
            body = b"".join(chunks)
        except (AnswerDropped, Unreachable):
            self.close_connection = True
            return
        status, headers = started
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = serve

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing: the demo's console is for people."""

    def _environ(self, body: bytes) -> "WSGIEnvironment":
        path, _, query = self.path.partition("?")
        environ = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),  # as WSGI wants it
            "QUERY_STRING": query,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "SERVER_NAME": HOST,
            "SERVER_PORT": str(self.server.port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": BytesIO(body),
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name, value in self.headers.items():
            environ.setdefault("HTTP_" + name.upper().replace("-", "_"), value)
        return environ


def _recorder(started: list[Any]) -> "StartResponse":
    """A ``start_response`` that keeps status and headers in ``started``."""

    def start_response(
        status: str, headers: list[tuple[str, str]], exc_info: object = None
    ) -> Callable[[bytes], object]:
        started[:] = [status, headers]
        return BytesIO().write

    return start_response
