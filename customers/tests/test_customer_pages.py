"""Creating customers from a page, and metadata on its form."""

from typing import Any

import httpx
import pytest
from django.test import Client
from django.urls import reverse

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.at_once import at_once
from backoffice.tests.factories import person
from backoffice.tests.reading import text_of
from customers.models import Customer
from customers.tests.filled import form_in, send
from customers.tests.pages import (
    CREATE,
    LIST,
    State,
    desk,
    edit_form,
    mirrored,
    named,
    new_form,
    page_of,
    rows,
    there,
    trouble,
    url_of,
    user,
    write_of,
)  # fmt: skip
from customers.tests.writing import active_customer, look, write
from customers.verbs import kirim as verbs

__all__ = ["desk", "user"]

pytestmark = pytest.mark.django_db


def test_a_customer_is_created_with_what_was_typed_and_its_page_is_shown(desk: Client, sandbox: Sandbox) -> None:
    page = text_of(desk.get(LIST))
    assert f'href="{CREATE}"' in page and "New customer" in page
    form = new_form(desk, name="  Toko Baru ", email="baru@shop.example", team_id="team_two", **rows(ref="crm-9"))
    answer = send(desk, CREATE, form)
    made = Customer.objects.get(name="Toko Baru")
    assert answer.redirect_chain == [(page_of(made), 302)]
    assert "Toko Baru was created at Kirim." in text_of(answer)
    [row] = named(sandbox, "Toko Baru")
    assert (row["email"], row["team_id"]) == ("baru@shop.example", "team_two")
    assert row["metadata"] == {"ref": "crm-9", "backoffice_write": form["write_id"]}
    assert write_of(form).sends == {
        "name": "Toko Baru", "email": "baru@shop.example", "team_id": "team_two", "metadata": {"ref": "crm-9"},
    }  # fmt: skip


def test_members_that_were_left_empty_are_not_sent(desk: Client, sandbox: Sandbox) -> None:
    form = new_form(desk, name="Only a name")
    send(desk, CREATE, form)
    assert write_of(form).sends == {"name": "Only a name"}


@pytest.mark.parametrize(
    ("base_url", "told"), [(None, "Sandbox"), ("https://kirim.example/v1", "Live · kirim.example")]
)
def test_every_form_says_to_which_system_it_writes(
    desk: Client, sandbox: Sandbox, settings: Any, base_url: str | None, told: str
) -> None:
    customer = active_customer()
    settings.KIRIM_BASE_URL = base_url or settings.KIRIM_BASE_URL
    for url in (CREATE, *[url_of(f"{name}_customer", customer) for name in ("update", "suspend", "archive")]):
        page = text_of(desk.get(url))
        assert "Writes to <strong>Kirim</strong>" in page and f">{told}</span>" in page.partition("Writes to")[2][:200]


def test_what_kirim_refuses_stands_at_the_fields_and_nothing_typed_is_lost(desk: Client, sandbox: Sandbox) -> None:
    typed = {"name": "Toko Salah", "email": "nonsense", **rows(ref="crm-9", note="two\nlines")}
    form = new_form(desk, **typed)
    answer = send(desk, CREATE, form)
    shown = answer.context["form"]
    assert "must be an e-mail address" in str(shown.errors["email"])
    assert "name" not in shown.errors and "Kirim refused it" in str(shown.non_field_errors())
    again = form_in(answer.content.decode())
    assert again["name"] == "Toko Salah" and again["email"] == "nonsense"
    assert again.getlist("metadata-value")[:2] == ["crm-9", "two\r\nlines"]
    assert again["write_id"] != form["write_id"]
    assert not Customer.objects.filter(name="Toko Salah").exists()
    again["email"] = "right@shop.example"
    send(desk, CREATE, again)
    assert len(named(sandbox, "Toko Salah")) == 1
    first = write_of(form)
    assert (first.state, first.dismissed_by and first.dismissed_by.username) == (State.REFUSED, "mira")


