"""Setup links revoked and redirected on pages, who may do that, and what the pages say."""

import re
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from customers.admin.links import SHOWN_ONCE
from customers.models import Customer, SetupLink
from customers.tests.factories import CustomerFactory, SetupLinkFactory
from customers.tests.linking import (
    LIST,
    REDIRECT,
    TOKEN,
    Counted,
    a_link,
    change_page,
    living,
    new_url,
    trouble,
    typed,
    url_of,
    write_of,
)
from customers.tests.writing import active_customer, create_link, look

pytestmark = pytest.mark.django_db

State = RemoteWrite.State


# -- revoking ---------------------------------------------------------------------------------------------------------


def test_revoking_asks_first_and_keeps_the_reason(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    link = a_link()
    counted.methods.clear()
    page = text_of(desk.get(url_of("revoke_setup_link", link)))
    assert f"Revoke {link}</button>" in page and "That is final" in page and counted.methods == []
    form = {"write_id": str(uuid4()), "reason": "Sent to the wrong person"}
    told = text_of(desk.post(url_of("revoke_setup_link", link), form, follow=True))
    link.refresh_from_db()
    assert f"{link} is revoked" in told and link.status == "revoked" and write_of(form).reason == form["reason"]
    assert link.remote_id not in living(sandbox, link.customer)


def test_revoking_a_used_link_tells_when_it_was_used_and_stands_in_the_history(desk: Client, sandbox: Sandbox) -> None:
    link = a_link()
    sandbox.kirim.complete_onboarding(link.remote_id)
    form = {"write_id": str(uuid4())}
    told = text_of(desk.post(url_of("revoke_setup_link", link), form, follow=True))
    link.refresh_from_db()
    when = f"consumed already, on {link.consumed_at:%Y-%m-%d %H:%M} UTC"
    assert when in told and link.status == "consumed"
    assert (write_of(form).state, write_of(form).status) == (State.REFUSED, 409) and when in write_of(form).error
    page = text_of(desk.get(url_of("revoke_setup_link", link)))
    assert when in page and "There is nothing to revoke" in page and 'name="write_id"' not in page


def test_a_failed_revocation_keeps_the_reason_and_is_sent_again_as_itself(desk: Client, sandbox: Sandbox) -> None:
    link = a_link()
    trouble(sandbox, Switch("down"))
    form = {"write_id": str(uuid4()), "reason": "Wrong person"}
    page = text_of(desk.post(url_of("revoke_setup_link", link), form))
    assert "does not answer now" in page and ">Wrong person<" in page
    sandbox.switches["kirim"].turn_off("down")
    desk.post(
        url_of("revoke_setup_link", link), form | dict(re.findall(r'name="(write_id|again)" value="([^"]+)"', page))
    )
    assert write_of(form).state == State.CONFIRMED and living(sandbox, link.customer).isdisjoint({link.remote_id})


@pytest.mark.parametrize("switch", [Switch("drop", method="DELETE"), Switch("fail", method="DELETE", after_work=True)])
def test_a_revocation_whose_answers_are_lost_is_settled_by_the_list(
    desk: Client, sandbox: Sandbox, switch: Switch
) -> None:
    link = a_link()
    trouble(sandbox, switch)
    form = {"write_id": str(uuid4())}
    desk.post(url_of("revoke_setup_link", link), form, follow=True)
    sandbox.switches["kirim"].turn_off(switch.kind)
    assert look(write_of(form)).state == State.CONFIRMED
    assert link.remote_id not in living(sandbox, link.customer)


# -- redirects --------------------------------------------------------------------------------------------------------


def redirects(**values: str) -> dict[str, str]:
    return {"write_id": str(uuid4()), "success_redirect_url": "", "failure_redirect_url": "", **values}


def test_only_redirects_that_differ_are_sent_and_empty_clears(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    _, new = create_link(active_customer(), success_redirect_url=REDIRECT)
    assert new
    url, link = url_of("setup_link_redirects", new.link), new.link
    assert f'value="{REDIRECT}"' in text_of(desk.get(url))
    form = redirects(success_redirect_url=REDIRECT, failure_redirect_url="https://app.example.com/no")
    assert "are changed" in text_of(desk.post(url, form, follow=True))
    assert write_of(form).sends == {"failure_redirect_url": "https://app.example.com/no"}
    form = redirects(failure_redirect_url="https://app.example.com/no")
    desk.post(url, form)
    link.refresh_from_db()
    assert write_of(form).sends == {"success_redirect_url": None} and link.success_redirect_url is None
    counted.methods.clear()
    form = redirects(failure_redirect_url="https://app.example.com/no")
    assert "Nothing was sent" in text_of(desk.post(url, form, follow=True))
    assert counted.methods == [] and not RemoteWrite.objects.filter(pk=form["write_id"]).exists()


def test_redirects_of_a_used_link_tell_what_happened(desk: Client, sandbox: Sandbox) -> None:
    link = a_link()
    sandbox.kirim.complete_onboarding(link.remote_id)
    form = redirects(success_redirect_url=REDIRECT)
    told = text_of(desk.post(url_of("setup_link_redirects", link), form, follow=True))
    assert "consumed already, on" in told and write_of(form).status == 409
    assert "can no longer be changed" in text_of(desk.get(url_of("setup_link_redirects", link)))


@pytest.mark.parametrize(
    ("switch", "said"),
    [
        (Switch("fail", method="PATCH", status=400), "Kirim refused it"),
        (Switch("fail", method="PATCH", status=401), "refuses our key"),
        (Switch("limit", method="PATCH"), "asks us to wait"),
        (Switch("down"), "does not answer now"),
    ],
)
def test_redirects_in_vain_keep_what_was_typed(desk: Client, sandbox: Sandbox, switch: Switch, said: str) -> None:
    link = a_link()
    trouble(sandbox, switch)
    page = text_of(desk.post(url_of("setup_link_redirects", link), redirects(success_redirect_url=REDIRECT)))
    link.refresh_from_db()
    assert said in page and f'value="{REDIRECT}"' in page and link.success_redirect_url is None


# -- who may, and how -------------------------------------------------------------------------------------------------


def all_urls(customer: Customer, link: SetupLink) -> list[str]:
    names = ("replace_setup_link", "revoke_setup_link", "setup_link_redirects", "resume_setup_link")
    return [new_url(customer), *(url_of(name, link) for name in names)]


def test_a_viewer_may_do_nothing_and_nothing_is_sent(client: Client, sandbox: Sandbox, counted: Counted) -> None:
    link = a_link()
    writes = RemoteWrite.objects.count()
    counted.methods.clear()
    client.force_login(person("viewer"))
    for url in all_urls(link.customer, link):
        assert {client.get(url).status_code, client.post(url, typed()).status_code} <= {403, 405}, url
        assert client.post(url, typed()).status_code == 403, url
    for place in (change_page(link.customer), change_page(link)):
        page = text_of(client.get(place))
        assert not re.search(r"(Replace|Revoke|New setup link|Change redirects)\b", page), place
    assert counted.methods == [] and RemoteWrite.objects.count() == writes


def test_what_became_of_a_link_is_told_to_a_viewer_without_anything_to_do(
    client: Client, desk: Client, sandbox: Sandbox
) -> None:
    form = typed()
    desk.post(new_url(active_customer()), form)
    client.force_login(person("viewer"))
    page = text_of(client.get(reverse("admin:made_setup_link", args=[form["write_id"]])))
    assert "shown once" in page and "Replace this link" not in page and not TOKEN.search(page)
    assert client.get(reverse("admin:made_setup_link", args=[uuid4()])).status_code == 404


def test_strangers_go_to_the_log_in_and_forms_of_other_sites_are_refused(
    client: Client, sandbox: Sandbox, counted: Counted
) -> None:
    link = a_link()
    counted.methods.clear()
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("customer desk"))
    for url in all_urls(link.customer, link):
        assert client.post(url, typed()).headers["Location"].startswith("/admin/login/"), url
        assert strict.post(url, typed()).status_code == 403, url
    assert counted.methods == []


def test_looking_at_the_pages_sends_and_writes_nothing(desk: Client, sandbox: Sandbox, counted: Counted) -> None:
    link = a_link()
    writes = RemoteWrite.objects.count()
    counted.methods.clear()
    for url in [*all_urls(link.customer, link)[:-1], change_page(link), change_page(link.customer), LIST]:
        assert desk.get(url).status_code == 200, url
        assert desk.head(url).status_code == 200, url
    assert counted.methods == [] and RemoteWrite.objects.count() == writes


# -- what the pages say -----------------------------------------------------------------------------------------------


def test_the_page_says_for_whom_where_how_long_and_what_is_there_already(desk: Client, sandbox: Sandbox) -> None:
    link = a_link()
    Customer.objects.filter(pk=link.customer.pk).update(name="<script>alert(1)</script> & Co", status="suspended")
    page = text_of(desk.get(new_url(link.customer)))
    assert "<script>alert" not in page and "&lt;script&gt;alert(1)" in page
    assert "Writes to <strong>Kirim</strong>" in page and "Sandbox" in page
    for words in ("1 hour", "1 day", "3 days", "1 week", "2 weeks", "30 days", "own number of hours"):
        assert words in page
    assert len(re.findall(r"until <time [^>]+ data-both>\d{4}-\d\d-\d\d \d\d:\d\d UTC", page)) >= 7
    assert f"{link} can be used already" in page and url_of("replace_setup_link", link) in page
    assert "is suspended" in page
    revealed = text_of(desk.post(new_url(link.customer), typed()))
    assert TOKEN.search(revealed) and "<script>alert" not in revealed


def test_a_customer_who_gets_no_link_says_so_and_a_post_sends_nothing(
    desk: Client, sandbox: Sandbox, counted: Counted
) -> None:
    link = a_link()
    Customer.objects.filter(pk=link.customer.pk).update(status="archived")
    for url in (
        change_page(link.customer),
        change_page(link),
        new_url(link.customer),
        url_of("replace_setup_link", link),
    ):
        assert "an archived customer gets no setup link" in text_of(desk.get(url)), url
    assert re.search(r"<button[^>]* disabled>Create and show", text_of(desk.get(new_url(link.customer))))
    counted.methods.clear()
    form = typed()
    assert "archived" in text_of(desk.post(new_url(link.customer), form))
    assert write_of(form).state == State.REFUSED and counted.methods == []


def test_buttons_are_off_with_the_reason_where_kirim_is(desk: Client, sandbox: Sandbox, settings: Any) -> None:
    link = a_link()
    settings.KIRIM_API_KEY = ""
    for url in (change_page(link), new_url(link.customer), url_of("revoke_setup_link", link)):
        assert "KIRIM_API_KEY" in text_of(desk.get(url)), url
    form = typed()
    assert "Nothing was sent" in text_of(desk.post(new_url(link.customer), form))
    assert write_of(form).state == State.FAILED


def test_a_link_whose_customer_is_not_here_cannot_be_replaced(desk: Client) -> None:
    link = SetupLinkFactory(customer=None)
    page = text_of(desk.get(url_of("replace_setup_link", link)))
    assert "not mirrored here" in page
    assert "not mirrored here" in text_of(desk.post(url_of("replace_setup_link", link), typed()))
    assert not RemoteWrite.objects.exists()


def test_the_links_page_says_that_it_was_shown_once_and_why_buttons_are_off(desk: Client) -> None:
    link = SetupLinkFactory(expires_at=timezone.now())
    page = text_of(desk.get(change_page(link)))
    assert str(SHOWN_ONCE) in page and re.search(r"disabled>Revoke</button> <span[^>]*>It was expired already", page)
    assert url_of("replace_setup_link", link) in page


@pytest.mark.parametrize(
    ("status", "minutes", "is_told"), [("pending", 30, True), ("active", 30, False), ("pending", 1, False)]
)
def test_a_link_used_up_without_signing_up_is_pointed_out(
    desk: Client, status: str, minutes: int, is_told: bool
) -> None:
    now = timezone.now()
    customer = CustomerFactory(status=status, synced_at=now)
    used = now - timedelta(minutes=minutes)
    link = SetupLinkFactory(customer=customer, status="consumed", consumed_at=used)
    assert ("scanner" in text_of(desk.get(change_page(link)))) is is_told
    for place in (LIST, change_page(customer)):
        assert ("used without signing up" in text_of(desk.get(place))) is is_told, place
    newer = SetupLinkFactory(customer=customer)
    assert (change_page(newer) in text_of(desk.get(change_page(link)))) is is_told


def test_the_short_address_of_the_list_leads_there(desk: Client) -> None:
    answer = desk.get("/setup-links/?status=active", follow=True)
    assert answer.redirect_chain == [(f"{LIST}?status=active", 302)] and answer.status_code == 200
