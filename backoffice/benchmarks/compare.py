"""The sync engine against the limit on one kind of database, that of ``DATABASE_URL``.

On PostgreSQL databases named ``bench_...`` come and go. ``python -m backoffice.benchmarks`` runs it for every database.
"""

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

import httpx

FOLDER = Path(tempfile.mkdtemp(prefix="backoffice-bench-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    "DATA_DIR": str(FOLDER),
    "SECRET_KEY": "a-key-for-the-benchmark",
    "KIRIM_API_KEY": "bench",
    "KIRIM_BASE_URL": "set per measurement",
    "KIRIM_REQUESTS_PER_MINUTE": "0",
    "AFOSTO_TOKEN": "bench",
    "AFOSTO_BASE_URL": "set per measurement",
    "AFOSTO_REQUESTS_PER_MINUTE": "0",
}

import django  # noqa: E402

django.setup()
logging.disable(logging.INFO)  # the figures are the output

from django.conf import settings  # noqa: E402
from django.db import connection  # noqa: E402

from backoffice import upstreams  # noqa: E402
from backoffice.benchmarks import limit  # noqa: E402
from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from backoffice.benchmarks.kinds import CUSTOMERS, PARCELS, Kind  # noqa: E402
from backoffice.models import SyncRun  # noqa: E402
from backoffice.sync import engine, runs  # noqa: E402

ROWS = 20_000
ROUNDS = 5
PORT = 9650


def base_url(kind: Kind = CUSTOMERS, rows: int = ROWS, changed: int = 0, latency_ms: int = 0) -> str:
    """An upstream of ready-made pages."""
    return f"http://127.0.0.1:{PORT}/{rows}/{changed}/{latency_ms}/{kind.path}"


def sync(kind: Kind, url: str) -> float:
    """Seconds of a whole run through the engine, run record and all, on the database in use."""
    setattr(settings, f"{kind.upstream.upper()}_BASE_URL", url)
    upstreams.accept(kind.upstream)  # every situation has an address of its own
    run = runs.queue(kind.resource, trigger="command", mode=SyncRun.Mode.FULL)
    connection.ensure_connection()
    start = time.perf_counter()
    engine.carry_out(run)
    seconds = time.perf_counter() - start
    if run.state != SyncRun.State.SUCCEEDED:
        raise SystemExit(f"the benchmark's sync ended {run.state}: {run.error}")
    return seconds


Way = Callable[[Kind, str, str], float]


class Comparison:
    """Ours against the limit on one kind of database."""

    def __init__(self, databases: SQLite | PostgreSQL) -> None:
        self._databases = databases

    def prepare(self) -> None:
        """An empty database, one loaded by us and one loaded by the limit."""
        databases = self._databases
        databases.create("empty")
        databases.copy("empty", "ours")
        databases.copy("empty", "theirs")
        databases.use("ours")
        sync(CUSTOMERS, base_url())
        databases.settle("ours")
        limit.first_load(CUSTOMERS, base_url(), databases.url("theirs"))
        databases.settle("theirs")

    def ratio(
        self, title: str, floor: float, url: str, limits: Sequence[Way], source: tuple[str, str],
        kind: Kind = CUSTOMERS,
    ) -> bool:  # fmt: skip
        """Measure one situation in alternating rounds, print it, and say whether it is above its floor."""
        ours: list[float] = []
        theirs: dict[str, list[float]] = {way.__name__: [] for way in limits}
        for round_number in range(ROUNDS):
            steps: list[Callable[[], None]] = [lambda: ours.append(self._measure_ours(kind, url, source[0]))]
            steps += [
                lambda way=way: theirs[way.__name__].append(self._measure_limit(way, kind, url, source[1]))  # type: ignore[misc]
                for way in limits
            ]
            for step in steps if round_number % 2 else reversed(steps):
                step()
        way, seconds = min(((name, median(times)) for name, times in theirs.items()), key=lambda pair: pair[1])
        ratio = seconds / median(ours)
        print(  # noqa: T201
            f"{self._databases.name:<11} {title:<22} ours {median(ours):7.3f} s   limit {seconds:7.3f} s ({way:<17})"
            f"   ratio {ratio:5.2f}   floor {floor:.2f}   {'holds' if ratio >= floor else 'MISSED'}",
            flush=True,
        )
        return ratio >= floor

    def _measure_ours(self, kind: Kind, url: str, source: str) -> float:
        self._databases.copy(source, "round")
        self._databases.use("round")
        seconds = sync(kind, url)
        connection.close()
        return seconds

    def _measure_limit(self, way: Way, kind: Kind, url: str, source: str) -> float:
        self._databases.copy(source, "round")
        return way(kind, url, self._databases.url("round"))


def compare(databases: SQLite | PostgreSQL, floors: dict[str, float]) -> bool:
    """All situations on one kind of database; whether every floor holds."""
    comparison = Comparison(databases)
    comparison.prepare()
    resyncs = [limit.resync_by_upsert, limit.resync_by_digest]
    loaded = ("ours", "theirs")
    empty = ("empty", "empty")
    return all(
        [
            comparison.ratio("first load", floors["first"], base_url(), [limit.first_load], empty),
            comparison.ratio("unchanged re-sync", floors["unchanged"], base_url(), resyncs, loaded),
            comparison.ratio("1 % changed", floors["changed"], base_url(changed=ROWS // 100), resyncs, loaded),
            comparison.ratio("20 ms a request", 0.95, base_url(latency_ms=20), [limit.first_load], empty),
            comparison.ratio("numbered pages", 0.40, base_url(PARCELS), [limit.first_load], empty, PARCELS),
            comparison.ratio(
                "the same, 20 ms", 0.70, base_url(PARCELS, latency_ms=20), [limit.first_load], empty, PARCELS
            ),
        ]
    )


def memory_growth(databases: SQLite) -> bool:
    """Whether peak memory grows by at most 8 MB from 20,000 to 120,000 rows."""
    peaks = {}
    for customers in (20_000, 120_000):
        databases.copy("empty", "memory")
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "backoffice.benchmarks.memory", base_url(rows=customers)],
            env=os.environ | {"DATABASE_URL": databases.url("memory")},
            capture_output=True,
            text=True,
            check=True,
        )
        peaks[customers] = int(done.stdout.split()[-1])
    growth_mb = (peaks[120_000] - peaks[20_000]) / 1024
    holds = growth_mb <= 8
    print(  # noqa: T201
        f"SQLite      peak memory            {peaks[20_000] / 1024:.0f} MB, with 120,000 rows {growth_mb:+.1f} MB"
        f"   ceiling +8 MB   {'holds' if holds else 'MISSED'}"
    )
    return holds


def main() -> int:
    """Print all figures; 1 when a floor is missed."""
    server = subprocess.Popen([sys.executable, "-m", "backoffice.benchmarks.pages", str(PORT)])  # noqa: S603
    databases: SQLite | PostgreSQL
    try:
        _wait_for_server()
        if connection.vendor == "postgresql":
            databases = PostgreSQL(os.environ["DATABASE_URL"])
            floors = {"first": 0.50, "unchanged": 0.55, "changed": 0.55}
        else:
            databases = SQLite(FOLDER)
            floors = {"first": 0.50, "unchanged": 0.70, "changed": 0.65}
        try:
            holds = compare(databases, floors)
        finally:
            databases.drop_all()
        if isinstance(databases, SQLite):
            holds = memory_growth(databases) and holds
    finally:
        server.kill()
    return 0 if holds else 1


def _wait_for_server() -> None:
    for _ in range(100):
        try:
            httpx.get(base_url() + "/customers")
            return
        except httpx.ConnectError:
            time.sleep(0.05)
    raise SystemExit("the benchmark's server did not start")


if __name__ == "__main__":
    sys.exit(main())
