"""Deliveries from many connections at once, as fast as they are answered; in a process of its own.

``python -m backoffice.benchmarks.load PORT PATH SECRET CONNECTIONS SECONDS COUNT`` sends up to ``COUNT`` signed
deliveries with distinct ids to ``PATH`` and prints, as JSON, how many were answered, in what time, how many of them
with 204, and the longest wait in seconds.
"""

import json
import selectors
import socket
import sys
from collections import Counter, deque
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from time import perf_counter
from uuid import uuid4

from standardwebhooks import Webhook

HEAD_ENDS = b"\r\n\r\n"


def signed_request(path: str, signer: Webhook, id: str, body: str) -> bytes:
    """A whole HTTP request, signed now."""
    now = datetime.now(UTC)
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nwebhook-id: {id}\r\nwebhook-timestamp: {int(now.timestamp())}\r\n"
        f"webhook-signature: {signer.sign(id, now, body)}\r\n\r\n"
    )
    return (head + body).encode()


def deliveries(path: str, secret: str, count: int) -> deque[bytes]:
    """Requests with distinct ids, about customers as Kirim would tell of them."""
    signer, run = Webhook(secret), uuid4().hex
    requests: deque[bytes] = deque()
    for number in range(count):
        customer = {
            "id": f"cus_01J9ZK3M5N7P8Q2R4S{number:08d}", "object": "customer", "name": f"Toko Melati {number}",
            "email": f"owner{number}@tokomelati.example", "status": "active",
            "metadata": {"external_ref": f"crm-{number}"}, "archived_at": None, "team_id": "team_main",
            "created_at": "2025-03-04T08:15:30.000Z", "updated_at": "2025-03-05T10:00:00.000Z",
        }  # fmt: skip
        told = {"type": "customer.updated", "timestamp": "2025-03-05T10:00:01.000Z", "data": customer}
        body = json.dumps(told, separators=(",", ":"))
        requests.append(signed_request(path, signer, f"msg_{run}{number:06d}", body))
    return requests


@dataclass
class Measured:
    """What came of it."""

    answered: int
    seconds: float
    taken: int
    longest_s: float


class _Connection:
    """One keep-alive connection with one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._received = b""
        self._since = 0.0

    def send(self, request: bytes) -> None:
        self._since = perf_counter()
        self.socket.sendall(request)

    def status(self) -> tuple[int, float] | None:
        """The status and the wait for it, once the answer's head is here; these answers have no body."""
        chunk = self.socket.recv(65536)
        if not chunk:
            raise SystemExit("the server closed a connection in the middle of the benchmark")
        self._received += chunk
        if HEAD_ENDS not in self._received:
            return None
        status = int(self._received.split(b" ", 2)[1])
        self._received = b""
        return status, perf_counter() - self._since


def measure(port: int, requests: deque[bytes], connections: int, seconds: float) -> Measured:
    """Keep every connection busy until the time or the requests are over, then wait for what is under way."""
    statuses: Counter[int] = Counter()
    longest_s = 0.0
    with selectors.DefaultSelector() as selector, ExitStack() as sockets:
        start = perf_counter()
        under_way = min(connections, len(requests))
        for _ in range(under_way):
            connection = _Connection(port)
            sockets.enter_context(connection.socket)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            connection.send(requests.popleft())  # at once: gunicorn does not wait long for a silent connection
        while under_way:
            for key, _ in selector.select():
                answer = key.data.status()
                if answer is None:
                    continue
                statuses[answer[0]] += 1
                longest_s = max(longest_s, answer[1])
                if requests and perf_counter() - start < seconds:
                    key.data.send(requests.popleft())
                else:
                    under_way -= 1
        took_s = perf_counter() - start
    return Measured(statuses.total(), took_s, statuses[204], longest_s)


def main(argv: list[str]) -> None:
    """Send and print."""
    port, path, secret, connections, seconds, count = argv
    result = measure(int(port), deliveries(path, secret, int(count)), int(connections), float(seconds))
    print(json.dumps(vars(result)))  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