def test_a_refusal_of_one_metadata_value_stands_at_its_row(
    desk: Client, remote: Any, sandbox: Sandbox, settings: Any
) -> None:
    details = [
        {"path": "metadata.note", "message": "is forbidden"},
        {"path": "metadata.other", "message": "is missing"},
        {"path": "plan", "message": "is <b>over</b>"},
    ]
    body = {"error": {"code": "unprocessable", "message": "Not so.", "details": details}, "request_id": "req_7"}
    settings.REMOTE_TRANSPORT = httpx.MockTransport(remote)
    remote.answers["POST", "/sandbox/kirim/v1/customers"] = httpx.Response(422, json=body)
    answer = send(desk, CREATE, new_form(desk, name="Toko", **rows(ref="1", note="x")))
    form = answer.context["form"]
    problems = [problem for _, problem in form.metadata_rows()]
    assert problems[:2] == ["", "Kirim: is forbidden."]
    assert "other: is missing" in str(form.errors["metadata"])
    assert "plan: is &lt;b&gt;over&lt;/b&gt;" in text_of(answer) and "<b>over" not in text_of(answer)
    assert "(request req_7)" in text_of(answer)


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"name": "   "}, "name", "A customer needs a name."),
        ({"name": "x" * 201}, "name", "It has 201 characters; 200 are allowed."),
        ({"name": "a\x00b"}, "name", "Null characters are not allowed."),
        ({"name": "a", "email": "e" * 256}, "email", "It has 256 characters; 255 are allowed."),
        ({"name": "a", "team_id": "t" * 65}, "team_id", "It has 65 characters; 64 are allowed."),
        ({"name": "a", **rows(backoffice_write="1")}, "metadata", "Look at the rows that are marked."),
        ({"name": "a", **rows(ref="x\x00y")}, "metadata", "It holds a NUL character"),
        ({"name": "a", **rows(ref="x" * 65_600)}, "metadata", "It is larger than 64 KiB."),
    ],
)
def test_what_cannot_be_sent_is_told_at_its_field_and_kirim_is_not_asked(
    desk: Client, sandbox: Sandbox, typed: dict[str, Any], field: str, told: str
) -> None:
    form = new_form(desk, **typed)
    answer = send(desk, CREATE, form)
    assert told in str(answer.context["form"].errors[field])
    back = form_in(answer.content.decode())
    for name in ("name", "email", "team_id", "metadata-key", "metadata-value"):
        sent = [value for value in form.getlist(name) if value]
        assert [value for value in back.getlist(name) if value] == sent, name
    assert not RemoteWrite.objects.exists()


@pytest.mark.parametrize(
    ("switch", "state", "requests"),
    [
        ({"kind": "fail", "status": 400}, State.REFUSED, 1),
        ({"kind": "fail", "status": 401}, State.REFUSED, 1),
        ({"kind": "fail", "status": 404}, State.REFUSED, 1),
        ({"kind": "fail", "status": 409}, State.REFUSED, 1),
        ({"kind": "fail", "status": 422}, State.REFUSED, 1),
        ({"kind": "limit"}, State.FAILED, 3),
        ({"kind": "limit", "retry_after": "3600"}, State.FAILED, 1),
        ({"kind": "down"}, State.FAILED, 1),
    ],
)
def test_a_create_that_came_to_nothing_says_why_and_keeps_the_form(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any], state: str, requests: int
) -> None:
    trouble(sandbox, method="POST", **switch)
    form = new_form(desk, name="Toko Sial", email="sial@shop.example", **rows(ref="1"))
    answer = send(desk, CREATE, form)
    made = write_of(form)
    assert (made.state, made.attempts.count()) == (state, requests)
    assert made.error and made.error in answer.context["form"].non_field_errors()
    assert form_in(answer.content.decode())["email"] == "sial@shop.example"
    assert not named(sandbox, "Toko Sial") and not Customer.objects.filter(name="Toko Sial").exists()
    assert "Traceback" not in text_of(answer)


