"""What calls read: shapes, both kinds of pages, and searches."""

from typing import Any

import httpx
import pytest

from backoffice.sandbox import Sandbox, Switch
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.tests import afosto_shapes as shapes
from backoffice.sandbox.tests.afosto_shapes import body_of, refused
from backoffice.sandbox.tests.conftest import desk_of
from backoffice.sandbox.tests.shapes import Check


@pytest.fixture
def reader(busy: Sandbox) -> httpx.Client:
    return desk_of(busy)


def numbered(desk: httpx.Client, path: str, size: int, body: Any = None, method: str = "GET") -> list[dict[str, Any]]:
    """All rows of a numbered list, page by page until one is empty."""
    rows: list[dict[str, Any]] = []
    page = 1
    while True:
        headers = {"x-page": str(page), "x-page-size": str(size)}
        answer = desk.request(method, path, headers=headers, json=body)
        found = body_of(answer)
        assert "x-page" not in answer.headers and len(found) <= size
        if not found:
            assert int(answer.headers["x-count"]) == len(rows)
            return rows
        rows += found
        page += 1


def followed(desk: httpx.Client, path: str, size: int) -> list[dict[str, Any]]:
    """All rows of a list with cursors."""
    rows: list[dict[str, Any]] = []
    cursor = "1"
    while cursor:
        answer = desk.get(path, headers={"x-page": cursor, "x-page-size": str(size)})
        rows += body_of(answer)
        assert "x-count" not in answer.headers
        cursor = answer.headers["x-page"]
    return rows


def search(desk: httpx.Client, path: str, member: str = "value", **wanted: list[str]) -> list[dict[str, Any]]:
    constraints = [{"key": key, "operator": "in", member: values} for key, values in wanted.items()]
    return numbered(desk, path, 50, {"constraints": constraints}, "POST")


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/lcs/lists", shapes.LIST_ROW),
        ("/lcs/shipments", shapes.SHIPMENT_ROW),
        ("/lcs/parcels", shapes.PARCEL),
        ("/lcs/locations", shapes.LOCATION),
    ],
)
def test_numbered_lists_state_their_number_and_end_with_an_empty_page(
    reader: httpx.Client, path: str, shape: dict[str, Check]
) -> None:
    rows = numbered(reader, path, 7)
    assert rows == numbered(reader, path, 100) and len({row["id"] for row in rows}) == len(rows) > 2
    assert [row["created_at"] for row in rows] == sorted((row["created_at"] for row in rows), reverse=True)
    for row in rows:
        shapes.check(row, shape)
    first = reader.get(path)
    assert body_of(first) == rows[:25] and first.headers["x-count"] == str(len(rows))
    assert body_of(reader.get(path, headers={"x-page": "", "x-page-size": ""})) == rows[:25]
    for name, value in (("x-page", "0"), ("x-page", "x"), ("x-page-size", "0"), ("x-page-size", "101")):
        refused(reader.get(path, headers={name: value}), 400, "invalid value", name)


@pytest.mark.parametrize(
    ("path", "shape"), [("/rel/contacts", shapes.CONTACT), ("/cnt/files", shapes.FILE), ("/odr/orders", None)]
)
def test_lists_with_cursors_end_with_an_empty_one(
    reader: httpx.Client, path: str, shape: dict[str, Check] | None
) -> None:
    rows = followed(reader, path, 4)
    assert rows == followed(reader, path, 100) and len({row["id"] for row in rows}) == len(rows) > 8
    body_of(reader.get(path), shape)
    for wrong in ("2", "x", reader.get("/rel/contacts").headers["x-page"] + "A"):
        refused(reader.get(path, headers={"x-page": wrong}), 400, "invalid value", "x-page")


def test_orders_have_their_secrets_and_are_found_by_number(reader: httpx.Client) -> None:
    order = body_of(reader.get("/odr/orders"))[3]
    assert order.keys() == shapes.ORDER_MEMBERS
    assert order["acceptances"][0]["transaction_secret"].startswith("tx_")
    assert body_of(reader.get("/odr/orders", params={"number": order["number"]})) == [order]
    assert body_of(reader.get(f"/odr/orders/{order['id']}")) == order


