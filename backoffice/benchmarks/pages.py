"""A server of ready-made pages: it costs so little that what is measured is the client's side.

``python -m backoffice.benchmarks.pages PORT`` serves, below ``/<rows>/<changed>/<latency ms>``, a Kirim (``v1``) of
that many customers, and an Afosto (``afosto``) of that many parcels. So many of them have another name, or number, than
in the unchanged one.
"""

import json
import re
import socket
import sys
import threading
import time
from collections.abc import Callable
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

PAGE_SIZE = 200
PARCELS_A_PAGE = 100
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


def parcel(number: int, is_changed: bool) -> dict[str, object]:
    """Parcel ``number`` in the list's shape, about 900 bytes of JSON."""
    day = f"2025-{number % 12 + 1:02d}-{number % 28 + 1:02d}"
    is_over = number % 3 == 0
    return {
        "id": f"9f1b6c1e-4b1d-4f6e-8a52-{number:012d}",
        "number": f"PA-{number:06d}{'-2' if is_changed else ''}",
        "shipment_id": f"0c7d2f64-11aa-4b0e-9a3f-{number // 2:012d}",
        "weight": 250 + number % 3000,
        "length": 40,
        "width": 30,
        "height": 20,
        "tracking_code": f"3SAFOS{number:09d}",
        "tracking_url": f"https://track.example/3SAFOS{number:09d}",
        "position": None,
        "label": {
            "file_id": f"5d0c8e3a-77b2-4a3e-9d3e-{number:012d}",
            "reference": f"L{number}",
            "label_text": CITIES[number % len(CITIES)],
            "requested_at": f"{day}T08:15:30+00:00",
        },
        "count": 2,
        "items": [
            {
                "id": f"{piece}c9a4be2-5e0f-4d21-b9f5-{number:012d}",
                "sku": f"MUG-{number % 50}-{piece}",
                "quantity": 1,
                "description": f"Mug {CITIES[number % len(CITIES)]}",
            }
            for piece in (1, 2)
        ],
        "is_in_transit": number % 3 == 1,
        "is_delivered": is_over,
        "is_outbound": True,
        "is_finished": is_over,
        "file_id": None,
        "ship_at": f"{day}T16:00:00+00:00",
        "in_transit_at": f"{day}T17:00:00+00:00",
        "finished_at": f"{day}T18:00:00+00:00" if is_over else None,
        "created_at": f"{day}T08:00:00+00:00",
        "updated_at": f"{day}T18:00:00+00:00",
    }


@lru_cache(maxsize=2000)
def page(customers: int, changed: int, start: int) -> bytes:
    """The whole HTTP answer with the page that begins at ``start``; changed customers are spread evenly."""
    end = min(start + PAGE_SIZE, customers)
    rows = _rows(customer, customers, changed, start, end)
    return _by_cursor(rows, str(end) if end < customers else None)


@lru_cache(maxsize=2000)
def numbered_page(parcels: int, changed: int, number: int) -> bytes:
    """The same with page ``number`` of the parcels; past the end it is empty."""
    start = (number - 1) * PARCELS_A_PAGE
    rows = _rows(parcel, parcels, changed, start, min(start + PARCELS_A_PAGE, parcels))
    return _answer(rows, f"x-count: {parcels}\r\n")


def _rows(
    make: Callable[[int, bool], dict[str, object]], total: int, changed: int, start: int, end: int
) -> list[dict[str, object]]:
    step = total // changed if changed else 0
    return [make(number, bool(step) and number % step == 0) for number in range(start, end)]


def _by_cursor(rows: list[dict[str, object]], cursor: str | None) -> bytes:
    return _answer({"data": rows, "has_more": cursor is not None, "next_cursor": cursor, "request_id": "req_bench"})


def _answer(value: object, headers: str = "") -> bytes:
    body = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{headers}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


EMPTY = _by_cursor([], None)
_PATH = re.compile(r"/(\d+)/(\d+)/(\d+)/(v1/customers|afosto/lcs/parcels)")
_NUMBER = re.compile(rb"^x-page: *(\d+)", re.IGNORECASE | re.MULTILINE)


def _serve(connection: socket.socket) -> None:
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    received = b""
    with connection:
        while chunk := connection.recv(65536):
            received += chunk
            while b"\r\n\r\n" in received:
                request, received = received.split(b"\r\n\r\n", 1)
                connection.sendall(_answer_to(request))


def _answer_to(request: bytes) -> bytes:
    url = urlsplit(request.split(b" ", 2)[1].decode())
    match = _PATH.fullmatch(url.path)
    query = parse_qs(url.query)
    if match is None or "status" in query:
        return EMPTY
    total, changed, latency_ms = map(int, match.groups()[:3])
    time.sleep(latency_ms / 1000)
    if match[4].startswith("afosto"):
        asked = _NUMBER.search(request)
        return numbered_page(total, changed, int(asked[1]) if asked else 1)
    return page(total, changed, int(query.get("cursor", ["0"])[0]))


def main(port: int) -> None:
    """Serve until killed."""
    with socket.create_server(("127.0.0.1", port)) as server:
        while True:
            connection, _ = server.accept()
            threading.Thread(target=_serve, args=(connection,), daemon=True).start()


if __name__ == "__main__":
    main(int(sys.argv[1]))
