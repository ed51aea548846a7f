"""L4YERCAK3's webhooks: who may deliver, what is read again then, and our subscription to them."""

import hmac
import json
import re
import time
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from backoffice import tasks
from backoffice.models import RemoteWrite, WebhookDelivery
from backoffice.tests.everywhere import every_table
from backoffice.tests.shell import Ended, command, run
from customers.models import Contact, Invoice
from customers.tests.crm.layercake import FakeLayercake
from customers.tests.crm.writing import heal, lose_answers
from customers.tests.writing import look
from customers.webhooks.layercake import LayercakeInbox

pytestmark = pytest.mark.django_db
SECRET = "whsec_example"
URL = "/webhooks/layercake/"
OURS = "http://testserver/webhooks/layercake/"
State = WebhookDelivery.State


def post(client: Client, body: bytes, *, at: int | None = None, secret: str = SECRET, header: str = "") -> HttpResponse:
    moment = int(time.time()) if at is None else at
    signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, sha256).hexdigest()
    signed = {"X-L4yercak3-Signature": header or f"t={moment},v1={signature}"}
    return client.post(URL, body, content_type="application/json", headers=signed)


def deliver(client: Client, type: str, id: Any, **members: Any) -> WebhookDelivery:
    event = {"id": f"evt_{uuid4()}", "type": type, "timestamp": 1776409200000, "data": {"id": id}, **members}
    assert post(client, json.dumps(event).encode()).status_code == 204
    tasks.process_deliveries()
    return WebhookDelivery.objects.get(upstream="layercake", event_id=event["id"])


@pytest.fixture(autouse=True)
def secret(settings: Any) -> None:
    settings.LAYERCAKE_WEBHOOK_SECRET = f"whsec_new, {SECRET}"


def test_the_signature_of_the_contracts_example_holds_and_nothing_else_does(client: Client, crm: FakeLayercake) -> None:
    body = b'{"id":"evt_1","type":"contact.created"}'
    example = "t=1776409200,v1=086d168a7678ac90115985e2abe527edfab59a96e642ea59995d9aa31c819078"
    with time_machine.travel(1776409200 + 299, tick=False):
        first = post(client, body, header=example)
        assert first.status_code == 204, first.content
        assert post(client, body, header=example).status_code == 204
    for late_s in (301, -301):
        with time_machine.travel(1776409200 + late_s, tick=False):
            assert post(client, body, header=example).status_code == 400
    with time_machine.travel(1776409200, tick=False):
        for header in (
            "", "t=1776409200", example.replace("08", "09"), f"t=now,v1={'0' * 64}", "v1=x", f"{example},t=1776409200",
            example.partition(",")[2],
        ):  # fmt: skip
            assert post(client, body, header=header or " ").status_code == 400, header
        assert post(client, b'{"id":"evt_2"}', header=example).status_code == 400
        assert post(client, body, secret="whsec_other", at=1776409200).status_code == 400
        assert post(client, b'{"id":"evt_3","type":"x.y"}', secret="whsec_new", at=1776409200).status_code == 204
    assert WebhookDelivery.objects.count() == 2


def test_what_an_event_is_about_is_read_again_and_all_else_is_kept_and_left(
    client: Client, mirrored: FakeLayercake, settings: Any
) -> None:
    mirrored.contacts[0]["displayName"] = "Sanne Nieuw"
    mirrored.invoices[0]["status"] = "paid"
    told = deliver(client, "contact.updated", "obj_c001", data={"id": "obj_c001", "displayName": "Not this"})
    assert told.state == State.PROCESSED
    assert Contact.objects.get(remote_id="obj_c001").display_name == "Sanne Nieuw"
    assert deliver(client, "invoice.paid", "obj_i001").state == State.PROCESSED
    assert Invoice.objects.get(remote_id="obj_i001").status == "paid"
    for type in ("transaction.refunded", "organization.updated"):
        id = {"transaction.refunded": "obj_t001", "organization.updated": "obj_o002"}[type]
        assert deliver(client, type, id).state == State.PROCESSED
    assert mirrored.called("GET") == [
        "/crm/contacts/obj_c001", "/invoices/obj_i001", "/transactions/obj_t001", "/crm/organizations/obj_o002",
    ]  # fmt: skip
    for type in ("ticket.issued", "something.new"):
        assert deliver(client, type, "obj_x").state == State.IGNORED
    other = deliver(client, "contact.updated", "obj_c001", organizationId="org_other")
    assert other.state == State.IGNORED and "another tenant" in other.error
    assert deliver(client, "contact.updated", None).state == State.FAILED
    del mirrored.contacts[0]
    gone = deliver(client, "contact.deleted", "obj_c001")
    assert gone.state == State.PROCESSED or "no longer knows" in gone.error
    settings.LAYERCAKE_WEBHOOK_SECRET = ""
    assert post(client, b"{}").status_code == 503