def test_a_failed_create_is_sent_again_as_itself_and_once(desk: Client, sandbox: Sandbox) -> None:
    trouble(sandbox, "down", method="POST", times=1)
    form = new_form(desk, name="Toko Dua")
    back = form_in(send(desk, CREATE, form).content.decode())
    assert (back["again"], write_of(form).state) == (form["write_id"], State.FAILED)
    for _ in range(2):
        assert "Toko Dua was created at Kirim." in text_of(send(desk, CREATE, back))
    assert RemoteWrite.objects.count() == 1 and write_of(form).attempts.count() == 2
    assert len(named(sandbox, "Toko Dua")) == 1


def test_after_a_failure_other_content_is_another_write_and_puts_the_failed_one_aside(
    desk: Client, sandbox: Sandbox
) -> None:
    trouble(sandbox, "down", method="POST", times=1)
    form = new_form(desk, name="Toko Tiga")
    back = form_in(send(desk, CREATE, form).content.decode(), name="Toko Empat")
    send(desk, CREATE, back)
    assert (write_of(form).state, write_of(back).state) == (State.FAILED, State.CONFIRMED)
    assert write_of(form).dismissed_at is not None
    assert (len(named(sandbox, "Toko Tiga")), len(named(sandbox, "Toko Empat"))) == (0, 1)


@pytest.mark.parametrize("switch", [{"kind": "drop"}, {"kind": "fail", "status": 500, "after_work": True}])
def test_a_create_without_an_answer_says_not_to_create_again_and_leads_to_where_it_is_followed(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any]
) -> None:
    trouble(sandbox, method="POST", times=1, **switch)
    form = new_form(desk, name="Toko Hilang", email="hilang@shop.example")
    for _ in range(2):  # submitted once more: nothing is sent, the same is told
        page = text_of(send(desk, CREATE, form))
        assert "Do not create this customer again" in page
        assert "/needs-you/" in page and reverse("admin:backoffice_remotewrite_change", args=[form["write_id"]]) in page
    assert write_of(form).attempts.count() == 1 and len(named(sandbox, "Toko Hilang")) == 1
    look(write_of(form), after_s=0)
    assert "Toko Hilang was created at Kirim." in text_of(send(desk, CREATE, form))
    assert len(named(sandbox, "Toko Hilang")) == 1


def test_a_customer_that_may_be_there_already_is_created_again_only_when_that_is_ticked(
    desk: Client, sandbox: Sandbox
) -> None:
    trouble(sandbox, "drop", method="POST", times=1)
    send(desk, CREATE, new_form(desk, name="Toko Mungkin", email="m@shop.example"))
    form = new_form(desk, name="Toko Lain", email="m@shop.example")
    answer = send(desk, CREATE, form)
    assert "mira sent a customer Toko Mungkin (m@shop.example)" in text_of(answer)
    assert RemoteWrite.objects.count() == 1
    back = form_in(answer.content.decode())
    assert "is_another" not in back
    back["is_another"] = "on"
    send(desk, CREATE, back)
    assert len(named(sandbox, "Toko Lain")) == 1


def test_the_same_form_sent_twice_makes_one_customer_and_tells_of_it_twice(desk: Client, sandbox: Sandbox) -> None:
    form = new_form(desk, name="Toko Satu")
    for _ in range(2):
        assert "Toko Satu was created at Kirim." in text_of(send(desk, CREATE, form))
    assert len(named(sandbox, "Toko Satu")) == 1 and write_of(form).attempts.count() == 1


