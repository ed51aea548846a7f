"""Before a change is sent to L4YERCAK3, its exact request can be seen."""

from typing import Any

import pytest

from backoffice.tests.previewing import assert_shown_as_sent, verbs_of, watched
from backoffice.writes.verbs import write_verb
from customers.tests.crm.layercake import FakeLayercake
from customers.tests.crm.writing import SANNE

pytestmark = pytest.mark.django_db
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
