"""Tokens, scopes, and what every refusal looks like."""

import httpx
import pytest

from backoffice.sandbox import AFOSTO_PATH, Sandbox, Switch
from backoffice.sandbox.afosto.api import OPEN_PATHS
from backoffice.sandbox.afosto.operations import GROUPS
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.tests.afosto_shapes import body_of, refused
from backoffice.sandbox.tests.conftest import MovableClock, desk_of

CLIENT = {
    "client_id": "afosto-sandbox-id",
    "client_secret": "afosto-sandbox-secret",
    "grant_type": "client_credentials",
}
ENDPOINTS = {endpoint: scopes for _, operations in GROUPS for endpoint, (_, scopes) in operations.items()}


def test_a_token_is_good_for_an_hour_and_can_be_extended_while_it_lives(
    sandbox: Sandbox, desk: httpx.Client, clock: MovableClock
) -> None:
    answer = body_of(desk.post("/iam/oauth/authorize", json=CLIENT, headers={"Authorization": ""}))
    assert answer.keys() == {"token_type", "expires_in", "access_token", "refresh_token"}
    assert (answer["token_type"], answer["expires_in"], sandbox.afosto.tokens.issued) == ("Bearer", 3600, 2)
    desk.headers["Authorization"] = f"Bearer {answer['access_token']}"
    clock.forward(seconds=3599)
    assert desk.get("/lcs/locations").status_code == 200
    longer = body_of(desk.get("/iam/jwt/extend"))["access_token"]
    clock.forward(seconds=1)
    refused(desk.get("/lcs/locations"), 401)
    refused(desk.get("/iam/jwt/extend"), 401)
    desk.headers["Authorization"] = f"Bearer {longer}"
    assert desk.get("/lcs/locations").status_code == 200


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"client_secret": "x"}, 401),
        ({"client_id": "é"}, 401),
        ({"grant_type": "password"}, 400),
        ({"client_id": 1}, 400),
    ],
)
def test_a_wrong_request_for_a_token_is_refused(sandbox: Sandbox, change: dict[str, str], status: int) -> None:
    client = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url=f"http://sandbox{AFOSTO_PATH}")
    answer = client.post("/iam/oauth/authorize", json={**CLIENT, **change})
    refused(answer, status)
    assert "secret" not in answer.text.replace("wrong secret", "") and sandbox.afosto.tokens.issued == 0


def test_the_client_and_the_life_of_tokens_are_chosen_by_whoever_builds_the_sandbox(clock: MovableClock) -> None:
    client = {"afosto_client_id": "me", "afosto_client_secret": "mine"}
    with Sandbox(customers=0, lists=0, parcels=0, now=clock, **client) as sandbox:
        sandbox.afosto.tokens.lifetime_s = 5
        desk = desk_of(sandbox)
        own = {**CLIENT, "client_id": "me", "client_secret": "mine"}
        assert body_of(desk.post("/iam/oauth/authorize", json=own))["expires_in"] == 5
        refused(desk.post("/iam/oauth/authorize", json=CLIENT), 401)
        clock.forward(seconds=5)
        refused(desk.get("/lcs/methods"), 401)


def test_every_call_but_the_one_for_a_token_needs_one(sandbox: Sandbox, desk: httpx.Client) -> None:
    del desk.headers["Authorization"]
    for endpoint in ENDPOINTS:
        method, path = endpoint.split(" ")
        if path not in OPEN_PATHS:
            refused(desk.request(method, path), 401)
    for header in ("Basic x", "Bearer", "Bearer nobody"):
        refused(desk.get("/lcs/lists", headers={"Authorization": header}), 401)
    refused(desk.get("/files/x/y.pdf"), 401)