def test_a_form_that_was_sent_already_and_typed_in_since_keeps_what_was_typed(desk: Client, sandbox: Sandbox) -> None:
    form = new_form(desk, name="Toko Lama")
    send(desk, CREATE, form)
    form["name"] = "Toko Lebih Baru"
    answer = send(desk, CREATE, form)
    assert "This form was sent before, and that is confirmed." in text_of(answer)
    back = form_in(answer.content.decode())
    assert back["name"] == "Toko Lebih Baru" and not named(sandbox, "Toko Lebih Baru")
    send(desk, CREATE, back)
    assert len(named(sandbox, "Toko Lebih Baru")) == 1


@pytest.mark.django_db(transaction=True)
def test_two_submissions_at_once_make_one_customer(sandbox: Sandbox) -> None:
    trouble(sandbox, "latency", method="POST", ms=300)
    user, clients = person("customer desk"), [Client() for _ in range(2)]
    for client in clients:
        client.force_login(user)
    form = new_form(clients[0], name="Toko Sekali")
    pages = at_once(lambda client: send(client, CREATE, form).content.decode(), clients)
    assert len(named(sandbox, "Toko Sekali")) == 1 and write_of(form).attempts.count() == 1
    [waiting] = [page for page in pages if "It is being sent to Kirim right now" in page]
    assert "Toko Sekali was created at Kirim." in text_of(send(clients[1], CREATE, form_in(waiting)))
    assert len(named(sandbox, "Toko Sekali")) == 1


def test_the_id_of_another_write_is_refused(desk: Client, sandbox: Sandbox) -> None:
    other = write(verbs.SUSPEND_CUSTOMER, active_customer())
    answer = send(desk, CREATE, new_form(desk, name="Toko", write_id=str(other.pk)))
    assert answer.status_code == 400 and not named(sandbox, "Toko")


@pytest.mark.parametrize("id", ["", "nonsense", "' OR 1=1"])
def test_a_form_without_a_usable_id_is_told_as_damaged(desk: Client, sandbox: Sandbox, id: str) -> None:
    assert "The form came back damaged" in text_of(send(desk, CREATE, new_form(desk, name="Toko", write_id=id)))
    assert not RemoteWrite.objects.exists()


def test_rows_keep_the_kind_of_each_value_and_json_keeps_all(desk: Client, sandbox: Sandbox) -> None:
    metadata = {"text": "12", "number": 12, "list": [1, {"a": None}], "lines": "a\r\nb\n", "yes": True, " odd ": " x "}
    [customer] = mirrored(sandbox, metadata)
    form = edit_form(desk, customer)
    assert dict(zip(form.getlist("metadata-key"), form.getlist("metadata-kind"), strict=True))["number"] == "json"
    form["name"] = "Other name"
    send(desk, url_of("update_customer", customer), form)
    assert write_of(form).sends == {"name": "Other name"}  # whatever a browser does to metadata that nobody touched
    form = edit_form(desk, customer)
    place = form.getlist("metadata-key").index("number")
    values = form.getlist("metadata-value")
    form.setlist("metadata-value", [*values[:place], "13", *values[place + 1 :]])
    send(desk, url_of("update_customer", customer), form)
    assert there(sandbox, customer)["metadata"] == {**metadata, "number": 13}
    url = url_of("update_customer", customer)
    as_json = form_in(send(desk, url, edit_form(desk, customer, do="json")).content.decode())
    assert "metadata-key" not in as_json and '"number": 13' in as_json["metadata-text"]
    as_json["metadata-text"] = as_json["metadata-text"].replace("13", "14")
    send(desk, url_of("update_customer", customer), as_json)
    assert there(sandbox, customer)["metadata"] == {**metadata, "number": 14}


