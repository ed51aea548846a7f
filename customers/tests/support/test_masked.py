"""Tax number and bank account: told nowhere to people who may not see them, by whatever door they look."""

from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from backoffice.models import RejectedRecord, RemoteWrite, RowChange
from backoffice.tests.factories import person
from backoffice.tests.shell import command, run
from backoffice.writes.plan import plan
from customers.models import SupportCustomer
from customers.tests.kirim import sync
from customers.tests.support.apideck import PRIVATE, FakeApideck, customer
from customers.tests.support.test_writes import write
from customers.tests.writing import OPERATOR
from customers.verbs.support import UPDATE

LIST = "/admin/customers/supportcustomer/"
NEW = ("GB33BUKB20201555555555", "TAX-900-100")
VALUES = (*PRIVATE, *NEW)


@pytest.fixture
def told(mirrored: FakeApideck) -> FakeApideck:
    """Masked members in the mirror, in a change, in writes that were done, failed and refused, in a rejected record."""
    write(UPDATE, "cs_1001", sends={"bank_accounts": {"iban": NEW[0]}, "tax_number": NEW[1]}, before={})
    mirrored.customers[1] |= {"bank_accounts": {"iban": NEW[0]}, "tax_number": None, "currency": "GULDEN"}
    mirrored.customers[2]["emails"] = 7
    sync("apideck.customers")
    mirrored.customers[0]["tax_number"] = "TAX-900-100-b"
    before = {"tax_number": NEW[1], "bank_accounts": customer()["bank_accounts"]}
    write(UPDATE, "cs_1001", sends={"tax_number": "TAX-900-100-c"}, before=before)
    plan(UPDATE, OPERATOR, remote_id="cs_1002", sends={"tax_number": NEW[1]})
    return mirrored


def _looker() -> User:
    """Somebody who may see all that is kept here, raw payloads too, but not the masked members."""
    user = person("supervisor")
    user.groups.clear()
    others = Permission.objects.exclude(codename="view_masked_supportcustomer")
    user.user_permissions.set(others)
    return user


def _pages() -> list[str]:
    pages = [LIST, f"{LIST}?q={PRIVATE[0]}", f"{LIST}?q={NEW[1]}", "/", "/needs-you/"]
    for row in SupportCustomer.objects.all():
        pages += [f"{LIST}{row.pk}/change/", f"{LIST}{row.pk}/update/", f"{LIST}{row.pk}/delete/"]
    for model in (RemoteWrite, RowChange, RejectedRecord):
        base = f"/admin/backoffice/{model._meta.model_name}/"
        pages += [base, *(f"{base}{row.pk}/change/" for row in model.objects.all())]
    return pages


def test_no_page_file_command_or_log_tells_masked_members_to_who_may_not_see_them(
    told: FakeApideck, client: Client, capfd: Any, caplog: Any
) -> None:
    caplog.set_level("DEBUG", "backoffice")  # Django's own debug lines repeat the address of the search
    user = _looker()
    client.force_login(user)
    seen = {}
    for page in _pages():
        answer = client.get(page)
        assert answer.status_code == 200, (page, answer.status_code)
        seen[page] = answer.content.decode()
    for path in (LIST, "/admin/backoffice/remotewrite/", "/admin/backoffice/rowchange/"):
        export = client.get(f"{path}export/csv/")
        seen[f"{path}export"] = b"".join(export.streaming_content).decode()  # type: ignore[attr-defined]
    writes, support = "backoffice.management.commands.writes", "customers.management.commands.support_customer"
    asked = [(support, "list"), (support, "show", "cs_1001"), (support, "show", "cs_1001", "--json"), (writes, "list")]
    asked += [(writes, "show", str(one.pk), *json) for one in RemoteWrite.objects.all() for json in ((), ("--json",))]
    for module, *argv in asked:
        ended = run(command(module), *argv, "--as", user.username)
        assert ended.code == 0, (argv, ended.err)
        seen[" ".join(argv)] = ended.out + ended.err
    for found in (f"{LIST}?q={PRIVATE[0]}", f"{LIST}?q={NEW[1]}"):
        assert "Ana Peeters" not in seen.pop(found), found  # it is no word of the search; what was typed is shown
    seen["log"] = caplog.text + "".join(capfd.readouterr())
    assert {where: [value for value in VALUES if value in text] for where, text in seen.items()} == {
        where: [] for where in seen
    }


def test_who_may_see_them_does(told: FakeApideck, supervisor: Client) -> None:
    row = SupportCustomer.objects.get(remote_id="cs_1001")
    page = supervisor.get(f"{LIST}{row.pk}/change/").content.decode()
    assert all(page.count(value) >= 2 for value in (NEW[1], NEW[0]))  # the facts, and the raw payload
    change = RowChange.objects.filter(member="tax_number").earliest("pk")
    assert NEW[1] in supervisor.get(f"/admin/backoffice/rowchange/{change.pk}/change/").content.decode()
    done = RemoteWrite.objects.earliest("planned_at")
    assert NEW[0] in supervisor.get(f"/admin/backoffice/remotewrite/{done.pk}/change/").content.decode()
