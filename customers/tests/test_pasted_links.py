"""A pasted setup link finds its row by its last four, and is neither kept nor shown again."""

import logging
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from backoffice.bulk.freeze import Row, freeze
from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox, Switch
from backoffice.tests.factories import person
from backoffice.writes.plan import plan
from backoffice.writes.settle import settle_by_hand
from customers.models import SetupLink
from customers.pasted import shorten
from customers.tests.factories import AccountFactory, CustomerFactory, SetupLinkFactory
from customers.tests.writing import OPERATOR, active_customer
from customers.verbs import kirim as verbs

pytestmark = pytest.mark.django_db

TOKEN = "mock-token-aB3dE5fG7hJ9kLmNx7Qd"
URL = f"https://connect.kirim.example/s/{TOKEN}"
# What is typed, and what is looked for instead. The script on the page follows the same rules: it is tested with these
# in backoffice/tests/browser/test_link_writes.py.
EXAMPLES = {
    URL: "…x7Qd",
    TOKEN: "…x7Qd",
    f"  {URL}/ ": "  …x7Qd ",
    f"<{URL}>,": "…x7Qd",
    f"toko {URL} maju": "toko …x7Qd maju",
    f"{URL}?utm_source=mail#top": "…x7Qd",
    f"https://connect.kirim.example/?token={TOKEN}": "…x7Qd",
    f"connect.kirim.example/s/{TOKEN}": "…x7Qd",
    f"token={TOKEN}": "…x7Qd",
    "https://connect.kirim.example/s/0123456789abcdef": "…cdef",
    "toko maju": "toko maju",
    "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X": "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X",
    "cus_01J9ZK3M5N7P8Q2R": "cus_01J9ZK3M5N7P8Q2R",
    "csl_01J9ZKA1B2C3D4E5F6G7H8J9KM": "csl_01J9ZKA1B2C3D4E5F6G7H8J9KM",
    "req_01J9ZQ0000000000000000000A": "req_01J9ZQ0000000000000000000A",
    "5f793d4b-4a75-4d3d-aae7-fc207ceddf87": "5f793d4b-4a75-4d3d-aae7-fc207ceddf87",
    "owner1.with.a.long.name@shop.example": "owner1.with.a.long.name@shop.example",
    "+6281234567890123456789": "+6281234567890123456789",
    "106540352242000": "106540352242000",
    "https://app.example.com/whatsapp/onboarding-completed": "https://app.example.com/whatsapp/onboarding-completed",
    "https://kirim.example/customers/cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X": (
        "https://kirim.example/customers/cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"
    ),
}
LISTS = {"customer": "Toko Pasted", "setuplink": "…x7Qd", "whatsappaccount": "Account Pasted"}


@pytest.fixture
def link() -> SetupLink:
    customer = CustomerFactory(name="Toko Pasted")
    AccountFactory(name="Account Pasted", customer=customer)
    SetupLinkFactory(customer=CustomerFactory(name="Toko Other"), token_last4="x7Qe")
    return SetupLinkFactory(customer=customer, token_last4="x7Qd")


@pytest.mark.parametrize(("typed", "looked_for"), EXAMPLES.items())
def test_links_and_tokens_are_known_by_their_shape_and_ids_are_left_alone(typed: str, looked_for: str) -> None:
    assert shorten(typed) == looked_for


