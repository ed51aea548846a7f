"""Every verb of parcels and locations from its page: done, refused by us, refused by Afosto, and nobody knows."""

from typing import Any

import httpx
import pytest

from backoffice.client import PERSON
from backoffice.models import RemoteWrite
from backoffice.tests.reading import reasons_off, shown_in, text_of
from fulfilment.models import LabelJob, Location, Parcel, Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.locations import LocationService
from fulfilment.tests.desk import Desk, State, deed_of, desk, form_in, last_write, opened, page_of, reread, send
from fulfilment.tests.warehouse import MUG, POT
from fulfilment.verbs.locations import REFRESH_LOCATION

__all__ = ["desk"]

pytestmark = pytest.mark.django_db

NEW_LOCATION = "/admin/fulfilment/location/create/"
PARCEL_VERBS = ("create", "update", "add_pieces", "remove_pieces", "request_label", "request_slip", "delete")
LOCATION_VERBS = ("create_location", "rename", "disable", "set_walk_order", "set_skus")


@pytest.fixture
def half(desk: Desk) -> Parcel:
    """A parcel with one of three pieces; the other two are left to be packed."""
    first = contents_of(desk.other).pieces[0].id
    made = desk.there.afosto.new_parcel(desk.other.remote_id, weight=500, item_ids=[first])["id"]
    reread("afosto.shipments", desk.other.remote_id)
    return reread("afosto.parcels", made)


@pytest.fixture
def shelves(desk: Desk) -> Location:
    """The location with its shelves read."""
    with REFRESH_LOCATION.client(PERSON) as api:
        LocationService(api).refresh(desk.location)
    desk.there.calls.clear()
    return Location.objects.get(pk=desk.location.pk)


def cases(desk: Desk, half: Parcel) -> dict[str, tuple[str, Any, dict[str, Any], Any]]:
    """By the verb: the address of its form, its row, what is typed, and what is true at Afosto then."""
    afosto, left = desk.there.afosto, [piece.id for piece in contents_of(desk.open).pieces]
    inside = [piece["id"] for piece in half.payload["items"]]
    spare = [piece.id for piece in contents_of(Shipment.objects.get(pk=desk.other.pk)).left_to_box]

    def there() -> Any:
        return afosto.parcel_body(half.remote_id)

    def ids() -> list[str]:
        return sorted(its["id"] for its in there()["items"])

    def bought() -> bool:
        afosto.finish_tasks()
        return len(afosto.purchases) == 1

    return {
        "create": (
            deed_of("create", desk.open, "parcel"), desk.open, {"item_ids": left[:2], "weight": "750"},
            lambda: [len(its["items"]) for its in afosto.shipment_body(desk.open.remote_id)["parcels"]] == [2],
        ),
        "update": (
            deed_of("update", half), half, {"weight": "800", "tracking_code": "3SABC"},
            lambda: (there()["weight"], there()["tracking_code"]) == (800, "3SABC"),
        ),
        "add_pieces": (
            deed_of("add_pieces", half), half, {"ids": spare[:1]}, lambda: ids() == sorted([*inside, spare[0]]),
        ),
        "remove_pieces": (deed_of("remove_pieces", half), half, {"ids": inside}, lambda: not ids()),
        "request_label": (deed_of("request_label", half), half, {"reason": "x"}, bought),
        "request_slip": (
            deed_of("request_slip", half), half, {"reason": "x"},
            lambda: len(afosto.tasks) == 1,
        ),
        "delete": (
            deed_of("delete", half), half, {"reason": "wrong box", "is_sure": "on"},
            lambda: afosto.parcels.find(half.remote_id) is None,
        ),
    }  # fmt: skip


def location_cases(desk: Desk, shelves: Location) -> dict[str, tuple[str, Any, dict[str, Any], Any]]:
    """The same for locations."""
    afosto, codes = desk.there.afosto, [shelf["code"] for shelf in shelves.positions or []]
    turned = [codes[1], codes[0], *codes[2:]]

    def there() -> Any:
        return afosto.locations.get(shelves.remote_id)

    def order() -> list[str]:
        rows = [its for its in afosto.positions if its["location_id"] == shelves.remote_id]
        return [its["code"] for its in sorted(rows, key=lambda its: its["sorting"])]

    return {
        "create_location": (
            NEW_LOCATION, None, {"name": "Annex", "address_id": shelves.address_remote_id},
            lambda: [its["name"] for its in afosto.locations if its["name"] == "Annex"] == ["Annex"],
        ),
        "rename": (deed_of("rename", shelves), shelves, {"name": "Hall 9"}, lambda: there()["name"] == "Hall 9"),
        "disable": (deed_of("disable", shelves), shelves, {"reason": "x"}, lambda: there()["is_disabled"]),
        "set_walk_order": (
            deed_of("set_walk_order", shelves), shelves, {"positions": "\r\n".join(turned)}, lambda: order() == turned,
        ),
        "set_skus": (
            deed_of("set_skus", shelves), shelves, {"items__sku": [MUG], "items__position": [codes[-1]]},
            lambda: codes[-1] in {its["position"] for its in _skus(shelves) if its["sku"] == MUG},
        ),
    }  # fmt: skip


