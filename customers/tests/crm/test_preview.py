"""Before a change is sent to L4YERCAK3, its exact request can be seen."""

from typing import Any

import pytest
from django.test import Client

from backoffice.models import BulkAction
from backoffice.tests.previewing import assert_shown_as_sent, verbs_of, watched
from backoffice.tests.reading import shown_in
from backoffice.writes.verbs import write_verb
from customers.tests.crm.layercake import FakeLayercake
from customers.tests.crm.writing import SANNE
from customers.tests.filled import form_in

pytestmark = pytest.mark.django_db
IMPORT = "/admin/customers/contact/import/"
WRITE_ID = "00000000-0000-0000-0000-000000000001"
HOOK = "https://office.example/webhooks/layercake/"
CASES: dict[tuple[str, str], dict[str, Any]] = {
    ("contact", "create"): {"sends": {**SANNE, "customFields": {"department": "Sales"}}},
    ("contact", "update"): {"remote_id": "obj_c001", "sends": {"phone": "", "customFields": {"a": 1.5}}},
    ("contact", "delete"): {"remote_id": "obj_c001", "reason": "asked for it"},
    ("organization", "create"): {"sends": {"name": "Acme", "website": "https://acme.example"}},
    ("layercake_subscription", "create"): {"sends": {"url": HOOK, "events": ["contact.created"]}},
    ("layercake_subscription", "delete"): {"remote_id": "wh_1"},
}


def test_every_verb_of_l4yercak3_has_a_case() -> None:
    assert CASES.keys() == verbs_of("layercake")


@pytest.mark.parametrize("key", CASES, ids=".".join)
def test_what_is_shown_of_a_change_at_l4yercak3_is_what_is_sent(
    mirrored: FakeLayercake, settings: Any, key: tuple[str, str]
) -> None:
    mirrored.webhooks.append({"id": "wh_1", "url": HOOK, "events": ["contact.created"]})
    shown = assert_shown_as_sent(watched(settings), write_verb(*key), CASES[key])
    assert ("X-Organization-Id", "org_9f2k7q") in shown.headers


def test_of_an_import_the_first_row_is_shown_and_how_many_are_like_it(
    mirrored: FakeLayercake, supervisor: Client
) -> None:
    text = "display_name,email\nLena Vogel,lena@example.org\nTom Berg,tom@example.org\n"
    looked = form_in(supervisor.post(IMPORT, {"write_id": WRITE_ID, "text": text}).content.decode())
    page = shown_in(supervisor.post(IMPORT, {**looked.dict(), "_preview": "1"}))
    assert '"displayName": "Lena Vogel"' in page and "2 rows are sent like it, each with its own." in page
    assert "Tom Berg" in page and not BulkAction.objects.exists() and not mirrored.called("POST")


def test_an_import_is_shown_to_nobody_else(mirrored: FakeLayercake, desk: Client) -> None:
    text = "display_name,email\nLena Vogel,lena@example.org\n"
    page = desk.post(IMPORT, {"write_id": WRITE_ID, "text": text}).content.decode()
    assert "_preview" not in page
    assert desk.post(IMPORT, {**form_in(page).dict(), "_preview": "1"}).status_code == 403
    assert not BulkAction.objects.exists() and not mirrored.called("POST")
