"""Lists and searches at a million rows, beside the same list at a thousand: how many times as long a page takes.

``python -m backoffice.benchmarks.lists [ROWS]``: so many customers (1,000,000) and as many parcels, half as many
shipments, handling lists, setup links, accounts and contacts, on the kind of database of ``DATABASE_URL``. A page is a
whole request, answered in this process; what is told are the best of many, of both lists in turns. The first page, the
last, each order and each choice of each filter; searches that find much, little and nothing; ``/search/`` and the
command palette.
"""

import logging
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

FOLDER = Path(tempfile.mkdtemp(prefix="backoffice-bench-"))
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backoffice.settings",
    "DATA_DIR": str(FOLDER),
    "SECRET_KEY": "a-key-for-the-benchmark",
    "ALLOWED_HOSTS": "testserver",
}

import django  # noqa: E402

django.setup()
logging.disable(logging.INFO)  # the figures are the output

from django.conf import settings  # noqa: E402
from django.contrib import admin  # noqa: E402
from django.contrib.auth.models import User  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client, RequestFactory  # noqa: E402
from django.urls import reverse  # noqa: E402

from backoffice.benchmarks.databases import PostgreSQL, SQLite  # noqa: E402
from backoffice.benchmarks.filling import fill  # noqa: E402
from customers.models import Contact, Customer, SetupLink, WhatsAppAccount  # noqa: E402
from fulfilment.models import HandlingList, Parcel, Shipment  # noqa: E402

ROWS, FEW = 1_000_000, 1_000
TURNS, ROUNDS = 3, 5
MOST_S = 2.0  # of the rounds of a turn
CHOICES = 2  # of each filter
PAGE_KIB = 150.0  # of a list of a hundred rows
LISTED = (Customer, Parcel, Shipment, HandlingList, SetupLink, WhatsAppAccount, Contact)
RARE: dict[type[Any], tuple[str, ...]] = {
    Customer: ("owner777@", "東京"),
    Parcel: ("sku-7 parcel", "3sabc24056901"),
    Shipment: ("s77777", "recipient77777", "3sabc24056901"),
    HandlingList: ("list77777", "recipient77777", "3sabc24056901"),
    SetupLink: ("link77777", "owner777@"),
    WhatsAppAccount: ("account77777", "owner777@"),
    Contact: ("person777@",),
}
OTHERS: dict[type[Any], tuple[str, ...]] = {
    Customer: ("toko", "melati seroja", "zebra", "nobody-has-this", "zq", "e", "ö", "toko melati 99", "\"%_'", "東"),
    Parcel: ("parcel", "sku-976", "nothing-such", "zq", "p", "melati 77"),
    Shipment: ("shipment", "sku-976", "melati", "melati s9", "nothing-such", "zq", "s"),
    HandlingList: ("list", "sku-976", "melati", "nothing-such", "zq", "l"),
    SetupLink: ("9971", "toko", "melati seroja", "nobody-has-this", "zq"),
    WhatsAppAccount: ("melati", "toko", "nobody-has-this", "zq"),
    Contact: ("melati", "melati seroja", "nobody-has-this", "e"),
}
FOUND_ANYWHERE = ("toko", "cus_777", "owner777@melati.example", "東京 zebra", "zq", "nobody-has-this")


@dataclass(frozen=True)
class Case:
    """One address, and how many times as long as the full page it may take."""

    title: str
    url: str
    ceiling: float
    beside: str
    """The full page at a thousand rows that it is compared with."""


