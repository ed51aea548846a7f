"""Masked members where nobody looks first: what a remote quotes back, webhook bodies, guessing, bulk, the timeline."""

import json
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from backoffice.masking import masked
from backoffice.models import BulkItem, RemoteWrite, SyncRun, WebhookDelivery, WriteAttempt
from backoffice.tests.factories import person
from backoffice.tests.shell import command, run
from customers.models import IdentityLink
from customers.tests.bulking import bulk_at, confirm, select
from customers.tests.factories import CustomerFactory
from customers.tests.kirim import sync
from customers.tests.support.apideck import ACCOUNT, IBAN, PATH, PRIVATE, TAX, FakeApideck, refusal
from customers.tests.support.test_masked import LIST
from customers.tests.support.test_webhooks import post
from customers.tests.support.test_writes import ana, write
from customers.verbs.support import DELETE, UPDATE

SPACED = " ".join(IBAN[start : start + 4] for start in range(0, len(IBAN), 4))
SPELT = (*PRIVATE, SPACED, IBAN.lower(), TAX.replace("BE", "BE ").lower())
QUOTE = f"Cannot be done: IBAN {SPACED} ({IBAN.lower()}), account {ACCOUNT} and VAT be 0000000097 are in use"


def leaks(text: str) -> list[str]:
    return [value for value in SPELT if value in text]


