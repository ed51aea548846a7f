"""Supervisors see the request of a form before it is sent; nothing comes of looking, and nobody else can."""

import json
import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.http import QueryDict
from django.test import Client
from django.urls import reverse

from backoffice.models import BulkAction, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.previewing import Watched, watched, written_down
from backoffice.tests.reading import shown_in
from customers.models import Customer, SetupLink
from customers.tests.bulking import confirm, select
from customers.tests.filled import form_in, send
from customers.tests.linking import typed
from customers.tests.pages import CREATE, an_account
from customers.tests.write_commands import World

pytestmark = pytest.mark.django_db
SHOW = {"_preview": "1"}


@pytest.fixture
def network(world: World, settings: Any) -> Watched:
    return watched(settings)


def customer_of(world: World) -> Customer:
    return Customer.objects.get(remote_id=world.customer)


def link_of(world: World) -> SetupLink:
    return SetupLink.objects.get(remote_id=world.link)


def requests_in(page: str) -> list[tuple[str, str, dict[str, str], Any]]:
    """Method, address, headers and body of the requests that a page shows."""
    found = []
    for text in re.findall(r"<pre[^>]* data-request[^>]*>(.*?)</pre>", page, re.S):
        head, _, body = unescape(text).partition("\n\n")
        first, *headers = head.splitlines()
        method, _, url = first.partition(" ")
        parts = dict(header.split(": ", 1) for header in headers)
        found.append((method, url, parts, json.loads(body) if body.strip() else None))
    return found


def of(name: str, row: Any) -> str:
    return reverse(f"admin:{name}", args=[row.pk])


FORMS: dict[str, tuple[Callable[[World], str], dict[str, Any]]] = {
    "create": (lambda world: CREATE, {"name": "Toko <Baru>", "email": "baru@shop.example"}),
    "update": (lambda world: of("update_customer", customer_of(world)), {"name": "Toko Lain"}),
    "suspend": (lambda world: of("suspend_customer", customer_of(world)), {"reason": "unpaid"}),
    "archive": (lambda world: of("archive_customer", customer_of(world)), {"reason": "left", "is_sure": "on"}),
    "redirects": (
        lambda world: of("setup_link_redirects", link_of(world)),
        typed(success_redirect_url="https://app.example.com/new"),
    ),
    "revoke": (lambda world: of("revoke_setup_link", link_of(world)), typed(reason="lost")),
    "new link": (lambda world: of("create_setup_link", customer_of(world)), typed(reason="asked")),
}


def filled(client: Client, url: str, values: dict[str, Any]) -> QueryDict:
    answer = client.get(url)
    assert answer.status_code == 200
    assert 'name="_preview"' in answer.content.decode()
    return form_in(answer.content.decode(), **values)


@pytest.mark.parametrize("name", FORMS)
def test_the_form_comes_back_with_its_request_and_sends_just_that_afterwards(
    world: World, network: Watched, supervisor: Client, name: str
) -> None:
    address, values = FORMS[name]
    form = filled(supervisor, url := address(world), values)
    before = written_down()
    shown = form.copy()
    shown.update(SHOW)
    answer = send(supervisor, url, shown, follow=False)
    page = answer.content.decode()
    assert answer.status_code == 200 and network.requests == [] and written_down() == before
    [(method, address_there, headers, body)] = requests_in(page)
    assert headers["Authorization"] == "Bearer •••" and django_settings.KIRIM_API_KEY not in page
    assert page.count(form["write_id"]) >= 1
    for field, value in values.items():
        if value and field not in {"lifetime", "write_id"}:
            assert value.replace("<", "&lt;").replace(">", "&gt;") in page, field
    send(supervisor, url, form, follow=False)
    sent = network.changing[0]
    assert (method, address_there) == (sent.method, str(sent.url))
    assert body == (json.loads(sent.content) if sent.content else None)
    assert RemoteWrite.objects.get().state == "confirmed"


@pytest.mark.parametrize("name", [name for name in FORMS if name != "archive"])
def test_nobody_else_is_shown_a_request_or_offered_one(world: World, network: Watched, desk: Client, name: str) -> None:
    address, values = FORMS[name]
    answer = desk.get(url := address(world))
    page = answer.content.decode()
    assert answer.status_code == 200 and "_preview" not in page
    form = form_in(page, **values)
    form.update(SHOW)
    before = written_down()[:2]
    assert send(desk, url, form, follow=False).status_code == 403
    assert network.requests == [] and written_down()[:2] == before


def test_a_form_that_is_wrong_says_so_and_shows_nothing(world: World, network: Watched, supervisor: Client) -> None:
    form = filled(supervisor, CREATE, {"name": "", "email": "baru@shop.example"})
    form.update(SHOW)
    page = send(supervisor, CREATE, form).content.decode()
    assert requests_in(page) == [] and "baru@shop.example" in page and "A customer needs a name." in page
    assert network.requests == []


