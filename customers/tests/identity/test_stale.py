"""What asks each minute whether something changed reads no payloads: a narrow index holds all that is compared."""

import re

import pytest
from django.db import connection

from customers.identity.refresh import refresh, stale
from customers.identity.sources import SOURCES
from customers.tests.identity.conftest import People

WIDE = {"apideck.customers"}  # an erased one is told by its text, which no index holds


@pytest.mark.parametrize("resource", [name for name in SOURCES if name not in WIDE])
def test_whether_a_row_changed_is_read_from_an_index_alone(people: People, resource: str) -> None:
    customer = people.customer("Toko Melati", "a@example.com", phone="+31201234567")
    people.contact("Toko Melati", "a@example.com")
    people.organization("Toko Melati")
    people.recipient("Toko Melati", "a@example.com")
    assert customer.pk and refresh()
    source = SOURCES[resource]
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute("SET LOCAL enable_indexscan = off")
            cursor.execute("SET LOCAL enable_bitmapscan = off")
    plan = stale(source).order_by("pk").values("pk")[:1].explain()
    name = next(index.name for index in source.model._meta.indexes if index.name.endswith("_state"))
    assert re.search(rf"USING COVERING INDEX {name}\b|Index Only Scan (Backward )?using {name}\b", plan), plan
