"""What goes wrong between us and Apideck's list: the mirror is exact after it, and nothing vanishes by mistake."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest
from django.utils import timezone

from backoffice.models import SyncRun
from backoffice.sync import runs
from customers.models import SupportCustomer
from customers.tests.kirim import counts, sync
from customers.tests.support.apideck import PATH, FakeApideck, Row, answer, customer, listed, refusal

RESOURCE = "apideck.customers"
Answer = Callable[[httpx.Request], httpx.Response | None]


def mirror() -> dict[str, Any]:
    """What is here and alive, as Apideck stated it."""
    return dict(SupportCustomer.objects.filter(vanished_at=None).values_list("remote_id", "payload"))


def there(apideck: FakeApideck) -> dict[str, Any]:
    return {row["id"]: row for row in apideck.customers}


@pytest.fixture
def many(apideck: FakeApideck) -> FakeApideck:
    """Thirty customers on six pages, mirrored."""
    apideck.customers, apideck.page_size = [customer(number) for number in range(30)], 5
    sync(RESOURCE)
    apideck.requests.clear()
    return apideck


def is_list(request: httpx.Request, cursor: str | None = None) -> bool:
    return request.url.path == PATH and request.url.params.get("cursor") == cursor


def test_the_mirror_equals_the_list_and_the_same_again_changes_nothing(many: FakeApideck) -> None:
    many.customers[3] |= {"currency": None, "status": None, "notes": None, "updated_at": None, "addresses": []}
    many.customers[4] = {"id": "cs_1004"}  # no member is required
    many.customers[5]["emails"][0]["extra"] = {"deep": [1, None]}
    many.customers[6]["later"] = {"a": 1}
    assert counts(sync(RESOURCE)) == {"fetched": 30, "updated": 4, "unchanged": 26}
    assert mirror() == there(many)
    before = list(SupportCustomer.objects.values_list("pk", "synced_at", "payload_hash").order_by("pk"))
    assert counts(sync(RESOURCE)) == {"fetched": 30, "unchanged": 30}
    assert before == list(SupportCustomer.objects.values_list("pk", "synced_at", "payload_hash").order_by("pk"))


def test_rows_that_move_while_the_pages_are_read_are_neither_lost_nor_gone(many: FakeApideck) -> None:
    def mischief(request: httpx.Request) -> None:
        if is_list(request, "10"):  # two of those that were read are deleted, so two slip past; one comes at the head
            del many.customers[1:3]
        if is_list(request, "20"):
            many.customers.insert(0, customer(77))

    many.mischief = mischief  # type: ignore[assignment]
    first = sync(RESOURCE)
    many.mischief = lambda request: None
    assert first.state == "succeeded" and not SupportCustomer.objects.filter(
        vanished_at__isnull=False, remote_id__in=there(many)
    )
    assert sync(RESOURCE).state == "succeeded" and mirror() == there(many)


@pytest.mark.parametrize("empty", [2, 3], ids=["two empty pages", "three empty pages"])
def test_empty_pages_with_a_cursor_are_passed_until_there_are_too_many(many: FakeApideck, empty: int) -> None:
    def mischief(request: httpx.Request) -> httpx.Response | None:
        cursor = request.url.params.get("cursor", "")
        if is_list(request, "10"):
            return listed([], "e1")
        if not cursor.startswith("e"):
            return None
        number = int(cursor[1:])
        return listed([], f"e{number + 1}") if number < empty else listed(many.customers[10:], None)

    many.mischief = mischief
    run = sync(RESOURCE)
    assert run.state == ("succeeded" if empty == 2 else "failed")
    assert "empty pages in a row promised more" in run.error or run.state == "succeeded"
    assert mirror() == there(many)


def _page_after(body: Callable[[], httpx.Response]) -> Callable[[FakeApideck], Answer]:
    return lambda apideck: lambda request: body() if is_list(request, "10") else None


def _broken(error: type[httpx.TransportError]) -> Callable[[], httpx.Response]:
    def fail() -> httpx.Response:
        raise error("it broke")

    return fail


DAMAGED = {
    "402": lambda: refusal(402, "RequestLimitError", "Request Limit Reached", "The plan allows 2000 requests."),
    "401": lambda: refusal(401, "UnauthorizedError", "Unauthorized Request"),
    "422": lambda: refusal(422, "InvalidStateError", "Invalid State"),
    "404": lambda: refusal(404, "ConnectionNotFoundError", "Connection not found"),
    "429": lambda: refusal(429, "ConnectorRateLimitError", "Slow down", **{"Retry-After": "3600"}),
    "500": lambda: httpx.Response(500),
    "html": lambda: httpx.Response(200, html="<h1>Maintenance</h1>"),
    "html as json": lambda: httpx.Response(200, text="<h1>x</h1>", headers={"Content-Type": "application/json"}),
    "empty": lambda: httpx.Response(200),
    "null": lambda: httpx.Response(200, json=None),
    "a list": lambda: httpx.Response(200, json=[customer()]),
    "one object": lambda: answer("one", customer()),
    "no data": lambda: answer("all", None),
    "cut": lambda: httpx.Response(200, text='{"data": [{"id": "cs_1", "status":'),
    "redirect": lambda: httpx.Response(302, headers={"Location": "https://evil.example/customer-support/customers"}),
    "timeout": _broken(httpx.ReadTimeout),
    "not reached": _broken(httpx.ConnectError),
    "meta of another shape": lambda: listed([], None, meta={"cursors": ["next"]}),
    "a cursor that is a number": lambda: listed([], None, meta={"cursors": {"next": 7}}),
}
BOUNDED = 8  # requests of a run that cannot be: the pages before, and as many tries as a sweep may make


@pytest.mark.parametrize("body", DAMAGED.values(), ids=DAMAGED.keys())
def test_a_page_that_cannot_be_had_fails_the_run_keeps_the_pages_before_and_heals(
    many: FakeApideck, body: Callable[[], httpx.Response]
) -> None:
    many.customers[2]["notes"], many.customers[20]["notes"] = "Before it", "Behind it"
    many.mischief = _page_after(body)(many)
    run = sync(RESOURCE)
    assert run.state == "failed" and run.error and "Traceback" not in run.error
    here = mirror()
    assert len(here) == 30 and here["cs_1002"]["notes"] == "Before it" and here["cs_1020"]["notes"] != "Behind it"
    assert len(many.requests) <= BOUNDED and {request.url.host for request in many.requests} == {"unify.example"}
    many.mischief = lambda request: None
    assert sync(RESOURCE).state == "succeeded" and mirror() == there(many)


JUNK: dict[str, Any] = {
    "no id": {"first_name": "A"}, "id null": {"id": None}, "id a number": {"id": 7}, "a text": "cs_1", "null": None,
    "a list": [], "nul in id": {"id": "cs\x00"}, "empty id": {"id": ""},
}  # fmt: skip


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_a_row_that_nobody_can_name_keeps_all_others_and_lets_none_vanish(many: FakeApideck, junk: Any) -> None:
    many.customers[7] = junk
    run = sync(RESOURCE)
    assert (run.state, counts(run)) == ("partial", {"fetched": 30, "unchanged": 29, "failed": 1})
    assert len(mirror()) == 30


WRONG: dict[str, Row] = {
    "emails null inside": {"emails": [{"email": None}]}, "emails an object": {"emails": {}},
    "phones of numbers": {"phone_numbers": [7]}, "bank a list": {"bank_accounts": []},
    "a date without a zone": {"updated_at": "2025-02-11T09:30:00"}, "no date": {"created_at": "soon"},
    "individual a text": {"individual": "no"}, "latitude a number": {"addresses": [{"latitude": 4.3}]},
}  # fmt: skip


@pytest.mark.parametrize("members", WRONG.values(), ids=WRONG.keys())
def test_a_row_of_another_shape_is_rejected_alone_and_stays_as_it_was(many: FakeApideck, members: Row) -> None:
    before = mirror()["cs_1007"]
    many.customers[7] |= members
    run = sync(RESOURCE)
    assert (run.state, run.failed, mirror()["cs_1007"]) == ("partial", 1, before)
    many.customers[7] = customer(7)
    assert sync(RESOURCE).state == "succeeded"


def test_a_run_that_was_killed_is_resumed_and_only_the_fresh_sweep_after_it_calls_anyone_gone(
    many: FakeApideck,
) -> None:
    killed = runs.queue(RESOURCE, trigger="command")
    SyncRun.objects.filter(pk=killed.pk).update(  # as a kill -9 on another machine leaves it
        state=SyncRun.State.RUNNING, host="elsewhere", started_at=timezone.now(),
        heartbeat_at=timezone.now() - timedelta(minutes=5),
        checkpoint={"part": "all", "cursor": "15", "ended": False},
    )  # fmt: skip
    gone = many.customers.pop(0)
    many.requests.clear()
    run = sync(RESOURCE)
    assert run.state == "succeeded" and run.resumes_id == killed.pk and run.vanished == 1
    lists = [request.url.params.get("cursor") for request in many.requests if request.url.path == PATH]
    assert lists[0] == "15" and lists.count(None) == 1  # from the checkpoint, then once from page one
    assert gone["id"] not in mirror() and mirror() == there(many)