def test_a_list_has_three_shapes(reader: httpx.Client, busy: Sandbox) -> None:
    rows = numbered(reader, "/lcs/lists", 100)
    searched = {its["id"]: its for its in search(reader, "/lcs/lists/search", "values")}
    for row in rows:
        detail = body_of(reader.get(f"/lcs/lists/{row['id']}"), shapes.LIST)
        assert detail == searched[row["id"]]
        assert {name: detail[name] for name in row if name != "items"} == {
            name: value for name, value in row.items() if name != "items"
        }
        grouped = [its for group in detail["items"] for its in group["ids"]]
        assert sorted(grouped) == sorted(piece["id"] for piece in row["items"])
        handled = {its for group in detail["items"] for its in group["handled_ids"]}
        assert handled == {piece["id"] for piece in row["items"] if piece["is_handled"]}
        walk = busy.afosto.picking.walk(row["location_id"])
        places = [walk[group["position"]] for group in detail["items"]]
        assert places == sorted(places) and [group["rank"] for group in detail["items"]] == [*range(1, len(places) + 1)]
        labels = {label["shipment_id"]: label["label"] for label in detail["sorting_labels"]}
        assert list(labels) == row["shipments"]
        assert {group["sorting_label"] for group in detail["items"]} <= set(labels.values())


def test_shipment_rows_lack_what_only_the_detail_has(reader: httpx.Client) -> None:
    for row in body_of(reader.get("/lcs/shipments"), shapes.SHIPMENT_ROW):
        detail = body_of(reader.get(f"/lcs/shipments/{row['id']}"), shapes.SHIPMENT)
        assert row.items() <= detail.items()
        for parcel in detail["parcels"]:
            assert body_of(reader.get(f"/lcs/parcels/{parcel['id']}"), shapes.PARCEL) == parcel


def test_single_reads_and_lists_without_pages(reader: httpx.Client, busy: Sandbox) -> None:
    methods = body_of(reader.get("/lcs/methods"), shapes.METHOD)
    assert [its["carrier_code"] for its in methods] == ["postnl", "dhl", "ups", "pickup", "dpd"]
    assert body_of(reader.get(f"/lcs/methods/{methods[0]['id']}")) == methods[0]
    french = body_of(reader.get("/lcs/methods", params={"country_code": "FR"}))
    assert [its["carrier_code"] for its in french] == ["ups"]
    contact = body_of(reader.get("/rel/contacts"))[0]
    assert body_of(reader.get(f"/rel/contacts/{contact['id']}"), shapes.CONTACT) == contact
    body_of(reader.get(f"/rel/addresses/{contact['shipping']['primary']['id']}"), shapes.ADDRESS)
    printers = body_of(reader.get("/spl/printers"), shapes.PRINTER)
    assert len(printers) == 3 and [its for its in printers if its["disabled_at"]]
    assert len(body_of(reader.get("/spl/printers", params={"hub_id": printers[0]["hub_id"]}))) == 2
    known = {its["email"] for its in busy.kirim.customers}
    assert sum(its["email"] in known for its in followed(reader, "/rel/contacts", 50)) >= 5


def test_service_points_lie_around_the_place_that_is_asked_for(reader: httpx.Client) -> None:
    where = {"country_code": "NL", "postal_code": "3511NP"}
    hits = body_of(reader.get("/lcs/points/dhl", params=where))
    assert [hit["distance"] for hit in hits] == sorted(hit["distance"] for hit in hits)
    for hit in hits:
        shapes.check(hit["point"], shapes.POINT)
        assert hit["point"]["address"]["postal_code"] == "3511NP"
    assert body_of(reader.get("/lcs/points/dhl/NL-201984"))["id"] == "NL-201984"
    assert body_of(reader.get("/lcs/points/dhl", params={"country_code": "US"})) == []
    near = body_of(reader.get("/lcs/dpd/points", params=where))["parcelShop"]
    assert near[0]["zipCode"] == "3511NP" and near[0]["openingHours"][0]["openMorning"] == "09:00"
    one = body_of(reader.get(f"/lcs/dpd/points/{near[1]['pudoId']}"))["parcelShop"]
    assert [its["parcelShopId"] for its in one] == [near[1]["parcelShopId"]]


