"""The shapes of Kirim's answers as its contract states them: member -> check. Members must match exactly."""

import re
from collections.abc import Callable
from typing import Any

import httpx

Check = Callable[[Any], bool]


def text(value: Any) -> bool:
    return isinstance(value, str)


def moment(value: Any) -> bool:
    return text(value) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value))


def identifier(prefix: str) -> Check:
    return lambda value: bool(re.fullmatch(prefix + "_[0-9A-HJKMNP-TV-Z]{26}", value))


def one_of(*values: Any) -> Check:
    return lambda value: value in values


def or_null(check: Check) -> Check:
    return lambda value: value is None or check(value)


CUSTOMER: dict[str, Check] = {
    "id": identifier("cus"),
    "object": one_of("customer"),
    "name": lambda value: text(value) and 1 <= len(value) <= 200,
    "email": or_null(text),
    "status": one_of("pending", "active", "suspended", "archived"),
    "metadata": or_null(lambda value: isinstance(value, dict)),
    "archived_at": or_null(moment),
    "team_id": text,
    "created_at": moment,
    "updated_at": moment,
}
CUSTOMER_WITH_ACCOUNTS = {**CUSTOMER, "whatsapp_accounts": lambda value: isinstance(value, list)}
OWN_ACCOUNT: dict[str, Check] = {
    "phone_number_id": or_null(lambda value: bool(re.fullmatch(r"\d{6,20}", value))),
    "phone_number": or_null(text),
    "name": or_null(text),
    "status": text,
    "onboarded_at": or_null(moment),
}
ACCOUNT: dict[str, Check] = {
    "object": text,
    "phone_number_id": or_null(lambda value: bool(re.fullmatch(r"\d{6,20}", value))),
    "phone_number": or_null(text),
    "name": or_null(text),
    "status": text,
    "customer_id": or_null(identifier("cus")),
}
LINK: dict[str, Check] = {
    "id": identifier("csl"),
    "object": one_of("customer_setup_link"),
    "customer_id": identifier("cus"),
    "status": one_of("active", "consumed", "expired", "revoked"),
    "token_last4": lambda value: text(value) and len(value) == 4,
    "expires_at": moment,
    "consumed_at": or_null(moment),
    "success_redirect_url": or_null(text),
    "failure_redirect_url": or_null(text),
    "created_at": moment,
}
NEW_LINK = {**LINK, "setup_url": text, "token": text}
SUBSCRIPTION: dict[str, Check] = {
    "id": identifier("whs"),
    "object": one_of("webhook_subscription"),
    "url": text,
    "description": or_null(text),
    "events": lambda value: isinstance(value, list) and all(map(text, value)),
    "status": one_of("active", "paused", "disabled"),
    "created_at": moment,
    "updated_at": moment,
}
NEW_SUBSCRIPTION = {**SUBSCRIPTION, "initial_secret": lambda value: value.startswith("whsec_")}


def check(body: dict[str, Any], shape: dict[str, Check]) -> None:
    """Fail unless ``body`` has exactly the members of ``shape``, each as it should be."""
    assert body.keys() == shape.keys()
    wrong = {name: body[name] for name, right in shape.items() if not right(body[name])}
    assert not wrong


def data_of(response: httpx.Response, shape: dict[str, Check] | None = None) -> Any:
    """``data`` of a 200 with its ``request_id`` and nothing beside them; one object of ``shape`` where one is given."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    assert body.keys() == {"data", "request_id"} and identifier("req")(body["request_id"])
    if shape:
        check(body["data"], shape)
    return body["data"]


def rows_of(response: httpx.Response, shape: dict[str, Check]) -> list[dict[str, Any]]:
    """``data`` of a list answer, each row checked."""
    assert response.status_code == 200, response.text
    body = response.json()
    assert body.keys() == {"data", "has_more", "next_cursor", "request_id"} and identifier("req")(body["request_id"])
    assert body["has_more"] is (body["next_cursor"] is not None)
    for row in body["data"]:
        check(row, shape)
    return body["data"]


def refused(response: httpx.Response, status: int, code: str | None = None, path: str | None = None) -> None:
    """Fail unless this is an error envelope with ``status`` (and ``error.code``, and a detail about ``path``)."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.keys() == {"error", "request_id"} and identifier("req")(body["request_id"])
    assert text(body["error"]["code"]) and text(body["error"]["message"])
    assert code in (None, body["error"]["code"])
    assert path is None or path in [detail["path"] for detail in body["error"]["details"]]
