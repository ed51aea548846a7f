"""Trouble on demand, as a client without a network meets it."""

import time
from typing import Any

import httpx
import pytest

from backoffice.sandbox import AnswerDropped, Sandbox, Unreachable
from backoffice.sandbox.tests.conftest import desk_of
from backoffice.sandbox.tests.shapes import refused


@pytest.fixture
def control(sandbox: Sandbox) -> httpx.Client:
    return httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url="http://sandbox/sandbox/control/")


def test_a_limit_answers_429_as_often_as_told(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/limit", json={"times": 2, "retry_after": 3})
    for _ in range(2):
        answer = api.get("/customers")
        refused(answer, 429, "rate_limited")
        assert answer.headers["Retry-After"] == "3"
    assert api.get("/customers").status_code == 200


def test_a_limit_sends_no_retry_after_or_an_http_date_when_told_so(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/limit", data={"times": "1"})
    assert "Retry-After" not in api.get("/customers").headers
    control.post("kirim/limit", json={"retry_after": "Thu, 01 Jan 2026 12:00:05 GMT"})
    assert api.get("/customers").headers["Retry-After"] == "Thu, 01 Jan 2026 12:00:05 GMT"


@pytest.mark.parametrize(("status", "code"), [(500, "internal_error"), (502, "upstream_error"), (599, "http_599")])
def test_a_failure_does_no_work(
    sandbox: Sandbox, control: httpx.Client, api: httpx.Client, status: int, code: str
) -> None:
    control.post("kirim/fail", json={"status": status, "times": 1})
    refused(api.post("/customers", json={"name": "x"}), status, code)
    assert len(sandbox.kirim.customers) == 0
    assert api.post("/customers", json={"name": "x"}).status_code == 200


def test_a_failure_or_a_limit_says_the_word_that_is_switched(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/fail", json={"status": 422, "value": "customer_suspended", "times": 1})
    refused(api.get("/customers"), 422, "customer_suspended")
    control.post("kirim/limit", json={"value": "quota_used_up", "times": 1})
    refused(api.get("/customers"), 429, "quota_used_up")


def test_a_failure_after_the_work_is_committed(sandbox: Sandbox, control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/fail", json={"after_work": True, "times": 1})
    refused(api.post("/customers", json={"name": "x"}), 500)
    assert [customer["name"] for customer in sandbox.kirim.customers] == ["x"]


def test_a_dropped_answer_leaves_the_work_done(sandbox: Sandbox, control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/drop", json={"times": 1, "method": "post"})
    assert api.get("/customers").status_code == 200
    with pytest.raises(AnswerDropped) as raised:
        api.post("/customers", json={"name": "x"})
    assert isinstance(raised.value, httpx.RemoteProtocolError) and raised.value.request.method == "POST"
    assert [customer["name"] for customer in sandbox.kirim.customers] == ["x"]


def test_down_does_nothing_until_up(sandbox: Sandbox, control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/down")
    with pytest.raises(Unreachable) as raised:
        api.post("/customers", json={"name": "x"})
    assert isinstance(raised.value, httpx.ConnectError)
    with pytest.raises(Unreachable):
        api.get("/health")
    control.post("kirim/up")
    assert api.get("/customers").status_code == 200
    assert len(sandbox.kirim.customers) == 0


def test_latency_waits_before_the_answers_it_is_for(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/latency", json={"ms": 60, "path": "/accounts", "times": 2})
    began = time.monotonic()
    api.get("/accounts")
    assert time.monotonic() - began >= 0.06
    api.get("/customers")
    assert control.get("").json()["kirim"][0]["times"] == 1  # the other call was none of its own


def test_the_latency_of_a_new_sandbox_is_a_switch() -> None:
    with Sandbox(customers=0, latency_ms=5) as sandbox:
        (switch,) = sandbox.switches["kirim"].as_json()
        assert (switch["kind"], switch["ms"]) == ("latency", 5)


def test_a_switch_meets_only_the_calls_it_is_for(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/fail", json={"path": "/customers/*", "method": "GET"})
    control.post("kirim/fail", json={"path": "/accounts", "status": 503})
    unknown = "/customers/cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"
    expected = [("GET", "/customers", 200), ("GET", unknown, 500), ("GET", f"{unknown}/setup_links", 500)]
    for method, path, status in [*expected, ("DELETE", unknown, 404), ("GET", "/accounts", 503)]:
        assert api.request(method, path).status_code == status


def test_a_switch_is_used_up_only_by_calls_it_acts_on(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/limit", json={"times": 1})
    control.post("kirim/fail", json={"times": 1})
    assert [api.get("/customers").status_code for _ in range(3)] == [429, 500, 200]


def test_a_switch_of_the_same_kind_for_the_same_calls_is_replaced(control: httpx.Client, api: httpx.Client) -> None:
    control.post("kirim/fail", json={"status": 500})
    assert len(control.post("kirim/fail", json={"status": 503, "times": 5}).json()) == 1
    assert api.get("/customers").status_code == 503
    assert control.get("").json()["kirim"][0]["times"] == 4
    assert control.post("kirim/fail", json={"times": 0}).json() == []


def test_reset_ends_everything(control: httpx.Client, api: httpx.Client) -> None:
    for kind in ("latency", "limit", "fail", "drop", "down"):
        control.post(f"kirim/{kind}", json={"ms": 1})
    assert [switch["kind"] for switch in control.get("").json()["kirim"]] == [
        "latency",
        "limit",
        "fail",
        "drop",
        "down",
    ]
    assert control.post("kirim/reset").json() == []
    assert api.get("/customers").status_code == 200


@pytest.mark.parametrize(
    "body", [{"times": "x"}, {"times": -1}, {"times": True}, {"status": 200}, {"unknown": 1}, {"ms": 1.5}, [1]]
)
def test_a_wrong_switch_is_refused(control: httpx.Client, body: Any) -> None:
    assert control.post("kirim/fail", json=body).status_code == 400
    assert not any(control.get("").json().values())


def test_an_unknown_switch_or_upstream_is_a_404(control: httpx.Client) -> None:
    for path in ("kirim/explode", "nobody/fail", "kirim"):
        assert control.post(path).status_code == 404
    assert control.get("kirim/down").status_code == 405  # a GET never changes anything
    assert control.post("kirim/fail", content="{", headers={"Content-Type": "application/json"}).status_code == 400


def test_switches_of_pages_and_tasks_are_turned_over_http_too(sandbox: Sandbox, control: httpx.Client) -> None:
    assert control.post("afosto/count", json={"value": "junk", "path": "/lcs/*"}).status_code == 200
    assert control.post("afosto/task_fail", data={"path": "lcs:label", "value": "no"}).status_code == 200
    on = control.get("").json()["afosto"]
    assert [(its["kind"], its["path"], its["value"]) for its in on] == [
        ("count", "/lcs/*", "junk"),
        ("task_fail", "lcs:label", "no"),
    ]
    assert desk_of(sandbox).get("/lcs/locations").headers["x-count"] == "junk"
    assert control.get("").json()["kirim"] == [] == control.post("afosto/reset").json()