def test_searches_take_constraints_together_and_values_one_by_one(reader: httpx.Client, busy: Sandbox) -> None:
    lists = list(busy.afosto.lists)
    for name in ("is_on_hold", "is_in_progress", "is_finished"):
        found = search(reader, "/lcs/lists/search", "values", **{name: ["1"]})
        assert {its["id"] for its in found} == {its["id"] for its in lists if its[name]} and found
    assigned = search(reader, "/lcs/lists/search", "values", is_assigned=["1"], is_finished=["0"])
    assert {its["id"] for its in assigned} == {its["id"] for its in lists if its["sub"] and not its["is_finished"]}
    subs = sorted({its["sub"] for its in lists if its["sub"]})[:2]
    by_sub = search(reader, "/lcs/lists/search", "values", sub=subs)
    assert {its["sub"] for its in by_sub} == set(subs) and len(by_sub) == sum(its["sub"] in subs for its in lists)
    shipments = list(busy.afosto.shipments)
    ids = [its["id"] for its in shipments[:3]]
    assert {its["id"] for its in search(reader, "/lcs/search/shipments", ids=[*ids, "nobody"])} == set(ids)
    assert [its["id"] for its in search(reader, "/lcs/search/shipments", secret=[shipments[4]["secret"]])] == [
        shipments[4]["id"]
    ]
    warehouse = shipments[0]["addressing"]["from"]["entity_id"]
    sent = search(reader, "/lcs/search/shipments", from_id=[warehouse], from_type=["location"], is_outbound=["1"])
    assert len(sent) == sum(its["is_outbound"] for its in shipments) < len(shipments)
    parcels = search(reader, "/lcs/search/parcels", "values", is_delivered=["1"])
    assert {its["id"] for its in parcels} == {its["id"] for its in busy.afosto.parcels if its["is_delivered"]}
    methods = list(busy.afosto.methods)
    constraints = [{"key": "ids", "operator": "in", "values": [methods[1]["id"]]}]
    answer = reader.post("/lcs/search/methods", json={"constraints": constraints})
    assert body_of(answer) == [methods[1]] and answer.headers["x-count"] == "1"
    assert len(search(reader, "/lcs/search/locations", "values", ids=[warehouse])) == 1
    assert len(search(reader, "/lcs/search/shipments")) == len(shipments)


@pytest.mark.parametrize(
    ("path", "constraint"),
    [
        ("/lcs/lists/search", {"key": "ids", "operator": "in", "value": ["x"]}),
        ("/lcs/search/shipments", {"key": "ids", "operator": "in", "values": ["x"]}),
        ("/lcs/search/shipments", {"key": "number", "operator": "in", "value": ["x"]}),
        ("/lcs/search/shipments", {"key": "ids", "operator": "eq", "value": ["x"]}),
        ("/lcs/search/parcels", {"key": "is_delivered", "operator": "in", "values": [True]}),
        ("/lcs/search/parcels", {"key": "is_delivered", "operator": "in", "values": ["true"]}),
    ],
)
def test_a_wrong_constraint_is_refused(reader: httpx.Client, path: str, constraint: dict[str, Any]) -> None:
    refused(reader.post(path, json={"constraints": [constraint]}), 400)


