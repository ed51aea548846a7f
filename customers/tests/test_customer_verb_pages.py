"""Suspending, activating and archiving from a page, and what is done with accounts."""

import html
import re
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from django.test import Client

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.reading import reasons_off, text_of
from customers.models import WhatsAppAccount
from customers.person.address import page_url
from customers.tests.factories import AccountFactory
from customers.tests.filled import form_in, opened, send
from customers.tests.pages import (
    CREATE,
    LIST,
    State,
    an_account,
    desk,
    in_state,
    page_of,
    there,
    trouble,
    url_of,
    user,
    write_of,
)  # fmt: skip
from customers.tests.writing import active_customer

__all__ = ["desk", "user"]

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [("suspend", "active", "suspended"), ("activate", "suspended", "active"), ("archive", "active", "archived")],
)
def test_a_customer_is_suspended_activated_and_archived_with_a_reason(
    desk: Client, sandbox: Sandbox, name: str, before: str, after: str
) -> None:
    customer = in_state(sandbox, before)
    assert f'href="{url_of(f"{name}_customer", customer)}"' in text_of(desk.get(page_of(customer)))
    form = opened(desk, url_of(f"{name}_customer", customer), reason="They asked for it", is_sure="on")
    answer = send(desk, url_of(f"{name}_customer", customer), form)
    assert answer.redirect_chain == [(page_of(customer), 302)]
    assert f"{customer.name} is {after}." in text_of(answer)
    assert there(sandbox, customer)["status"] == after
    done = write_of(form)
    assert (done.reason, str(done.actor), done.door) == ("They asked for it", "mira", "page")
    assert done.state == State.CONFIRMED
    send(desk, url_of(f"{name}_customer", customer), form)
    assert done.attempts.count() == 1


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"is_sure": "on"}, "reason", "Say why it is archived."),
        ({"reason": "  ", "is_sure": "on"}, "reason", "Say why it is archived."),
        ({"reason": "left us"}, "is_sure", "Tick this: archiving cannot be undone."),
        ({"reason": "x" * 1001, "is_sure": "on"}, "reason", "at most 1000 characters"),
    ],
)
def test_archiving_takes_a_reason_and_a_second_yes(
    desk: Client, sandbox: Sandbox, typed: dict[str, str], field: str, told: str
) -> None:
    customer = active_customer()
    url = url_of("archive_customer", customer)
    answer = send(desk, url, opened(desk, url, **typed))
    assert told in str(answer.context["form"].errors[field])
    assert form_in(answer.content.decode())["reason"] == typed.get("reason", "")
    assert there(sandbox, customer)["status"] == "active" and not RemoteWrite.objects.exists()


@pytest.mark.parametrize(
    ("status", "offs"),
    [
        ("active", {"Activate": "It is active already."}),
        ("suspended", {"Suspend": "It is suspended already."}),
        ("pending", {}),
        ("archived", {
            "Suspend": "It is archived, and that is final.", "Activate": "It is archived, and that is final.",
            "Archive": "It is archived already.",
        }),
        ("hibernating", {
            "Suspend": "It is in a state that is not known here (hibernating).",
            "Activate": "It is in a state that is not known here (hibernating).",
        }),
    ],
)  # fmt: skip
def test_buttons_that_are_off_say_why(desk: Client, sandbox: Sandbox, status: str, offs: dict[str, str]) -> None:
    customer = in_state(sandbox, status)
    page = text_of(desk.get(page_of(customer)))
    for label in ("Suspend", "Activate", "Archive"):
        url = url_of(f"{label.lower()}_customer", customer)
        is_off = label in offs
        assert (reasons_off(page).get(label), f'href="{url}"' in page) == (offs.get(label), not is_off), label
        if label in offs:
            assert offs[label] in text_of(desk.get(url, follow=True))


def test_with_kirim_off_every_button_says_so_and_a_post_sends_nothing(
    desk: Client, sandbox: Sandbox, settings: Any
) -> None:
    customer = active_customer()
    form = opened(desk, url_of("suspend_customer", customer), reason="kept")
    settings.KIRIM_BASE_URL = ""
    page = text_of(desk.get(page_of(customer)))
    for label in ("Edit", "Suspend", "Archive", "Refresh from Kirim"):
        assert reasons_off(page)[label] == "Kirim is off: set KIRIM_BASE_URL."
    assert "Kirim is off: set KIRIM_BASE_URL." in text_of(desk.get(LIST))
    assert "Kirim is off: set KIRIM_BASE_URL." in text_of(desk.get(CREATE))
    answer = send(desk, url_of("suspend_customer", customer), form)
    assert "Nothing was sent. Kirim is off" in text_of(answer)
    assert form_in(answer.content.decode())["reason"] == "kept"
    assert there(sandbox, customer)["status"] == "active"


