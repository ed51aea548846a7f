"""Rows by the million, made by the database itself: customers and parcels, and what hangs on them."""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from customers.models import Customer, IdentityLink, SetupLink
from fulfilment.models import HandlingList, Parcel, Recipient, Shipment

PART = 100_000
PARCELS_A_SHIPMENT, SHIPMENTS_A_RECIPIENT, A_TENTH = 2, 5, 10


def fill(rows: int) -> None:
    """So many customers and parcels in an empty database, one made each minute until now; a tenth as many setup links,
    handling lists and pairs of the same customer."""
    now = timezone.now()
    common: dict[str, Any] = {"payload": {"filler": "x" * 300}, "payload_hash": b"h" * 16, "synced_at": now}
    made: dict[str, Any] = {**common, "remote_created_at": now}
    shipments = max(rows // PARCELS_A_SHIPMENT, 1)
    recipients = max(shipments // SHIPMENTS_A_RECIPIENT, 1)
    tenth = max(rows // A_TENTH, 1)
    copies(Recipient(**made), recipients, {"remote_id": "'recipient' || n", "family_name": "'Family ' || n"})
    copies(
        Shipment(**made),
        shipments,
        {
            "remote_id": "'shipment' || n", "number": "'S' || n", "contact_id": f"1 + n % {recipients}",
            "contact_remote_id": f"'recipient' || (n % {recipients})", "remote_created_at": ago("n * 2"),
        },
    )  # fmt: skip
    copies(
        Parcel(ship_at=now, **made),
        rows,
        {
            "remote_id": "'parcel' || n", "number": "'P' || n", "tracking_code": "'3SABC' || (n * 31)",
            "shipment_remote_id": f"'shipment' || (n / {PARCELS_A_SHIPMENT})",
            "shipment_id": f"1 + n / {PARCELS_A_SHIPMENT}", "weight": "(n * 31) % 5000",
            "is_finished": "n % 10 < 7", "is_outbound": "n % 50 > 0",
            "label_file_id": "CASE WHEN n % 10 = 8 THEN 'file' || n ELSE '' END",
            "remote_created_at": ago("n"), "ship_at": ago("n - 2000"),
            "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {ago('0')} END",
        },
    )  # fmt: skip
    states = "CASE n % 20 WHEN 0 THEN 'suspended' WHEN 1 THEN 'pending' WHEN 2 THEN 'archived' ELSE 'active' END"
    copies(
        Customer(**made),
        rows,
        {
            "remote_id": "'cus_' || n", "name": "'Toko ' || n", "email": "'owner' || n || '@shop.example'",
            "status": states, "team_id": "'team_' || (n % 40)", "search_text": "'toko ' || n || ' cus_' || n",
            "remote_created_at": ago("n"), "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {ago('0')} END",
        },
    )  # fmt: skip
    copies(
        SetupLink(expires_at=now, **made),
        tenth,
        {
            "remote_id": "'link' || n", "customer_remote_id": "'cus_' || n", "customer_id": "1 + n",
            "token_last4": "'' || (n % 9973)", "remote_created_at": ago("n * 10"), "expires_at": ago("n * 10 - 10080"),
            "status": "CASE WHEN n % 3 = 0 THEN 'consumed' ELSE 'active' END",
            "consumed_at": f"CASE WHEN n % 3 = 0 THEN {ago('n * 10 - (n % 5000)')} END",
        },
    )  # fmt: skip
    copies(
        HandlingList(due_at=now, **made),
        tenth,
        {
            "remote_id": "'list' || n", "number": "'L' || n", "due_at": ago("n * 10 - 5000"), "is_finished": "n > 700",
            "finished_at": f"CASE WHEN n > 700 THEN {ago('n * 10 - 4940 - (n % 90)')} END",
            "sub": "CASE WHEN n % 2 = 0 THEN 'picker' || (n % 20) ELSE '' END", "remote_created_at": ago("n * 10"),
        },
    )  # fmt: skip
    copies(
        IdentityLink(resource="afosto.contacts", score=1),
        recipients,
        {
            "customer_id": "1 + n * 7", "record_id": "1 + n", "remote_id": "'recipient' || n",
            "state": "CASE WHEN n % 100 = 0 THEN 'suggested' ELSE 'confirmed' END",
        },
    )  # fmt: skip
    if connection.vendor == "postgresql":  # as its daemon does after a while; SQLite is left without any statistics
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def copies(template: Model, rows: int, columns: dict[str, str]) -> None:
    """Insert ``rows`` copies of a row that is not saved, with SQL over the number ``n``, from 0, for some columns."""
    meta, quote = template._meta, connection.ops.quote_name
    values: dict[str, str] = {}
    params: list[Any] = []
    for field in meta.concrete_fields:
        if field.column in columns:
            values[field.column] = columns[field.column].replace("%", "%%")
        elif not (field.primary_key or field.generated or field.has_db_default()):
            values[str(field.column)] = f"CAST(%s AS {field.cast_db_type(connection)})"
            params.append(field.get_db_prep_save(getattr(template, field.attname), connection))
    into = f"INSERT INTO {quote(meta.db_table)} ({', '.join(map(quote, values))}) SELECT {', '.join(values.values())}"
    with connection.cursor() as cursor:
        for start in range(0, rows, PART):
            first, end = f"SELECT CAST({start} AS bigint)", min(start + PART, rows)
            next_one = f"SELECT n + 1 FROM numbers WHERE n + 1 < {end}"  # noqa: S608  a number of ours
            numbers = f"WITH RECURSIVE numbers(n) AS ({first} UNION ALL {next_one})"
            cursor.execute(f"{numbers} {into} FROM numbers", params)


def ago(minutes: str) -> str:
    """SQL for the moment so many minutes ago; negative ones are to come."""
    if connection.vendor == "postgresql":
        return f"(now() - ({minutes}) * interval '1 minute')"
    return f"strftime('%Y-%m-%d %H:%M:%f', 'now', (-({minutes})) || ' minutes')"