def test_pieces_are_found_wherever_they_are(reader: httpx.Client, busy: Sandbox) -> None:
    pieces = busy.afosto.pieces.rows({})
    groups = search(reader, "/lcs/search/shipments/items")
    for group in groups:
        shapes.check(group, shapes.SHIPMENT_GROUP)
    assert sorted(its for group in groups for its in group["ids"]) == sorted(row["id"] for row in pieces)
    for name, flag in (
        ("boxed", "parcel_id"),
        ("listed", "list_id"),
        ("handled", "is_handled"),
        ("missing", "is_missing"),
    ):
        ids = {its for group in groups for its in group[f"{name}_ids"]}
        assert ids == {row["id"] for row in pieces if row[flag]}
        assert sum(group["totals"][name] for group in groups) == len(ids)
        found = search(reader, "/lcs/search/shipments/items", **{f"is_{name}": ["1"]})
        assert {its for group in found for its in group["ids"]} == ids
    labeled = search(reader, "/lcs/search/shipments/items", is_labeled=["1"])
    bought = {its["parcel_id"] for its in busy.afosto.purchases}
    assert {its for group in labeled for its in group["ids"]} == {
        row["id"] for row in pieces if row["parcel_id"] in bought
    }

    progressing = next(its for its in busy.afosto.lists if its["is_in_progress"] and its["is_outbound"])
    on_list = search(reader, "/lcs/search/lists/items", list_ids=[progressing["id"]])
    detail = body_of(reader.get(f"/lcs/lists/{progressing['id']}"))
    assert sorted(on_list, key=lambda group: group["rank"]) == detail["items"]
    undone = search(reader, "/lcs/search/lists/items", list_ids=[progressing["id"]], is_handled=["0"])
    assert all(group["handled_ids"] == [] for group in undone) and undone

    parcel = next(iter(busy.afosto.parcels))
    inside = search(reader, "/lcs/search/parcels/items", parcel_ids=[parcel["id"]])
    for piece in inside:
        shapes.check(piece, shapes.PARCEL_ITEM)
    assert {its["id"] for its in inside} == {its["id"] for its in busy.afosto.pieces.of_parcel(parcel["id"])}


def test_rows_slip_between_pages_when_they_are_switched_to(
    sandbox: Sandbox, desk: httpx.Client, afosto: Afosto
) -> None:
    numbers = [afosto.new_shipment({"MUG-BLK-300": 1})["number"] for _ in range(6)][::-1]
    sandbox.switches["afosto"].turn_on(Switch("shift", path="/lcs/shipments", times=1))
    seen = [row["number"] for row in numbered(desk, "/lcs/shipments", 3)]
    assert seen == [*numbers[:3], *numbers[4:], numbers[0]]  # the fourth was never on a page that was read
    assert sorted(row["number"] for row in numbered(desk, "/lcs/shipments", 3)) == sorted(numbers)


def test_new_rows_move_the_others_to_later_pages(desk: httpx.Client, afosto: Afosto) -> None:
    for _ in range(4):
        afosto.new_shipment({"MUG-BLK-300": 1})
    first = body_of(desk.get("/lcs/shipments", headers={"x-page-size": "2"}))
    afosto.new_shipment({"MUG-BLK-300": 1})
    second = body_of(desk.get("/lcs/shipments", headers={"x-page-size": "2", "x-page": "2"}))
    assert second[0] == first[1]


@pytest.mark.parametrize("value", ["junk", "-1", "9999999", "", None])
def test_the_number_of_rows_can_be_junk_or_absent(sandbox: Sandbox, desk: httpx.Client, value: str | None) -> None:
    sandbox.switches["afosto"].turn_on(Switch("count", value=value, times=1))
    answer = desk.get("/lcs/locations")
    assert answer.headers.get("x-count") == value and len(body_of(answer)) == 3
    assert desk.get("/lcs/locations").headers["x-count"] == "3"


def test_a_cursor_can_repeat(sandbox: Sandbox, desk: httpx.Client) -> None:
    first = desk.get("/rel/contacts", headers={"x-page-size": "10"}).headers["x-page"]
    sandbox.switches["afosto"].turn_on(Switch("repeat", path="/rel/*"))
    for cursor in ("1", first):
        answer = desk.get("/rel/contacts", headers={"x-page-size": "10", "x-page": cursor})
        assert answer.headers["x-page"] == cursor and len(body_of(answer)) == 10