@pytest.mark.parametrize(
    ("switch", "state", "told"),
    [
        ({"kind": "fail", "status": 400}, State.REFUSED, "Kirim refused it"),
        ({"kind": "fail", "status": 401}, State.REFUSED, "Kirim refuses our key or plan. An operator has to check it."),
        ({"kind": "fail", "status": 404}, State.REFUSED, "Kirim does not know it."),
        ({"kind": "fail", "status": 409}, State.REFUSED, "Kirim refused it"),
        ({"kind": "fail", "status": 422}, State.REFUSED, "Kirim refused it"),
        ({"kind": "limit"}, State.FAILED, "Kirim asks us to wait"),
        ({"kind": "limit", "retry_after": "3600"}, State.FAILED, "Kirim asks us to wait until"),
        ({"kind": "down"}, State.FAILED, "Nothing was done. Kirim does not answer now."),
        ({"kind": "drop"}, State.UNKNOWN, "Nobody can say yet whether Kirim did it"),
        ({"kind": "fail", "status": 500, "after_work": True}, State.UNKNOWN, "Nobody can say yet"),
        ({"kind": "latency", "ms": 300}, State.CONFIRMED, "is suspended."),
    ],
)
def test_how_a_suspension_ended_is_told(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any], state: str, told: str
) -> None:
    customer = active_customer()
    form = opened(desk, url_of("suspend_customer", customer), reason="unpaid")
    trouble(sandbox, method="PATCH", **switch)
    page = text_of(send(desk, url_of("suspend_customer", customer), form))
    assert told in page and write_of(form).state == state and "Traceback" not in page
    customer.refresh_from_db()
    assert customer.status == ("suspended" if state == State.CONFIRMED else "active")


def test_a_failed_suspension_is_sent_again_as_itself(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    url = url_of("suspend_customer", customer)
    trouble(sandbox, "down", method="PATCH", times=3)
    form = opened(desk, url, reason="unpaid")
    back = form_in(send(desk, url, form).content.decode())
    assert back["reason"] == "unpaid"
    assert f"{customer.name} is suspended." in text_of(send(desk, url, back))
    assert RemoteWrite.objects.count() == 1 and write_of(form).attempts.count() == 4


def test_an_activation_that_did_not_take_is_told_as_a_warning(
    desk: Client, remote: Any, sandbox: Sandbox, settings: Any
) -> None:
    customer = in_state(sandbox, "suspended")
    real = settings.REMOTE_TRANSPORT

    def stubborn(request: httpx.Request) -> httpx.Response:
        answer: httpx.Response = real.handle_request(request)
        answer.read()
        sandbox.kirim.customers.change(customer.remote_id, status="suspended")
        return answer

    settings.REMOTE_TRANSPORT = httpx.MockTransport(stubborn)
    url = url_of("activate_customer", customer)
    answer = send(desk, url, opened(desk, url))
    assert "Kirim took it but still shows suspended; its dashboard may have to lift" in text_of(answer)
    assert "is active." not in text_of(answer)
    assert [message.level_tag for message in answer.context["messages"]] == ["warning"]


@pytest.mark.parametrize("from_customer", [False, True])
def test_templates_are_synced_with_counts_from_both_pages(desk: Client, sandbox: Sandbox, from_customer: bool) -> None:
    account = an_account()
    start = page_of(account.customer) if from_customer and account.customer else page_of(account)
    page = text_of(desk.get(start))
    assert f'action="{url_of("sync_templates", account)}"' in page
    assert (f'name="next" value="{start}"' in page) is from_customer
    data = {"write_id": str(uuid4()), "next": start if from_customer else ""}
    answer = desk.post(url_of("sync_templates", account), data, follow=True)
    assert answer.redirect_chain == [(start, 302)]
    done = RemoteWrite.objects.get(pk=data["write_id"])
    assert done.state == State.CONFIRMED and "templates:" in done.remark
    assert f"The templates of {account} were synced. {done.remark}" in text_of(answer)
    desk.post(url_of("sync_templates", account), data)
    assert done.attempts.count() == 1


@pytest.mark.parametrize(
    ("switch", "state"),
    [
        ({"kind": "fail", "status": 422}, State.REFUSED),
        ({"kind": "fail", "status": 502}, State.UNKNOWN),
        ({"kind": "limit"}, State.FAILED),
        ({"kind": "down"}, State.FAILED),
    ],
)
def test_how_a_sync_of_templates_ended_is_told(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any], state: str
) -> None:
    account = an_account()
    trouble(sandbox, **switch)
    answer = desk.post(url_of("sync_templates", account), {"write_id": str(uuid4())}, follow=True)
    done = RemoteWrite.objects.get()
    assert done.state == state and done.error and done.error[:60] in text_of(answer)