@pytest.mark.parametrize(
    ("key", "kind", "value", "told"),
    [
        ("", "text", "x", "This value needs a key."),
        ("a", "json", "", "Type JSON, such as"),
        ("a", "json", "{1}", "This is not JSON"),
        ("a", "json", '{"b": 1, "b": 2}', "The key &#x27;b&#x27; stands in it twice."),
        ("backoffice_write", "text", "x", "own key; it is kept by itself."),
        ("ref", "text", "x", "This key stands here already"),
    ],
)
def test_what_is_wrong_with_a_row_stands_at_that_row(
    desk: Client, sandbox: Sandbox, key: str, kind: str, value: str, told: str
) -> None:
    typed = {"metadata__key": ["ref", key], "metadata__kind": ["text", kind], "metadata__value": ["1", value]}
    answer = send(desk, CREATE, new_form(desk, name="Toko", **typed))
    first, second = (part.partition("</div>")[0] for part in text_of(answer).split('class="bo-row"')[1:3])
    assert told in second and "bo-wrong" not in first
    assert not RemoteWrite.objects.exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1]", "Metadata is a JSON object"),
        ('{"a": 1, "a": 2}', "The key 'a' stands in it twice."),
        ('{"backoffice_write": "x"}', "own key; it is kept by itself."),
        ('{"a": "\\u0000"}', "It holds a NUL character"),
        ('{"a": 1e999}', "This is not JSON"),
        ('{"a": NaN}', "This is not JSON"),
        ('{"a":' * 101 + "1" + "}" * 101, "nested deeper than 100 levels"),
        ('{"a":' * 3000 + "1" + "}" * 3000, "This is not JSON"),
        ("not at all", "This is not JSON"),
    ],
)
def test_json_that_cannot_be_sent_is_told_and_stays_in_the_form(
    desk: Client, sandbox: Sandbox, text: str, told: str
) -> None:
    as_json = form_in(send(desk, CREATE, new_form(desk, name="Toko", do="json")).content.decode())
    assert as_json["name"] == "Toko"
    as_json["metadata-text"] = text
    for do in ("", "rows"):
        if do:
            as_json["do"] = do
        answer = send(desk, CREATE, as_json)
        assert told in answer.context["form"].metadata_problem()
        assert form_in(answer.content.decode())["metadata-text"] == text
    assert not RemoteWrite.objects.exists()


def test_rows_are_added_and_removed_without_a_script_and_nothing_is_judged_or_sent(
    desk: Client, sandbox: Sandbox
) -> None:
    form = new_form(desk, name="", email="kept", do="add", **rows(a="1", b="2"))
    answer = send(desk, CREATE, form)
    more = form_in(answer.content.decode())
    assert more.getlist("metadata-key")[:2] == ["a", "b"] and len(more.getlist("metadata-key")) > 3
    assert more["email"] == "kept" and more["write_id"] == form["write_id"]
    assert "A customer needs a name." not in text_of(answer)
    more["do"] = "remove:0"
    less = form_in(send(desk, CREATE, more).content.decode())
    assert [key for key in less.getlist("metadata-key") if key] == ["b"]
    less["do"] = "remove:99999"
    assert send(desk, CREATE, less).status_code == 200
    assert not RemoteWrite.objects.exists()


def test_metadata_that_rows_cannot_hold_is_edited_as_json_and_what_is_too_large_stays(
    desk: Client, sandbox: Sandbox
) -> None:
    odd, many, large = mirrored(
        sandbox, {"a\nb": 1}, {f"key {number}": number for number in range(150)}, {"a": "x" * 70_000}
    )
    for customer in (odd, many):
        form = edit_form(desk, customer, name="Renamed")
        assert "metadata-text" in form
        url = url_of("update_customer", customer)
        assert "Rows cannot hold" in text_of(send(desk, url, edit_form(desk, customer, do="rows")))
        send(desk, url, form)
        assert write_of(form).sends == {"name": "Renamed"}
    form = edit_form(desk, large, name="Renamed")
    assert "metadata-as" not in form
    assert "so it cannot be edited here" in text_of(desk.get(url_of("update_customer", large)))
    send(desk, url_of("update_customer", large), form)
    assert write_of(form).sends == {"name": "Renamed"} and there(sandbox, large)["metadata"] == {"a": "x" * 70_000}