def _skus(location: Location) -> list[Any]:
    with REFRESH_LOCATION.client(PERSON) as api:
        LocationService(api).refresh(location)
    location.refresh_from_db()
    shelves = location.positions or []
    return [{**sku, "position": shelf["code"]} for shelf in shelves for sku in shelf["skus"]]


@pytest.fixture
def case(desk: Desk, half: Parcel, request: pytest.FixtureRequest) -> Any:
    """The case of the verb that the test is about."""
    verb = request.getfixturevalue("verb")
    desk.there.afosto.label_takes_s = 0
    if verb in LOCATION_VERBS:
        return location_cases(desk, request.getfixturevalue("shelves"))[verb]
    return cases(desk, half)[verb]


@pytest.mark.parametrize("verb", (*PARCEL_VERBS, *LOCATION_VERBS))
def test_what_was_not_done_comes_back_as_typed_and_is_then_done_once(desk: Desk, verb: str, case: Any) -> None:
    url, row, typed, is_done = case
    page = text_of(desk.client.get(url))
    assert "Writes to <strong>Afosto</strong>" in page
    form = form_in(page, **typed)
    desk.there.turn_on("down")
    answer = send(desk.client, url, form)
    assert last_write().state == State.FAILED and "Afosto does not answer now" in shown_in(answer)
    back = form_in(answer.content.decode())
    for name, values in form.lists():
        if name not in {"write_id", "again"}:
            kept = [value for value in values if value]
            assert [value for value in back.getlist(name) if value] == kept, name
    desk.there.turn_off("down")
    desk.there.calls.clear()
    answer = send(desk.client, url, back)
    write = last_write()
    assert write.state == State.CONFIRMED and is_done(), write.error
    made = row or Location.objects.get(remote_id=write.remote_id)
    assert answer.redirect_chain == [(page_of(made), 302)]
    assert "What we did" in shown_in(answer) and f"/remotewrite/{write.pk}/" in text_of(answer)
    sent = list(desk.writes)
    send(desk.client, url, back)
    assert RemoteWrite.objects.count() == 1 and desk.writes == sent


@pytest.mark.parametrize("verb", (*PARCEL_VERBS, "create_location", "rename", "set_walk_order"))
def test_of_a_lost_answer_nobody_says_that_it_was_done_or_not(desk: Desk, verb: str, case: Any) -> None:
    url, _, typed, is_done = case
    form = opened(desk.client, url, **typed)
    for method in ("POST", "PUT", "DELETE"):
        desk.there.turn_on("drop", method=method, path="/lcs/[lp]*")
    answer = send(desk.client, url, form)
    assert last_write().state == State.UNKNOWN
    desk.there.turn_off("drop")
    assert is_done()
    assert "Nobody can say yet whether Afosto did it" in shown_in(answer)
    sent = list(desk.writes)
    send(desk.client, url, form)
    assert RemoteWrite.objects.count() == 1 and desk.writes == sent


@pytest.mark.parametrize(
    ("verb", "fields", "field"),
    [
        ("create", {"too heavy": ["weight"]}, "weight"),
        ("create", {"not of it": ["item_ids"]}, "item_ids"),
        ("update", {"<b>too long</b>": ["tracking_code"]}, "tracking_code"),
        ("add_pieces", {"not of it": ["ids"]}, "ids"),
        ("request_label", {"no address": ["addressing.to"]}, None),
        ("create_location", {"unknown": ["address_id"]}, "address_id"),
        ("rename", {"taken": ["name"]}, "name"),
        ("set_walk_order", {"unknown": ["positions"]}, "positions"),
        ("set_skus", {"unknown sku": ["0.sku"]}, None),
    ],
)
def test_what_afosto_refuses_stands_at_the_field_and_nothing_typed_is_lost(
    desk: Desk, case: Any, verb: str, fields: dict[str, list[str]], field: str | None
) -> None:
    url, _, typed, is_done = case
    form = opened(desk.client, url, **typed)
    body = {"code": 400, "message": "Not so.", "reference": "ref-7", "errors": fields}

    def refuse(request: httpx.Request) -> httpx.Response | None:
        is_change = request.method in {"PUT", "DELETE", "POST"} and "/lcs/" in request.url.path
        return httpx.Response(400, json=body) if is_change and "search" not in request.url.path else None

    desk.there.watch = refuse
    answer = send(desk.client, url, form)
    assert last_write().state == State.REFUSED and not is_done()
    assert "Not so (request ref-7)" in text_of(answer) and "<b>too" not in text_of(answer)
    problem, [name] = next(iter(fields.items()))
    shown = answer.context["form"]
    if field:
        assert f"Afosto: {problem.partition('<')[0]}" in str(shown.errors[field])
    else:
        assert f"{name}: {problem}." in str(shown.non_field_errors())
    back = form_in(answer.content.decode())
    assert all(form.getlist(name) == back.getlist(name) for name in typed if "__" not in name)