def test_of_a_replacement_both_requests_are_shown_in_their_order(
    world: World, network: Watched, supervisor: Client
) -> None:
    page = supervisor.post(of("replace_setup_link", link_of(world)), {**typed(reason="lost"), **SHOW}).content.decode()
    (first, second) = requests_in(page)
    assert (first[0], first[3]) == ("POST", {"expires_in_hours": 24})
    assert second[0] == "DELETE" and second[1].endswith(f"/setup_links/{world.link}")
    assert "Once that is confirmed, this would follow." in page
    assert "GET /customers/{id}/setup_links" in page  # what is read before
    assert network.requests == [] and not RemoteWrite.objects.exists()


def test_what_we_would_refuse_is_told_in_its_place(world: World, network: Watched, supervisor: Client) -> None:
    customer = customer_of(world)
    url = of("suspend_customer", customer)
    form = filled(supervisor, url, {"reason": "unpaid"})
    Customer.objects.filter(pk=customer.pk).update(status="archived")
    form.update(SHOW)
    page = shown_in(send(supervisor, url, form, follow=False))
    assert "No request can be shown." in page and "is archived, and that is final. Nothing was sent." in page
    assert requests_in(page) == [] and network.requests == []


def test_a_form_that_was_sent_is_not_shown_as_if_it_could_be_sent_once_more(
    world: World, network: Watched, supervisor: Client
) -> None:
    form = filled(supervisor, CREATE, {"name": "Toko Baru"})
    send(supervisor, CREATE, form)
    form.update(SHOW)
    page = shown_in(send(supervisor, CREATE, form))
    assert "This form was sent already, and that is confirmed: it is not sent once more." in page
    assert len(network.changing) == 1


def test_the_same_sent_again_after_a_failure_is_shown_with_the_id_that_goes_along(
    world: World, network: Watched, supervisor: Client
) -> None:
    form = filled(supervisor, CREATE, {"name": "Toko Baru"})
    world.trouble("limit", retry_after="3600")
    again = form_in(send(supervisor, CREATE, form).content.decode())
    world.calm()
    [failed] = RemoteWrite.objects.all()
    assert failed.state == "failed" and again["again"] == str(failed.pk)
    shown = again.copy()
    shown.update(SHOW)
    [(_, _, _, body)] = requests_in(send(supervisor, CREATE, shown).content.decode())
    assert body["metadata"] == {"backoffice_write": str(failed.pk)}
    failed.refresh_from_db()
    assert (failed.state, failed.attempts.count()) == ("failed", len(network.changing))


def test_of_many_the_first_that_can_be_done_is_shown_and_how_many_are_like_it(
    world: World, network: Watched, supervisor: Client
) -> None:
    rows = [Customer.objects.get(remote_id=world.archived), *Customer.objects.filter(status="active")[:3]]
    asked = select(supervisor, "suspend", rows)
    assert 'name="_preview"' in asked.content.decode()
    page = shown_in(confirm(supervisor, asked, reason="unpaid", **SHOW))
    [(method, url, _, body)] = requests_in(confirm(supervisor, asked, reason="unpaid", **SHOW).content.decode())
    assert (method, body) == ("PATCH", {"status": "suspended"})
    assert url.rpartition("/")[2] in {row.remote_id for row in rows[1:]}
    assert "3 rows are sent like it, each with its own." in page and "unpaid" in page
    assert network.requests == [] and not BulkAction.objects.exists() and not RemoteWrite.objects.exists()


def test_many_are_shown_to_nobody_else(world: World, network: Watched, desk: Client) -> None:
    asked = select(desk, "suspend", [customer_of(world)])
    assert "_preview" not in asked.content.decode()
    assert confirm(desk, asked, **SHOW).status_code == 403
    assert network.requests == [] and not BulkAction.objects.exists()


def test_a_button_without_a_form_never_sends_what_was_only_to_be_shown(
    world: World, network: Watched, supervisor: Client
) -> None:
    url = of("sync_templates", an_account())
    assert supervisor.post(url, {"write_id": typed()["write_id"], **SHOW}).status_code == 400
    assert network.requests == [] and not RemoteWrite.objects.exists()


def test_a_superuser_may_look_and_a_form_without_its_token_may_not(
    world: World, network: Watched, client: Client
) -> None:
    url = of("suspend_customer", customer_of(world))
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("supervisor"))
    assert strict.post(url, {**typed(), **SHOW}).status_code == 403
    client.force_login(person(is_superuser=True))
    assert len(requests_in(client.post(url, {**typed(), **SHOW}).content.decode())) == 1
    assert network.requests == []
