"""The CRM's commands: what they print, what they send, and how they end."""

import httpx
import pytest

from backoffice.models import RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.shell import Ended, command, run
from customers.models import Contact
from customers.tests.crm.layercake import FakeLayercake, contact, refusal

pytestmark = pytest.mark.django_db
KEYS = ["write", "verb", "target", "state", "remote_id", "status", "request_id", "error"]


def crm(kind: str, *argv: str) -> Ended:
    return run(command(f"customers.management.commands.{kind}"), *argv)


def test_what_is_mirrored_is_listed_and_shown(mirrored: FakeLayercake) -> None:
    listed = crm("contact", "list", "--json", "--search", "SANNE1@")
    assert [row["remote_id"] for row in listed.records] == ["obj_c001"]
    assert listed.records[0]["custom_fields"] == {"department": "Purchasing"}
    assert "1 of 3 contacts" in crm("contact", "list", "--limit", "1").err
    assert crm("contact", "list", "--status", "blocked").err == "No mirrored contact fits.\n"
    overdue = crm("invoice", "list", "--state", "overdue", "--json").records
    assert [(row["invoice_number"], row["state"], row["due_date"]) for row in overdue] == [
        ("INV-2026-001", "overdue", "2026-05-15")
    ]
    assert "EUR 1,785.00" in crm("invoice", "list", "--status", "paid").out
    assert crm("transaction", "show", "obj_t001", "--json").records[0]["line_items"][0]["text"] == "Ticket"
    assert crm("organization", "show", "obj_o001", "--json").records[0]["tax_id"] == "DE000000001"
    assert mirrored.requests == []
    mirrored.contacts.append(contact(7))
    assert crm("contact", "fetch", "obj_c007", "--json").records[0]["email"] == "sanne7@example.com"
    unknown = crm("contact", "fetch", "obj_none")
    assert unknown.code == 3 and "knows no contact 'obj_none'" in unknown.err
    assert "manage.py organization fetch obj_x" in crm("organization", "show", "obj_x").err
    viewer = person("viewer").username
    assert crm("invoice", "list", "--as", viewer).code == 0
    assert crm("invoice", "fetch", "obj_i001", "--as", viewer).code == 3


def test_contacts_and_organizations_are_written_once_with_the_promised_keys_and_codes(mirrored: FakeLayercake) -> None:
    id = "6f1c1f6e-0000-4000-8000-000000000001"
    argv = ("create", "--display-name", "Ayu", "--email", "ayu@example.com", "--custom-fields", '{"a": 1}')
    made = crm("contact", *argv, "--json", "--write", id)
    assert (made.code, list(made.records[0]), made.records[0]["state"]) == (0, KEYS, "confirmed")
    assert crm("contact", *argv, "--write", id).code == 0 and len(mirrored.called("POST")) == 1
    ayu = made.records[0]["remote_id"]
    changed = crm("contact", "update", ayu, "--company", "Kopi", "--email", "")
    sent = {"email": "", "company": "Kopi"}
    assert changed.code == 0 and mirrored.sent("PATCH") == [sent]
    same = crm("contact", "update", ayu, "--company", "Kopi")
    assert (same.code, same.out) == (0, f"Contact Ayu ({ayu}) stays as it is.\n")
    mirrored.contacts[-1]["customProperties"]["company"] = "Elsewhere"
    stale = crm("contact", "update", ayu, "--company", "Mine")
    assert stale.code == 3 and "meanwhile (company)" in stale.err and mirrored.sent("PATCH") == [sent]
    told = '  company before: "Kopi"\n  company theirs: "Elsewhere"\n  company yours:  "Mine"\n'
    assert stale.err.endswith(f"{told}To set yours all the same: add --overwrite.\n")
    assert crm("contact", "update", ayu, "--company", "Mine", "--overwrite").code == 0
    assert crm("contact", "update", ayu).code == 2
    assert crm("contact", "create", "--display-name", " ").code == 2
    assert crm("contact", "create", "--display-name", "X", "--custom-fields", "[1]").code == 2
    assert crm("contact", "delete", ayu).code == 2
    desk = person("customer desk").username
    assert crm("contact", "delete", ayu, "--yes", "--as", desk).code == 3 and mirrored.called("DELETE") == []
    gone = crm("contact", "delete", ayu, "--yes", "--json")
    assert (gone.code, gone.records[0]["state"]) == (0, "confirmed") and Contact.objects.get(remote_id=ayu).vanished_at
    company = crm("organization", "create", "--name", "Acme", "--tax-id", "X1", "--as", desk)
    assert company.code == 0 and mirrored.sent("POST")[-1]["taxId"] == "X1"
    mirrored.mischief = lambda request: refusal(429, "RESOURCE_LIMIT", "plan is full", suggestion="Upgrade your plan")
    full = crm("organization", "create", "--name", "More")
    assert full.code == 3 and "Upgrade your plan" in full.err
    mirrored.mischief = lambda request: httpx.Response(500)
    lost = crm("organization", "create", "--name", "Lost", "--json")
    assert (lost.code, lost.records[0]["state"]) == (1, RemoteWrite.State.UNKNOWN)
