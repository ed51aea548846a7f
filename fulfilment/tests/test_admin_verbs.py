"""Every verb of lists and shipments from its page: done, refused by us, refused by Afosto, and nobody knows."""

from typing import Any

import httpx
import pytest

from backoffice.models import RemoteWrite
from backoffice.sandbox import AFOSTO_PATH
from backoffice.tests.reading import reasons_off, shown_in, text_of
from fulfilment.models import HandlingList, Picker, Shipment
from fulfilment.pieces import contents_of
from fulfilment.tests.desk import Desk, State, deed_of, desk, form_in, last_write, opened, page_of, reread, send
from fulfilment.tests.warehouse import MUG, POT, picker

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

NEW_LIST = "/admin/fulfilment/handlinglist/create/"
SURE = {"reason": "asked for", "is_sure": "on"}


def pieces(shipment: Shipment) -> list[str]:
    return [piece.id for piece in contents_of(shipment).pieces]


def cases(desk: Desk) -> dict[str, tuple[str, Any, dict[str, Any], Any]]:
    """By the verb: the address of its form, its row, what is typed, and what is true at Afosto then."""
    afosto = desk.there.afosto
    first, second, *_ = pieces(desk.listed)
    lost = pieces(desk.open)[0]

    def there(shipment: Shipment) -> Any:
        return afosto.shipment_body(shipment.remote_id)

    def list_there() -> Any:
        return afosto.lists.get(desk.list.remote_id)

    def handled() -> list[str]:
        return [piece["id"] for piece in afosto.pieces.of_list(desk.list.remote_id) if piece["is_handled"]]

    return {
        "assign": (
            deed_of("assign", desk.list), desk.list, {"person": "sub-ayu"}, lambda: list_there()["sub"] == "sub-ayu",
        ),
        "hold": (deed_of("hold", desk.list), desk.list, {"reason": "x"}, lambda: list_there()["is_on_hold"]),
        "mark_handled": (
            deed_of("mark_handled", desk.list), desk.list, {"items": [first, second]},
            lambda: sorted(handled()) == sorted([first, second]),
        ),
        "delete": (deed_of("delete", desk.list), desk.list, SURE, lambda: list_there()["is_cancelled"]),
        "create": (
            NEW_LIST, None, {"shipments": [desk.open.remote_id, desk.other.remote_id]},
            lambda: there(desk.open)["list_id"] and there(desk.open)["list_id"] == there(desk.other)["list_id"],
        ),
        "set_method": (
            deed_of("set_method", desk.open), desk.open, {"method_id": desk.method.remote_id},
            lambda: there(desk.open)["method_id"] == desk.method.remote_id,
        ),
        "set_backorders": (
            deed_of("set_backorders", desk.open), desk.open,
            {"items__sku": [MUG, ""], "items__quantity": ["2", ""], "items__position": ["", ""]},
            lambda: [(its["sku"], its["quantity"]) for its in there(desk.open)["backorders"]] == [(MUG, 2)],
        ),
        "set_overage": (
            deed_of("set_overage", desk.open), desk.open,
            {"items__sku": [POT, MUG], "items__quantity": ["1", "3"], "items__position": ["", ""]},
            lambda: {its["sku"]: its["quantity"] for its in there(desk.open)["overage"]} == {POT: 1, MUG: 3},
        ),
        "set_missing": (
            deed_of("set_missing", desk.open), desk.open, {"items": [lost]},
            lambda: [its["id"] for its in there(desk.open)["items"] if its["is_missing"]] == [lost],
        ),
        "take_default_positions": (
            deed_of("take_default_positions", desk.open), desk.open, {"reason": "moved"}, lambda: True,
        ),
        "cancel": (deed_of("cancel", desk.open), desk.open, SURE, lambda: there(desk.open)["is_canceled"]),
    }  # fmt: skip


VERBS = (
    "assign", "hold", "mark_handled", "delete", "create", "set_method", "set_backorders", "set_overage", "set_missing",
    "take_default_positions", "cancel",
)  # fmt: skip


@pytest.fixture
def ayu(desk: Desk) -> None:
    picker(role="warehouse", sub="sub-ayu", username="ayu")


