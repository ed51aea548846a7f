"""Who may open the pages that write, and what those keep to whoever opens them."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from customers.models import Customer
from customers.tests.factories import AccountFactory, CustomerFactory
from customers.tests.filled import form_in, opened, send
from customers.tests.pages import (
    CREATE,
    LIST,
    State,
    an_account,
    desk,
    edit_form,
    mirrored,
    new_form,
    page_of,
    there,
    url_of,
    user,
)  # fmt: skip
from customers.tests.writing import active_customer

__all__ = ["desk", "user"]

pytestmark = pytest.mark.django_db


def addresses() -> dict[str, tuple[str, str]]:
    """Every address of these pages, with what it is for and the permission that it takes."""
    customer, account = active_customer(), an_account()
    return {
        CREATE: ("form", "customers.create_customer"),
        url_of("update_customer", customer): ("form", "customers.update_customer"),
        url_of("resolve_customer_update", customer): ("post", "customers.update_customer"),
        url_of("suspend_customer", customer): ("form", "customers.suspend_customer"),
        url_of("activate_customer", customer): ("form", "customers.activate_customer"),
        url_of("archive_customer", customer): ("form", "customers.archive_customer"),
        url_of("sync_templates", account): ("post", "customers.sync_templates_whatsappaccount"),
        url_of("refresh_account", account): ("post", "customers.refresh_whatsappaccount"),
        url_of("refresh_accounts_of", customer): ("post", "customers.refresh_whatsappaccount"),
    }


@pytest.fixture
def calls(sandbox: Sandbox, settings: Any) -> list[str]:
    """Every request that leaves from now on."""
    real, seen = settings.REMOTE_TRANSPORT, []

    def counted(request: httpx.Request) -> httpx.Response:
        seen.append(f"{request.method} {request.url.path}")
        answer: httpx.Response = real.handle_request(request)
        return answer

    settings.REMOTE_TRANSPORT = httpx.MockTransport(counted)
    return seen


FILLED = {"name": "Toko", "reason": "x", "is_sure": "on"}


def test_nobody_without_the_permission_opens_or_sends_anything(client: Client, calls: list[str]) -> None:
    kept = person("viewer")
    client.force_login(kept)
    for url in addresses():
        data = {**FILLED, "write_id": str(uuid4())}
        assert client.get(url).status_code in {403, 405}, url
        assert client.post(url, data).status_code == 403, url
    assert not calls and not RemoteWrite.objects.exists()
    page = " ".join(text_of(client.get(url)) for url in (page_of(active_customer()), LIST, page_of(an_account())))
    assert active_customer().name in page
    for label in ("Edit", "Suspend", "Activate", "Archive", "New customer", "Sync templates", "Refresh accounts"):
        assert f">{label}<" not in page, label


def test_archiving_is_for_supervisors(client: Client, calls: list[str]) -> None:
    client.force_login(person("customer desk"))
    for url, (_, permission) in addresses().items():
        status = client.post(url, {"write_id": "x"}).status_code
        assert (status == 403) == (permission == "customers.archive_customer"), url
    assert ">Archive<" not in text_of(client.get(page_of(active_customer())))


def test_people_who_are_not_signed_in_are_led_to_the_log_in(client: Client, calls: list[str]) -> None:
    for url in addresses():
        for answer in (client.get(url), client.post(url, {**FILLED, "write_id": str(uuid4())})):
            assert answer.status_code == 405 or answer.headers["Location"].startswith("/admin/login/"), url
    assert not calls and not RemoteWrite.objects.exists()


def test_no_post_is_taken_without_its_token(user: User, calls: list[str]) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(user)
    for url in addresses():
        assert strict.post(url, {**FILLED, "write_id": str(uuid4())}).status_code == 403, url
    assert not calls and not RemoteWrite.objects.exists()


def test_opening_a_page_sends_nothing(desk: Client, calls: list[str]) -> None:
    for url, (kind, _) in addresses().items():
        assert desk.get(url).status_code == (405 if kind == "post" else 302 if "activate" in url else 200), url
        assert desk.put(url).status_code == 405
    assert not calls and not RemoteWrite.objects.exists()


@pytest.mark.parametrize("row", [CustomerFactory, AccountFactory])
def test_an_unknown_row_is_not_found(desk: Client, sandbox: Sandbox, row: Any) -> None:
    gone = row()
    name = "update_customer" if row is CustomerFactory else "sync_templates"
    url = url_of(name, gone)
    gone.delete()
    assert desk.post(url, {"write_id": str(uuid4())}).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_every_page_sends_outside_of_any_transaction(sandbox: Sandbox, client: Client) -> None:
    """The guard in front of every request would raise RuntimeError, and the test client would raise it here."""
    client.force_login(person("supervisor"))
    customer = active_customer()
    client.post(url_of("sync_templates", an_account()), {"write_id": str(uuid4())})
    send(client, CREATE, new_form(client, name="Toko"))
    form = edit_form(client, customer, name="Mine")
    sandbox.kirim.customers.change(customer.remote_id, name="Theirs")
    answer = send(client, url_of("update_customer", customer), form)
    send(client, url_of("resolve_customer_update", customer), form_in(answer.content.decode(), **{"choice-0": "yours"}))
    for name in ("suspend", "activate", "archive"):
        url = url_of(f"{name}_customer", customer)
        send(client, url, opened(client, url, reason="x", is_sure="on"))
    states = RemoteWrite.objects.exclude(attempts=None).values_list("verb", "state")
    assert dict(states) == dict.fromkeys(
        ("create", "update", "suspend", "activate", "archive", "sync_templates"), State.CONFIRMED
    )


def test_djangos_own_pages_for_adding_changing_and_deleting_refuse(client: Client, sandbox: Sandbox) -> None:
    client.force_login(person("supervisor", is_superuser=True))
    customer = active_customer()
    with CaptureQueriesContext(connection) as queries:
        assert client.get(f"{LIST}add/").status_code == 403
        assert client.post(f"{LIST}add/", FILLED).status_code == 403
        assert client.get(f"{LIST}{customer.pk}/delete/").status_code == 403
        assert client.post(f"{LIST}{customer.pk}/delete/", {"post": "yes"}).status_code == 403
    assert not [query["sql"] for query in queries if "SAVEPOINT" in query["sql"] or "BEGIN" in query["sql"]]
    assert client.post(page_of(customer), FILLED).status_code == 405
    assert there(sandbox, customer)["name"] == customer.name


def test_what_a_remote_wrote_is_text_on_every_page(desk: Client, sandbox: Sandbox) -> None:
    evil = '<script>alert("x")</script>'
    [customer] = mirrored(sandbox, {evil: evil, "n": [evil]})
    sandbox.kirim.customers.change(customer.remote_id, name=evil, team_id=evil)
    Customer.objects.filter(pk=customer.pk).update(name=evil, team_id=evil)
    account = AccountFactory(customer=customer, name=evil)
    form = edit_form(desk, customer, email="m@x.example", metadata__kind=["text"] * 2, metadata__value=["a", "b"])
    forms = [url_of(f"{name}_customer", customer) for name in ("update", "suspend", "archive")]
    pages = [desk.get(url) for url in (page_of(customer), page_of(account), CREATE, *forms)]
    sandbox.kirim.customers.change(customer.remote_id, email=evil, metadata={evil: "2", "n": evil})
    pages.append(send(desk, url_of("update_customer", customer), form))
    suspend = opened(desk, url_of("suspend_customer", customer))
    pages.append(send(desk, url_of("suspend_customer", customer), suspend))
    for page in pages:
        assert page.status_code == 200 and "<script>alert" not in page.content.decode()
    assert "At Kirim now" in text_of(pages[-2]) and "&lt;script&gt;" in text_of(pages[-2])


@pytest.mark.parametrize(("name", "most"), [("create", 8), ("update", 8), ("suspend", 8), ("archive", 8)])
def test_opening_a_form_costs_few_queries(desk: Client, sandbox: Sandbox, name: str, most: int) -> None:
    url = CREATE if name == "create" else url_of(f"{name}_customer", active_customer())
    with CaptureQueriesContext(connection) as queries:
        desk.get(url)
    assert len(queries) <= most, [query["sql"][:100] for query in queries]


def test_the_page_of_a_customer_costs_the_same_whatever_hangs_on_it(desk: Client, sandbox: Sandbox) -> None:
    counts = []
    customer = active_customer()
    for _ in range(2):
        AccountFactory.create_batch(10, customer=customer)
        with CaptureQueriesContext(connection) as queries:
            desk.get(page_of(customer))
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 24, counts