@pytest.mark.parametrize("pasted", [URL, TOKEN])
@pytest.mark.parametrize("model", LISTS)
def test_every_list_finds_what_belongs_to_a_pasted_link(desk: Client, link: SetupLink, model: str, pasted: str) -> None:
    url = reverse(f"admin:customers_{model}_changelist")
    answer = desk.get(url, {"q": pasted, "presence": "all"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain == [(f"{url}?q=%E2%80%A6x7Qd&presence=all", 302)]
    assert LISTS[model] in page and "Toko Other" not in page and "x7Qe" not in page
    assert 'value="…x7Qd"' in page and "Only its last four characters were used" in page
    assert TOKEN not in page + str(answer.redirect_chain) + str(answer.request)


def test_the_palette_finds_the_link_and_its_customer_by_a_pasted_link(desk: Client, link: SetupLink) -> None:
    url = reverse("admin:search")
    answer = desk.get(f"{url}?extended=1", {"s": URL, "extended": "1"}, follow=True, headers={"HX-Request": "true"})
    page = answer.content.decode()
    assert "Toko Pasted" in page and f"setuplink/{link.pk}/" in page and TOKEN not in page
    assert "Toko Other" not in page


def test_an_export_and_the_log_in_page_keep_no_pasted_link(client: Client, desk: Client, link: SetupLink) -> None:
    export = reverse("admin:customers_setuplink_export", args=["csv"])
    rows = b"".join(desk.get(export, {"q": URL}, follow=True).streaming_content).decode()  # type: ignore[attr-defined]
    assert "x7Qd" in rows and "x7Qe" not in rows
    desk.logout()
    answer = client.get(reverse("admin:customers_setuplink_changelist"), {"q": URL}, follow=True)
    assert "/admin/login/" in answer.redirect_chain[-1][0]
    assert TOKEN not in str(answer.redirect_chain) + answer.content.decode()


def test_a_pasted_link_is_in_no_log_session_or_message(
    desk: Client, link: SetupLink, caplog: pytest.LogCaptureFixture, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    for path in ("/admin/customers/setuplink/", "/no/such/page/", "/admin/search/"):
        answer = desk.get(path, {"q": URL, "s": TOKEN}, follow=True)
        assert TOKEN not in answer.content.decode()
    out = capfd.readouterr()
    sessions = "".join(str(session.get_decoded()) for session in Session.objects.all())
    assert TOKEN not in caplog.text + out.out + out.err + sessions + str(desk.cookies)


def test_a_redirect_without_the_link_stays_here(client: Client) -> None:
    answer = client.get("/", {"q": URL}, PATH_INFO="//evil.example/")
    assert answer.headers["Location"].startswith("/%2Fevil.example/")


def test_what_pages_show_of_a_link_finds_it_whatever_its_case(desk: Client, link: SetupLink) -> None:
    page = desk.get(reverse("admin:customers_setuplink_changelist"), {"q": "…X7QD"}).content.decode()
    assert "…x7Qd" in page.partition("result_list")[2]
    page = desk.get(reverse("admin:customers_customer_changelist"), {"q": "x7Qd"}).content.decode()
    assert "Toko Pasted" not in page, "a plain word is looked for in names"


def test_a_link_in_a_reason_is_kept_nowhere_and_the_same_form_still_sends_the_same_write_again(
    desk: Client, sandbox: Sandbox
) -> None:
    customer = active_customer()
    page = reverse("admin:suspend_customer", args=[customer.pk])
    reason = f"They lost {URL} on the train"
    sandbox.switches["kirim"].turn_on(Switch("limit", times=3))
    form = {"write_id": str(uuid4()), "again": "", "reason": reason}
    again = desk.post(page, form).context["form"]
    failed = RemoteWrite.objects.get()
    assert (failed.state, failed.reason) == ("failed", "They lost …x7Qd on the train")
    desk.post(page, {"write_id": again["write_id"].value(), "again": again["again"].value(), "reason": reason})
    failed.refresh_from_db()
    assert failed.state == "confirmed" and RemoteWrite.objects.count() == 1


def test_nor_is_one_in_the_reason_of_a_bulk_action_or_of_a_person_who_settles(sandbox: Sandbox) -> None:
    write, _ = plan(verbs.SUSPEND_CUSTOMER, OPERATOR, remote_id=active_customer().remote_id)
    RemoteWrite.objects.filter(pk=write.pk).update(state="unknown")
    write.refresh_from_db()
    settle_by_hand(write, OPERATOR, was_done=False, reason=URL)
    assert write.error.endswith(": …x7Qd")
    rows = [Row("cus_1", "One")]
    user = person("supervisor")
    bulk, _ = freeze(verbs.SUSPEND_CUSTOMER, user, id=uuid4(), rows=rows, words="one", reason=f"see {URL}")
    assert bulk.reason == "see …x7Qd"