def test_a_parcel_is_labelled_handed_over_and_finished_from_its_page(desk: Desk, half: Parcel) -> None:
    page = text_of(desk.client.get(page_of(half)))
    assert "It has no label yet, so no carrier takes it." in page and "It is not on its way yet." in page
    desk.there.afosto.label_takes_s = 0
    answer = desk.submit(deed_of("request_label", half))
    job = LabelJob.objects.get()
    assert job.write == last_write() and f'href="{page_of(job)}"' in text_of(answer)
    desk.there.afosto.finish_tasks()
    reread("afosto.parcels", half.remote_id)
    page = text_of(desk.client.get(page_of(half)))
    assert "It has a label; print that one again." in page and 'rel="noopener noreferrer"' in page
    desk.submit(deed_of("mark_in_transit", half))
    assert Parcel.objects.get(pk=half.pk).state == "in transit"
    page = text_of(desk.client.get(page_of(half)))
    for label in ("Edit", "Add pieces", "Take pieces out", "Delete"):
        assert reasons_off(page)[label] == "It is in transit.", label
    for verb in ("update", "add_pieces", "remove_pieces", "request_label", "mark_in_transit", "delete"):
        answer = desk.client.get(deed_of(verb, half), follow=True)
        assert "is left as it is. It is in transit" in shown_in(answer), verb
    desk.submit(deed_of("finish", half))
    assert Parcel.objects.get(pk=half.pk).state == "finished" and len(desk.there.afosto.purchases) == 1


@pytest.mark.parametrize(
    ("typed", "field", "told"),
    [
        ({"weight": "-1"}, "weight", "greater than or equal to 0"),
        ({"weight": "heavy"}, "weight", "whole number"),
        ({"weight": ""}, "weight", "Afosto cannot take a number away."),
        ({"length": "99999999"}, "length", "less than or equal to"),
        ({"tracking_url": "javascript:alert(1)"}, "tracking_url", "This is no web address"),
        ({"tracking_code": "x" * 256}, "tracking_code", "at most 255 characters"),
    ],
)
def test_what_no_parcel_can_be_is_told_at_its_field(
    desk: Desk, half: Parcel, typed: Any, field: str, told: str
) -> None:
    answer = desk.submit(deed_of("update", half), **typed)
    assert told in str(answer.context["form"].errors[field]) and not RemoteWrite.objects.exists()
    assert form_in(answer.content.decode())[field] == typed[field]


def test_no_parcel_is_packed_where_nothing_is_left(desk: Desk) -> None:
    page = text_of(desk.client.get(page_of(desk.packed)))
    assert "All of its pieces are in parcels, or missing." in page
    answer = desk.client.get(deed_of("create", desk.packed, "parcel"), follow=True)
    assert answer.redirect_chain == [(page_of(desk.packed), 302)]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda codes: codes[1:], "Missing:"),
        (lambda codes: [*codes, codes[0]], "Twice:"),
        (lambda codes: [*codes, "Q9.99"], "No shelf here: Q9.99."),
    ],
)
def test_a_walking_order_names_every_shelf_once(desk: Desk, shelves: Location, change: Any, told: str) -> None:
    codes = [shelf["code"] for shelf in shelves.positions or []]
    answer = desk.submit(deed_of("set_walk_order", shelves), positions="\n".join(change(codes)))
    assert told in shown_in(answer) and not RemoteWrite.objects.exists()


@pytest.mark.parametrize(
    ("sku", "shelf", "told"),
    [
        ([""], [""], "Type at least one SKU and its shelf."), ([MUG], [""], "Type the shelf that it lies on."),
        ([""], ["A1.01"], "This row needs an SKU."), ([MUG], ["Q9.99"], "This location has no such shelf."),
        ([POT, POT], ["", ""], "Type the shelf"),
    ],
)  # fmt: skip
def test_skus_lie_on_shelves_that_there_are(desk: Desk, shelves: Location, sku: Any, shelf: Any, told: str) -> None:
    answer = desk.submit(deed_of("set_skus", shelves), items__sku=sku, items__position=shelf)
    assert told in shown_in(answer) and not RemoteWrite.objects.exists()


def test_a_location_is_enabled_again_and_its_shelves_are_shown(desk: Desk, shelves: Location) -> None:
    desk.submit(deed_of("disable", shelves))
    page = text_of(desk.client.get(page_of(shelves)))
    assert ">disabled</span>" in page and "disabled>Disable<" in page
    desk.submit(deed_of("enable", shelves))
    told = shown_in(desk.client.get(page_of(shelves)))
    assert ">enabled</span>" in told and MUG in told and shelves.positions[0]["code"] in told