@pytest.fixture
def looker(client: Client, db: None) -> Client:
    """Somebody who may see and do all but the masked members, signed in."""
    user = person("supervisor")
    user.groups.clear()
    user.user_permissions.set(Permission.objects.exclude(codename="view_masked_supportcustomer"))
    client.force_login(user)
    return client


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"IBAN {SPACED} is wrong", "IBAN (masked) is wrong"),
        (f"iban {IBAN.lower()}.", "iban (masked)."),
        ("BE68-5390-0754-7034!", "(masked)!"),
        (f"x{IBAN}y", "x(masked)y"),
        ("BE68 5390 0754", "BE68 5390 0754"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_a_private_text_is_masked_however_it_is_spelt(text: str, told: str) -> None:
    assert masked(text, [IBAN, "BE", "(.*"]) == told


@pytest.mark.parametrize("verb", ["update", "delete"])
def test_what_apideck_quotes_of_members_that_were_not_sent_is_masked(mirrored: FakeApideck, verb: str) -> None:
    mirrored.mischief = lambda request: (
        refusal(422, "InvalidStateError", QUOTE, {"invalid": [{"notes": QUOTE}]})
        if request.method in {"PATCH", "DELETE"} else None
    )  # fmt: skip
    done = write(UPDATE, "cs_1001", sends={"notes": "Mine"}) if verb == "update" else write(DELETE, "cs_1001")
    told = f"{done.error} {done.field_errors} {list(WriteAttempt.objects.values_list('error', flat=True))}"
    assert done.state == "refused" and "(masked)" in told and not leaks(told), told


def test_what_a_reading_quotes_is_masked_for_page_and_command(
    mirrored: FakeApideck, looker: Client, capfd: Any, caplog: Any
) -> None:
    caplog.set_level("DEBUG", "backoffice")
    mirrored.mischief = lambda request: refusal(422, "InvalidStateError", QUOTE)
    page = looker.post(f"{LIST}{ana().pk}/refresh/", follow=True).content.decode()
    support = command("customers.management.commands.support_customer")
    ended = run(support, "fetch", "cs_1001", "--json")
    assert "Cannot be done" in page and ended.code == 3 and "Cannot be done" in ended.err
    assert not leaks(page + ended.out + ended.err + caplog.text + "".join(capfd.readouterr()))


def test_a_list_that_quotes_an_account_keeps_it_out_of_the_run(mirrored: FakeApideck, looker: Client) -> None:
    mirrored.mischief = lambda request: refusal(422, "InvalidStateError", f"IBAN {SPACED} or {IBAN} is wrong")
    failed = sync("apideck.customers")
    assert failed.state == "failed" and "IBAN (masked) or (masked) is wrong" in failed.error
    page = looker.get(f"/runs/{failed.pk}/").content.decode() + looker.get("/").content.decode()
    assert not leaks(failed.error + page)


@pytest.mark.django_db(transaction=True)
def test_a_webhook_body_with_a_customer_in_it_is_masked_at_any_depth(apideck: FakeApideck, looker: Client) -> None:
    entity = {"customers": [{"id": "cs_1", "bank_accounts": {"iban": IBAN}, "tax_number": TAX, "notes": "Seen"}]}
    body = {"payload": {"event_id": "e1", "event_type": "customer.exported", "entity": entity}}
    assert post(looker, json.dumps(body).encode()) == 204
    address = f"/admin/backoffice/webhookdelivery/{WebhookDelivery.objects.get().pk}/change/"
    page = looker.get(address).content.decode()
    assert "Seen" in page and "(masked)" in page and not leaks(page)
    looker.force_login(person("supervisor"))
    assert IBAN in looker.get(address).content.decode()


GUESSES = (
    "payload__bank_accounts__iban__startswith=BE", "payload__tax_number=BE0000000097", "payload__contains=BE68",
    "search_text__contains=BE68", "o=payload", "payload__icontains=BE",
)  # fmt: skip


@pytest.mark.parametrize("guess", GUESSES)
def test_no_address_of_a_list_answers_a_guess(mirrored: FakeApideck, looker: Client, guess: str) -> None:
    mirrored.customers[1]["tax_number"] = "OTHER"
    sync("apideck.customers")
    write(UPDATE, "cs_1001", sends={"bank_accounts": {"bic": "B"}})
    alike = guess.replace("BE", "ZZ")
    before = guess.replace("payload", "before"), guess.replace("payload", "sends")
    for base, asked in (
        (LIST, guess), (f"{LIST}export/csv/", guess), ("/admin/backoffice/rowchange/", before[0]),
        ("/admin/backoffice/remotewrite/", before[1]), ("/admin/backoffice/rejectedrecord/", guess),
    ):  # fmt: skip
        answers = [looker.get(f"{base}?{query}") for query in (asked, asked.replace(guess, alike).replace("BE", "ZZ"))]
        seen = {(answer.status_code, answer.headers.get("Location", "").split("?")[0]) for answer in answers}
        assert len(seen) == 1, (base, asked, seen)
        if seen.pop()[0] == 200:  # both show the same rows
            rows = [b"".join(one) if one.streaming else one.content for one in answers]  # type: ignore[attr-defined]
            assert len({row.count(b"cs_10") + row.count(b"Peeters") for row in rows}) == 1, (base, asked)


def test_search_palette_bulk_timeline_and_identity_hold_nothing_of_it(mirrored: FakeApideck, looker: Client) -> None:
    customer = CustomerFactory(remote_id="cus_01JRVPD8Z9X2Q4S6T8V0W2Y4Z6", email="ana1@nordwind.example")
    IdentityLink.objects.create(
        customer=customer, resource="apideck.customers", record_id=ana().pk, remote_id="cs_1001", state="confirmed"
    )
    write(UPDATE, "cs_1001", sends={"tax_number": "TAX-77-1", "bank_accounts": {"bic": "NEWBIC"}})
    mirrored.customers[0] |= {"tax_number": TAX, "bank_accounts": {"iban": IBAN, "account_number": ACCOUNT}}
    sync("apideck.customers")
    mirrored.mischief = lambda request: (
        refusal(422, "InvalidStateError", QUOTE) if request.method == "DELETE" else None
    )  # fmt: skip
    bulk = bulk_at(
        confirm(
            looker, select(looker, "delete", type(ana()).objects.filter(pk=ana().pk), LIST), reason="Old", typed="1"
        )
    )
    assert BulkItem.objects.get().state == "refused"
    for address in (
        f"/customers/{customer.remote_id}/", f"/bulk/{bulk.pk}/", f"/admin/backoffice/bulkitem/?bulk={bulk.pk}",
        f"/admin/backoffice/bulkitem/export/csv/?bulk={bulk.pk}", "/admin/backoffice/bulkaction/",
        "/identity/?state=confirmed", "/needs-you/", "/admin/backoffice/drift/",
        f"/admin/backoffice/syncrun/{SyncRun.objects.latest('pk').pk}/change/",
    ):  # fmt: skip
        answer = looker.get(address, follow=True)
        assert answer.status_code == 200, address
        text = (b"".join(answer) if answer.streaming else answer.content).decode()  # type: ignore[attr-defined]
        assert not leaks(text) and "TAX-77-1" not in text and "NEWBIC" not in text, address
    for term in (IBAN, TAX, ACCOUNT, "NEWBIC"):
        for address in (f"/search/?q={term}", f"/admin/search/?s={term}"):
            assert "Peeters" not in looker.get(address).content.decode(), address
    commands = [
        ("backoffice.management.commands.bulk", "show", str(bulk.pk), "--json"),
        ("backoffice.management.commands.writes", "list", "--json"),
        ("customers.management.commands.support_customer", "list", "--search", IBAN, "--json"),
    ]
    user = User.objects.get(pk=looker.session["_auth_user_id"])
    for module, *argv in commands:
        ended = run(command(module), *argv, "--as", user.username)
        assert not leaks(ended.out + ended.err), argv
    assert RemoteWrite.objects.filter(state="refused").exists() and PATH
