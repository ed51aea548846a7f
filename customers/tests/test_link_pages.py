"""Setup links made on pages: revealed once, whatever Kirim answers and however often a form is sent."""

import re
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from backoffice.models import AuditEntry, RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.at_once import at_once
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from customers.models import Customer, SetupLink
from customers.tests.linking import (
    LIST,
    REDIRECT,
    TOKEN,
    Counted,
    change_page,
    living,
    new_url,
    trouble,
    typed,
    url_of,
    write_of,
)
from customers.tests.writing import active_customer, look

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


# -- making one, and the reveal ---------------------------------------------------------------------------------------


def test_the_answer_to_the_form_shows_the_link_once_and_may_be_kept_nowhere(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    before = living(sandbox, customer)
    form = typed(success_redirect_url="https://app.example.com/done", reason="They lost the first one")
    answer = desk.post(new_url(customer), form)
    page = text_of(answer)
    [token] = set(TOKEN.findall(page))
    link = SetupLink.objects.get(remote_id=write_of(form).remote_id)
    assert (answer.status_code, link.token_last4) == (200, token[-4:])
    assert living(sandbox, customer) == before | {link.remote_id}
    assert "no-store" in answer["Cache-Control"] and answer["Pragma"] == "no-cache"
    assert answer["Referrer-Policy"] == "no-referrer"
    assert page.count(token) == 1 and f'readonly value="https://connect.kirim.example/s/{token}"' in page
    assert "<svg" in page and "only time it is shown" in page and f"…{token[-4:]}" in page
    assert not re.search(rf"(href|src|data-copy|title)=\"[^\"]*{token}", page)
    assert "<form" not in page.replace('<form id="command', "")  # none would be accepted without a referrer
    assert (link.success_redirect_url, write_of(form).reason) == (form["success_redirect_url"], form["reason"])
    shown = AuditEntry.objects.get(verb="reveal")  # that it was shown, and nothing of it
    assert (shown.kind, shown.remote_id, shown.owner_remote_id) == ("setup_link", link.remote_id, customer.remote_id)
    assert shown.actor is not None and shown.write_id == write_of(form).pk
    assert token not in str(list(AuditEntry.objects.values()))


# -- making one at a Kirim that does not do as it should --------------------------------------------------------------

IN_VAIN = [
    (Switch("fail", method="POST", status=400), State.REFUSED, "Kirim refused it"),
    (Switch("fail", method="POST", status=401), State.REFUSED, "refuses our key"),
    (Switch("fail", method="POST", status=404), State.REFUSED, "Kirim does not know it"),
    (Switch("fail", method="GET", status=404), State.REFUSED, "Nothing was sent"),
    (Switch("fail", method="POST", status=409), State.REFUSED, "Kirim refused it"),
    (Switch("fail", method="POST", status=422), State.REFUSED, "Kirim refused it"),
    (Switch("limit", method="POST"), State.FAILED, "asks us to wait"),
    (Switch("limit", method="POST", retry_after="3600"), State.FAILED, "asks us to wait until"),
    (Switch("down"), State.FAILED, "does not answer now"),
    (Switch("down", method="POST"), State.FAILED, "does not answer now"),
    (Switch("fail", method="GET", status=503), State.FAILED, "Nothing was sent"),
]


@pytest.mark.parametrize(("switch", "state", "said"), IN_VAIN, ids=lambda part: getattr(part, "kind", str(part)))
def test_a_create_in_vain_says_why_and_keeps_what_was_typed(
    desk: Client, sandbox: Sandbox, switch: Switch, state: State, said: str
) -> None:
    customer = active_customer()
    before = living(sandbox, customer)
    trouble(sandbox, switch)
    form = typed(lifetime="own", hours="50", success_redirect_url=REDIRECT, reason="A reason")
    answer = desk.post(new_url(customer), form)
    page = text_of(answer)
    assert (answer.status_code, write_of(form).state) == (200, state)
    assert said in page and f'value="{REDIRECT}"' in page and 'value="50"' in page and ">A reason<" in page
    assert form["write_id"] not in re.findall(r'name="write_id" value="([^"]+)"', page)
    assert not TOKEN.search(page) and living(sandbox, customer) == before


def test_a_failed_create_sent_again_unchanged_is_the_same_write(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    trouble(sandbox, Switch("limit", method="POST"))
    form = typed()
    page = text_of(desk.post(new_url(customer), form))
    sandbox.switches["kirim"].turn_off("limit")
    again = dict(re.findall(r'name="(write_id|again)" value="([^"]+)"', page))
    assert again["again"] == form["write_id"]
    revealed = desk.post(new_url(customer), form | again)
    assert TOKEN.search(text_of(revealed))
    made = write_of(form)
    assert made.state == State.CONFIRMED and made.attempts.count() >= 2
    assert not RemoteWrite.objects.filter(pk=again["write_id"]).exists()


def test_a_field_that_kirim_refuses_is_marked(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    details = [
        {"path": "success_redirect_url", "message": "is not reachable"},
        {"path": "expires_in_hours", "message": "is too long for this plan"},
        {"path": "colour", "message": "is not blue"},
    ]
    body = {"error": {"code": "validation_failed", "message": "Invalid input.", "details": details}, "request_id": "r7"}
    counted.watch = lambda request: httpx.Response(400, json=body) if request.method == "POST" else None
    answer = desk.post(new_url(active_customer()), typed(success_redirect_url=REDIRECT))
    form = answer.context["form"]
    assert "is not reachable" in form.errors["success_redirect_url"][0]
    assert "is too long" in form.errors["lifetime"][0]
    [above] = form.non_field_errors()
    assert "Invalid input" in above and "r7" in above and "colour: is not blue" in above


@pytest.mark.parametrize(
    ("values", "field", "said"),
    [
        ({"success_redirect_url": "http://app.example.com/"}, "success_redirect_url", "must begin with https"),
        ({"failure_redirect_url": "https://evil.example/"}, "failure_redirect_url", "must be one of app.example.com"),
        ({"failure_redirect_url": "javascript:alert(1)"}, "failure_redirect_url", "must begin with https"),
        ({"lifetime": "own", "hours": ""}, "hours", "how many hours"),
        ({"lifetime": "own", "hours": "721"}, "hours", "720"),
        ({"lifetime": "own", "hours": "0"}, "hours", "1"),
        ({"lifetime": "2"}, "lifetime", "valid choice"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_before_anything_is_sent(
    desk: Client, sandbox: Sandbox, counted: Counted, settings: Any, values: dict[str, str], field: str, said: str
) -> None:
    settings.REDIRECT_URL_HOSTS = ["app.example.com"]
    form = typed(reason="Kept") | values
    answer = desk.post(new_url(active_customer()), form)
    page = text_of(answer)
    assert said in answer.context["form"].errors[field][0] and ">Kept<" in page
    assert "app.example.com (REDIRECT_URL_HOSTS)" in page
    assert form["write_id"] in page, "nothing was planned, so it is the same submission still"
    assert not RemoteWrite.objects.exists() and counted.methods == []


@pytest.mark.parametrize("switch", [Switch("drop", method="POST"), Switch("fail", method="POST", after_work=True)])
def test_a_lost_answer_says_that_a_link_may_exist_and_the_found_one_can_be_replaced(
    desk: Client, sandbox: Sandbox, switch: Switch
) -> None:
    customer = active_customer()
    before = living(sandbox, customer)
    switch.times = 1
    trouble(sandbox, switch)
    form = typed()
    answer = desk.post(new_url(customer), form)
    made_url = reverse("admin:made_setup_link", args=[form["write_id"]])
    assert answer.headers["Location"] == made_url
    page = text_of(desk.get(made_url))
    assert "A link may exist" in page and 'href="/needs-you/"' in page and "every 10s" in page
    assert len(living(sandbox, customer) - before) == 1
    look(write_of(form))
    link = SetupLink.objects.get(remote_id=write_of(form).remote_id)
    page = text_of(desk.get(made_url))
    assert "nobody has it" in page and url_of("replace_setup_link", link) in page
    assert url_of("revoke_setup_link", link) in page and "every 10s" not in page
    for place in (change_page(customer), change_page(link), LIST):
        assert "lost" in text_of(desk.get(place)), place
    assert living(sandbox, customer) == before | {link.remote_id}


def test_a_slow_kirim_is_waited_for(desk: Client, sandbox: Sandbox) -> None:
    trouble(sandbox, Switch("latency", ms=400))
    assert TOKEN.search(text_of(desk.post(new_url(active_customer()), typed())))


# -- the same submission again ----------------------------------------------------------------------------------------


def test_the_same_form_again_says_created_and_offers_to_replace(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    form = typed()
    first = text_of(desk.post(new_url(customer), form))
    made = living(sandbox, customer)
    again = desk.post(new_url(customer), form, follow=True)
    page = text_of(again)
    link = SetupLink.objects.get(remote_id=write_of(form).remote_id)
    assert again.redirect_chain == [(reverse("admin:made_setup_link", args=[form["write_id"]]), 302)]
    assert f"Created …{link.token_last4}, shown once" in page and url_of("replace_setup_link", link) in page
    assert TOKEN.search(first) and not TOKEN.search(page)
    assert living(sandbox, customer) == made and write_of(form).attempts.count() == 1


def test_while_the_first_is_being_sent_the_second_follows_it(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    customer = active_customer()
    form, seen = typed(), []

    def watch(request: httpx.Request) -> None:
        if request.method == "POST" and not seen:
            seen.append(text_of(desk.post(new_url(customer), form, follow=True)))

    counted.watch = watch
    assert TOKEN.search(text_of(desk.post(new_url(customer), form)))
    assert "being made right now" in seen[0] and "every 2s" in seen[0] and not TOKEN.search(seen[0])
    assert counted.methods.count("POST") == 1
    poll = desk.get(reverse("admin:made_setup_link", args=[form["write_id"]]), headers={"HX-Request": "true"})
    assert (poll.status_code, poll.headers["HX-Refresh"]) == (204, "true")


def test_an_id_of_another_customers_form_is_not_taken(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    one, other = Customer.objects.filter(status="active").order_by("pk")[:2]
    form = typed()
    desk.post(new_url(one), form)
    posts = counted.methods.count("POST")
    assert desk.post(new_url(other), form).status_code == 400
    assert counted.methods.count("POST") == posts


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once_make_one_link_that_is_shown_once(sandbox: Sandbox) -> None:
    customer = active_customer()
    before = living(sandbox, customer)
    trouble(sandbox, Switch("latency", ms=150))
    user, form = person("customer desk"), typed()
    clients = [Client() for _ in range(3)]
    for client in clients:
        client.force_login(user)
    pages = at_once(lambda client: text_of(client.post(new_url(customer), form, follow=True)), clients)
    assert sum(bool(TOKEN.search(page)) for page in pages) == 1 and len(pages) == len(clients)
    assert len(living(sandbox, customer) - before) == 1
    assert write_of(form).attempts.count() == 1


# -- sending a failed one again ---------------------------------------------------------------------------------------


def failed_create(desk: Client, sandbox: Sandbox, customer: Customer, **values: Any) -> RemoteWrite:
    form = typed(**values)
    trouble(sandbox, Switch("down", method="POST"))
    desk.post(new_url(customer), form)
    sandbox.switches["kirim"].turn_off("down")
    assert write_of(form).state == State.FAILED
    return write_of(form)


def test_a_failed_write_is_shown_as_it_would_be_sent_and_sent_again_as_itself(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    failed = failed_create(desk, sandbox, customer, lifetime="own", hours="50", success_redirect_url=REDIRECT)
    before = living(sandbox, customer)
    page = desk.get(f"{new_url(customer)}?again={failed.pk}")
    shown = page.context["form"]
    assert (shown["lifetime"].value(), shown["hours"].value()) == ("own", 50)
    assert f'value="{REDIRECT}"' in text_of(page)
    form = typed(again=str(failed.pk), lifetime="own", hours="50", success_redirect_url=REDIRECT)
    revealed = text_of(desk.post(new_url(customer), form))
    failed.refresh_from_db()
    assert TOKEN.search(revealed) and failed.state == State.CONFIRMED
    assert living(sandbox, customer) == before | {failed.remote_id}
    again = desk.post(new_url(customer), form, follow=True)
    assert "shown once" in text_of(again) and living(sandbox, customer) == before | {failed.remote_id}


def test_only_a_failed_write_of_this_customer_is_sent_again(desk: Client, sandbox: Sandbox) -> None:
    one, other = Customer.objects.filter(status="active").order_by("pk")[:2]
    failed = failed_create(desk, sandbox, one)
    assert desk.get(f"{new_url(other)}?again={failed.pk}").status_code == 404
    for odd in ("x", "", str(uuid4())):
        assert desk.get(f"{new_url(one)}?again={odd}").status_code == 404
    form = typed()
    desk.post(new_url(one), form)
    answer = desk.get(f"{new_url(one)}?again={form['write_id']}", follow=True)
    assert "there is nothing to send again" in text_of(answer) and "shown once" in text_of(answer)