def test_an_account_without_a_number_says_why_its_templates_cannot_be_synced(desk: Client, sandbox: Sandbox) -> None:
    account = AccountFactory(remote_id="onboarding:organization:7", phone_number_id=None, customer=None)
    why = "The account has no phone number id yet: its onboarding is not finished."
    page = text_of(desk.get(page_of(account)))
    assert reasons_off(page)["Sync templates"] == why
    assert "so only a sync of all accounts reads it again." in page
    answer = desk.post(url_of("sync_templates", account), {"write_id": str(uuid4())}, follow=True)
    assert why in text_of(answer) and RemoteWrite.objects.get().attempts.count() == 0
    assert "The organization itself owns it" in text_of(desk.post(url_of("refresh_account", account), follow=True))


def test_a_damaged_button_sends_nothing(desk: Client, sandbox: Sandbox) -> None:
    answer = desk.post(url_of("sync_templates", an_account()), {"write_id": "x"}, follow=True)
    assert "came back damaged" in text_of(answer) and not RemoteWrite.objects.exists()


def test_the_accounts_of_a_customer_are_read_again_from_both_pages(desk: Client, sandbox: Sandbox) -> None:
    account = an_account()
    assert account.customer
    count = account.customer.accounts.exclude(phone_number_id=None).count()
    for start, url in (
        (page_of(account), url_of("refresh_account", account)),
        (page_of(account.customer), url_of("refresh_accounts_of", account.customer)),
    ):
        WhatsAppAccount.objects.filter(pk=account.pk).update(status="odd", payload={})
        assert f'action="{url}"' in text_of(desk.get(start))
        answer = desk.post(url, follow=True)
        assert answer.redirect_chain == [(start, 302)]
        assert f"Refreshed from Kirim: {account.customer} has {count} account" in text_of(answer)


@pytest.mark.parametrize("kind", ["down", "limit"])
def test_a_refresh_of_accounts_that_fails_says_so(desk: Client, sandbox: Sandbox, kind: str) -> None:
    trouble(sandbox, kind)
    answer = desk.post(url_of("refresh_account", an_account()), follow=True)
    assert "Not all accounts could be refreshed. Kirim" in text_of(answer)


# -- the page that one came from --------------------------------------------------------------------------------------


def led_to(page: str, verb: str) -> str:
    """The address of a button's page, as the page has it."""
    return html.unescape(re.findall(rf'<a class="bo-button[^"]*" href="([^"]*/{verb}/[^"]*)"', page)[0])


def test_what_is_done_from_the_page_over_all_systems_leads_back_to_it(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    home = page_url(customer)
    page = text_of(desk.get(home))
    url = led_to(page, "suspend")
    assert f'<a href="{home}">' in text_of(desk.get(url)), "and so does its way out"
    assert send(desk, url, opened(desk, url, reason="asked")).redirect_chain == [(home, 302)]
    edit = led_to(page, "update")
    form = opened(desk, edit, name="Toko Baru")
    assert form["next"] == home
    assert send(desk, url_of("update_customer", customer), form).redirect_chain == [(home, 302)]
    assert desk.post(url_of("refresh_customer", customer), {"next": home}).headers["Location"] == home


@pytest.mark.parametrize("evil", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "/\\evil.example"])
def test_nobody_is_led_to_a_page_that_is_not_ours(desk: Client, sandbox: Sandbox, evil: str) -> None:
    customer = active_customer()
    url = f"{url_of('suspend_customer', customer)}?{urlencode({'next': evil})}"
    assert evil not in html.unescape(text_of(desk.get(url)).partition("<main")[2])
    assert send(desk, url, opened(desk, url, reason="asked")).redirect_chain == [(page_of(customer), 302)]
