"""Importing contacts: a file is read whole and judged first, confirmed once, and what did not end well comes back."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backoffice.models import BulkAction, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from backoffice.tests.shell import Ended, command, run
from customers.contact_import import MAX_ROWS, NotReadable, decoded, planned
from customers.models import Contact
from customers.tests.bulking import bulk_at, states
from customers.tests.crm.layercake import FakeLayercake, refusal
from customers.tests.filled import form_in

pytestmark = pytest.mark.django_db
URL = "/admin/customers/contact/import/"
GOOD = (
    "name;email;phone;custom:tier\r\n"
    "Ayu;ayu@example.com;'+31 6;gold\r\n"
    "\r\n"
    "Sanne;SANNE1@example.com;;\r\n"
    '"Bo; the baker";;;\r\n'
)
BAD = "display_name,email\nAyu,ayu@example.com\n,no-name@example.com\nBo,not an address\nCy,AYU@example.com,x\n"


def look(client: Client, **typed: Any) -> str:
    """What the page says of a file."""
    return text_of(client.post(URL, {"write_id": "6f1c1f6e-0000-4000-8000-000000000001", **typed}))


def test_a_file_is_judged_row_by_row_and_nothing_is_sent(mirrored: FakeLayercake, supervisor: Client) -> None:
    told = look(supervisor, text=BAD)
    assert "Row" in told and "it has no name" in told and "is no e-mail address" in told
    assert "it has the e-mail of row 2" in told and "3 cells" in told and 'name="confirm"' not in told
    assert "not an address" in told  # what was typed stays
    told = look(supervisor, file=SimpleUploadedFile("c.csv", b"\xef\xbb\xbf" + GOOD.encode()))
    assert "2 would be created" in told and "1 here already" in told and "Sanne de Vries 1" in told
    assert mirrored.requests == [] and not BulkAction.objects.exists()
    for text in ("", "email\na@b.c\n", "display_name,shoe\nA,1\n", "name,Name\nA,B\n", 'name\n"A\n', "name\nA\x00\n"):
        assert "Nothing was sent." in look(supervisor, text=text), text
    with pytest.raises(NotReadable):
        planned("name\n" + "A\n" * (MAX_ROWS + 1))
    with pytest.raises(NotReadable):
        decoded("name\nÄ".encode("latin-1"))


def test_what_was_confirmed_is_created_once_and_what_failed_comes_back_as_a_file(
    mirrored: FakeLayercake, supervisor: Client
) -> None:
    page = supervisor.post(URL, {"write_id": str(uuid4()), "text": GOOD}).content.decode()
    form = form_in(page, confirm="1")
    stale = form.copy()
    stale["digest"] = "0" * 32
    assert "has changed since it was shown" in look(supervisor, **{name: stale[name] for name in stale})
    mirrored.mischief = lambda request: refusal(400, "VALIDATION_ERROR", "no") if b"Ayu" in request.content else None
    bulk = bulk_at(supervisor.post(URL, form))
    assert states(bulk) == ["refused", "confirmed"] and bulk_at(supervisor.post(URL, form)) == bulk
    assert mirrored.sent("POST") == [
        {"organizationId": "org_9f2k7q", "displayName": "Ayu", "email": "ayu@example.com", "phone": "+31 6",
         "customFields": {"tier": "gold"}},
        {"organizationId": "org_9f2k7q", "displayName": "Bo; the baker"},
    ]  # fmt: skip
    assert bulk.items.get(position=2).remote_id == Contact.objects.get(display_name="Bo; the baker").remote_id
    assert f"/bulk/{bulk.pk}/rest/" in text_of(supervisor.get(f"/bulk/{bulk.pk}/"))
    answer: Any = supervisor.get(f"/bulk/{bulk.pk}/rest/")
    rest = b"".join(answer.streaming_content).decode()
    assert "'+31 6" in rest and "Bo" not in rest and "refused" in rest
    again = planned(rest)
    assert [dict(row.sends) for row in again.rows] == [RemoteWrite.objects.get(pk=bulk.items.first().pk).sends]
    supervisor.force_login(person("viewer"))
    assert supervisor.get(f"/bulk/{bulk.pk}/rest/").status_code == 403 == supervisor.get(URL).status_code


def test_the_command_tells_first_and_then_creates(mirrored: FakeLayercake, tmp_path: Path) -> None:
    def contact(*argv: str) -> Ended:
        return run(command("customers.management.commands.contact"), *argv)

    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(GOOD), bad.write_text(BAD)
    told = contact("import", str(good), "--dry-run")
    assert told.code == 0 and "2 to be created, 1 here already, 0 wrong" in told.err and mirrored.requests == []
    refused = contact("import", str(bad))
    assert refused.code == 2 and "Row 3: it has no name." in refused.err and mirrored.requests == []
    assert contact("import", str(tmp_path / "none.csv")).code == 2
    assert contact("import", str(good), "--as", person("viewer").username).code == 3
    made = contact("import", str(good), "--json", "--as", person("customer desk").username)
    assert made.code == 0 and [row["state"] for row in made.records] == ["confirmed", "confirmed"]
    assert len(mirrored.called("POST")) == 2
    assert "3 here already" not in contact("import", str(good), "--dry-run").err
