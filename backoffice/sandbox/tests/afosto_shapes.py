"""The shapes of Afosto's answers as its contract states them: member -> check. Members must match exactly."""

import re
from typing import Any

import httpx

from backoffice.sandbox.tests.shapes import Check, check, or_null, text


def uuid(value: Any) -> bool:
    return text(value) and bool(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", value))


def moment(value: Any) -> bool:
    return text(value) and bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", value))


def flag(value: Any) -> bool:
    return isinstance(value, bool)


def number(value: Any) -> bool:
    return isinstance(value, int) and not flag(value) and value >= 0


def all_of(check_one: Check) -> Check:
    return lambda value: isinstance(value, list) and all(map(check_one, value))


def shaped(shape: dict[str, Check]) -> Check:
    def holds(value: Any) -> bool:
        check(value, shape)
        return True

    return holds


def members(check_each: Check, names: str) -> dict[str, Check]:
    return dict.fromkeys(names.split(), check_each)


PIECE = {
    **members(text, "sku description"),
    **members(or_null(text), "reference position hs_code"),
    **members(or_null(uuid), "order_item_id claim_item_id"),
    **members(flag, "is_listed is_handled is_boxed is_in_transit is_finished is_missing"),
    "id": uuid,
    "service": all_of(lambda value: isinstance(value, dict)),
}
LIST_GROUP = {
    **members(all_of(uuid), "ids handled_ids"),
    **members(text, "sku description sorting_label"),
    **members(number, "quantity rank"),
    "shipment_id": uuid,
    "position": or_null(text),
}
_LIST = {
    **members(uuid, "id location_id"),
    **members(flag, "is_outbound is_in_progress is_on_hold is_finished"),
    **members(or_null(moment), "started_at finished_at due_at"),
    **members(moment, "created_at updated_at"),
    "sub": or_null(text),
    "shipments": all_of(uuid),
}
LIST_ROW = {**_LIST, "number": text, "is_cancelled": flag, "items": all_of(shaped(PIECE))}
LIST = {
    **LIST_ROW,
    "items": all_of(shaped(LIST_GROUP)),
    "sorting_labels": all_of(shaped({"shipment_id": uuid, "label": text})),
}
LIST_CREATED = {**_LIST, "is_assigned": flag}
_REF = {
    "entity_type": lambda value: value in {"address", "location"},
    "entity_id": uuid,
    "carrier": shaped({"is_carrier_location": flag, "carrier_location_reference": or_null(text)}),
}
SHIPMENT_ROW = {
    **members(uuid, "id channel_id stack_id method_id contact_id"),
    **members(or_null(uuid), "list_id"),
    **members(text, "number"),
    **members(or_null(moment), "ship_at estimated_ship_at expected_at"),
    **members(moment, "created_at updated_at"),
    **members(flag, "is_editable is_outbound is_listed is_finished is_in_transit is_complete is_overcomplete"),
    "is_canceled": flag,
    "type": lambda value: value in {"delivery", "collect", "internal"},
    "addressing": shaped({"to": shaped(_REF), "from": shaped(_REF)}),
    "secret": lambda value: bool(re.fullmatch("[0-9a-f]{16}", value)),
    "prior_shipments": all_of(uuid),
}
PARCEL_ITEM = {"id": uuid, "sku": text, "quantity": lambda value: value == 1, "description": text}
LABEL = {**members(or_null(text), "file_id reference label_text"), "requested_at": moment}
PARCEL = {
    **members(uuid, "id shipment_id"),
    **members(number, "weight length width height count"),
    **members(or_null(text), "tracking_code tracking_url position"),
    **members(flag, "is_in_transit is_delivered is_outbound is_finished"),
    **members(or_null(moment), "ship_at in_transit_at finished_at"),
    **members(moment, "created_at updated_at"),
    "number": text,
    "label": or_null(shaped(LABEL)),
    "items": all_of(shaped(PARCEL_ITEM)),
    "file_id": or_null(uuid),
}
CORRECTION = {**members(text, "sku description position"), "quantity": number}
SHIPMENT = {
    **SHIPMENT_ROW,
    **members(flag, "is_labeled is_serviced is_boxed is_handled"),
    **members(all_of(shaped(CORRECTION)), "backorders overage"),
    "order_id": or_null(uuid),
    "items": all_of(shaped(PIECE)),
    "parcels": all_of(shaped(PARCEL)),
}
SHIPMENT_BARE = {
    **SHIPMENT,
    **members(lambda value: value is None, "method_id contact_id order_id"),
    "addressing": shaped({"to": shaped(_REF), "from": lambda value: value is None}),
}
SHIPMENT_GROUP = {
    **members(all_of(uuid), "ids handled_ids boxed_ids listed_ids finished_ids missing_ids"),
    **members(text, "sku description"),
    **members(all_of(shaped({"id": uuid, "item_ids": all_of(uuid)})), "lists parcels"),
    "quantity": number,
    "hs_code": or_null(text),
    "references": all_of(lambda value: isinstance(value, dict)),
    "positions": all_of(shaped({"code": text, "item_ids": all_of(uuid)})),
    "shipment_id": uuid,
    "totals": shaped(members(number, "boxed handled finished missing listed")),
}
LOCATION = {
    **members(uuid, "id reference address_id"),
    **members(moment, "created_at updated_at"),
    "name": text,
    "is_disabled": flag,
}
SKU = {"sku": text, "position": text, "created_at": moment}
POSITION = {"code": text, "sorting": number, "skus": all_of(shaped(SKU)), "created_at": moment}
METHOD = {
    **members(text, "carrier_code name label description"),
    **members(flag, "is_configured is_same_day is_sunday is_carrier_location is_neighbour_allowed is_enabled"),
    **members(number, "max_weight priority"),
    "id": uuid,
    "countries": all_of(shaped({"code": text, "amount": number})),
    "delivery_during": lambda value: value in {"daytime", "morning", "afternoon", "evening"},
    "provider_method_id": or_null(text),
    "provider": lambda value: value in {"sendcloud", "default"},
}
_ADDRESS = {
    **members(text, "country_code locality postal_code address_line_1 thoroughfare"),
    **members(
        or_null(text), "administrative_area dependent_locality sorting_code address_line_2 premise_number_suffix"
    ),
    **members(or_null(text), "organisation given_name additional_name family_name"),
    "premise_number": number,
}
CONTACT_ADDRESS = {**_ADDRESS, "id": uuid, "created_at": moment}
ADDRESS = {**CONTACT_ADDRESS, "geo_location": lambda value: isinstance(value, dict)}
_ADDRESSES = {"primary": shaped(CONTACT_ADDRESS), "secondary": all_of(shaped(CONTACT_ADDRESS))}
CONTACT = {
    **members(uuid, "id version"),
    **members(text, "email audience given_name family_name"),
    **members(shaped(_ADDRESSES), "billing shipping"),
    **members(lambda value: isinstance(value, dict), "organisations phone_numbers metadata"),
    **members(moment, "created_at updated_at"),
    "additional_name": or_null(text),
    "is_guest": flag,
    "tags": all_of(text),
    "deleted_at": or_null(moment),
}
POINT = {
    **members(text, "id name carrier"),
    **members(lambda value: isinstance(value, float), "latitude longitude"),
    "address": shaped(_ADDRESS),
    "openings": all_of(lambda value: value.keys() == {"weekday", "windows"}),
}
TASK = {
    **members(text, "name description"),
    **members(or_null(moment), "completed_at"),
    **members(moment, "started_at expires_at"),
    "id": uuid,
    "progress": lambda value: number(value) and value <= 100,
    "result": or_null(text),
}
FILE = {
    **members(text, "filename label dir mime url"),
    **members(flag, "is_public is_listed"),
    **members(moment, "created_at updated_at"),
    "id": uuid,
    "type": lambda value: value in {"image", "file", "video"},
    "metadata": lambda value: value == {},
}
SUBSCRIPTION = {
    **members(number, "id delivery_rate"),
    **members(moment, "created_at updated_at"),
    "events": all_of(text),
    "endpoint": text,
    "secret": lambda value: value.startswith("whs_"),
}
_MESSAGE = {
    **members(number, "id subscription"),
    **members(text, "event entity_id payload signature endpoint"),
    **members(flag, "is_pending is_delivered"),
    **members(moment, "created_at updated_at"),
}
ATTEMPT = {
    **members(number, "id number response_time response_code"),
    "is_success": flag,
    "response_body": text,
    "attempted_at": moment,
}
MESSAGE = {**_MESSAGE, "attempts": number}
TEST_MESSAGE = {**_MESSAGE, "attempt": shaped(ATTEMPT)}
DELIVERY = {
    **members(text, "event entity_type entity_id"),
    "message_id": uuid,
    "triggered_at": number,
    "data": lambda value: isinstance(value, dict),
}
PRINTER = {
    **members(uuid, "id hub_id"),
    **members(text, "name default_encoding"),
    **members(or_null(text), "inbox_id"),
    **members(moment, "created_at updated_at"),
    "connection": shaped({"interface": text, "address": text}),
    "settings": lambda value: isinstance(value, dict),
    "disabled_at": or_null(moment),
}
PRINT_JOB = {
    **members(text, "id job tag description reference hub_id"),
    **members(or_null(text), "artifact"),
    **members(or_null(moment), "printed_at"),
    **members(moment, "schedule_at created_at updated_at"),
    "status": lambda value: value in {"scheduled", "pending", "printed", "failed", "cancelled"},
}
ORDER_MEMBERS = set(
    "id number state settings processing acceptances calculations client_id channel_id tags stack_id type".split()
) | {"last_accepted_at", "last_confirmed_at", "last_canceled_at", "created_at", "updated_at"}


def body_of(response: httpx.Response, shape: dict[str, Check] | None = None) -> Any:
    """The JSON of a 200, of ``shape`` or a list of that."""
    assert response.status_code == 200, response.text
    assert response.headers["Content-Type"] == "application/json"
    body = response.json()
    if shape:
        for one in body if isinstance(body, list) else [body]:
            check(one, shape)
    return body


def done(response: httpx.Response) -> httpx.Response:
    """A 204 without a body."""
    assert response.status_code == 204, response.text
    assert response.content == b"" and "Content-Type" not in response.headers
    return response


def refused(response: httpx.Response, status: int, problem: str = "", member: str = "") -> dict[str, Any]:
    """The error body of that status, which says this problem about this member."""
    assert response.status_code == status, response.text
    body: dict[str, Any] = response.json()
    assert body.keys() == {"code", "message", "reference", "errors"} and body["code"] == status
    assert body["message"] and body["reference"].startswith(f"req-{status}-")
    assert not problem or member in body["errors"][problem]
    return body
