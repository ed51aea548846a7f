"""What the body of a request may say, as the contract limits it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backoffice.sandbox.afosto.assumptions import INVALID, REQUIRED
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.refusal import Refusal
from backoffice.sandbox.checks import Check, Member, flag, list_of, object_of, one_of, problems_with, text, whole_number
from backoffice.sandbox.clock import offset_stamp

_MOST = 2**31 - 1


def moment(value: Any) -> str | None:
    """An ISO 8601 time with an offset, within the years that can be told in UTC."""
    try:
        is_told = isinstance(value, str) and datetime.fromisoformat(value).tzinfo is not None
        return None if is_told and offset_stamp(datetime.fromisoformat(value)) else "must be a time with an offset"
    except (ValueError, OverflowError):
        return "must be a time with an offset"


def anything(value: Any) -> str | None:
    """Whatever it is."""
    return None


TEXT = text(0, 4096)
ID = text(1, 255)
URI = text(8, 2048)
SIZE = whole_number(0, _MOST)
QUANTITY = whole_number(1, 10_000)
MOMENTS = frozenset({"due_at", "ship_at", "estimated_ship_at", "expected_at", "expires_at", "schedule_at"})


def members(optional: Mapping[str, Any] | None = None, **required: Any) -> dict[str, Member]:
    """Checks by member; those that are optional may be null, which is as good as absent."""
    given = {name: Member(check, required=True) for name, check in required.items()}
    return {**given, **{name: Member(check, nullable=True) for name, check in (optional or {}).items()}}


_CARRIER = object_of(members({"is_carrier_location": flag, "carrier_location_reference": TEXT}))
_REF = object_of(members({"carrier": _CARRIER}, entity_type=one_of("address", "location"), entity_id=ID))
_ADDRESSING = object_of(members({"from": _REF}, to=_REF))
_TYPE = one_of("delivery", "collect", "internal")
_SERVICE = list_of(object_of(members({"configuration": anything}, option=one_of("giftwrap"))))
_REFERENCES = list_of(object_of(members({"order_item_id": ID, "claim_item_id": ID})))
_ITEM = members(
    {"reference": TEXT, "position": TEXT, "description": TEXT, "hs_code": TEXT}
    | {"service": _SERVICE, "references": _REFERENCES},
    sku=ID,
    quantity=QUANTITY,
)
CORRECTION = object_of(members({"description": TEXT, "position": TEXT}, sku=ID, quantity=whole_number(0, 10_000)))
CORRECTIONS = list_of(CORRECTION)
_TIMES = {"ship_at": moment, "estimated_ship_at": moment, "expected_at": moment}

CREATE_SHIPMENT = members(
    {"is_outbound": flag, "backorders": CORRECTIONS, "overage": CORRECTIONS, "method_id": TEXT, "contact_id": TEXT}
    | {"channel_id": TEXT, "order_id": TEXT, "prior_shipments": list_of(ID), **_TIMES},
    addressing=_ADDRESSING,
    type=_TYPE,
    items=list_of(object_of(_ITEM), least=1),
)
UPDATE_SHIPMENT = members(
    {"type": _TYPE, "method_id": ID, "addressing": _ADDRESSING, "prior_shipments": list_of(ID)}
    | {"expected_at": moment, "ship_at": moment}
)
MISSING = list_of(object_of(members(id=ID, is_missing=flag)))

CREATE_LIST = members({"due_at": moment}, shipments=list_of(object_of(members({"label": TEXT}, id=ID)), least=1))
LIST_STATE = members({"is_on_hold": flag, "sub": TEXT})
_ITEM_MARKS = {"is_handled": flag, "is_finished": flag, "position": TEXT, "lot_number": TEXT, "expires_at": moment}
LIST_MARKS = list_of(object_of(members({"is_serviced": flag, **_ITEM_MARKS}, id=ID)))

_BOX = {"weight": SIZE, "length": SIZE, "width": SIZE, "height": SIZE, "tracking_code": TEXT, "tracking_url": TEXT}
CREATE_PARCEL = members(_BOX, shipment_id=ID, item_ids=list_of(ID, least=1))
UPDATE_PARCEL = members({**_BOX, "ship_at": moment, "position": TEXT})
IDS = members(ids=list_of(ID))
SEARCH = members(constraints=list_of(object_of({})))
BULK_PARAMETERS = members({**_ITEM_MARKS, "parcel_id": ID, "is_missing": flag})
BULK = members(
    command=one_of("set_parameters"),
    parameters=object_of(BULK_PARAMETERS),
    constraints=list_of(object_of({}), least=1),
)

CREATE_LOCATION = members({"is_disabled": flag}, name=text(1, 255), address_id=ID)
CODES = list_of(ID)
SKUS = list_of(object_of(members(sku=ID, position=TEXT)))

SUBSCRIPTION = members({"delivery_rate": whole_number(1, 1000)}, events=list_of(ID, least=1), endpoint=URI)
TRIGGER = members(event=ID, entity_id=ID)
PRINT_JOB = members(
    {"tag": TEXT, "description": TEXT, "reference": TEXT, "schedule_at": moment}, job=text(1, 10_000_000), hub_id=ID
)
TOKEN = members({"scope": TEXT}, client_id=ID, client_secret=ID, grant_type=ID)


def allowed(body: Any, wanted: Mapping[str, Member]) -> Body:
    """The members of a body that a call knows, checked, as Afosto keeps them; null ones are left out.

    Raises:
        Refusal: 400, with the names of the members that are wrong.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "The body must be an object")
    if problems := problems_with(body, wanted):
        errors: dict[str, list[str]] = {}
        for name, problem in problems:
            errors.setdefault(REQUIRED if problem == "is required" else INVALID, []).append(name)
        raise Refusal(400, errors=errors)
    known = {name: body[name] for name in wanted if name in body}
    written: Body = _written("", known)
    return written


def allowed_list(body: Any, check: Check, name: str) -> list[Any]:
    """A body that is a bare list, checked. Raises Refusal (400)."""
    if check(body):
        raise Refusal(400, errors={INVALID: [name]})
    written: list[Any] = _written("", body)
    return written


def _written(name: str, value: Any) -> Any:
    """A checked value as Afosto keeps it, whatever is inside: no null members, its own way with times and integers."""
    if isinstance(value, dict):
        return {key: _written(key, its) for key, its in value.items() if its is not None}
    if isinstance(value, list):
        return [_written(name, its) for its in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return offset_stamp(datetime.fromisoformat(value)) if name in MOMENTS and isinstance(value, str) else value
