"""Rows by the million, made by the database itself: a customer or a parcel each, with shipments and recipients."""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from customers.models import Customer
from fulfilment.models import Location, Parcel, Recipient, Shipment, ShippingMethod

PART = 100_000
MIXED = "((n * 7919) % 1000003)"  # other than the order in which rows were made
ROWS_A_SHIPMENT, SHIPMENTS_A_RECIPIENT = 2, 5
WORDS = ("melati", "kenanga", "anggrek", "mawar", "cempaka", "teratai", "dahlia", "flamboyan", "bougenville", "seroja")


def fill(rows: int) -> None:
    """So many customers and as many parcels, in an empty database."""
    now = timezone.now()
    common: dict[str, Any] = {"payload": {"filler": "x" * 300}, "payload_hash": b"h" * 16, "synced_at": now}
    for n in range(10):
        Location(name=f"Location {n}", remote_id=f"location{n}", **common).save()
        ShippingMethod(name=f"Method {n}", remote_id=f"method{n}", **common).save()
    shipments = rows // ROWS_A_SHIPMENT
    _copies(
        Recipient(remote_created_at=now, **common),
        shipments // SHIPMENTS_A_RECIPIENT,
        {
            "remote_id": "'recipient' || n", "family_name": f"{_word()} || ' ' || (n % 5003)",
            "search_text": f"{_word()} || ' ' || (n % 5003) || ' recipient' || n",
            "remote_created_at": _ago("n"),
        },
    )  # fmt: skip
    recipients = max(1, shipments // SHIPMENTS_A_RECIPIENT)
    _copies(
        Shipment(remote_created_at=now, **common),
        shipments,
        {
            "remote_id": "'shipment' || n", "number": "'S' || n",
            "contact_remote_id": f"'recipient' || (n % {recipients})",
            "location_remote_id": "'location' || (n % 10)", "method_remote_id": "'method' || (n % 10)",
            "location_id": "1 + n % 10", "method_id": "1 + n % 10",
            "contact_id": f"1 + n % {recipients}", "remote_created_at": _ago("n"),
        },
    )  # fmt: skip
    _copies(
        Parcel(remote_created_at=now, ship_at=now, **common),
        rows,
        {
            "remote_id": "'parcel' || n", "number": f"'P' || {MIXED}", "tracking_code": "'3SABC' || (n * 31)",
            "shipment_remote_id": f"'shipment' || (n / {ROWS_A_SHIPMENT})",
            "shipment_id": f"1 + n / {ROWS_A_SHIPMENT}", "weight": "(n * 31) % 5000",
            "is_finished": "n % 10 < 7", "is_outbound": "n % 50 > 0",
            "search_text": f"'p' || {MIXED} || ' parcel' || n || ' 3sabc' || (n * 31) || ' sku-' || (n % 977)",
            "remote_created_at": _ago("n"), "ship_at": _ago("n - 2000"), "synced_at": _ago("n % 50000"),
            "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {_ago('0')} END",
        },
    )  # fmt: skip
    _copies(
        Customer(remote_created_at=now, **common),
        rows,
        {
            "remote_id": "'cus_' || n", "name": f"'Toko ' || {_word()} || ' ' || {MIXED}",
            "email": f"'owner' || n || '@' || {_word()} || '.example'",
            "status": "CASE n % 20 WHEN 0 THEN 'suspended' WHEN 1 THEN 'pending' WHEN 2 THEN 'archived' "
                      "ELSE 'active' END",
            "team_id": "'team_' || (n % 40)",
            "search_text": f"'toko ' || {_word()} || ' ' || {MIXED} || ' owner' || n || '@' || {_word()}"
                           " || '.example cus_' || n || CASE WHEN n % 100003 = 500 THEN ' 東京 zebra' ELSE '' END",
            "remote_created_at": _ago("n"), "synced_at": _ago("n % 50000"),
            "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {_ago('0')} END",
        },
    )  # fmt: skip
    if connection.vendor == "postgresql":  # as its daemon does after a while; SQLite is left without any statistics
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def _copies(template: Model, rows: int, columns: dict[str, str]) -> None:
    """Insert ``rows`` copies of a row that is not saved, with SQL over the number ``n`` for some columns."""
    meta, quote = template._meta, connection.ops.quote_name
    values: dict[str, str] = {}
    parameters: list[Any] = []
    for field in meta.concrete_fields:
        assert field.column  # noqa: S101
        if field.column in columns:
            values[field.column] = columns[field.column].replace("%", "%%")
        elif not (field.primary_key or field.generated or field.has_db_default()):
            values[field.column] = f"CAST(%s AS {field.cast_db_type(connection)})"
            parameters.append(field.get_db_prep_save(getattr(template, field.attname), connection))
    names = ", ".join(map(quote, values))
    with connection.cursor() as cursor:
        for start in range(0, rows, PART):
            cursor.execute(
                f"WITH RECURSIVE numbers(n) AS (SELECT CAST({start} AS bigint) UNION ALL SELECT n + 1 FROM numbers "  # noqa: S608
                f"WHERE n + 1 < {min(start + PART, rows)}) "
                f"INSERT INTO {quote(meta.db_table)} ({names}) SELECT {', '.join(values.values())} FROM numbers",
                [*parameters],
            )


def _word() -> str:
    cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(WORDS))
    return f"(CASE (n / 7) % {len(WORDS)} {cases} END)"


def _ago(minutes: str) -> str:
    """A time so many minutes ago."""
    if connection.vendor == "postgresql":
        return f"(now() - ({minutes}) * interval '1 minute')"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', '-' || ({minutes}) || ' minutes')"
