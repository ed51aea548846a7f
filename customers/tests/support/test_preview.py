"""Before a change is sent to Apideck, its exact request can be seen."""

from typing import Any

import pytest

from backoffice.tests.previewing import assert_shown_as_sent, verbs_of, watched
from backoffice.writes.verbs import write_verb
from customers.tests.support.apideck import IBAN, FakeApideck

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
