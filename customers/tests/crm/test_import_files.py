"""Files as people have them: whatever a spreadsheet made of it is read, or it is said what to do; nothing twice."""

from codecs import BOM_UTF8
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from backoffice.bulk.freeze import freeze
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from backoffice.tests.shell import Ended, command, run
from customers.contact_import import MAX_ROWS, NotReadable, decoded, planned
from customers.models import Contact
from customers.tests.bulking import bulk_at
from customers.tests.crm.layercake import FakeLayercake
from customers.tests.crm.test_import import URL
from customers.tests.crm.writing import heal, lose_answers
from customers.tests.filled import form_in
from customers.tests.writing import look
from customers.verbs import crm as verbs

pytestmark = pytest.mark.django_db
AYU = {"displayName": "Ayu", "email": "ayu@example.com"}
READ = {
    "CRLF": b"name,email\r\nAyu,ayu@example.com\r\n",
    "an old Mac's line ends": b"name,email\rAyu,ayu@example.com\r",
    "a mark of UTF-8": BOM_UTF8 + b"name,email\nAyu,ayu@example.com",
    "Excel's Unicode text": "name\temail\r\nAyu\tayu@example.com\r\n".encode("utf-16"),
    "semicolons": b"name;email\nAyu;ayu@example.com",
    "bars": b"name|email\nAyu|ayu@example.com",
    "a stated separator": b"sep=;\r\nname;email\r\nAyu;ayu@example.com\r\n",
    "spaces around": b" name , E-Mail \n Ayu , ayu@example.com \n",
    "empty columns at the end": b"name,email,,\nAyu,ayu@example.com,,\n,,,\n",
}
NOT_READ = {
    "XLSX": (b"PK\x03\x04\x14\x00\x06\x00", "workbook"),
    "XLS": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "workbook"),
    "Latin-1": ("name\nZoë".encode("latin-1"), "CSV UTF-8"),
    "half of UTF-16": ("name\nZoë".encode("utf-16")[:-1], "CSV UTF-8"),
    "another heading": (b"naam,mail\nA,b\n", "'naam'"),
    "a web page": (b"<!doctype html><p>Sign in", "has a column"),
    "an endless cell": (b"name\n" + b"A" * 140_000, "Line 2"),
    "an open quote": (b'name\n"A\n', "cannot be read"),
    "nothing": (b"", "display_name has to be"),
    "too much": (b"name\n" + b"A\n" * 600_000, "larger than"),
    "too many": (b"name\n" + b"A\n" * (MAX_ROWS + 1), "more than 5,000 rows"),
}


def contact(*argv: str) -> Ended:
    return run(command("customers.management.commands.contact"), *argv)


@pytest.mark.parametrize("content", READ.values(), ids=READ)
def test_what_a_spreadsheet_writes_is_read(content: bytes) -> None:
    plan = planned(decoded(content))
    assert ([dict(row.sends) for row in plan.rows], plan.problems) == ([AYU], [])


@pytest.mark.parametrize(("content", "told"), NOT_READ.values(), ids=NOT_READ)
def test_what_cannot_be_read_says_what_to_do(content: bytes, told: str) -> None:
    with pytest.raises(NotReadable) as refusal:
        planned(decoded(content))
    assert told in str(refusal.value)


def test_rows_are_counted_as_the_spreadsheet_counts_them_and_its_signs_stay_signs() -> None:
    plan = planned('sep=,\nname,email,\n"Ayu\r\nof Bali",ayu@example.com,\n\nBo,nope,\nCy,,lost\n=1+1,,\n\'=1+1,,\n')
    assert [(problem.number, problem.sentence) for problem in plan.problems] == [
        (5, "'nope' is no e-mail address."),
        (6, "'lost' stands in a column without a name."),
    ]
    assert [row.sends["displayName"] for row in plan.rows] == ["Ayu\nof Bali", "=1+1", "=1+1"]