@pytest.mark.parametrize("verb", VERBS)
def test_what_was_not_done_comes_back_as_typed_and_is_then_done_once(desk: Desk, ayu: None, verb: str) -> None:
    url, row, typed, is_done = cases(desk)[verb]
    page = text_of(desk.client.get(url))
    assert "Writes to <strong>Afosto</strong>" in page and ">Sandbox</span>" in page.partition("Writes to")[2][:200]
    form = form_in(page, **typed)
    desk.there.turn_on("down")
    answer = send(desk.client, url, form)
    assert last_write().state == State.FAILED and "Afosto does not answer now" in shown_in(answer)
    back = form_in(answer.content.decode())
    for name, values in form.lists():
        if name not in {"write_id", "again"}:
            kept = [value for value in values if value]
            assert [value for value in back.getlist(name) if value] == kept, name
    assert back["write_id"] != form["write_id"] and back["again"] == form["write_id"]
    desk.there.turn_off("down")
    desk.there.calls.clear()
    answer = send(desk.client, url, back)
    write = last_write()
    assert write.state == State.CONFIRMED and is_done(), write.error
    assert write.reason == typed.get("reason", "") and write.actor == desk.user
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["success"]
    made = row or HandlingList.objects.get(remote_id=write.remote_id)
    assert answer.redirect_chain == [(page_of(made), 302)]
    assert "What we did" in shown_in(answer) and f"/remotewrite/{write.pk}/" in text_of(answer)
    sent = list(desk.writes)
    send(desk.client, url, back)
    assert RemoteWrite.objects.count() == 1 and desk.writes == sent


@pytest.mark.parametrize("verb", VERBS)
def test_of_a_lost_answer_nobody_says_that_it_was_done_or_not(desk: Desk, ayu: None, verb: str) -> None:
    url, _, typed, is_done = cases(desk)[verb]
    form = opened(desk.client, url, **typed)
    method = {"delete": "DELETE", "cancel": "DELETE", "create": "POST"}.get(verb, "PUT")
    desk.there.turn_on("drop", method=method, path="/lcs/lists" if verb == "create" else "/lcs/*")
    answer = send(desk.client, url, form)
    write = last_write()
    assert write.state == State.UNKNOWN and is_done()
    assert "Nobody can say yet whether Afosto did it" in shown_in(answer)
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["warning"]
    sent = list(desk.writes)
    send(desk.client, url, form)
    assert RemoteWrite.objects.count() == 1 and desk.writes == sent


