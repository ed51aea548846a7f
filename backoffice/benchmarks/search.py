"""``/search/`` and the command palette at a million rows, beside the same at a thousand.

``python -m backoffice.benchmarks.search [ROWS]``: so many customers (1,000,000) and as many parcels, on the kind of
database of ``DATABASE_URL``; whole requests answered in this process.
"""

import logging
import os
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import quote

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
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402

from backoffice import textindex  # noqa: E402
from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from backoffice.benchmarks.million import fill  # noqa: E402
from backoffice.roles import SUPERVISOR  # noqa: E402
from customers.models import Customer  # noqa: E402
from fulfilment.models import Parcel  # noqa: E402

ROWS, FEW = 1_000_000, 1_000
ROUNDS, WARM_UPS = 7, 2
CEILING = 3.0
PLACES = {"page": "/search/?q=", "palette": "/admin/search/?extended=1&s="}


def main() -> int:
    """Print the figures; 1 when a ceiling is missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    is_postgresql = connection.vendor == "postgresql"
    databases: SQLite | PostgreSQL = PostgreSQL(os.environ["DATABASE_URL"]) if is_postgresql else SQLite(FOLDER)
    try:
        few, many = (_seconds_by_term(databases, count) for count in (FEW, rows))
    finally:
        databases.drop_all()
    return 0 if all([_holds(databases.name, what, few[what], seconds) for what, seconds in many.items()]) else 1


def _seconds_by_term(databases: SQLite | PostgreSQL, rows: int) -> dict[tuple[str, str], float]:
    """The fastest of some rounds for each kind of term, on the page and in the palette."""
    name = f"search_{rows}"
    databases.create(name)
    databases.use(name)
    fill(rows)
    textindex.catch_up()
    user = User.objects.create(username="somebody", is_staff=True)
    user.groups.add(Group.objects.get(name=SUPERVISOR))
    client = Client()
    client.force_login(user)
    return {
        (term, place): _fastest(client, f"{start}{quote(text)}")
        for term, text in _terms(rows).items()
        for place, start in PLACES.items()
    }


def _terms(rows: int) -> dict[str, str]:
    """What people look for: whole values of a record in the middle, words, and what nothing has."""
    customer, parcel = Customer.objects.order_by("pk")[rows // 2], Parcel.objects.order_by("pk")[rows // 2]
    return {
        "id": customer.remote_id,
        "e-mail": customer.email or "",
        "name": customer.name,
        "tracking code": parcel.tracking_code,
        "word that all have": customer.name.split()[0],
        "two letters": "ab",
        "nothing": "zzqxvy",
    }


def _fastest(client: Client, url: str) -> float:
    taken = []
    for _ in range(WARM_UPS + ROUNDS):
        start = time.perf_counter()
        answer = client.get(url)
        taken.append(time.perf_counter() - start)
        if answer.status_code != 200:
            raise RuntimeError(f"{url} answered {answer.status_code}")
    return min(taken[WARM_UPS:])


def _holds(database: str, what: tuple[str, str], few: float, many: float) -> bool:
    holds = many <= CEILING * few
    print(  # noqa: T201
        f"{database:<11} search, {what[1]:<8} {what[0]:<19} {many * 1000:7.1f} ms"
        f"   with {FEW:,} rows {few * 1000:7.1f} ms   ratio {many / few:5.2f}   ceiling {CEILING:.1f}"
        f"   {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    return holds


if __name__ == "__main__":
    sys.exit(main())
