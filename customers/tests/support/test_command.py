"""``support_customer`` at its door."""

import json
from typing import Any

import pytest

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from customers.models import SupportCustomer
from customers.tests.support.apideck import PRIVATE, TAX, FakeApideck, refusal

pytestmark = pytest.mark.django_db(transaction=True)


def support(*argv: str) -> Ended:
    return run(command("customers.management.commands.support_customer"), *argv)


def test_customers_are_listed_found_and_shown(mirrored: FakeApideck) -> None:
    listed = support("list", "--json", "--search", "ANA2@")
    assert (listed.code, [row["remote_id"] for row in listed.records]) == (0, ["cs_1002"])
    (shown,) = support("show", "cs_1001", "--json").records
    assert shown["tax_number"] == TAX and shown["emails"][0]["email"] == "Ana1@nordwind.example"
    missing = support("show", "cs_7")
    assert missing.code == 1 and "manage.py support_customer fetch cs_7" in missing.err
    mirrored.customers[0]["notes"] = "Newer"
    assert support("fetch", "cs_1001", "--json").records[0]["notes"] == "Newer"
    assert support("fetch", "cs_7").code == 3


def test_a_customer_is_created_changed_and_deleted(mirrored: FakeApideck) -> None:
    made = support("create", "--data", '{"first_name": "Luc"}', "--json")
    assert made.code == 0 and made.records[0]["remote_id"] == "cs_5003"
    assert list(made.records[0]) == [
        "write", "verb", "target", "state", "remote_id", "status", "request_id", "error",
    ]  # fmt: skip
    again = support("create", "--data", '{"first_name": "Luc"}', "--write", made.records[0]["write"])
    assert again.code == 0 and "nothing was sent now" in again.err and len(mirrored.sent("POST")) == 1
    changed = support("update", "cs_5003", "--data", '{"last_name": "Martin", "tax_number": "T1"}')
    assert (changed.code, changed.out) == (0, "Changed Luc Martin (cs_5003).\n")
    assert support("delete", "cs_5003").code == 2
    assert support("delete", "cs_5003", "--yes").code == 0
    assert SupportCustomer.objects.get(remote_id="cs_5003").vanished_at


def test_somebody_elses_change_is_told_and_overwritten_only_when_asked(mirrored: FakeApideck) -> None:
    mirrored.customers[0]["notes"] = "Theirs"
    refused = support("update", "cs_1001", "--data", '{"notes": "Mine"}')
    assert refused.code == 3 and 'notes theirs: "Theirs"' in refused.err and not mirrored.sent("PATCH")
    mirrored.customers[0]["notes"] = "Theirs again"
    assert support("update", "cs_1001", "--data", '{"notes": "Mine"}', "--overwrite").code == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        ("[]", "an object with at least one member"), ("{", "no JSON"), ('{"id": "x"}', "Apideck sets it by itself"),
        ('{"status": "gone"}', "knows no status"),
    ],
)  # fmt: skip
def test_data_that_cannot_be_sent_is_wrong_usage(mirrored: FakeApideck, capsys: Any, data: str, told: str) -> None:
    ended = support("update", "cs_1001", "--data", data)
    assert ended.code == 2 and told in ended.err + capsys.readouterr().err and not RemoteWrite.objects.exists()


def test_what_the_service_cannot_do_is_refused(mirrored: FakeApideck) -> None:
    mirrored.mischief = lambda request: refusal(501, "ConnectorOperationUnsupportedError", "Not supported")
    ended = support("delete", "cs_1001", "--yes")
    assert ended.code == 3 and "cannot do this" in ended.err


def test_a_person_does_what_the_permissions_allow_and_sees_no_masked_member(mirrored: FakeApideck) -> None:
    for role in ("viewer", "customer desk"):
        person(role, username=role)
    (shown,) = support("show", "cs_1001", "--json", "--as", "viewer").records
    assert shown["tax_number"] == shown["bank_accounts"] == "(masked)"
    outputs: list[Any] = [shown, *(support(*argv, "--as", "viewer") for argv in (("list",), ("show", "cs_1001")))]
    assert support("update", "cs_1001", "--data", '{"notes": "x"}', "--as", "viewer").code == 3
    assert support("update", "cs_1001", "--data", '{"notes": "x"}', "--as", "customer desk").code == 0
    hidden = support("update", "cs_1001", "--data", json.dumps({"tax_number": "x"}), "--as", "customer desk")
    assert hidden.code == 3 and "may not see tax_number" in hidden.err
    assert support("delete", "cs_1001", "--yes", "--as", "customer desk").code == 3
    assert not [value for value in PRIVATE if value in str([*outputs, hidden])]
