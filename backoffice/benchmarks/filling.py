"""What long lists are measured on, no two rows alike in order: customers and parcels, and half as many shipments,
handling lists, setup links, accounts and contacts of the CRM, with a tenth as many recipients.
"""

from typing import Any

from django.db import connection
from django.db.models import Model
from django.utils import timezone

from backoffice import textindex
from backoffice.benchmarks.million import ago, copies
from customers.models import Contact, Customer, SetupLink, WhatsAppAccount
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment, ShippingMethod

MIXED = "((n * 7919) % 1000003)"  # other than the order in which rows were made
ROWS_A_SHIPMENT, SHIPMENTS_A_RECIPIENT = 2, 5
WORDS = ("melati", "kenanga", "anggrek", "mawar", "cempaka", "teratai", "dahlia", "flamboyan", "bougenville", "seroja")


def fill(rows: int) -> None:
    """So many customers and as many parcels, and what goes with them, in an empty database."""
    fill_rows(rows)
    textindex.catch_up()  # as after each sync
    if connection.vendor == "postgresql":  # as its daemon does after a while; SQLite is left without any statistics
        with connection.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")


def fill_rows(rows: int) -> None:
    """The same without what a database has to do afterwards, and may not do within a transaction."""
    now = timezone.now()
    common: dict[str, Any] = {"payload": {"filler": "x" * 300}, "payload_hash": b"h" * 16, "synced_at": now}
    for n in range(10):
        Location(name=f"Location {n}", remote_id=f"location{n}", **common).save()
        ShippingMethod(name=f"Method {n}", remote_id=f"method{n}", **common).save()
    half = rows // ROWS_A_SHIPMENT
    copies(
        Recipient(remote_created_at=now, **common),
        half // SHIPMENTS_A_RECIPIENT,
        {
            "remote_id": "'recipient' || n", "family_name": f"{_word()} || ' ' || (n % 5003)",
            "search_text": f"{_word()} || ' ' || (n % 5003) || ' recipient' || n",
            "remote_created_at": ago("n"),
        },
    )  # fmt: skip
    recipients = max(1, half // SHIPMENTS_A_RECIPIENT)
    copies(
        HandlingList(remote_created_at=now, due_at=now, **common),
        half,
        {
            "remote_id": "'list' || n", "number": f"'L' || {MIXED}", "location_remote_id": "'location' || (n % 10)",
            "location_id": f"{_first(Location)} + n % 10",
            "sub": "CASE WHEN n % 2 = 0 THEN 'picker' || (n % 20) ELSE '' END",
            "is_finished": "n % 10 < 7", "is_outbound": "n % 50 > 0", "due_at": ago("n - 2000"),
            "piece_count": "10", "handled_count": "n % 10",
            "search_text": f"'l' || {MIXED} || ' list' || n || ' sku-' || (n % 977)",
            "remote_created_at": ago("n"), "synced_at": ago("n % 50000"),
        },
    )  # fmt: skip
    copies(
        Shipment(remote_created_at=now, **common),
        half,
        {
            "remote_id": "'shipment' || n", "number": "'S' || n",
            "contact_remote_id": f"'recipient' || (n % {recipients})",
            "location_remote_id": "'location' || (n % 10)", "method_remote_id": "'method' || (n % 10)",
            "location_id": f"{_first(Location)} + n % 10", "method_id": f"{_first(ShippingMethod)} + n % 10",
            "contact_id": f"{_first(Recipient)} + n % {recipients}", "remote_created_at": ago("n"),
            "list_remote_id": "'list' || n", "list_id": f"{_first(HandlingList)} + n",
            "piece_text": "'s' || n || ' shipment' || n || ' sku-' || (n % 977)",
        },
    )  # fmt: skip
    copies(
        Parcel(remote_created_at=now, ship_at=now, **common),
        rows,
        {
            "remote_id": "'parcel' || n", "number": f"'P' || {MIXED}", "tracking_code": "'3SABC' || (n * 31)",
            "shipment_remote_id": f"'shipment' || (n / {ROWS_A_SHIPMENT})",
            "shipment_id": f"{_first(Shipment)} + n / {ROWS_A_SHIPMENT}",
            "weight": "(n * 31) % 5000",
            "is_finished": "n % 10 < 7", "is_outbound": "n % 50 > 0",
            "search_text": f"'p' || {MIXED} || ' parcel' || n || ' 3sabc' || (n * 31) || ' sku-' || (n % 977)",
            "remote_created_at": ago("n"), "ship_at": ago("n - 2000"), "synced_at": ago("n % 50000"),
            "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {ago('0')} END",
        },
    )  # fmt: skip
    copies(
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
            "remote_created_at": ago("n"), "synced_at": ago("n % 50000"),
            "vanished_at": f"CASE WHEN n % 1000 = 0 THEN {ago('0')} END",
        },
    )  # fmt: skip
    copies(
        SetupLink(remote_created_at=now, expires_at=now, **common),
        half,
        {
            "remote_id": "'link' || n", "customer_remote_id": "'cus_' || n", "customer_id": f"{_first(Customer)} + n",
            "token_last4": "'' || (n % 9973)", "expires_at": ago("n - 2000"),
            "status": "CASE n % 4 WHEN 0 THEN 'active' WHEN 1 THEN 'revoked' ELSE 'consumed' END",
            "remote_created_at": ago("n"), "synced_at": ago("n % 50000"),
        },
    )  # fmt: skip
    copies(
        WhatsAppAccount(**common),
        half,
        {
            "remote_id": "'account' || n", "phone_number_id": "'account' || n", "phone_number": "'+62811' || (n * 7)",
            "name": f"{_word()} || ' ' || {MIXED}", "customer_remote_id": "'cus_' || n",
            "customer_id": f"{_first(Customer)} + n",
            "status": "CASE n % 10 WHEN 0 THEN 'disconnected' ELSE 'connected' END",
            "search_text": f"{_word()} || ' ' || {MIXED} || ' +62811' || (n * 7) || ' account' || n || ' cus_' || n",
            "synced_at": ago("n % 50000"),
        },
    )  # fmt: skip
    copies(
        Contact(remote_created_at=now, **common),
        half,
        {
            "remote_id": "'contact' || n", "display_name": f"{_word()} || ' ' || {MIXED}",
            "email": f"'person' || n || '@' || {_word()} || '.example'", "phone": "'+62 811 ' || (n * 7)",
            "company": f"{_word()} || ' ' || (n % 5003)",
            "status": "CASE n % 10 WHEN 0 THEN 'archived' ELSE 'active' END",
            "subtype": "CASE n % 3 WHEN 0 THEN 'lead' ELSE 'customer' END",
            "search_text": f"{_word()} || ' ' || {MIXED} || ' person' || n || '@' || {_word()} || '.example contact' "
                           "|| n",
            "remote_created_at": ago("n"), "synced_at": ago("n % 50000"),
        },
    )  # fmt: skip


def _first(model: type[Model]) -> int:
    """The lowest key of its rows, which follow one another."""
    return int(model._base_manager.order_by("pk").values_list("pk", flat=True)[0])


def _word() -> str:
    cases = " ".join(f"WHEN {number} THEN '{word}'" for number, word in enumerate(WORDS))
    return f"(CASE (n / 7) % {len(WORDS)} {cases} END)"