def main() -> int:
    """Print the figures; 1 when a ceiling is missed."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    is_postgresql = connection.vendor == "postgresql"
    databases: SQLite | PostgreSQL = PostgreSQL(os.environ["DATABASE_URL"]) if is_postgresql else SQLite(FOLDER)
    try:
        for name, count in (("few", FEW), ("many", rows)):
            databases.create(name)
            databases.use(name)
            start = time.perf_counter()
            fill(count)
            User.objects.create_superuser("bench")
            print(f"{databases.name:<11} {count:,} rows made in {time.perf_counter() - start:.0f} s", flush=True)  # noqa: T201
        databases.use("many")
        cases = [case for model in LISTED for case in _cases(model)] + list(_searches())
        missed = [case.title for case in cases if not _holds(databases, case)]
        missed += [_address(model) for model in LISTED if not _is_light(databases, _address(model))]
    finally:
        databases.drop_all()
    print(f"{databases.name:<11} {len(missed)} of {len(cases)} missed")  # noqa: T201
    return 1 if missed else 0


def _address(model: type[Any]) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def _cases(model: type[Any]) -> Iterator[Case]:
    own = admin.site._registry[model]
    url = _address(model)
    request = RequestFactory().get(url)
    request.user = User.objects.get()
    changes = own.get_changelist_instance(request)

    def case(title: str, query: str, ceiling: float = 1.15) -> Case:
        return Case(f"{model._meta.verbose_name_plural}: {title}", f"{url}?{query}", ceiling, url)

    yield case("first page", "")
    yield case("last page", "p=-1")
    for number, column in enumerate(changes.list_display):
        if changes.get_ordering_field(column):
            yield case(f"ordered by {column}", f"o={number}")
            yield case(f"ordered by {column}, falling", f"o=-{number}")
    for spec in cast(Any, changes).filter_specs:
        choices = [str(value) for value, _ in spec.lookup_choices]
        for value in [*choices[:CHOICES], *choices[CHOICES:][-1:]]:
            yield case(f"{spec.title} {value}", f"{spec.parameter_name}={value}")
    for term in RARE.get(model, ()):
        yield case(f"search {term}", f"q={term}", 2)
    for term in OTHERS.get(model, ()):
        yield case(f"search {term}", f"q={term}", 3)


def _searches() -> Iterator[Case]:
    url = _address(Customer)
    for term in FOUND_ANYWHERE:
        yield Case(f"/search/ {term}", f"{reverse('search')}?q={term}", 3, url)
        yield Case(f"palette {term}", f"{reverse('admin:search')}?s={term}&extended=1", 3, url)


def _holds(databases: SQLite | PostgreSQL, case: Case) -> bool:
    few, many = _times(databases, case)
    ratio = many / few
    holds = ratio <= case.ceiling
    print(  # noqa: T201
        f"{databases.name:<11} {case.title[:60]:<60} {many * 1000:8.1f} ms   at {FEW:,} rows {few * 1000:6.1f} ms"
        f"   ratio {ratio:6.2f}   ceiling {case.ceiling:.2f}   {'holds' if holds else 'MISSED'}",
        flush=True,
    )
    return holds


def _times(databases: SQLite | PostgreSQL, case: Case) -> tuple[float, float]:
    """Seconds of the full page at a few rows, and of the case's at many: the best of all, as whatever else the machine
    does adds to them."""
    few: list[float] = []
    many: list[float] = []
    for _ in range(TURNS):
        few += _rounds(databases, "few", case.beside)
        many += _rounds(databases, "many", case.url)
    return min(few), min(many)


def _rounds(databases: SQLite | PostgreSQL, name: str, url: str) -> list[float]:
    """Seconds of the page, once the connection is open and what it reads was read before."""
    databases.use(name)
    client = Client()
    client.force_login(User.objects.get())
    _get(client, url)
    times: list[float] = []
    while len(times) < ROUNDS and sum(times) < MOST_S:
        start = _spent()
        _get(client, url)
        times.append(_spent() - start)
    return times


def _spent() -> float:
    """Seconds of processor time so far, of this process and of the database's: others on the machine count little."""
    own = time.process_time()
    if connection.vendor != "postgresql":
        return own
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    try:
        return own + int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
    except OSError:  # it is on another machine
        return time.perf_counter()


def _get(client: Client, url: str) -> bytes:
    answer = client.get(url)
    if answer.status_code != 200:
        raise SystemExit(f"{url} answered {answer.status_code}")
    return answer.content


def _is_light(databases: SQLite | PostgreSQL, url: str) -> bool:
    """Whether a list of a hundred rows is small enough."""
    databases.use("many")
    client = Client()
    client.force_login(User.objects.get())
    own = next(own for own in admin.site._registry.values() if _address(own.model) == url)
    usual = own.list_per_page
    own.list_per_page = 100  # type: ignore[misc]  # as a class says it
    kib = len(_get(client, url)) / 1024
    own.list_per_page = usual  # type: ignore[misc]
    print(f"{databases.name:<11} {url} of 100 rows: {kib:.0f} KiB   ceiling {PAGE_KIB:.0f} KiB")  # noqa: T201
    return kib < PAGE_KIB


if __name__ == "__main__":
    sys.exit(main())
