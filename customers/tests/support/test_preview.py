"""Before a change is sent to Apideck, its exact request can be seen."""

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from backoffice.errors import NotAllowed
from backoffice.models import AuditEntry, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.previewing import OPERATOR, assert_shown_as_sent, verbs_of, watched
from backoffice.writes.plan import Actor
from backoffice.writes.preview import preview
from backoffice.writes.verbs import write_verb
from customers.models import SupportCustomer
from customers.tests.filled import opened, send
from customers.tests.support.apideck import IBAN, PRIVATE, FakeApideck

NEW = {
    "first_name": "Luc", "emails": [{"email": "luc@example.org", "type": "personal"}],
    "bank_accounts": {"iban": IBAN, "currency": None},
}  # fmt: skip
CASES: dict[tuple[str, str], dict[str, Any]] = {
    ("support_customer", "create"): {"sends": NEW},
    ("support_customer", "update"): {"remote_id": "cs_1001", "sends": {"first_name": "Ana Maria", "tax_number": None}},
    ("support_customer", "delete"): {"remote_id": "cs_1001", "reason": "asked for it"},
}


def test_every_verb_of_apideck_has_a_case() -> None:
    assert CASES.keys() == verbs_of("apideck")


@pytest.mark.parametrize("key", CASES, ids=".".join)
def test_what_is_shown_of_a_change_at_apideck_is_what_is_sent(
    mirrored: FakeApideck, settings: Any, key: tuple[str, str]
) -> None:
    shown = assert_shown_as_sent(watched(settings), write_verb(*key), CASES[key])
    assert ("X-Apideck-App-Id", "•••") in shown.headers and ("X-Apideck-Consumer-Id", "tenant-7") in shown.headers


def test_members_that_the_person_may_not_see_stay_masked(mirrored: FakeApideck, client: Client) -> None:
    looker = person("customer desk")
    looker.user_permissions.add(Permission.objects.get(codename="preview_remotewrite"))
    client.force_login(looker)
    url = f"/admin/customers/supportcustomer/{SupportCustomer.objects.get(remote_id='cs_1001').pk}/update/"
    form = opened(client, url, first_name="Ana Maria")
    form["_preview"] = "1"
    page = send(client, url, form).content.decode()
    assert "&quot;first_name&quot;: &quot;Ana Maria&quot;" in page and not any(text in page for text in PRIVATE)
    assert mirrored.requests == []
    masked = preview(
        write_verb("support_customer", "update"), OPERATOR, id=uuid4(), **CASES["support_customer", "update"]
    )
    assert '"tax_number": null' in masked.body
    held = Actor(looker, RemoteWrite.Door.PAGE)
    with pytest.raises(NotAllowed, match="may not see tax_number"):
        preview(write_verb("support_customer", "update"), held, id=uuid4(), **CASES["support_customer", "update"])


def test_whoever_sees_a_masked_member_in_a_request_is_noted(mirrored: FakeApideck) -> None:
    looker = Actor(person("supervisor"), RemoteWrite.Door.PAGE)
    sends = {"tax_number": "BE0000000098"}
    shown = preview(write_verb("support_customer", "update"), looker, id=uuid4(), remote_id="cs_1002", sends=sends)
    assert '"tax_number": "BE0000000098"' in shown.body
    assert AuditEntry.objects.filter(remote_id="cs_1002", actor=looker.user).exists()