def test_the_largest_file_there_may_be_is_confirmed_from_its_page(mirrored: FakeLayercake, supervisor: Client) -> None:
    text = "name,company\n" + "".join(f"Ayu {number},{'Ü' * 220}\n" for number in range(2_200))
    file = SimpleUploadedFile("c.csv", text.encode())
    page = supervisor.post(URL, {"write_id": str(uuid4()), "file": file}).content.decode()
    assert "2,200 would be created." in page
    form = form_in(page, confirm="1", digest="of another file")  # so that it comes to an answer, and not to sending
    if 'enctype="multipart/form-data"' in page.partition('aria-label="Confirm"')[0].rpartition("<form")[2]:
        answer = supervisor.post(URL, {name: form[name] for name in form})
    else:
        answer = supervisor.post(URL, form.urlencode(), content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 200 and "has changed since it was shown" in text_of(answer)


def test_a_file_that_is_imported_again_meanwhile_creates_nobody_twice(
    mirrored: FakeLayercake, supervisor: Client, tmp_path: Path
) -> None:
    file = tmp_path / "a.csv"
    file.write_text("name,email\nAyu,ayu@example.com\nBo,\n")
    lose_answers(mirrored, "POST")
    assert contact("import", str(file)).code == 1
    heal(mirrored)
    file.write_text("name,email\nAyu again,AYU@example.com\nBo,\nCy,cy@example.com\n")
    told = contact("import", str(file), "--dry-run")
    assert "1 to be created, 0 here already, 2 being created already, 0 wrong." in told.err
    bulk = BulkAction.objects.get()
    assert f"Row 2: AYU@example.com is being created already; it is left alone. See: manage.py bulk show {bulk.pk}" in (
        told.err
    )
    page = supervisor.post(URL, {"write_id": str(uuid4()), "text": file.read_text()})
    assert "1 would be created, 2 being created already and left alone." in text_of(page)
    assert f'href="/bulk/{bulk.pk}/"' in text_of(page)
    other = bulk_at(supervisor.post(URL, form_in(page.content.decode(), confirm="1")))
    assert (bulk.selection, other.selection) == ("2 contacts from a file", "1 contact from a file")
    assert other != bulk and [body["displayName"] for body in mirrored.sent("POST")] == ["Ayu", "Bo", "Cy"]
    for write in RemoteWrite.objects.filter(state=RemoteWrite.State.UNKNOWN):
        assert look(write).state == RemoteWrite.State.CONFIRMED
    assert "0 to be created, 2 here already" in contact("import", str(file), "--dry-run").err.replace("1 to", "0 to")


def test_rows_that_wait_for_a_worker_are_not_created_by_another_file(mirrored: FakeLayercake) -> None:
    rows = planned("name,email\nAyu,ayu@example.com\nBo,\n").rows
    bulk, _ = freeze(verbs.CREATE_CONTACT, person("supervisor"), id=uuid4(), rows=rows, words="a file", reason="")
    assert [number for number, *_ in planned("name,email\nCy,\nBo,\nAyu,ayu@example.com").under_way] == [3, 4]
    bulk.items.update(state=BulkItem.State.CANCELLED)
    assert len(planned("name,email\nCy,\nBo,\nAyu,ayu@example.com").rows) == 3


@pytest.mark.parametrize(
    ("kind", "argv"),
    [
        ("contact", ("create", "--display-name", "Ayu", "--email", "ayu@example.com")),
        ("organization", ("create", "--name", "Acme", "--website", "https://acme.example")),
    ],
    ids=["contact", "organization"],
)
def test_a_command_that_is_repeated_after_a_lost_answer_sends_nothing(
    mirrored: FakeLayercake, kind: str, argv: tuple[str, ...]
) -> None:
    def create(*more: str) -> Ended:
        return run(command(f"customers.management.commands.{kind}"), *argv, *more)

    lose_answers(mirrored, "POST")
    lost = create("--json")
    assert lost.code == 1
    heal(mirrored)
    again = create("--as", person("customer desk").username)
    assert again.code == 3 and f"The same {kind} is being created already" in again.err, again.err
    assert f"manage.py writes show {lost.records[0]['write']}" in again.err and len(mirrored.called("POST")) == 1
    assert create("--write", lost.records[0]["write"]).code == 1 and len(mirrored.called("POST")) == 1
    assert create("--as", person("viewer").username).code == 3
    assert create("--another").code == 0 and len(mirrored.called("POST")) == 2


def test_rows_that_failed_come_back_and_are_imported_once_they_are_corrected(
    mirrored: FakeLayercake, supervisor: Client
) -> None:
    def refuse_bad(request: httpx.Request) -> httpx.Response | None:
        body = {"error": "phone is bad", "code": "VALIDATION_ERROR"}
        return httpx.Response(400, json=body) if b"12x" in request.content else None

    mirrored.mischief = refuse_bad
    text = "name,email,phone,custom:tier\nAyu,ayu@example.com,12x,gold\nBo,bo@example.com,+31 6,\n"
    page = supervisor.post(URL, {"write_id": str(uuid4()), "text": text}).content.decode()
    bulk = bulk_at(supervisor.post(URL, form_in(page, confirm="1")))
    answer: Any = supervisor.get(f"/bulk/{bulk.pk}/rest/")
    rest = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "phone is bad" in rest and "bo@example.com" not in rest
    page = supervisor.post(URL, {"write_id": str(uuid4()), "text": rest.replace("12x", "+31 7")}).content.decode()
    bulk_at(supervisor.post(URL, form_in(page, confirm="1")))
    made = Contact.objects.get(email="ayu@example.com")
    assert (made.phone, made.payload["customProperties"]["customFields"]) == ("+31 7", {"tier": "gold"})
