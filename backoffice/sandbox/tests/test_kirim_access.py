"""The key, unknown paths and methods, and what stands in every answer."""

import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from backoffice.sandbox import KIRIM_PATH, Sandbox
from backoffice.sandbox.tests.conftest import client_of
from backoffice.sandbox.tests.shapes import refused

CUSTOMER = "cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X"
LINK = "csl_01J9ZKA1B2C3D4E5F6G7H8J9KM"
OPERATIONS = [
    ("GET", "/accounts"),
    ("GET", "/customers"),
    ("POST", "/customers"),
    ("GET", f"/customers/{CUSTOMER}"),
    ("PATCH", f"/customers/{CUSTOMER}"),
    ("DELETE", f"/customers/{CUSTOMER}"),
    ("GET", f"/customers/{CUSTOMER}/setup_links"),
    ("POST", f"/customers/{CUSTOMER}/setup_links"),
    ("PATCH", f"/customers/{CUSTOMER}/setup_links/{LINK}"),
    ("DELETE", f"/customers/{CUSTOMER}/setup_links/{LINK}"),
    ("POST", "/106540352242922/templates/sync"),
    ("GET", "/webhook_subscriptions"),
    ("POST", "/webhook_subscriptions"),
    ("GET", "/webhook_subscriptions/whs_1"),
    ("PATCH", "/webhook_subscriptions/whs_1"),
    ("DELETE", "/webhook_subscriptions/whs_1"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize(
    "header", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic kirim-sandbox-key"}]
)
def test_every_call_but_health_needs_the_key(sandbox: Sandbox, method: str, path: str, header: dict[str, str]) -> None:
    client = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url=f"http://sandbox{KIRIM_PATH}")
    refused(client.request(method, path, headers=header), 401, "unauthorized")


def test_health_needs_no_key(sandbox: Sandbox) -> None:
    client = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url=f"http://sandbox{KIRIM_PATH}")
    answer = client.get("/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok" and answer.json()["request_id"]


def test_the_key_is_the_one_the_sandbox_was_built_with() -> None:
    with Sandbox(customers=0, kirim_api_key="own-key") as sandbox:
        refused(client_of(sandbox).get("/customers"), 401, "unauthorized")
        assert client_of(sandbox, "own-key").get("/customers").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/customer",
        "/customers/",
        f"/customers/{CUSTOMER}/links",
        f"/customers//{CUSTOMER}",
        "/a/b/c/d",
        "/v1/customers",
    ],
)
def test_an_unknown_path_is_a_404_in_the_envelope(api: httpx.Client, path: str) -> None:
    refused(api.get(f"http://sandbox{KIRIM_PATH}{path}"), 404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/customers"),
        ("PATCH", "/customers"),
        ("OPTIONS", "/customers"),
        ("POST", f"/customers/{CUSTOMER}"),
        ("GET", f"/customers/{CUSTOMER}/setup_links/{LINK}"),  # there is no single-link read
        ("GET", "/106540352242922/templates/sync"),
        ("POST", "/accounts"),
        ("POST", "/health"),
    ],
)
def test_a_wrong_method_is_a_405_that_names_the_right_ones(api: httpx.Client, method: str, path: str) -> None:
    answer = api.request(method, path)
    refused(answer, 405)
    assert answer.headers["Allow"]


def test_request_ids_are_never_the_same(api: httpx.Client) -> None:
    ids = [api.get("/customers").json()["request_id"] for _ in range(20)]
    assert len(set(ids)) == 20


def test_a_bug_of_the_sandbox_is_a_500_in_the_envelope() -> None:
    moments = [datetime(2026, 1, 1, tzinfo=UTC)] * 2  # for the start and for the request's id, not for the customer
    with Sandbox(customers=0, now=lambda: moments.pop()) as sandbox:
        refused(client_of(sandbox).post("/customers", json={"name": "x"}), 500, "internal_error")


def test_importing_the_package_needs_no_web_framework() -> None:
    code = "import sys, backoffice.sandbox; sys.exit('flask' in sys.modules or 'werkzeug' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
