"""A service that cannot do all that the contract names: what is proven, settled and offered all the same."""

from collections.abc import Callable

import httpx
import pytest
from django.test import Client

from backoffice.models import RowChange
from customers.models import SupportCustomer
from customers.services.support import why_not
from customers.tests.kirim import counts, sync
from customers.tests.support.apideck import PATH, FakeApideck, customer, listed, refusal
from customers.tests.support.test_writes import ana, write
from customers.tests.writing import look
from customers.verbs.support import DELETE, UPDATE

RESOURCE = "apideck.customers"
Mischief = Callable[[httpx.Request], httpx.Response | None]


def unsupported() -> httpx.Response:
    return refusal(501, "ConnectorOperationUnsupportedError", "Operation not supported by this service")


def is_single(request: httpx.Request) -> bool:
    return request.method == "GET" and request.url.path != PATH


def cannot_read_one(request: httpx.Request) -> httpx.Response | None:
    return unsupported() if is_single(request) else None


def reads(apideck: FakeApideck) -> tuple[int, int]:
    """How often the list and single customers were asked for."""
    singles = sum(map(is_single, apideck.requests))
    return sum(request.method == "GET" for request in apideck.requests) - singles, singles


@pytest.fixture
def many(apideck: FakeApideck) -> FakeApideck:
    """A service with thirty customers, mirrored, that cannot read a single one."""
    apideck.customers = [customer(number) for number in range(30)]
    sync(RESOURCE)
    apideck.requests.clear()
    apideck.mischief = cannot_read_one
    return apideck


def test_where_none_can_be_read_alone_a_second_whole_list_proves_who_is_gone(many: FakeApideck) -> None:
    gone = [many.customers.pop(4)["id"] for _ in range(12)]
    run = sync(RESOURCE)
    assert (run.state, run.error, counts(run)) == ("succeeded", "", {"fetched": 18, "unchanged": 18, "vanished": 12})
    assert set(SupportCustomer.objects.exclude(vanished_at=None).values_list("remote_id", flat=True)) == set(gone)
    lists, singles = reads(many)
    assert lists == 2 and singles <= 4  # those in flight when the first was refused; no more are asked for
    assert RowChange.objects.filter(member="vanished_at").count() == 12
    assert counts(sync(RESOURCE)) == {"fetched": 18, "unchanged": 18}


def test_a_row_that_moved_between_pages_is_met_by_the_second_list(many: FakeApideck) -> None:
    lists = iter([many.customers[1:], many.customers])

    def mischief(request: httpx.Request) -> httpx.Response | None:
        return cannot_read_one(request) or listed(next(lists), None)

    many.mischief = mischief
    run = sync(RESOURCE)
    assert (run.state, counts(run)) == ("succeeded", {"fetched": 30, "unchanged": 30})


def test_a_second_list_that_does_not_end_proves_nothing(many: FakeApideck) -> None:
    del many.customers[0]
    starts = iter([True, False])

    def mischief(request: httpx.Request) -> httpx.Response | None:
        if is_single(request):
            return unsupported()
        is_first_page = "cursor" not in request.url.params
        return None if not is_first_page or next(starts, False) else refusal(402, "RequestLimitError", "Limit reached")

    many.mischief = mischief
    run = sync(RESOURCE)
    assert run.state == "failed" and "Limit reached" in run.error
    assert not SupportCustomer.objects.exclude(vanished_at=None).exists()


def test_a_row_without_an_id_in_the_second_list_may_be_the_one_that_is_missed(many: FakeApideck) -> None:
    missed = many.customers.pop(0)
    starts = iter([None, {**missed, "id": None}])

    def mischief(request: httpx.Request) -> httpx.Response | None:
        if not is_single(request) and "cursor" not in request.url.params and (nameless := next(starts)):
            many.customers.append(nameless)
        return cannot_read_one(request)

    many.mischief = mischief
    run = sync(RESOURCE)
    assert run.state == "partial" and not SupportCustomer.objects.exclude(vanished_at=None).exists()


def test_the_brake_holds_before_any_second_look(many: FakeApideck) -> None:
    del many.customers[:25]
    run = sync(RESOURCE)
    assert (run.state, run.error, run.held) == ("partial", "held", 25) and reads(many) == (1, 0)
    assert sync(RESOURCE, accepts=run).vanished == 25


def test_a_lost_edit_is_settled_from_the_list(many: FakeApideck) -> None:
    many.mischief = lambda request: None
    many.lose = {"PATCH"}
    lost = write(UPDATE, "cs_1001", sends={"notes": "Mine"})
    many.mischief = cannot_read_one
    assert look(lost).state == "confirmed" and ana().payload["notes"] == "Mine"


@pytest.mark.parametrize(("is_done", "state"), [(True, "confirmed"), (False, "failed")])
def test_a_lost_deletion_is_settled_by_two_whole_lists(many: FakeApideck, is_done: bool, state: str) -> None:
    def mischief(request: httpx.Request) -> httpx.Response | None:
        return httpx.Response(503) if request.method == "DELETE" else cannot_read_one(request)

    many.mischief = mischief
    lost = write(DELETE, "cs_1001")
    many.requests.clear()
    if is_done:
        many.customers.remove(many.row("cs_1001"))
    assert look(lost).state == state, lost.remark
    assert bool(ana().vanished_at) == is_done and reads(many)[0] == (4 if is_done else 1)


def test_a_deletion_that_was_taken_is_proven_by_the_next_sync(many: FakeApideck) -> None:
    done = write(DELETE, "cs_1001")
    assert done.state == "confirmed" and "the next sync tells" in done.remark and not ana().vanished_at
    assert sync(RESOURCE).vanished == 1 and ana().vanished_at


def test_an_edit_is_off_where_nothing_can_be_compared_before_it(many: FakeApideck, supervisor: Client) -> None:
    refused = write(UPDATE, "cs_1001", sends={"notes": "Mine"})
    assert refused.state == "refused" and not many.sent("PATCH")
    assert "cannot read a customer by itself; it is offered again on" in why_not("update", ana())
    page = supervisor.get(f"/admin/customers/supportcustomer/{ana().pk}/change/").content.decode()
    assert page.count("cannot read a customer by itself") >= 2  # Edit and Refresh say why they are off
    assert not why_not("delete", ana())
