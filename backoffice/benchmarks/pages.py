"""A server of ready-made pages: it costs so little that what is measured is the client's side.

``python -m backoffice.benchmarks.pages PORT`` serves, below ``/<customers>/<changed>/<latency ms>/v1``, a Kirim of that
many customers of which that many have another name than in the unchanged one.
"""

import json
import re
import socket
import sys
import threading
import time
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

PAGE_SIZE = 200
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CITIES = ("Jakarta", "Bandung", "München", "القاهرة", "東京", "São Paulo")


def customer(number: int, is_changed: bool) -> dict[str, object]:
    """Customer ``number`` in the list's shape, about 330 bytes of JSON."""
    city = CITIES[number % len(CITIES)]
    return {
        "id": f"cus_01J9ZK3M5N7P8Q2R4S{number:08d}",
        "object": "customer",
        "name": f"Toko {city} {number}{' (new)' if is_changed else ''}",
        "email": None if number % 7 == 0 else f"owner{number}@shop{number % 97}.example",
        "status": ("active", "pending", "suspended")[number % 3],
        "metadata": {"external_ref": f"crm-{number}", "city": city, "tier": number % 5},
        "archived_at": None,
        "team_id": f"team_{number % 4}",
        "created_at": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T08:15:30.000Z",
        "updated_at": f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}T10:00:00.000Z",
    }


@lru_cache(maxsize=2000)
def page(customers: int, changed: int, start: int) -> bytes:
    """The whole HTTP answer with the page that begins at ``start``; changed customers are spread evenly."""
    step = customers // changed if changed else 0
    end = min(start + PAGE_SIZE, customers)
    rows = [customer(number, bool(step) and number % step == 0) for number in range(start, end)]
    has_more = end < customers
    return _answer(rows, str(end) if has_more else None)


def _answer(rows: list[dict[str, object]], cursor: str | None) -> bytes:
    body = json.dumps(
        {"data": rows, "has_more": cursor is not None, "next_cursor": cursor, "request_id": "req_bench"},
        ensure_ascii=False,
        separators=(",", ":"),
    ).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


EMPTY = _answer([], None)
_PATH = re.compile(r"/(\d+)/(\d+)/(\d+)/v1/customers")


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    with connection:
        while chunk := connection.recv(65536):
            received += chunk
            while b"\r\n\r\n" in received:
                request, received = received.split(b"\r\n\r\n", 1)
                connection.sendall(_answer_to(request.split(b" ", 2)[1].decode()))


def _answer_to(target: str) -> bytes:
    url = urlsplit(target)
    match = _PATH.fullmatch(url.path)
    query = parse_qs(url.query)
    if match is None or "status" in query:
        return EMPTY
    customers, changed, latency_ms = map(int, match.groups())
    time.sleep(latency_ms / 1000)
    return page(customers, changed, int(query.get("cursor", ["0"])[0]))


def main(port: int) -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
