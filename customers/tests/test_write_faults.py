"""What a Kirim may answer that is no plain refusal: it did something else, for somebody else, or says too much."""

import json
import logging
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.test import Client

from backoffice.client import PERSON
from backoffice.logs import MASK, quotable
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.everywhere import every_table
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from backoffice.writes.settle import settle_by_hand
from customers.kirim import KirimAPI
from customers.models import Customer, SetupLink
from customers.needs import lost_links
from customers.services import CustomerService
from customers.services.links import revocation_id
from customers.tests.linking import TOKEN, a_link, typed, url_of, write_of
from customers.tests.writing import OPERATOR, active_customer, create_link, later, look, write
from customers.verbs import kirim as verbs
from customers.verbs.kirim import CREATE_LINK

pytestmark = pytest.mark.django_db

State = RemoteWrite.State
REDIRECT = "https://app.example.com/new"
SETUP_TOKEN = "mock-token-aB3dE5fG7hJ9kLmNx7Qd"
Bend = Callable[[httpx.Request, httpx.Response], httpx.Response]


class Bent(httpx.BaseTransport):
    """The sandbox, whose answers to what changes something are bent on the way, and ``reads`` as well."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._inner = httpx.WSGITransport(app=sandbox.wsgi)
        self.before: Callable[[httpx.Request], httpx.Response | None] = lambda request: None
        self.changes: Bend = lambda request, response: response
        self.reads: Bend = lambda request, response: response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        instead = self.before(request)
        if instead is not None:
            return instead
        answered = self._inner.handle_request(request)
        answered.read()
        return (self.reads if request.method == "GET" else self.changes)(request, answered)


@pytest.fixture
def bent(sandbox: Sandbox, settings: Any) -> Bent:
    """The network of the test."""
    settings.REMOTE_TRANSPORT = Bent(sandbox)
    return settings.REMOTE_TRANSPORT  # type: ignore[no-any-return]


def lost(request: httpx.Request, response: httpx.Response) -> httpx.Response:
    raise httpx.ReadError("cut", request=request)


def with_data(**members: Any) -> Bend:
    """An answer whose object has other members."""

    def bend(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = response.json()
        return httpx.Response(200, json={**body, "data": {**body["data"], **members}})

    return bend


# -- done, and said otherwise -----------------------------------------------------------------------------------------


def test_redirects_that_were_changed_before_the_link_was_used_are_not_called_refused(
    sandbox: Sandbox, bent: Bent
) -> None:
    link = a_link()

    def lost_then_used(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        bent.changes = lambda request, response: response
        sandbox.kirim.complete_onboarding(link.remote_id)
        return lost(request, response)

    bent.changes = lost_then_used
    done = write(verbs.UPDATE_REDIRECTS, link, sends={"success_redirect_url": REDIRECT})
    link.refresh_from_db()
    assert (link.status, link.success_redirect_url) == ("consumed", REDIRECT)
    assert (done.state, done.attempts.count()) == (State.CONFIRMED, 2)
    assert "earlier request" in done.remark


def test_a_lost_link_is_not_taken_for_the_one_that_another_lost_write_asked_for(sandbox: Sandbox, bent: Bent) -> None:
    customer = active_customer()
    bent.before = lambda request: httpx.Response(500) if request.method == "POST" else None
    not_made, _ = create_link(customer, expires_in_hours=24)
    bent.before = lambda request: None
    bent.changes = lost
    made, _ = create_link(customer, expires_in_hours=48)
    assert look(not_made).state == State.FAILED
    found = look(made)
    assert (found.state, found.secret_lost) == (State.CONFIRMED, True)
    assert SetupLink.objects.get(remote_id=found.remote_id).customer == customer


def test_a_link_of_another_customer_in_the_list_is_nobodys_lost_one(sandbox: Sandbox, bent: Bent) -> None:
    customer = active_customer()
    bent.before = lambda request: httpx.Response(500) if request.method == "POST" else None
    not_made, _ = create_link(customer)
    bent.before = lambda request: None
    other = Customer.objects.exclude(pk=customer.pk).filter(status="pending").earliest("pk")
    foreign = sandbox.kirim.links.add(other.remote_id)
    shown = {name: value for name, value in foreign.items() if name not in {"token", "setup_url"}}

    def with_foreign(request: httpx.Request, response: httpx.Response) -> httpx.Response:
        body = response.json()
        if not request.url.path.endswith("/setup_links"):
            return response
        return httpx.Response(200, json={**body, "data": [shown, *body["data"]]})

    bent.reads = with_foreign
    assert look(not_made).state == State.FAILED


def test_a_link_settled_by_hand_as_made_waits_until_its_customers_links_were_read(sandbox: Sandbox, bent: Bent) -> None:
    customer = active_customer()
    bent.changes = lost
    made, _ = create_link(customer)
    settle_by_hand(made, OPERATOR, was_done=True, reason="Seen in the dashboard")
    desk = person("customer desk")
    assert made.secret_lost and list(lost_links(desk) or []) == [made]
    bent.changes = lambda request, response: response
    with later(1), KirimAPI.from_settings(PERSON) as api:
        CustomerService(api).refresh(customer)
    assert list(lost_links(desk) or []) == []
    listed = {row["id"] for row in sandbox.kirim.links.newest(customer.remote_id)}
    assert set(customer.setup_links.values_list("remote_id", flat=True)) == listed


def test_a_lost_clearing_of_the_metadata_is_found(sandbox: Sandbox, bent: Bent) -> None:
    customer = active_customer()
    assert customer.metadata
    bent.changes = lost
    tried = write(verbs.UPDATE_CUSTOMER, customer, sends={"metadata": {}})
    assert tried.state == State.UNKNOWN
    found = look(tried)
    assert (found.state, found.remark) == (State.CONFIRMED, "Kirim shows what was sent.")


# -- taken, and not done ----------------------------------------------------------------------------------------------


def test_a_change_that_kirim_takes_but_does_not_show_is_told(sandbox: Sandbox, bent: Bent) -> None:
    customer, link = active_customer(), a_link()
    bent.changes = with_data(status="active", name="As before", success_redirect_url=None)
    suspended = write(verbs.SUSPEND_CUSTOMER, customer)
    assert (suspended.state, "status is 'active'" in suspended.remark) == (State.CONFIRMED, True)
    renamed = write(verbs.UPDATE_CUSTOMER, customer, sends={"name": "New name"})
    assert (renamed.state, "name is 'As before'" in renamed.remark) == (State.CONFIRMED, True)
    redirected = write(verbs.UPDATE_REDIRECTS, link, sends={"success_redirect_url": REDIRECT})
    assert (redirected.state, "success_redirect_url is None" in redirected.remark) == (State.CONFIRMED, True)


# -- of somebody else -------------------------------------------------------------------------------------------------


def test_a_changed_object_that_is_another_one_is_not_stored_over_that(sandbox: Sandbox, bent: Bent) -> None:
    customer, link = active_customer(), a_link()
    other = Customer.objects.exclude(pk=customer.pk).earliest("pk")
    bent.changes = with_data(id=other.remote_id, name="Not its name")
    renamed = write(verbs.UPDATE_CUSTOMER, customer, sends={"name": "New name"})
    assert renamed.state == State.UNKNOWN
    name = other.name
    other.refresh_from_db()
    assert other.name == name
    other_link = SetupLink.objects.exclude(pk=link.pk).filter(status="consumed").earliest("pk")
    bent.changes = with_data(id=other_link.remote_id)
    redirected = write(verbs.UPDATE_REDIRECTS, link, sends={"success_redirect_url": REDIRECT})
    assert redirected.state == State.UNKNOWN
    other_link.refresh_from_db()
    assert other_link.success_redirect_url != REDIRECT
    bent.changes = lambda request, response: response
    assert {look(renamed).state, look(redirected).state} == {State.CONFIRMED}


def test_the_url_of_another_customers_link_is_not_handed_over(sandbox: Sandbox, bent: Bent) -> None:
    customer = active_customer()
    other = Customer.objects.exclude(pk=customer.pk).earliest("pk")
    bent.changes = with_data(customer_id=other.remote_id)
    made, new = create_link(customer)
    assert (made.state, new) == (State.UNKNOWN, None)
    found = look(made)
    assert (found.state, found.secret_lost) == (State.CONFIRMED, True)


# -- says too much ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 400, 422, 500])
def test_neither_key_nor_token_in_an_answer_is_kept_or_logged(
    status: int, sandbox: Sandbox, bent: Bent, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    link = a_link()
    echo = f"Bearer {settings.KIRIM_API_KEY} for https://connect.kirim.example/s/{SETUP_TOKEN} ({SETUP_TOKEN})"
    body = {
        "data": {"revoked": True},
        "error": {"code": "x", "message": echo, "details": [{"path": "name", "message": echo}]},
        "request_id": f"req {settings.KIRIM_API_KEY} {SETUP_TOKEN}",
    }
    bent.before = lambda request: None if request.method == "GET" else httpx.Response(status, json=body)
    write(verbs.REVOKE_LINK, link)
    create_link(active_customer())
    write(verbs.CREATE_CUSTOMER, sends={"name": "Echo"})
    bent.before = lambda request: None if request.method == "GET" else httpx.Response(status, text=json.dumps(body))
    write(verbs.UPDATE_CUSTOMER, active_customer(), sends={"name": "Echo"})
    everywhere = every_table() + caplog.text
    assert RemoteWrite.objects.exclude(attempts=None).count() >= 4
    assert SETUP_TOKEN not in everywhere
    assert settings.KIRIM_API_KEY not in everywhere


def test_what_is_quoted_of_a_remote_keeps_its_words_and_ids() -> None:
    told = "success_redirect_url: cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X is not active (5f9c6df2-5f52-4a3c-9b58-0f4f6d2d4a10)"
    assert quotable(told) == told
    assert (
        quotable(f"see https://connect.kirim.example/s/{SETUP_TOKEN}.") == f"see https://connect.kirim.example/{MASK}"
    )
    assert quotable("token mock-token-AjxTWxQJuyRiDhhxZYRx") == f"token {MASK}"
    assert quotable(f'{{"token": "{SETUP_TOKEN}"}}') == f'{{"token": "{MASK}"}}'


# -- broken off -------------------------------------------------------------------------------------------------------


def test_a_page_that_ends_before_it_showed_the_new_link_leaves_it_among_the_lost(
    desk: Client, sandbox: Sandbox, bent: Bent
) -> None:
    old = a_link()

    def killed(request: httpx.Request) -> httpx.Response | None:
        if request.method == "DELETE":
            raise SystemExit
        return None

    bent.before = killed
    form = typed()
    with pytest.raises(SystemExit):
        desk.post(url_of("replace_setup_link", old), form)
    made = write_of(form)
    assert (made.state, made.secret_lost) == (State.CONFIRMED, True)
    assert list(lost_links(person("supervisor")) or []) == [made]


def test_a_link_that_a_page_showed_is_none_of_the_lost(desk: Client, sandbox: Sandbox) -> None:
    old, form = a_link(), typed()
    assert TOKEN.search(text_of(desk.post(url_of("replace_setup_link", old), form)))
    made = write_of(form)
    assert (made.state, made.secret_lost) == (State.CONFIRMED, False)
    assert RemoteWrite.objects.get(pk=revocation_id(made.pk)).state == State.CONFIRMED
    assert RemoteWrite.objects.filter(target=CREATE_LINK.target, secret_lost=True).count() == 0