def test_every_call_needs_the_scopes_that_its_contract_names(sandbox: Sandbox) -> None:
    for scope in ("lcs:handling:read", "spl:queue:read"):
        desk = desk_of(sandbox, scope)
        for endpoint, needed in ENDPOINTS.items():
            method, path = endpoint.split(" ")
            answer = desk.request(method, path.replace("<carrier>", "dhl"), json={})
            assert (answer.status_code == 403) is bool(set(needed.split()) - {scope}), endpoint
    assert refused(desk.put("/lcs/bulk/items", json={}), 403)["errors"] == {
        "scope": ["lcs:handling:write", "lcs:shipments:write"]
    }


def test_a_token_can_be_made_to_end_in_mid_work(sandbox: Sandbox, desk: httpx.Client) -> None:
    sandbox.switches["afosto"].turn_on(Switch("expire", path="/lcs/shipments", times=1))
    assert desk.get("/lcs/lists").status_code == 200
    refused(desk.get("/lcs/shipments"), 401)
    refused(desk.get("/lcs/lists"), 401)
    fresh = desk_of(sandbox)
    assert fresh.get("/lcs/shipments").status_code == 200
    sandbox.afosto.tokens.revoke_all()
    refused(fresh.get("/lcs/shipments"), 401)


@pytest.mark.parametrize("path", ["/", "/lcs", "/lcs/lists/", "/lcs//lists", "/v1/lcs/lists", "/lcs/search/orders"])
def test_an_unknown_path_is_a_404_in_the_error_body(desk: httpx.Client, path: str) -> None:
    refused(desk.get(f"http://sandbox{AFOSTO_PATH}{path}"), 404)


def test_a_wrong_method_and_wrong_bodies_are_refused(desk: httpx.Client) -> None:
    answer = desk.patch("/lcs/lists")
    refused(answer, 405)
    assert answer.headers["Allow"] == "GET, HEAD, POST"
    for content in ("", "{", "[]", "1", '"x"'):
        refused(desk.post("/lcs/lists", content=content, headers={"Content-Type": "application/json"}), 400)
    refused(desk.post("/lcs/lists", data={"shipments": "x"}), 400)
    refused(desk.post("/lcs/lists", json={}), 400, "required", "shipments")
    refused(desk.post("/lcs/lists", json={"shipments": [], "due_at": "tomorrow"}), 400, "invalid value", "due_at")


def test_what_nobody_has_is_a_404_of_every_kind(desk: httpx.Client) -> None:
    for endpoint in ENDPOINTS:
        method, path = endpoint.split(" ")
        if method == "GET" and "<" in path:
            refused(desk.get(path.replace("<", "").replace(">", "")), 404)


def test_references_are_never_the_same(desk: httpx.Client) -> None:
    assert len({refused(desk.get("/lcs/lists/x"), 404)["reference"] for _ in range(20)}) == 20


def test_switches_refuse_in_afostos_words(sandbox: Sandbox, desk: httpx.Client, afosto: Afosto) -> None:
    switches = sandbox.switches["afosto"]
    switches.turn_on(Switch("limit", times=1, retry_after="2"))
    answer = desk.get("/lcs/lists")
    refused(answer, 429)
    assert answer.headers["Retry-After"] == "2"
    switches.turn_on(Switch("fail", times=1, status=503, after_work=True, method="POST"))
    location = next(iter(afosto.locations))
    refused(desk.post("/lcs/locations", json={"name": "New", "address_id": location["address_id"]}), 503)
    assert [its["name"] for its in afosto.locations][3:] == ["New"]


def test_a_sandbox_that_nobody_asks_for_afosto_makes_none(clock: MovableClock) -> None:
    with Sandbox(customers=0, now=clock) as sandbox:
        assert sandbox._afosto is None
        client = httpx.Client(transport=httpx.WSGITransport(app=sandbox.wsgi), base_url=f"http://sandbox{AFOSTO_PATH}")
        assert client.get("/lcs/lists").status_code == 401
        assert len(sandbox.afosto.lists) == 40 and len(sandbox.afosto.parcels) == 60
