"""Notes on a customer: who may write, change and delete them, and that nothing typed is lost."""

from uuid import uuid4

from django.http import QueryDict
from django.test import Client

from backoffice.models import AuditEntry
from backoffice.tests.factories import person
from customers.models import Customer, CustomerNote
from customers.tests.filled import form_in, opened, send
from customers.tests.person.test_page import PAGE, page

ADD = f"{PAGE}notes/"


def a_note(client: Client, text: str) -> CustomerNote:
    send(client, ADD, opened(client, PAGE, text=text))
    return CustomerNote.objects.latest("written_at")


def test_a_note_is_kept_once_shown_as_plain_text_and_said_to_stay_here(
    desk: Client, customer: Customer, remote: object
) -> None:
    form = opened(desk, PAGE, text="<script>alert(1)</script>\r\ncall back")
    for _ in range(2):
        answer = send(desk, ADD, form)
    note = CustomerNote.objects.get()
    text = answer.content.decode()
    assert "&lt;script&gt;" in text and "<script>alert" not in text and str(note.author) in text
    assert "never sent to Kirim or any other system" in text
    assert remote.requests == []  # type: ignore[attr-defined]


def test_what_cannot_be_kept_stands_in_the_form_again(desk: Client, customer: Customer) -> None:
    first = opened(desk, PAGE, text="one")
    send(desk, ADD, first)
    first["text"] = "another, from the same form"
    answer = send(desk, ADD, first)
    assert "sent before with another text" in answer.content.decode()
    again = form_in(answer.content.decode())
    assert again["text"] == first["text"] and again["note_id"] != first["note_id"]
    send(desk, ADD, again)
    assert CustomerNote.objects.count() == 2
    long = QueryDict(mutable=True)
    long.update({"note_id": str(uuid4()), "text": "x" * 4001})
    assert "at most 4,000 characters" in send(desk, ADD, long).content.decode()
    assert "Write something first." in send(desk, ADD, opened(desk, PAGE, text=" ")).content.decode()


def test_only_its_author_changes_or_deletes_a_note(desk: Client, customer: Customer) -> None:
    note = a_note(desk, "first")
    edit, delete = (f"{ADD}{note.pk}/{verb}/" for verb in ("edit", "delete"))
    assert edit in page(desk)
    send(desk, edit, opened(desk, edit, text="second"))
    note.refresh_from_db()
    assert note.text == "second" and note.edited_at
    assert "edited" in page(desk)
    other = Client()
    other.force_login(person("supervisor"))
    assert "second" in page(other) and edit not in page(other)
    for url in (edit, delete):
        assert other.get(url).status_code == other.post(url, {"text": "mine"}).status_code == 403
    assert "Nobody can bring it back" in page(desk, delete)
    send(desk, delete, opened(desk, delete))
    assert not CustomerNote.objects.exists()
    noted = AuditEntry.objects.filter(kind="note").order_by("pk")
    assert [(entry.verb, entry.actor) for entry in noted] == [
        (verb, note.author) for verb in ("add", "change", "remove")
    ]
    assert {(entry.remote_id, entry.owner_remote_id) for entry in noted} == {(str(note.pk), customer.remote_id)}
    assert "second" not in str(list(AuditEntry.objects.values()))  # what is deleted is gone


def test_a_note_needs_its_permission_a_token_and_its_own_customer(client: Client, customer: Customer) -> None:
    client.force_login(person("viewer"))
    form = {"note_id": str(uuid4()), "text": "x"}
    assert client.post(ADD, form).status_code == 403
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(person("customer desk"))
    assert strict.post(ADD, form).status_code == 403
    assert not CustomerNote.objects.exists()
    author = person("customer desk")
    client.force_login(author)
    note = CustomerNote.objects.create(customer=customer, author=author, text="x")
    assert client.get(f"/customers/cus_other/notes/{note.pk}/edit/").status_code == 404
    assert client.get(ADD).status_code == 405
