"""Afosto's client: how it pages, searches, writes and fetches files, and what it makes of odd answers."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import msgspec
import pytest

from backoffice.client import PERSON
from backoffice.errors import (
    RemoteAnswerLost,
    RemoteAuthFailed,
    RemoteContractError,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRejected,
)
from backoffice.records import RecordError
from conftest import FakeRemote
from fulfilment.afosto import (
    AfostoAPI,
    HandlingListCreated,
    HandlingListRecord,
    HandlingListRowRecord,
    ShipmentRecord,
    ShipmentRowRecord,
    SubscriptionRecord,
)

TOKEN = "the-static-token"
LIST = "cb1c13b2-c66a-495c-aebe-48f739b3cb7c"
PARCEL = "3a91b39a-cd6f-44d1-ad7a-53084061490d"
HEAD = {
    "id": LIST, "sub": None, "location_id": "loc-1", "shipments": ["sh-1"], "is_outbound": True, "is_in_progress": True,
    "is_on_hold": False, "is_finished": False, "started_at": "2026-04-17T08:02:11+00:00", "finished_at": None,
    "due_at": "", "created_at": "2026-04-17T07:45:00+00:00", "updated_at": "2026-04-17T08:31:40+00:00",
}  # fmt: skip
PIECE = {"id": "p-1", "sku": "MUG-BLK-300", "position": "A3.12", "is_handled": True, "is_missing": False, "service": []}
GROUP = {
    "ids": ["p-1", "p-2"], "handled_ids": ["p-1"], "shipment_id": "sh-1", "sku": "MUG-BLK-300", "position": "A3.12",
    "quantity": 2, "sorting_label": "K2", "rank": 1, "description": "Mug black 300 ml",
}  # fmt: skip
PARCEL_BODY = {"id": PARCEL, "number": "PC-30901", "label": None, "items": [{"id": "p-1"}], "weight": None}


class NoAttempts:
    """A write that counts its requests."""

    def __init__(self) -> None:
        self.begun = 0

    def begin(self) -> None:
        self.begun += 1

    def end(self, error: RemoteError | None, status: int | None, request_id: str) -> None:
        """Nothing to note."""


@pytest.fixture
def api(settings: Any, db: None) -> Iterator[AfostoAPI]:
    settings.AFOSTO_BASE_URL, settings.AFOSTO_TOKEN = "https://afosto.example", TOKEN
    with AfostoAPI.from_settings(PERSON) as api:
        yield api


def paged(pages: dict[str, tuple[list[dict[str, Any]], dict[str, str]]]) -> Callable[[httpx.Request], httpx.Response]:
    def answer(request: httpx.Request) -> httpx.Response:
        rows, headers = pages[request.headers["x-page"]]
        return httpx.Response(200, json=rows, headers=headers)

    return answer


@pytest.mark.parametrize(
    ("header", "count"),
    [("5", 5), (" 12 ", 12), ("0", 0), ("-1", None), ("many", None), ("9" * 30, None), ("٣", None), (None, None)],
)
def test_a_numbered_page_is_asked_for_by_headers_and_a_count_that_is_none_is_not_believed(
    api: AfostoAPI, remote: FakeRemote, header: str | None, count: int | None
) -> None:
    headers = [(b"x-count", header.encode())] if header is not None else []
    remote.answers["GET", "/lcs/parcels"] = lambda request: httpx.Response(200, json=[PARCEL_BODY], headers=headers)
    page = api.list_parcels(3)
    assert (len(page.rows), page.count) == (1, count)
    sent = remote.requests[0].headers
    assert (sent["x-page"], sent["x-page-size"], sent["authorization"]) == ("3", "100", f"Bearer {TOKEN}")


@pytest.mark.parametrize(
    ("following", "is_last"), [({"x-page": "b"}, False), ({"x-page": ""}, True), ({}, True), ({"x-page": "a"}, True)]
)
def test_a_cursor_leads_on_until_it_is_empty_absent_or_unchanged(
    api: AfostoAPI, remote: FakeRemote, following: dict[str, str], is_last: bool
) -> None:
    remote.answers["GET", "/rel/contacts"] = paged({"a": ([{"id": "1"}], following)})
    page = api.list_contacts("a")
    assert (page.is_last, page.next_cursor) == (is_last, None if is_last else "b")


def test_an_empty_page_is_the_last_whatever_its_cursor_says(api: AfostoAPI, remote: FakeRemote) -> None:
    remote.answers["GET", "/rel/contacts"] = paged({"1": ([], {"x-page": "b"})})
    assert api.list_contacts().is_last


def test_where_our_page_size_is_refused_the_remotes_own_is_taken(api: AfostoAPI, remote: FakeRemote) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "x-page-size" in request.headers:
            return httpx.Response(400, json={"code": 400, "message": "x-page-size is too large"})
        return httpx.Response(200, json=[], headers={"x-count": "0"})

    remote.answers["GET", "/lcs/lists"] = answer
    api.list_lists(1)
    api.list_lists(2)
    assert ["x-page-size" in request.headers for request in remote.requests] == [True, False, False]


@pytest.mark.parametrize(
    ("search", "path", "member"),
    [
        ("search_lists", "/lcs/lists/search", "values"),
        ("search_parcels", "/lcs/search/parcels", "values"),
        ("search_shipments", "/lcs/search/shipments", "value"),
        ("search_shipment_items", "/lcs/search/shipments/items", "value"),
    ],
)
def test_each_search_names_its_words_as_that_search_does(
    api: AfostoAPI, remote: FakeRemote, search: str, path: str, member: str
) -> None:
    remote.answers["POST", path] = httpx.Response(200, json=[], headers={"x-count": "0"})
    getattr(api, search)({"ids": ["a", "b"], "is_finished": ["0"]}, 2)
    assert json.loads(remote.requests[0].content) == {
        "constraints": [
            {"key": "ids", "operator": "in", member: ["a", "b"]},
            {"key": "is_finished", "operator": "in", member: ["0"]},
        ]
    }
    assert remote.requests[0].headers["x-page"] == "2"


WRITES: list[tuple[Callable[[AfostoAPI, Any], Any], str, str, Any]] = [
    (lambda api, one: api.set_list_state(LIST, {"sub": "u"}, one), "PUT", f"/lcs/lists/{LIST}/state", {"sub": "u"}),
    (lambda api, one: api.set_list_items(LIST, [{"id": "p", "is_handled": True}], one), "PUT",
     f"/lcs/lists/{LIST}/items", [{"id": "p", "is_handled": True}]),
    (lambda api, one: api.delete_list(LIST, one), "DELETE", f"/lcs/lists/{LIST}", None),
    (lambda api, one: api.cancel_shipment("s", one), "DELETE", "/lcs/shipments/s", None),
    (lambda api, one: api.take_default_positions("s", one), "PUT", "/lcs/shipments/s/positions", None),
    (lambda api, one: api.set_missing("s", [{"id": "p", "is_missing": True}], one), "PUT",
     "/lcs/shipments/s/items/missing", [{"id": "p", "is_missing": True}]),
    (lambda api, one: api.update_parcel(PARCEL, {"weight": 5}, one), "PUT", f"/lcs/parcels/{PARCEL}", {"weight": 5}),
    (lambda api, one: api.delete_parcel(PARCEL, one), "DELETE", f"/lcs/parcels/{PARCEL}", None),
    (lambda api, one: api.mark_parcel_in_transit(PARCEL, one), "PUT", f"/lcs/parcels/{PARCEL}/transit", None),
    (lambda api, one: api.mark_parcel_finished(PARCEL, one), "PUT", f"/lcs/parcels/{PARCEL}/finished", None),
    (lambda api, one: api.delete_subscription("7", one), "DELETE", "/mes/webhooks/subscriptions/7", None),
]  # fmt: skip


@pytest.mark.parametrize(("write", "method", "path", "body"), WRITES, ids=[f"{one[1]} {one[2]}" for one in WRITES])
@pytest.mark.parametrize("answer", [httpx.Response(204), httpx.Response(200, json={"success": 1})])
def test_a_write_that_answers_without_a_body_is_sent_as_the_contract_says(
    api: AfostoAPI, remote: FakeRemote, write: Any, method: str, path: str, body: Any, answer: httpx.Response
) -> None:
    remote.answers[method, path] = answer
    attempts = NoAttempts()
    assert write(api, attempts) is None
    assert [json.loads(request.content) if request.content else None for request in remote.requests] == [body]
    assert attempts.begun == 1


@pytest.mark.parametrize(("write", "method", "path", "body"), WRITES, ids=[f"{one[1]} {one[2]}" for one in WRITES])
def test_a_page_of_somebody_in_between_is_no_word_that_it_was_done(
    api: AfostoAPI, remote: FakeRemote, write: Any, method: str, path: str, body: Any
) -> None:
    remote.answers[method, path] = httpx.Response(200, html="<h1>Back soon</h1>")
    with pytest.raises(RemoteContractError, match="instead of JSON"):
        write(api, NoAttempts())
    assert len(remote.requests) == 1


@pytest.mark.parametrize(
    ("call", "method", "path", "body"),
    [
        ("add_parcel_items", "POST", f"/lcs/parcels/{PARCEL}/items", {"ids": ["a", "b"]}),
        ("remove_parcel_items", "DELETE", f"/lcs/parcels/{PARCEL}/items", {"ids": ["a", "b"]}),
        ("set_walk_order", "PUT", f"/lcs/locations/{PARCEL}/positions", ["a", "b"]),
    ],
)
def test_what_was_done_in_part_is_counted(
    api: AfostoAPI, remote: FakeRemote, call: str, method: str, path: str, body: Any
) -> None:
    remote.answers[method, path] = httpx.Response(200, json={"success": 1, "failed": 1})
    counted = getattr(api, call)(PARCEL, ["a", "b"], NoAttempts())
    assert (counted.success, counted.failed) == (1, 1)
    assert json.loads(remote.requests[0].content) == body


@pytest.mark.parametrize("headers", [{"x-task-id": "task-1"}, {}])
@pytest.mark.parametrize("kind", ["label", "slip"])
def test_the_task_of_a_document_is_in_a_header_only(
    api: AfostoAPI, remote: FakeRemote, kind: str, headers: dict[str, str]
) -> None:
    remote.answers["POST", f"/lcs/parcels/{PARCEL}/{kind}"] = httpx.Response(204, headers=headers)
    assert getattr(api, f"request_{kind}")(PARCEL, NoAttempts()) == headers.get("x-task-id", "")


@pytest.mark.parametrize("status", [500, 503])
@pytest.mark.parametrize("call", ["request_label", "mark_parcel_in_transit", "mark_parcel_finished"])
def test_what_may_cost_money_or_needs_a_look_first_is_sent_once(
    api: AfostoAPI, remote: FakeRemote, call: str, status: int
) -> None:
    path = {"request_label": "label", "mark_parcel_in_transit": "transit", "mark_parcel_finished": "finished"}[call]
    method = "POST" if path == "label" else "PUT"
    remote.answers[method, f"/lcs/parcels/{PARCEL}/{path}"] = httpx.Response(status, json={})
    attempts = NoAttempts()
    with pytest.raises(RemoteError):
        getattr(api, call)(PARCEL, attempts)
    assert attempts.begun == len(remote.requests) == 1


def test_an_error_is_told_in_afostos_words_with_its_reference_and_its_fields(
    api: AfostoAPI, remote: FakeRemote
) -> None:
    body = {"code": 400, "message": "Not valid", "reference": "ref-9", "errors": {"too heavy": ["weight", "size"]}}
    remote.answers["PUT", f"/lcs/parcels/{PARCEL}"] = httpx.Response(400, json=body)
    with pytest.raises(RemoteRejected) as told:
        api.update_parcel(PARCEL, {"weight": 5}, NoAttempts())
    assert (told.value.request_id, told.value.fields) == ("ref-9", {"weight": "too heavy", "size": "too heavy"})
    assert "Not valid" in str(told.value)


@pytest.mark.parametrize("shape", [list, lambda one: one[0]], ids=["as a list", "as one object"])
def test_a_file_is_told_as_one_object_or_as_a_list(api: AfostoAPI, remote: FakeRemote, shape: Any) -> None:
    body = shape([{"id": "f-1", "filename": "label.pdf", "mime": "application/pdf", "url": "https://x.example/f"}])
    remote.answers["GET", "/cnt/files/f-1"] = httpx.Response(200, json=body)
    assert api.file("f-1").filename == "label.pdf"


def test_the_token_goes_to_afosto_only_and_no_file_is_fetched_from_inside(api: AfostoAPI, remote: FakeRemote) -> None:
    pdf = httpx.Response(200, content=b"%PDF-1.4", headers={"Content-Type": "application/pdf; x=y"})
    remote.answers["GET", "/f/own"] = remote.answers["GET", "/f/other"] = pdf
    assert api.download("https://afosto.example/f/own") == (b"%PDF-1.4", "application/pdf")
    assert remote.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    api.download("https://93.184.215.14/f/other")
    assert "Authorization" not in remote.requests[-1].headers
    assert remote.requests[-1].extensions["sni_hostname"] == remote.requests[-1].headers["Host"] == "93.184.215.14"
    asked = len(remote.requests)
    for url in (
        "http://93.184.215.14/f/other", "https://127.0.0.1/f", "https://10.0.0.8/f", "https://169.254.169.254/f",
        "https://[::1]/f", "https://[::ffff:10.0.0.8]/f", "https://[64:ff9b::a00:8]/f", "https://224.0.0.1/f",
        "file:///etc/passwd", "https://afosto.example:8443/f", "javascript:alert(1)", "https://x:y/",
    ):  # fmt: skip
        with pytest.raises(RemoteError):
            api.download(url)
    assert len(remote.requests) == asked


def test_a_file_behind_a_redirect_or_that_is_too_large_is_not_taken(api: AfostoAPI, remote: FakeRemote) -> None:
    remote.answers["GET", "/f/moved"] = httpx.Response(302, headers={"Location": "https://elsewhere.example/"})
    remote.answers["GET", "/f/large"] = httpx.Response(200, content=b"x" * (20 * 1024 * 1024 + 1))
    for path in ("moved", "large"):
        with pytest.raises(RemoteContractError):
            api.download(f"https://afosto.example/f/{path}")


@pytest.mark.parametrize(
    ("addresses", "fetched_from"),
    [(["93.184.215.14"], "93.184.215.14"), (["93.184.215.14", "10.0.0.8"], None), (["127.0.0.1"], None)],
)
def test_a_file_comes_from_the_very_address_that_was_looked_at(
    api: AfostoAPI, remote: FakeRemote, monkeypatch: pytest.MonkeyPatch, addresses: list[str], fetched_from: str | None
) -> None:
    found = [(2, 1, 6, "", (address, 8443)) for address in addresses]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **options: found)
    remote.answers["GET", "/f"] = httpx.Response(200, content=b"%PDF")
    if fetched_from:
        assert api.download("https://files.example:8443/f?key=1") == (b"%PDF", "")
        sent = remote.requests[0]
        assert str(sent.url) == f"https://{fetched_from}:8443/f?key=1"
        assert (sent.headers["Host"], sent.extensions["sni_hostname"]) == ("files.example:8443", "files.example")
    else:
        with pytest.raises(RemoteContractError, match="private network"):
            api.download("https://files.example:8443/f?key=1")
    assert len(remote.requests) == bool(fetched_from)


@pytest.mark.parametrize(
    ("status", "error"), [(401, RemoteAuthFailed), (404, RemoteNotFound), (429, RemoteLimited), (503, RemoteAnswerLost)]
)
def test_a_file_that_does_not_come_says_why(
    api: AfostoAPI, remote: FakeRemote, status: int, error: type[RemoteError]
) -> None:
    remote.answers["GET", "/f"] = httpx.Response(status)
    with pytest.raises(error):
        api.download("https://afosto.example/f")


def test_the_three_shapes_of_a_list_are_told_apart() -> None:
    flat = {**HEAD, "number": "PL-1", "is_cancelled": False, "items": [PIECE]}
    grouped = {**HEAD, "number": "PL-1", "is_cancelled": False, "items": [GROUP], "sorting_labels": []}
    created = {**HEAD, "is_assigned": False}
    shapes = {"flat": flat, "grouped": grouped, "created": created}
    bodies = {name: json.dumps(body).encode() for name, body in shapes.items()}
    for record, its_own, other in (
        (HandlingListRowRecord, "flat", "grouped"), (HandlingListRecord, "grouped", "flat"),
    ):  # fmt: skip
        assert record.read(bodies[its_own]).id == LIST
        with pytest.raises(ValueError, match=r"items|ids|id"):
            record.read(bodies[other])
    assert HandlingListCreated.read(bodies["created"]).is_assigned is False


def test_null_absent_and_empty_are_the_same() -> None:
    row = {**HEAD, "items": [{"id": "p-1", "position": ""}], "number": ""}
    read = [
        HandlingListRowRecord.read(json.dumps({**row, "due_at": ""}).encode()),
        HandlingListRowRecord.read(json.dumps({**row, "due_at": None}).encode()),
        HandlingListRowRecord.read(json.dumps({k: v for k, v in row.items() if k != "due_at"}).encode()),
    ]
    assert [record.due_at for record in read] == [None, None, None]
    with pytest.raises(RecordError):
        HandlingListRowRecord.read(b'{"id": "", ')
    with pytest.raises(RecordError, match="due_at"):
        HandlingListRowRecord.read(json.dumps({**row, "due_at": "soon"}).encode())


def test_what_a_row_does_not_tell_is_not_taken_for_no() -> None:
    row = ShipmentRecord.read(b'{"id": "s-1", "is_listed": true, "secret": "c1f0a9d2b7e84d1c"}')
    assert (row.is_listed, row.is_handled, row.is_boxed, row.items) == (True, None, None, None)


def test_secrets_of_shipments_and_subscriptions_are_neither_kept_nor_shown() -> None:
    body = b'{"id": "s-1", "secret": "c1f0a9d2b7e84d1c", "number": "SH-1"}'
    assert msgspec.json.decode(ShipmentRowRecord.storable(body)) == {"id": "s-1", "number": "SH-1"}
    known = SubscriptionRecord.read(b'{"id": 7, "endpoint": "https://x", "events": [], "secret": "whs_1"}')
    assert "whs_1" not in repr(known)
    assert b"whs_1" not in SubscriptionRecord.storable(b'{"id": 7, "secret": "whs_1"}')
