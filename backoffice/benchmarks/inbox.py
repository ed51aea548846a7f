"""The inbox under gunicorn against a bare 204 view in the same run, on the database of ``DATABASE_URL``.

Two workers with four threads, 32 connections, ten seconds: signature, de-duplication, the row and the message to the
workers, none of which is running. The broker is the Redis at ``BENCH_BROKER_URL`` (by default on loopback), else files.
``python -m backoffice.benchmarks`` runs it for every database.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import httpx
import redis

FOLDER = Path(tempfile.mkdtemp(prefix="backoffice-bench-inbox-"))
REDIS_URL = os.environ.get("BENCH_BROKER_URL", "redis://127.0.0.1:6379/0")
QUEUE = "bench-inbox"
SECRET = "whsec_YS1zZWNyZXQtZm9yLXRoZS1iZW5jaG1hcmstb25seS0="  # noqa: S105  signs nothing else


def _broker() -> str:
    try:
        with redis.Redis.from_url(REDIS_URL, socket_connect_timeout=2) as server:
            server.ping()
        return REDIS_URL
    except redis.RedisError:
        return "filesystem://localhost"


BROKER = _broker()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backoffice.benchmarks.inbox_settings",
    "DATA_DIR": str(FOLDER),
    "SECRET_KEY": "a-key-for-the-benchmark",
    "KIRIM_WEBHOOK_SECRET": SECRET,
    "CELERY_BROKER_URL": BROKER,
    "CELERY_TASK_ALWAYS_EAGER": "False",
    "PUBLIC_BASE_URL": "http://127.0.0.1",
    "ALLOWED_HOSTS": "127.0.0.1",
}

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from backoffice.models import WebhookDelivery  # noqa: E402

ROUNDS, BURSTS = 5, 3
CONNECTIONS, SECONDS, BURST = 32, 10, 500
MOST = 60_000  # requests in one round
FLOORS = {"sqlite": 0.40, "postgresql": 0.35}


@contextmanager
def serving(database_url: str) -> Iterator[int]:
    """Gunicorn on a free port of loopback; yields the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    command = f"-m gunicorn backoffice.wsgi --workers 2 --threads 4 --bind 127.0.0.1:{port} --log-level error".split()
    server = subprocess.Popen([sys.executable, *command], env=os.environ | {"DATABASE_URL": database_url})  # noqa: S603
    try:
        _wait_for(port)
        yield port
    finally:
        server.terminate()
        server.wait(20)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            httpx.get(f"http://127.0.0.1:{port}/healthz")
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit("the benchmark's server did not start")


def load(port: int, path: str, connections: int = CONNECTIONS, count: int = MOST) -> dict[str, float]:
    """What ``load.py`` measured. Ends the benchmark where a request was not answered with 204."""
    arguments = [str(port), path, SECRET, str(connections), str(SECONDS), str(count)]
    command = [sys.executable, "-m", "backoffice.benchmarks.load", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603
    measured: dict[str, float] = json.loads(done.stdout)
    if measured["taken"] != measured["answered"]:
        raise SystemExit(f"{path}: {measured['answered'] - measured['taken']:.0f} requests were not answered with 204")
    return measured


def compare(port: int) -> bool:
    """Rates in alternating rounds; whether the floor holds and every delivery is a row.

    What counts is the median of the rounds' ratios: whatever else the machine does meets both sides of a round alike.
    """
    rates: dict[str, list[float]] = {"/bare/": [], "/webhooks/kirim/": []}
    kept = 0
    for number in range(ROUNDS):
        for path in rates if number % 2 else reversed(rates):
            measured = load(port, path)
            rates[path].append(measured["answered"] / measured["seconds"])
            kept += int(measured["answered"]) if path != "/bare/" else 0
    bare, ours = (median(those) for those in rates.values())
    ratio = median(its / that for that, its in zip(*rates.values(), strict=True))
    floor = FLOORS[connection.vendor]
    holds = ratio >= floor
    print(  # noqa: T201
        f"{connection.display_name:<11} {'webhook inbox':<22} ours {ours:5.0f} /s   a bare view {bare:5.0f} /s"
        f"   ratio {ratio:5.2f}   floor {floor:.2f}   {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    return _all_are_rows(kept) and holds


def burst(port: int) -> bool:
    """Bursts of 500 from as many connections: none is lost, and each is answered within a second.

    The best of them counts for the time: what else the machine does can only lengthen it.
    """
    before = WebhookDelivery.objects.count()
    longest_s = min(load(port, "/webhooks/kirim/", BURST, BURST)["longest_s"] for _ in range(BURSTS))
    holds = longest_s < 1
    print(  # noqa: T201
        f"{connection.display_name:<11} {f'a burst of {BURST}':<22} longest wait {longest_s:.2f} s"
        f"   ceiling 1.00 s   {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    return _all_are_rows(before + BURST * BURSTS) and holds


def _all_are_rows(expected: int) -> bool:
    rows = WebhookDelivery.objects.count()
    if rows != expected:
        print(f"{connection.display_name:<11} {expected:,} deliveries were taken, but {rows:,} are here   MISSED")  # noqa: T201
    return rows == expected


def messages() -> int:
    """How many messages wait for the workers that are not there; they are thrown away."""
    if BROKER.startswith("redis:"):
        with redis.Redis.from_url(BROKER) as server:
            waiting = int(server.llen(QUEUE))
            server.delete(QUEUE, *server.scan_iter(f"_kombu.binding*.{QUEUE}"))
        return waiting
    return len(list((settings.BROKER_DIR / "queue").iterdir()))


def main() -> int:
    """Print all figures; 1 when a floor is missed."""
    is_postgresql = connection.vendor == "postgresql"
    databases: SQLite | PostgreSQL = PostgreSQL(os.environ["DATABASE_URL"]) if is_postgresql else SQLite(FOLDER)
    settings.STATIC_ROOT.mkdir(exist_ok=True)
    messages()
    try:
        databases.create("inbox")
        databases.use("inbox")
        with serving(databases.url("inbox")) as port:
            holds = compare(port)
            holds = burst(port) and holds
        told = messages()
        print(f"{connection.display_name:<11} {'messages to workers':<22} {told:,} over {BROKER.partition(':')[0]}")  # noqa: T201
        return 0 if holds and told else 1
    finally:
        databases.drop_all()
        shutil.rmtree(FOLDER)


if __name__ == "__main__":
    sys.exit(main())
