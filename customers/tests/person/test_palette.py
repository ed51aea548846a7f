"""The command palette finds what the search page finds, in one short list; a whole value by an index."""

import html
import re
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice import search
from backoffice.search import FINDABLES, Term
from backoffice.sync.resource import RESOURCES
from backoffice.tests.factories import person, superuser
from customers.identity import refresh
from customers.models import Customer, SetupLink
from customers.tests.factories import CustomerFactory
from customers.tests.person.conftest import ID
from customers.tests.person.test_page import PAGE
from customers.tests.person.test_search import found as found_on_the_page
from fulfilment.models import Parcel
from fulfilment.tests.factories import one_of_each


def found(client: Client, term: str) -> list[tuple[str, str]]:
    """Title and address of each hit, in order."""
    answer = client.get("/admin/search/", {"s": term, "extended": "1"}, follow=True, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    hits = re.findall(r'href="([^"]*)"\s+data-title="([^"]*)"', answer.content.decode())
    return [(html.unescape(title), html.unescape(url)) for url, title in hits]


@pytest.mark.parametrize("term", [ID, "JAN@jansen.example", "020-1234567", "b jansen bakkerij b"])
def test_whole_values_are_found_in_any_spelling_and_lead_to_the_customers_page(
    supervisor: Client, customer: Customer, term: str
) -> None:
    CustomerFactory.create_batch(12, name="Jan@jansen.example b jansen bakkerij b 020-1234567")
    refresh.refresh()
    assert found(supervisor, term)[0] == ("Bakkerij <b>Jansen</b>", PAGE)


def test_exact_records_come_first_then_pages_then_records_with_the_words(
    supervisor: Client, customer: Customer
) -> None:
    Customer.objects.update(name="Customers")
    CustomerFactory(name="Many customers")
    refresh.refresh()
    titles = [title for title, _ in found(supervisor, "customers")]
    assert titles == ["Customers", "Customers", "Support customers", "Many customers"]


def test_pages_and_what_can_be_begun_are_found_by_those_who_may(client: Client, db: None) -> None:
    client.force_login(person("supervisor"))
    assert ("Work board", "/board/") in found(client, "board")
    assert ("Import contacts", "/admin/customers/contact/import/") in found(client, "import")
    assert ("New customer", "/admin/customers/customer/create/") in found(client, "new cust")
    client.force_login(person("viewer"))
    assert found(client, "import") == found(client, "new cust") == found(client, "users") == []


def test_a_code_leads_to_its_parcel_shipment_and_list_and_a_link_to_its_customer(
    supervisor: Client, customer: Customer, user: User
) -> None:
    one_of_each("2026-0042", user)
    Parcel.objects.update(tracking_code="3SABC")
    for found_by in (found(supervisor, "3sabc"), found(supervisor, "3SABC")):
        kinds = [url.split("/")[3] for _, url in found_by]
        assert {"handlinglist", "shipment", "parcel"} <= set(kinds)
    links = [url for _, url in found(supervisor, "https://setup.kirim.example/s/SecretTokenAbc123x7Qd")]
    assert links == [PAGE, f"/admin/customers/setuplink/{SetupLink.objects.get().pk}/change/"]


def test_what_is_not_here_can_be_fetched_and_nothing_at_all_is_told(
    supervisor: Client, db: None, settings: Any
) -> None:
    settings.KIRIM_BASE_URL, settings.KIRIM_API_KEY = "https://kirim.example/v1", "key"
    fetch = ("Fetch a customer from Kirim", f"/admin/customers/customer/fetch/?remote_id={ID}")
    assert found(supervisor, ID) == [fetch]
    nothing = supervisor.get("/admin/search/", {"s": "nobody at all", "extended": "1"}).content.decode()
    assert "Nothing was found for “nobody at all”" in nothing
    supervisor.logout()
    supervisor.force_login(person("viewer"))
    assert found(supervisor, ID) == []


def test_only_kinds_that_the_person_may_see_are_found(client: Client, customer: Customer) -> None:
    client.force_login(person("warehouse"))
    assert found(client, ID) == found(client, "bakkerij") == []


@pytest.mark.parametrize(("term", "queries"), [("bakkerij", 22), (ID, 11), ("jan@jansen.example", 26), ("ba", 9)])
def test_palette_and_page_cost_a_pinned_number_of_queries(
    supervisor: Client, customer: Customer, term: str, queries: int
) -> None:
    refresh.refresh()
    cost = []
    for ask in (found, found_on_the_page):
        ask(supervisor, term)
        with CaptureQueriesContext(connection) as caught:
            ask(supervisor, term)
        cost.append(len(caught))
    ages = 0 if term == "ba" else 1  # of what was found
    assert cost == [queries, queries + 1 + ages], "\n".join(query["sql"][:150] for query in caught)


@pytest.mark.parametrize(
    "term", [ID, "jan@jansen.example", "+31 20 123 4567", "2026-0042", "…x7Qd", "3SABC", "Bakkerij Jansen"]
)
def test_a_whole_value_is_looked_for_by_an_index_in_every_kind(customer: Customer, term: str) -> None:
    with CaptureQueriesContext(connection) as caught:
        search.find(superuser(), Term.typed(term))
    asked = [query["sql"] for query in caught if "search" not in query["sql"] and "LIKE" not in query["sql"].upper()]
    tables = {FINDABLES[name].model._meta.db_table for name in RESOURCES if name in FINDABLES}
    asked = [sql for sql in asked if any(f'FROM "{table}"' in sql for table in {*tables, "customers_identitykey"})]
    assert asked
    for sql in asked:
        plan = plan_of(sql)
        assert not re.search(r"\bSCAN |Seq Scan|_pkey on \S+ .*\n\s+Filter", plan), f"{sql}\n{plan}"


def plan_of(sql: str) -> str:
    """How the database finds the rows of a statement, where tables are large."""
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN {'QUERY PLAN ' if connection.vendor == 'sqlite' else ''}{sql}".replace("%", "%%"), [])
        return "\n".join(str(row[-1]) for row in cursor.fetchall())
