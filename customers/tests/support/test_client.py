"""Apideck's client: who we say we are, where a list ends, and what each of its errors means here."""

from typing import Any

import httpx
import pytest
from django.utils import timezone

from backoffice import upstreams
from backoffice.client import PERSON
from backoffice.errors import (
    RemoteAnswerLost,
    RemoteAuthFailed,
    RemoteConflict,
    RemoteContractError,
    RemoteError,
    RemoteLimited,
    RemoteNotFound,
    RemoteRejected,
    RemoteUnconnected,
    RemoteUnsupported,
)
from customers.apideck import ApideckAPI
from customers.tests.support.apideck import FakeApideck, customer, listed, refusal

ONE_TRY = PERSON.__class__(background=False, tries=1, deadline_s=5, total_s=5, longest_wait_s=1)


def test_each_call_names_application_consumer_and_service_and_the_first_key(apideck: FakeApideck) -> None:
    apideck.customers = [customer()]
    with ApideckAPI.from_settings(PERSON) as api:
        page = api.list_customers()
    (request,) = apideck.requests
    assert len(page.rows) == 1 and page.is_last
    assert request.url.params["limit"] == "200" and "cursor" not in request.url.params
    headers = {name: value for name, value in request.headers.items() if name.startswith("x-apideck")}
    assert headers == {
        "x-apideck-app-id": "app-1", "x-apideck-consumer-id": "tenant-7", "x-apideck-service-id": "kustomer",
    }  # fmt: skip


def test_consumer_and_service_are_a_part_of_which_installation_it_is(apideck: FakeApideck, settings: Any) -> None:
    assert upstreams.identity("apideck") == "https://unify.example (consumer tenant-7, service kustomer)"
    assert upstreams.installation("apideck") == "Live · unify.example (consumer tenant-7, service kustomer)"
    settings.APIDECK_CONSUMER_ID = "tenant-8"
    assert "tenant-8" in upstreams.identity("apideck")
    settings.APIDECK_BASE_URL = "http://127.0.0.1:9000/sandbox/apideck"
    assert upstreams.identity("apideck") == "sandbox"


def test_of_a_link_nothing_but_the_cursor_is_used(apideck: FakeApideck) -> None:
    links = {"next": "https://evil.example/customer-support/customers?cursor=abc%3D&limit=1"}
    apideck.mischief = lambda request: listed([customer()], None, meta=None, links=links)
    with ApideckAPI.from_settings(PERSON) as api:
        assert api.list_customers().next_cursor == "abc="


@pytest.mark.parametrize(
    ("rows", "cursor", "is_last"), [(3, None, True), (200, None, False), (3, "200", False)], ids=str
)
def test_a_page_that_tells_nothing_of_a_next_one_ends_only_a_list_of_one_short_page(
    apideck: FakeApideck, rows: int, cursor: str | None, is_last: bool
) -> None:
    apideck.mischief = lambda request: listed([customer()] * rows, None, meta=None)
    with ApideckAPI.from_settings(PERSON) as api:
        page = api.list_customers(cursor)
    assert (page.is_last, page.next_cursor) == (is_last, None)


def test_where_paging_is_not_supported_the_list_is_asked_for_once_more_without_it(apideck: FakeApideck) -> None:
    apideck.customers = [customer(number) for number in range(12)]

    def no_paging(request: httpx.Request) -> httpx.Response | None:
        if request.url.params:
            return refusal(400, "PaginationNotSupportedError", "Pagination not supported")
        return listed(apideck.customers, None, meta=None)

    apideck.mischief = no_paging
    with ApideckAPI.from_settings(PERSON) as api:
        assert len(api.list_customers().rows) == 12
        assert api.list_customers().is_last
    assert [str(request.url.query, "ascii") for request in apideck.requests] == ["limit=200", "", ""]


@pytest.mark.parametrize(
    ("status", "type_name", "kind", "is_for_all"),
    [
        (401, "UnauthorizedError", RemoteAuthFailed, True),
        (402, "RequestLimitError", RemoteAuthFailed, True),
        (401, "ConnectorCredentialsError", RemoteUnconnected, True),
        (404, "ConnectionNotFoundError", RemoteUnconnected, True),
        (422, "ConnectionSettingsError", RemoteUnconnected, True),
        (429, "ConnectorRateLimitError", RemoteLimited, False),
        (404, "EntityNotFoundError", RemoteNotFound, False),
        (404, "RouteNotFoundError", RemoteRejected, False),
        (404, "", RemoteRejected, False),
        (501, "ConnectorOperationUnsupportedError", RemoteUnsupported, False),
        (401, "ConnectorExecutionError", RemoteUnconnected, True),
        (402, "ConnectorExecutionError", RemoteRejected, False),
        (404, "ConnectorExecutionError", RemoteRejected, False),
        (409, "ConnectorExecutionError", RemoteConflict, False),
        (502, "ConnectorExecutionError", RemoteAnswerLost, False),
        (422, "InvalidStateError", RemoteRejected, False),
    ],
)
def test_the_name_of_an_error_says_what_it_means(
    apideck: FakeApideck, status: int, type_name: str, kind: type[RemoteError], is_for_all: bool
) -> None:
    apideck.mischief = lambda request: refusal(status, type_name, "That went wrong", "in this way")
    with ApideckAPI.from_settings(ONE_TRY) as api, pytest.raises(RemoteError) as caught:
        api.retrieve_customer("cs_1")
    error = caught.value
    assert (type(error), error.is_for_all) == (kind, is_for_all)
    assert (error.code, error.status, error.request_id) == (type_name, status, "req-13")
    assert "That went wrong: in this way" in str(error)


@pytest.mark.parametrize("unit", [1, 1000], ids=["seconds", "milliseconds"])
def test_a_used_up_quota_of_the_service_says_when_to_come_back(apideck: FakeApideck, unit: int) -> None:
    reset = int(timezone.now().timestamp()) + 3600
    headers = {"x-downstream-ratelimit-remaining": "0", "x-downstream-ratelimit-reset": str(reset * unit)}
    apideck.mischief = lambda request: refusal(429, "ConnectorRateLimitError", "Slow down", **headers)
    with ApideckAPI.from_settings(PERSON) as api, pytest.raises(RemoteLimited) as caught:
        api.list_customers()
    assert caught.value.retry_at and caught.value.retry_at.timestamp() == reset
    assert len(apideck.requests) == 1


def test_nothing_of_a_body_is_logged_that_cannot_be_taken(apideck: FakeApideck, caplog: Any) -> None:
    apideck.mischief = lambda request: httpx.Response(200, json={"data": [customer()], "meta": 4})
    caplog.set_level("DEBUG")
    with ApideckAPI.from_settings(PERSON) as api, pytest.raises(RemoteContractError):
        api.list_customers()
    assert "BE68539007547034" not in caplog.text and "answer outside the contract" in caplog.text