def subscribe(*argv: str) -> Ended:
    return run(command("backoffice.management.commands.webhooks"), "subscribe", "layercake", *argv)


def test_a_subscription_is_made_with_our_secret_and_replaced_where_it_lacks_an_event(
    crm: FakeLayercake, settings: Any
) -> None:
    settings.LAYERCAKE_BASE_URL = "http://127.0.0.1:9000/sandbox/layercake"
    crm.webhooks.append({"id": "wh_other", "url": "https://somebody.example/", "events": ["contact.created"]})
    made = subscribe()
    assert (made.code, made.out) == (0, "") and "was made" in made.err
    sent = crm.sent("POST")[0]
    assert sent == {
        "organizationId": "org_9f2k7q", "url": OURS, "events": list(LayercakeInbox.events), "secret": "whsec_new",
    }  # fmt: skip
    assert "whsec_new" not in every_table() + made.err
    assert "as it should" in subscribe().err and len(crm.called("POST")) == 1
    crm.webhooks[-1]["events"], old = ["contact.created"], crm.webhooks[-1]["id"]
    assert subscribe().code == 2 and len(crm.called("POST")) == 1
    assert subscribe("--yes").code == 0
    assert [row["url"] for row in crm.webhooks] == ["https://somebody.example/", OURS]
    assert crm.webhooks[-1]["id"] != old
    doctor = run(command("backoffice.management.commands.doctor"), "--json")
    (found,) = [row for row in doctor.records if row["name"] == "layercake webhooks"]
    assert found["state"] == "ok", found


def test_a_secret_takes_over_from_another_while_both_are_taken(
    client: Client, crm: FakeLayercake, settings: Any
) -> None:
    settings.LAYERCAKE_BASE_URL = "http://127.0.0.1:9000/sandbox/layercake"
    settings.LAYERCAKE_WEBHOOK_SECRET = "whsec_old"
    assert subscribe().code == 0 and crm.sent("POST")[-1]["secret"] == "whsec_old"
    old = crm.webhooks[-1]["id"]
    settings.LAYERCAKE_WEBHOOK_SECRET = "whsec_new,whsec_old"
    assert "as it should" in subscribe().err  # what it signs with nobody can tell
    asked = subscribe("--replace")
    assert asked.code == 2 and "--yes" in asked.err and len(crm.called("POST")) == 1
    assert run(command("backoffice.management.commands.webhooks"), "subscribe", "--replace", "--yes").code == 2
    lose_answers(crm, "DELETE", is_done=False)
    assert subscribe("--replace", "--yes").code == 1
    heal(crm)
    new = crm.webhooks[-1]["id"]
    assert [row["id"] for row in crm.webhooks] == [old, new]  # the new one before the old one goes
    for number, secret in enumerate(("whsec_old", "whsec_new")):
        body = json.dumps({"id": f"evt_{number}", "type": "contact.updated", "data": {"id": "obj_c001"}}).encode()
        assert post(client, body, secret=secret).status_code == 204, secret
    assert look(RemoteWrite.objects.latest("planned_at")).state == RemoteWrite.State.FAILED
    done = subscribe("--yes")
    assert done.code == 0 and [row["id"] for row in crm.webhooks] == [new], done
    sent = [body["secret"] for body in crm.sent("POST")]
    assert sent == ["whsec_old", "whsec_new"] and not any(secret in every_table() + done.err for secret in sent)


def test_where_no_secret_is_set_one_is_made_and_shown_once(crm: FakeLayercake, settings: Any) -> None:
    settings.LAYERCAKE_BASE_URL = "http://127.0.0.1:9000/sandbox/layercake"
    settings.LAYERCAKE_WEBHOOK_SECRET = ""
    made = subscribe()
    line = re.fullmatch(r"LAYERCAKE_WEBHOOK_SECRET=(whsec_\S{43})\n", made.out)
    assert line and made.code == 0 and crm.sent("POST")[0]["secret"] == line[1]
    assert line[1] not in every_table() + made.err
    settings.LAYERCAKE_WEBHOOK_SECRET = line[1]
    assert "as it should" in subscribe().err
    crm.webhooks.clear()
    lose_answers(crm, "POST")
    assert subscribe().code == 1
    heal(crm)
    lost = look(RemoteWrite.objects.latest("planned_at"))
    assert (lost.state, lost.secret_lost) == (RemoteWrite.State.CONFIRMED, False)
    assert "as it should" in subscribe().err
