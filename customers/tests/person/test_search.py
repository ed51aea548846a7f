"""The search page: what finds what, for whom, and what is offered where nothing is here."""

from typing import Any

import pytest
from django.test import Client

from backoffice.tests.factories import person
from customers.identity import refresh
from customers.models import Customer, Invoice, SetupLink
from customers.tests.factories import CustomerFactory
from customers.tests.person.conftest import ID
from customers.tests.person.test_page import PAGE, page
from fulfilment.tests.factories import one_of_each


def found(client: Client, term: str) -> str:
    answer = client.get("/search/", {"q": term}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    ("term", "is_exact"),
    [
        (ID, True), (ID.lower(), False), ("JAN@Jansen.example", True), ("jansen.example", False),
        ("b Jansen Bakkerij b", True), ("bakkerij", False), (" +31 20 123 4567 ", True), ("020-1234567", True),
    ],
)  # fmt: skip
def test_a_customer_is_found_by_id_email_phone_and_name(
    supervisor: Client, customer: Customer, term: str, is_exact: bool
) -> None:
    refresh.refresh()
    text = found(supervisor, term)
    assert f'href="{PAGE}"' in text and "suspended" in text
    assert ('<span class="bo-badge bo-good">exact</span>' in text) is is_exact


def test_numbers_and_codes_of_all_systems_are_found(supervisor: Client, customer: Customer, user: Any) -> None:
    one_of_each("2026-0042", user)
    text = found(supervisor, "2026-0042")
    for kind in ("Handling lists", "Shipments", "Parcels", "Recipients", "Locations"):
        assert f"<h2>{kind} " in text, kind
    assert text.index("<h2>Parcels") < text.index("<h2>Locations")  # exact ones first
    Invoice.objects.create(
        remote_id="obj_1", invoice_number="INV-7", payload={}, payload_hash=b"0" * 16, synced_at=customer.synced_at
    )
    assert "<h2>Invoices" in found(supervisor, "INV-7")


def test_a_pasted_link_is_shortened_before_any_view_and_finds_its_link(supervisor: Client, customer: Customer) -> None:
    text = found(supervisor, "https://setup.kirim.example/s/SecretTokenAbc123x7Qd")
    link = SetupLink.objects.get()
    assert "SecretToken" not in text and link.remote_id in text


def test_only_kinds_that_the_person_may_see_are_searched(client: Client, customer: Customer) -> None:
    assert client.get("/search/?q=x").status_code == 302
    client.force_login(person("warehouse"))
    assert "Nothing was found" in found(client, ID) and "Bakkerij" not in found(client, "bakkerij")


def test_hits_are_capped_and_short_or_odd_terms_break_nothing(supervisor: Client, customer: Customer) -> None:
    CustomerFactory.create_batch(21, name="Many")
    text = found(supervisor, "many")
    assert "Only 20 are shown here" in text and "/admin/customers/customer/?q=many" in text
    assert "It is short" in found(supervisor, "ba") and "Bakkerij" not in found(supervisor, "ba")
    for odd in ("", "\x00", "%", "' OR 1=1 --", "x" * 3000, "<script>alert(1)</script>", "\ud800", "+", "@"):
        answer = supervisor.get("/search/", {"q": odd.encode("utf-8", "surrogatepass")}, follow=True)
        assert answer.status_code == 200 and b"<script>alert" not in answer.content
    assert "/search/" in page(supervisor, "/")


def test_what_is_not_here_can_be_fetched_by_its_id(supervisor: Client, db: None, settings: Any) -> None:
    settings.KIRIM_BASE_URL, settings.KIRIM_API_KEY = "https://kirim.example/v1", "key"
    text = found(supervisor, ID)
    url = f"/admin/customers/customer/fetch/?remote_id={ID}"
    assert url in text and f'value="{ID}"' in page(supervisor, url)
    assert "a customer from Kirim" not in found(supervisor, "cus_short")
    supervisor.logout()
    supervisor.force_login(person("viewer"))
    assert url not in found(supervisor, ID)


def test_a_search_costs_a_pinned_number_of_queries_and_asks_no_remote(
    supervisor: Client, customer: Customer, remote: Any, django_assert_max_num_queries: Any
) -> None:
    found(supervisor, "bakkerij")
    for term in ("bakkerij", ID, "2026-0042", "jan@jansen.example"):
        with django_assert_max_num_queries(30):
            found(supervisor, term)
    assert remote.requests == []
