"""How long it takes to find who is the same in two systems, beside a plain self-join over the same keys.

``python -m backoffice.benchmarks.identity [RECORDS]``: so many customers (100,000) and as many contacts of the CRM, on
the kind of database of ``DATABASE_URL``. Half of the contacts have the address of a customer, every tenth shares it.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import TypeVar

FOLDER = Path(tempfile.mkdtemp(prefix="backoffice-bench-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    "DATA_DIR": str(FOLDER),
    "SECRET_KEY": "a-key-for-the-benchmark",
}

import django  # noqa: E402

django.setup()
logging.disable(logging.INFO)  # the figures are the output

from django.db import connection, models  # noqa: E402
from django.utils import timezone  # noqa: E402

from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from customers.identity.match import suggest  # noqa: E402
from customers.identity.refresh import refresh  # noqa: E402
from customers.models import Contact, Customer, IdentityKey  # noqa: E402

RECORDS = 100_000
CEILING_S = 30.0
PART = 2_000
T = TypeVar("T")


def main() -> int:
    """Print the figures; 1 when the ceiling is missed."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    is_postgresql = connection.vendor == "postgresql"
    databases: SQLite | PostgreSQL = PostgreSQL(os.environ["DATABASE_URL"]) if is_postgresql else SQLite(FOLDER)
    try:
        databases.create("identity")
        databases.use("identity")
        _load(records)
        keys_s, _ = _timed(refresh)
        join_s, joined = _timed(_plain_join)
        first_s, told = _timed(lambda: suggest(everything=True))
        Contact.objects.filter(pk__in=Contact.objects.order_by("pk").values("pk")[:100]).update(
            email="customer7@example.com", payload_hash=b"changed".ljust(16)
        )
        _timed(refresh)
        few_s, _ = _timed(suggest)
    finally:
        databases.drop_all()
    holds = first_s <= CEILING_S
    print(  # noqa: T201
        f"{databases.name:<11} {records:,} x {records:,} records: suggested {first_s:7.3f} s ({told.offered:,} pairs)"
        f"   plain self-join {join_s:7.3f} s ({joined:,} rows)   keys read {keys_s:7.3f} s"
        f"   100 changed {few_s:6.3f} s   ceiling {CEILING_S:.0f} s   {'holds' if holds else 'MISSED'}"
    )
    return 0 if holds else 1


def _load(records: int) -> None:
    now = timezone.now()

    def common(number: int) -> dict[str, object]:
        return {
            "remote_id": f"record{number:08d}", "payload": {}, "payload_hash": number.to_bytes(16, "big"),
            "synced_at": now,
        }  # fmt: skip

    customers = (
        Customer(name=f"Customer {n}", email=f"customer{n}@example.com", status="active", team_id="team", **common(n))
        for n in range(records)
    )
    contacts = (
        Contact(
            display_name=f"Customer {n}" if n % 3 else f"Somebody {n}", phone=f"+3120{n:07d}",
            email=f"{'customer' if n % 2 else 'contact'}{n - 2 if n % 10 == 3 else n}@example.com", **common(n),
        )
        for n in range(records)
    )  # fmt: skip
    _insert(Customer, customers)
    _insert(Contact, contacts)


def _insert(model: type[models.Model], rows: Iterator[models.Model]) -> None:
    while part := list(islice(rows, PART)):
        model._default_manager.bulk_create(part)


def _plain_join() -> int:
    """The least that has to be done: the equal keys of both sides, counted."""
    table = connection.ops.quote_name(IdentityKey._meta.db_table)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT COUNT(*) FROM {table} c CROSS JOIN {table} r WHERE c.resource = 'kirim.customers' "  # noqa: S608
            "AND r.resource <> 'kirim.customers' AND c.kind <> 'name' AND r.kind = c.kind AND r.value = c.value"
        )
        return int(cursor.fetchone()[0])


def _timed(do: Callable[[], T]) -> tuple[float, T]:
    start = time.perf_counter()
    answer = do()
    return time.perf_counter() - start, answer


if __name__ == "__main__":
    sys.exit(main())