@pytest.mark.parametrize(
    ("verb", "fields", "field"),
    [
        ("assign", {"unknown user": ["sub"]}, "person"),
        ("set_method", {"<b>not for this address</b>": ["method_id"]}, "method_id"),
        ("set_backorders", {"unknown sku": ["0.sku"]}, "items"),
        ("set_overage", {"too many": ["items[1].quantity"], "odd": ["elsewhere"]}, "items"),
        ("set_missing", {"no such piece": ["items"]}, "items"),
        ("mark_handled", {"no such piece": ["items"]}, "items"),
        ("create", {"over": ["due_at"]}, "due_at"),
        ("hold", {"closed": ["is_on_hold"]}, None),
        ("cancel", {}, None),
    ],
)
def test_what_afosto_refuses_stands_at_the_field_and_nothing_typed_is_lost(
    desk: Desk, ayu: None, verb: str, fields: dict[str, list[str]], field: str | None
) -> None:
    url, _, typed, is_done = cases(desk)[verb]
    form = opened(desk.client, url, **typed)
    body = {"code": 400, "message": "Not so.", "reference": "ref-7", "errors": fields}

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_change = request.method in {"PUT", "DELETE"} or request.url.path == f"{AFOSTO_PATH}/lcs/lists"
        return httpx.Response(400, json=body) if is_change else None

    desk.there.watch = refuse
    answer = send(desk.client, url, form)
    write = last_write()
    assert write.state == State.REFUSED and not is_done()
    page = text_of(answer)
    assert "Not so (request ref-7)" in page and "<b>not for" not in page
    problem, names = next(iter(fields.items()), ("", []))
    shown = answer.context["form"]
    if field:
        told = str(shown.errors[field]) + "".join(getattr(shown, "problems", {}).values())
        assert f"Afosto: {problem.partition('<')[0]}" in told, told
    elif names:
        assert f"{names[0]}: {problem}." in str(shown.non_field_errors())
    back = form_in(answer.content.decode())
    assert all(form.getlist(name) == back.getlist(name) for name in typed if "__" not in name)
    assert [row for row in back.getlist("items-sku") if row] == [row for row in form.getlist("items-sku") if row]
    desk.there.watch = lambda request: None
    send(desk.client, url, back)
    assert is_done() and RemoteWrite.objects.count() == 2
    write.refresh_from_db()
    assert write.dismissed_by == desk.user, "what was done instead leaves nothing to do about it"


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "create"])
def test_what_is_over_is_refused_before_and_while_the_form_is_open(desk: Desk, ayu: None, verb: str) -> None:
    url, row, typed, _ = cases(desk)[verb]
    form = opened(desk.client, url, **typed)
    if isinstance(row, HandlingList):
        desk.there.afosto.picking.delete(row.remote_id)
    else:
        desk.there.afosto.planning.cancel(row.remote_id)
    desk.there.calls.clear()
    if verb == "mark_handled":  # it is decided by the mirror, which a scan brings up to date
        reread("afosto.handling_lists", row.remote_id)
        desk.there.calls.clear()
    answer = send(desk.client, url, form)
    if verb == "mark_handled":
        assert "is left as it is. It is cancelled" in shown_in(answer) and not RemoteWrite.objects.exists()
        return
    write = last_write()
    is_so_already = verb in {"delete", "cancel"}
    assert write.state == (State.CONFIRMED if is_so_already else State.REFUSED), write.error
    assert answer.redirect_chain == [(page_of(row), 302)] and not desk.writes
    assert is_so_already or "cancelled. Nothing was sent." in shown_in(answer)
    answer = desk.client.get(url, follow=True)
    assert "is left as it is. It is cancelled" in shown_in(answer)
    assert [str(message.level_tag) for message in answer.context["messages"]] == ["error"]


# -- what only one of them does ---------------------------------------------------------------------------------------


def test_a_list_that_was_assigned_meanwhile_is_not_taken_away_unseen(desk: Desk, ayu: None) -> None:
    url = deed_of("assign", desk.list)
    form = opened(desk.client, url, person="sub-ayu")
    desk.there.afosto.picking.set_state(desk.list.remote_id, {"sub": "sub-budi"})
    answer = send(desk.client, url, form)
    assert "assigned to somebody else meanwhile. Nothing was sent." in shown_in(answer)
    send(desk.client, url, form_in(answer.content.decode()))
    assert desk.there.afosto.lists.get(desk.list.remote_id)["sub"] == "sub-ayu"


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"person": "", "other": ""}, "person", "Choose a person, or type an id."),
        ({"person": "sub-ayu", "other": "sub-budi"}, "other", "not both"),
        ({"person": "nobody"}, "person", "not one of the available choices"),
        ({"person": "", "other": "x" * 256}, "other", "at most 255 characters"),
    ],
)
def test_a_list_is_assigned_to_one_person(desk: Desk, ayu: None, typed: Any, field: str, told: str) -> None:
    answer = desk.submit(deed_of("assign", desk.list), **typed)
    assert told in str(answer.context["form"].errors[field]) and not RemoteWrite.objects.exists()


def test_an_id_that_belongs_to_no_picker_can_be_typed(desk: Desk) -> None:
    desk.submit(deed_of("assign", desk.list), person="", other=" sub-budi ")
    assert desk.there.afosto.lists.get(desk.list.remote_id)["sub"] == "sub-budi"
    assert "sub-budi" in shown_in(desk.client.get(page_of(desk.list))) and not Picker.objects.exists()


def test_a_held_list_is_released(desk: Desk) -> None:
    desk.submit(deed_of("hold", desk.list))
    page = text_of(desk.client.get(page_of(desk.list)))
    assert reasons_off(page)["Hold"] == "It is on hold already." and reasons_off(page)["Mark as handled"]
    desk.submit(deed_of("release", desk.list))
    assert HandlingList.objects.get(pk=desk.list.pk).state == "open"


