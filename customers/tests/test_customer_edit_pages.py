"""Editing customers from a page, and what comes of somebody else's change meanwhile."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.sandbox import Sandbox
from backoffice.tests.reading import reasons_off, text_of
from customers.models import Customer
from customers.tests.factories import CustomerFactory
from customers.tests.filled import form_in, send
from customers.tests.pages import (
    CREATE,
    State,
    desk,
    edit_form,
    mirrored,
    new_form,
    page_of,
    rows,
    there,
    trouble,
    url_of,
    user,
    write_of,
)  # fmt: skip
from customers.tests.writing import active_customer

__all__ = ["desk", "user"]

pytestmark = pytest.mark.django_db


def test_an_edit_sends_only_what_was_changed(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, email="new@shop.example")
    answer = send(desk, url_of("update_customer", customer), form)
    assert f"{customer.name} was changed at Kirim." in text_of(answer)
    assert answer.redirect_chain == [(page_of(customer), 302)]
    assert write_of(form).sends == {"email": "new@shop.example"}
    assert there(sandbox, customer)["email"] == "new@shop.example"
    customer.refresh_from_db()
    assert customer.email == "new@shop.example"


def test_an_emptied_email_and_emptied_metadata_are_cleared_at_kirim(desk: Client, sandbox: Sandbox) -> None:
    [customer] = mirrored(sandbox, {"ref": "1"})
    form = edit_form(desk, customer, email="", metadata__key=[], metadata__kind=[], metadata__value=[])
    send(desk, url_of("update_customer", customer), form)
    assert write_of(form).sends == {"email": None, "metadata": None}
    assert (there(sandbox, customer)["email"], there(sandbox, customer)["metadata"]) == (None, None)


def test_a_form_in_which_nothing_was_changed_sends_nothing_and_says_so(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    sandbox.kirim.customers.change(customer.remote_id, name="Theirs")
    answer = send(desk, url_of("update_customer", customer), edit_form(desk, customer))
    assert "Nothing was changed in the form, so nothing was sent." in text_of(answer)
    assert not RemoteWrite.objects.exists() and there(sandbox, customer)["name"] == "Theirs"


def test_text_that_an_input_cannot_hold_is_not_taken_for_a_change(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    odd = "  Toko\r\n" + "x" * 300
    sandbox.kirim.customers.change(customer.remote_id, name=odd, email="")
    Customer.objects.filter(pk=customer.pk).update(name=odd, email="")
    form = edit_form(desk, customer, metadata__key=["a"], metadata__kind=["text"], metadata__value=["b"])
    form["name"] = form["name"].replace("\r", "").replace("\n", "")  # as a browser does
    send(desk, url_of("update_customer", customer), form)
    assert write_of(form).sends == {"metadata": {"a": "b"}}


def test_our_own_key_is_hidden_and_kept_by_an_edit(desk: Client, sandbox: Sandbox) -> None:
    made = new_form(desk, name="Toko Kunci", **rows(ref="1"))
    page = text_of(send(desk, CREATE, made))
    customer = Customer.objects.get(name="Toko Kunci")
    assert "Created from here" in page and ">by mira</a>" in page
    assert "backoffice_write" not in page.partition("<h2>Metadata</h2>")[2].partition("</section>")[0]
    form = edit_form(desk, customer, **rows(ref="2"))
    assert "backoffice_write" not in form.urlencode()
    send(desk, url_of("update_customer", customer), form)
    assert there(sandbox, customer)["metadata"] == {"ref": "2", "backoffice_write": made["write_id"]}


def test_a_reference_that_another_customer_carries_is_not_believed(desk: Client, sandbox: Sandbox) -> None:
    send(desk, CREATE, form := new_form(desk, name="Toko Asli"))
    for reference in (form["write_id"], "nonsense", 7):
        copy = CustomerFactory(metadata={"backoffice_write": reference})
        assert "Created from here" not in text_of(desk.get(page_of(copy)))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"status": "archived"}, "It is archived, and that is final."),
        ({"vanished_at": timezone.now()}, "It is gone at Kirim."),
        ({"status": "hibernating"}, "It is in a state that is not known here (hibernating)."),
    ],
)
def test_a_customer_that_cannot_be_edited_says_why_and_is_not_sent(
    desk: Client, sandbox: Sandbox, values: dict[str, Any], why: str
) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Other")
    Customer.objects.filter(pk=customer.pk).update(**values)
    page = text_of(desk.get(page_of(customer)))
    assert reasons_off(page)["Edit"] == why
    answer = desk.get(url_of("update_customer", customer), follow=True)
    assert why in text_of(answer) and answer.redirect_chain == [(page_of(customer), 302)]
    name = there(sandbox, customer)["name"]
    answer = send(desk, url_of("update_customer", customer), form)
    assert "Nothing was sent." in text_of(answer) and write_of(form).state == State.REFUSED
    assert there(sandbox, customer)["name"] == name


@pytest.mark.parametrize(
    ("switch", "state"),
    [
        ({"kind": "fail", "status": 400}, State.REFUSED),
        ({"kind": "fail", "status": 401}, State.REFUSED),
        ({"kind": "fail", "status": 404}, State.REFUSED),
        ({"kind": "fail", "status": 409}, State.REFUSED),
        ({"kind": "fail", "status": 422}, State.REFUSED),
        ({"kind": "limit"}, State.FAILED),
        ({"kind": "down"}, State.FAILED),
    ],
)
@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_an_edit_that_came_to_nothing_says_why_and_keeps_the_form(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any], state: str, method: str
) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Nama Baru", **rows(ref="9"))
    trouble(sandbox, method=method, **switch)
    answer = send(desk, url_of("update_customer", customer), form)
    assert write_of(form).state == state
    assert write_of(form).error in answer.context["form"].non_field_errors()
    back = form_in(answer.content.decode())
    assert back["name"] == "Nama Baru" and back.getlist("metadata-value")[0] == "9"
    assert there(sandbox, customer)["name"] == customer.name
    customer.refresh_from_db()
    assert customer.name != "Nama Baru"
    sandbox.switches["kirim"].turn_off("fail", "limit", "down")


def test_an_edit_refused_for_one_field_is_told_there_and_sent_again_when_mended(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Nama Baru", email="nonsense")
    answer = send(desk, url_of("update_customer", customer), form)
    assert "must be an e-mail address" in str(answer.context["form"].errors["email"])
    back = form_in(answer.content.decode(), email="good@shop.example")
    send(desk, url_of("update_customer", customer), back)
    assert there(sandbox, customer)["name"] == "Nama Baru" and there(sandbox, customer)["email"] == "good@shop.example"


@pytest.mark.parametrize("switch", [{"kind": "drop"}, {"kind": "fail", "status": 500, "after_work": True}])
def test_an_edit_without_an_answer_is_unknown_and_told_so_on_the_customers_page(
    desk: Client, sandbox: Sandbox, switch: dict[str, Any]
) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Nama Baru")
    trouble(sandbox, method="PATCH", **switch)
    answer = send(desk, url_of("update_customer", customer), form)
    assert answer.redirect_chain == [(page_of(customer), 302)]
    assert "Nobody can say yet whether Kirim did it" in text_of(answer)
    assert (write_of(form).state, write_of(form).attempts.count()) == (State.UNKNOWN, 3)


def test_a_slow_kirim_is_waited_for(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    trouble(sandbox, "latency", ms=400)
    form = edit_form(desk, customer, name="Nama Baru")
    assert "was changed at Kirim." in text_of(send(desk, url_of("update_customer", customer), form))


@pytest.mark.parametrize("base", ["", "null", "{}", "[]", '{"name": 1, "email": null}', '{"name": "a"}', "{" * 5000])
def test_a_damaged_base_is_replaced_by_what_is_here_and_sent_only_after_another_look(
    desk: Client, sandbox: Sandbox, base: str
) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Nama Baru", base_json=base)
    answer = send(desk, url_of("update_customer", customer), form)
    assert "came back damaged" in text_of(answer) and not RemoteWrite.objects.exists()
    back = form_in(answer.content.decode())
    assert back["name"] == "Nama Baru"
    send(desk, url_of("update_customer", customer), back)
    assert there(sandbox, customer)["name"] == "Nama Baru"


def conflict(desk: Client, sandbox: Sandbox, theirs: dict[str, Any], **typed: Any) -> tuple[Customer, Any]:
    """A form that was opened, then changed by others at Kirim, then sent."""
    [customer] = mirrored(sandbox, {"ref": "1", "plan": "basic", "old": "x"})
    form = edit_form(desk, customer, **typed)
    sandbox.kirim.customers.change(customer.remote_id, **theirs)
    return customer, send(desk, url_of("update_customer", customer), form)


def test_a_change_by_others_is_shown_beside_ours_and_each_member_is_chosen(desk: Client, sandbox: Sandbox) -> None:
    theirs = {"name": "Theirs", "email": "theirs@shop.example"}
    customer, answer = conflict(desk, sandbox, theirs, name="Mine", email="mine@shop.example")
    page = text_of(answer)
    for told in (customer.name, customer.email, "Theirs", "theirs@shop.example", "Mine", "mine@shop.example"):
        assert str(told) in page
    assert there(sandbox, customer)["name"] == "Theirs"
    form = form_in(answer.content.decode())
    assert "choice-0" not in form  # both sides changed it, so nobody chooses for the person
    missing = send(desk, url_of("resolve_customer_update", customer), form)
    assert text_of(missing).count("Choose one.") == 2
    form.update({"choice-0": "yours", "choice-1": "theirs"})
    done = send(desk, url_of("resolve_customer_update", customer), form)
    assert done.redirect_chain == [(page_of(customer), 302)]
    assert (there(sandbox, customer)["name"], there(sandbox, customer)["email"]) == ("Mine", "theirs@shop.example")
    assert write_of(form).sends == {"name": "Mine"}
    assert not RemoteWrite.objects.filter(state=State.REFUSED, dismissed_at=None).exists()


def test_members_that_only_others_changed_are_left_to_them(desk: Client, sandbox: Sandbox) -> None:
    customer, answer = conflict(desk, sandbox, {"name": "Theirs"}, email="mine@shop.example")
    assert "was changed at Kirim." in text_of(answer)  # no conflict
    assert (there(sandbox, customer)["name"], there(sandbox, customer)["email"]) == ("Theirs", "mine@shop.example")


def test_metadata_is_put_together_key_by_key(desk: Client, sandbox: Sandbox) -> None:
    theirs = {"metadata": {"ref": "2", "plan": "basic", "old": "x", "added": "by them"}}
    customer, answer = conflict(desk, sandbox, theirs, **rows(ref="3", plan="gold"))
    form = form_in(answer.content.decode())
    lines = {line.label: line.preset for line in answer.context["form"].lines}
    assert lines == {
        "Metadata: added": "theirs", "Metadata: old": "yours", "Metadata: plan": "yours", "Metadata: ref": "",
    }  # fmt: skip
    form["choice-3"] = "theirs"
    send(desk, url_of("resolve_customer_update", customer), form)
    assert there(sandbox, customer)["metadata"] == {"ref": "2", "plan": "gold", "added": "by them"}


def test_one_more_change_meanwhile_is_asked_once_more(desk: Client, sandbox: Sandbox) -> None:
    customer, answer = conflict(desk, sandbox, {"name": "Theirs"}, name="Mine")
    form = form_in(answer.content.decode(), **{"choice-0": "yours"})
    sandbox.kirim.customers.change(customer.remote_id, name="Theirs again")
    answer = send(desk, url_of("resolve_customer_update", customer), form)
    page = text_of(answer)
    assert "Theirs again" in page and there(sandbox, customer)["name"] == "Theirs again"
    assert RemoteWrite.objects.get(state=State.REFUSED, dismissed_at=None) == write_of(form)  # the last one alone waits
    form = form_in(answer.content.decode(), **{"choice-0": "yours"})
    send(desk, url_of("resolve_customer_update", customer), form)
    assert there(sandbox, customer)["name"] == "Mine"
    assert not RemoteWrite.objects.filter(state=State.REFUSED, dismissed_at=None).exists()


def test_taking_theirs_everywhere_sends_nothing(desk: Client, sandbox: Sandbox) -> None:
    customer, answer = conflict(desk, sandbox, {"name": "Theirs"}, name="Mine")
    form = form_in(answer.content.decode(), **{"choice-0": "theirs"})
    answer = send(desk, url_of("resolve_customer_update", customer), form)
    assert "Everything stays as it is at Kirim; nothing was sent." in text_of(answer)
    assert RemoteWrite.objects.count() == 1 and there(sandbox, customer)["name"] == "Theirs"


def test_the_choice_can_be_taken_back_to_the_form(desk: Client, sandbox: Sandbox) -> None:
    theirs = {"name": "Theirs", "email": "t@shop.example"}
    customer, answer = conflict(desk, sandbox, theirs, name="Mine", email="m@shop.example")
    form = form_in(answer.content.decode(), edit="1", **{"choice-0": "yours", "choice-1": "theirs"})
    page = send(desk, url_of("resolve_customer_update", customer), form).content.decode()
    edit = form_in(page, name="Mine 2")
    assert edit["email"] == "t@shop.example"
    assert f'<form method="post" action="{url_of("update_customer", customer)}"' in page  # not the page it stands on
    send(desk, url_of("update_customer", customer), edit)
    assert write_of(edit).sends == {"name": "Mine 2"} and write_of(edit).state == State.CONFIRMED


def test_the_same_form_again_shows_the_conflict_again(desk: Client, sandbox: Sandbox) -> None:
    customer = active_customer()
    form = edit_form(desk, customer, name="Mine")
    sandbox.kirim.customers.change(customer.remote_id, name="Theirs")
    for _ in range(2):
        assert "At Kirim now" in text_of(send(desk, url_of("update_customer", customer), form))
    assert RemoteWrite.objects.count() == 1


def test_what_kirim_refuses_of_a_choice_is_told_on_the_form(desk: Client, sandbox: Sandbox) -> None:
    customer, answer = conflict(desk, sandbox, {"email": "t@shop.example"}, email="nonsense")
    form = form_in(answer.content.decode(), **{"choice-0": "yours"})
    answer = send(desk, url_of("resolve_customer_update", customer), form)
    assert "must be an e-mail address" in str(answer.context["form"].errors["email"])
    back = form_in(answer.content.decode(), email="good@shop.example")
    send(desk, url_of("update_customer", customer), back)
    assert there(sandbox, customer)["email"] == "good@shop.example"


@pytest.mark.parametrize(
    "seen",
    [
        "",
        "{}",
        *[f'{{"before": {{}}, "theirs": {{}}, "yours": {yours}}}' for yours in ('{"status": "x"}', '{"name": 1}')],
    ],
)
def test_a_damaged_conflict_form_is_told_and_sends_nothing(desk: Client, sandbox: Sandbox, seen: str) -> None:
    customer, answer = conflict(desk, sandbox, {"name": "Theirs"}, name="Mine")
    form = form_in(answer.content.decode(), seen_json=seen, **{"choice-0": "yours"})
    assert "came back damaged" in text_of(send(desk, url_of("resolve_customer_update", customer), form))
    assert RemoteWrite.objects.count() == 1


def test_our_own_key_cannot_be_smuggled_in_by_a_conflict(desk: Client, sandbox: Sandbox) -> None:
    customer, answer = conflict(desk, sandbox, {"metadata": {"ref": "2"}}, **rows(ref="3"))
    form = form_in(answer.content.decode(), **{"choice-0": "yours", "choice-1": "yours", "choice-2": "yours"})
    yours = '"yours":{"metadata":{'
    assert yours in form["seen_json"]
    form["seen_json"] = form["seen_json"].replace(yours, yours + '"backoffice_write":"x",')
    form["choice-3"] = "yours"
    answer = send(desk, url_of("resolve_customer_update", customer), form)
    assert "own key; it is kept by itself." in text_of(answer)
    assert there(sandbox, customer)["metadata"] == {"ref": "2"}
