"""The desk beside Django's own admin index over the same models, at a million rows: how many times as long it takes.

``python -m backoffice.benchmarks.desk [ROWS]``: so many customers (1,000,000) and as many parcels, a tenth as many
setup links, handling lists and pairs of the same customer, on the kind of database of ``DATABASE_URL``. Each role,
whole requests answered in this process, in turns with the stock index; and once with all that is kept counted anew.
"""

import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

FOLDER = Path(tempfile.mkdtemp(prefix="backoffice-bench-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backoffice.benchmarks.desk_settings",
    "DATA_DIR": str(FOLDER),
    "SECRET_KEY": "a-key-for-the-benchmark",
    "ALLOWED_HOSTS": "testserver",
}

import django  # noqa: E402

django.setup()
logging.disable(logging.INFO)  # the figures are the output

from django.contrib.auth.models import Group, User  # noqa: E402
from django.core.cache import cache  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from backoffice.benchmarks.million import fill  # noqa: E402
from backoffice.models import SyncRun  # noqa: E402
from backoffice.roles import CUSTOMER_DESK, SUPERVISOR, VIEWER, WAREHOUSE  # noqa: E402
from backoffice.sync.resource import RESOURCES  # noqa: E402

ROWS = 1_000_000
ROUNDS, WARM_UPS = 15, 3
CEILING, MOST_QUERIES = 3.0, 10
DESK, STOCK = "/", "/stock/"


def main() -> int:
    """Print the figures; 1 when the ceiling is missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    is_postgresql = connection.vendor == "postgresql"
    databases: SQLite | PostgreSQL = PostgreSQL(os.environ["DATABASE_URL"]) if is_postgresql else SQLite(FOLDER)
    try:
        databases.create("desk")
        databases.use("desk")
        start = time.perf_counter()
        _fill(rows)
        print(f"{databases.name:<11} {rows:,} rows made in {time.perf_counter() - start:.0f} s", flush=True)  # noqa: T201
        results = [_holds(databases.name, role) for role in (VIEWER, CUSTOMER_DESK, WAREHOUSE, SUPERVISOR)]
    finally:
        databases.drop_all()
    return 0 if all(results) else 1


def _fill(rows: int) -> None:
    """All that the desk counts, each resource read completely just now."""
    fill(rows)
    now = timezone.now()
    for name in RESOURCES:
        SyncRun.objects.create(resource=name, state="succeeded", started_at=now, swept_from=now, ended_at=now)


def _holds(database: str, role: str) -> bool:
    user = User.objects.create(username=role, is_staff=True)
    user.groups.add(Group.objects.get(name=role))
    client = Client()
    client.force_login(user)
    for _ in range(WARM_UPS):
        _seconds(client, STOCK)
        _seconds(client, DESK)
    rounds = [(_seconds(client, STOCK), _seconds(client, DESK)) for _ in range(ROUNDS)]
    stock, desk = (median(one[place] for one in rounds) for place in (0, 1))
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        anew = _seconds(client, DESK)
    ratio = median(desk / stock for stock, desk in rounds)
    holds = ratio <= CEILING and len(queries) <= MOST_QUERIES
    print(  # noqa: T201
        f"{database:<11} {role:<14} desk {desk * 1000:7.1f} ms   stock index {stock * 1000:7.1f} ms"
        f"   ratio {ratio:5.2f}   ceiling {CEILING:.1f}   counted anew {anew * 1000:7.1f} ms"
        f"   {len(queries)} queries   {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    return holds


def _seconds(client: Client, url: str) -> float:
    start = time.perf_counter()
    answer = client.get(url)
    seconds = time.perf_counter() - start
    if answer.status_code != 200:
        raise RuntimeError(f"{url} answered {answer.status_code}")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