def test_what_was_opened_and_not_changed_is_not_sent(desk: Desk) -> None:
    for verb in ("set_method", "set_backorders", "set_overage", "set_missing"):
        answer = desk.submit(deed_of(verb, desk.open))
        assert "Nothing was changed in the form, so nothing was sent." in shown_in(answer), verb
    assert not RemoteWrite.objects.exists()


def test_a_method_that_somebody_else_changed_is_shown_before_it_is_changed_again(desk: Desk) -> None:
    url, dhl = deed_of("set_method", desk.open), desk.there.afosto.methods
    form = opened(desk.client, url, method_id=desk.method.remote_id)
    theirs = next(row["id"] for row in dhl if row["carrier_code"] == "pickup")
    desk.there.afosto.shipments.change(desk.open.remote_id, method_id=theirs)
    answer = send(desk.client, url, form)
    assert "was given another method meanwhile. Nothing was sent." in shown_in(answer)
    back = form_in(answer.content.decode())
    assert back["method_id"] == desk.method.remote_id and theirs in back["base_json"]
    send(desk.client, url, back)
    assert desk.there.afosto.shipment_body(desk.open.remote_id)["method_id"] == desk.method.remote_id


@pytest.mark.parametrize("base", ["", "{", "[1]", '{"a": 1}', "[" * 9_000])
def test_a_form_that_came_back_damaged_is_not_sent(desk: Desk, base: str) -> None:
    answer = desk.submit(deed_of("set_method", desk.open), method_id=desk.method.remote_id, base_json=base)
    assert "came back damaged" in shown_in(answer) and not RemoteWrite.objects.exists()
    assert form_in(answer.content.decode())["base_json"].strip('"') == desk.open.method_remote_id


def test_lines_are_added_changed_and_taken_out_and_those_of_others_stay(desk: Desk) -> None:
    afosto, url = desk.there.afosto, deed_of("set_backorders", desk.open)
    afosto.planning.set_corrections(
        desk.open.remote_id, "backorders", [{"sku": MUG, "quantity": 2}, {"sku": POT, "quantity": 1}]
    )
    reread("afosto.shipments", desk.open.remote_id)
    form = opened(desk.client, url)
    assert [sku for sku in form.getlist("items-sku") if sku] == [MUG, POT]
    afosto.planning.set_corrections(
        desk.open.remote_id,
        "backorders",
        [{"sku": MUG, "quantity": 2}, {"sku": POT, "quantity": 1}, {"sku": "SPOON-SET-6", "quantity": 4}],
    )
    answer = send(desk.client, url, opened(desk.client, url, do="remove:1"))
    form = form_in(answer.content.decode(), items__quantity=["3", "", ""])
    assert [sku for sku in form.getlist("items-sku") if sku] == [MUG]
    send(desk.client, url, form)
    lines = afosto.shipment_body(desk.open.remote_id)["backorders"]
    assert {line["sku"]: line["quantity"] for line in lines} == {MUG: 3, "SPOON-SET-6": 4}
    more = form_in(send(desk.client, url, opened(desk.client, url, do="add")).content.decode())
    assert len(more.getlist("items-sku")) == 5 and RemoteWrite.objects.count() == 1


@pytest.mark.parametrize(
    ("sku", "quantity", "told"),
    [
        ([MUG], ["0"], "Type how many"), ([MUG], ["-1"], "Type how many"), ([MUG], ["1.5"], "Type how many"),
        ([MUG], ["٣"], "Type how many"), ([MUG], ["99999999"], "Type how many"), ([""], ["1"], "needs an SKU"),
        ([MUG, MUG], ["1", "1"], "stands here already"),
    ],
)  # fmt: skip
def test_a_line_that_cannot_be_sent_is_marked_and_kept(desk: Desk, sku: Any, quantity: Any, told: str) -> None:
    typed = {"items__sku": sku, "items__quantity": quantity, "items__position": [""] * len(sku)}
    answer = desk.submit(deed_of("set_overage", desk.open), **typed)
    assert told in shown_in(answer) and not RemoteWrite.objects.exists()
    back = form_in(answer.content.decode())
    assert back.getlist("items-quantity")[: len(quantity)] == quantity


def test_a_piece_that_was_found_after_all_is_no_longer_missing(desk: Desk) -> None:
    lost, other, *_ = pieces(desk.open)
    url = deed_of("set_missing", desk.open)
    desk.submit(url, items=[lost, other])
    assert opened(desk.client, url).getlist("items") == [lost, other]
    desk.submit(url, items=[lost])
    flags = {its["id"]: its["is_missing"] for its in desk.there.afosto.shipment_body(desk.open.remote_id)["items"]}
    assert flags[lost] and not flags[other]
    assert last_write().sends == {"items": [{"id": other, "is_missing": False}]}
    answer = desk.submit(url, items=["no-such-piece"])
    assert "cannot be chosen any more" in str(answer.context["form"].errors["items"])


def test_deleting_and_cancelling_take_a_reason_and_a_second_yes(desk: Desk) -> None:
    for url in (deed_of("delete", desk.list), deed_of("cancel", desk.open)):
        for typed, field in (({"is_sure": "on"}, "reason"), ({"reason": "why"}, "is_sure")):
            answer = desk.submit(url, **typed)
            assert answer.context["form"].errors[field], (url, field)
            assert form_in(answer.content.decode())["reason"] == typed.get("reason", "")
    assert not RemoteWrite.objects.exists()


def test_a_list_is_made_from_selected_shipments_with_bins_and_a_time(desk: Desk) -> None:
    picked = [str(its.pk) for its in (desk.open, desk.other, desk.listed)]
    posted = {"action": "new_list", "index": "0", "select_across": "0", "_selected_action": picked}
    answer = desk.client.post("/admin/fulfilment/shipment/", posted, follow=True)
    assert "Left out, as they cannot go on a list." in shown_in(answer)
    form = form_in(answer.content.decode(), due_at="2030-01-02 15:00", **{f"label-{desk.open.remote_id}": "K1"})
    assert set(form.getlist("shipments")) == {desk.open.remote_id, desk.other.remote_id}
    send(desk.client, NEW_LIST, form)
    write = last_write()
    by_id = {shipment["id"]: shipment.get("label") for shipment in write.sends["shipments"]}
    assert write.state == State.CONFIRMED and by_id == {desk.open.remote_id: "K1", desk.other.remote_id: None}
    made = HandlingList.objects.get(remote_id=write.remote_id)
    assert made.due_at and made.due_at.year == 2030 and "K1" in shown_in(desk.client.get(page_of(made)))
    assert set(Shipment.objects.filter(list=made)) == {desk.open, desk.other}


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({}, "shipments", "Choose at least one shipment."),
        ({"shipments": "no-such"}, "shipments", "can no longer go on a list"),
        ({"due_at": "tomorrow"}, "due_at", "valid date/time"),
        ({"due_at": "2020-01-01 10:00"}, "due_at", "This time is over."),
    ],
)
def test_a_list_that_cannot_be_made_is_told_at_its_fields(desk: Desk, typed: Any, field: str, told: str) -> None:
    answer = desk.submit(NEW_LIST, **typed)
    assert told in str(answer.context["form"].errors[field]) and not RemoteWrite.objects.exists()
    assert form_in(answer.content.decode()).get("due_at", "") == typed.get("due_at", "")


def test_a_shipment_that_was_listed_meanwhile_is_refused_with_its_name(desk: Desk) -> None:
    form = opened(desk.client, NEW_LIST, shipments=[desk.open.remote_id, desk.other.remote_id])
    desk.there.afosto.new_list(desk.other.remote_id)
    answer = send(desk.client, NEW_LIST, form)
    assert f"Shipment {desk.other} is on a list already. Nothing was sent." in shown_in(answer)
    assert form_in(answer.content.decode()).getlist("shipments")[0] == desk.open.remote_id
    assert last_write().state == State.REFUSED and "/lcs/lists" not in desk.writes


def test_a_form_that_was_sent_and_then_changed_is_not_taken_for_sent(desk: Desk, ayu: None) -> None:
    url = deed_of("assign", desk.list)
    form = opened(desk.client, url, person="sub-ayu")
    send(desk.client, url, form)
    form["person"], form["other"] = "", "sub-budi"
    answer = send(desk.client, url, form)
    assert "This form was sent before, and that is confirmed." in shown_in(answer)
    assert RemoteWrite.objects.count() == 1 and form_in(answer.content.decode())["other"] == "sub-budi"
