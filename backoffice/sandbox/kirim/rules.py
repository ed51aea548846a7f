"""What a request may say: path ids, query parameters and body members, as the contract limits them."""

import re
from collections.abc import Mapping
from typing import Any

from backoffice.sandbox.checks import Member, email_address, one_of, problems_with, text, uri, whole_number
from backoffice.sandbox.kirim.assumptions import DEEPEST_METADATA, EVENTS
from backoffice.sandbox.kirim.refusal import invalid

CUSTOMER_STATUSES = ("pending", "active", "suspended", "archived")
LINK_STATUSES = ("active", "consumed", "expired", "revoked")

CUSTOMER_ID = re.compile(r"cus_[0-9A-HJKMNP-TV-Z]{26}")
LINK_ID = re.compile(r"csl_[0-9A-HJKMNP-TV-Z]{26}")
PHONE_NUMBER_ID = re.compile(r"[0-9]{6,20}")


def json_object(value: Any) -> str | None:
    """A JSON object, nested no deeper than allowed."""
    if not isinstance(value, dict):
        return "must be an object"
    return "is nested too deep" if _deeper_than(DEEPEST_METADATA, value) else None


def _deeper_than(levels: int, value: Any) -> bool:
    children = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return levels == 0 or any(_deeper_than(levels - 1, child) for child in children)


def event_names(value: Any) -> str | None:
    """A list of at least one known event name."""
    if not isinstance(value, list) or not value:
        return "must be a list of at least one event name"
    unknown = [name for name in value if not isinstance(name, str) or name not in EVENTS]
    return f"knows no event {unknown[0]!r}" if unknown else None


def unchangeable(value: Any) -> str | None:
    """Refused whatever it is."""
    return "cannot be changed"


NAME = text(1, 200)
EMAIL = email_address(255)
REDIRECT = uri(2048)
ADDRESS = uri(2048)

CREATE_CUSTOMER = {
    "team_id": Member(text(1, 64)),
    "name": Member(NAME, required=True),
    "email": Member(EMAIL),
    "metadata": Member(json_object),
}
UPDATE_CUSTOMER = {
    "name": Member(NAME),
    "email": Member(EMAIL, nullable=True),
    "metadata": Member(json_object, nullable=True),
    "status": Member(one_of("pending", "active", "suspended")),
    "team_id": Member(unchangeable),
}
CREATE_LINK = {
    "expires_in_hours": Member(whole_number(1, 720)),
    "success_redirect_url": Member(REDIRECT),
    "failure_redirect_url": Member(REDIRECT),
}
UPDATE_LINK = {
    "success_redirect_url": Member(REDIRECT, nullable=True),
    "failure_redirect_url": Member(REDIRECT, nullable=True),
}
CREATE_SUBSCRIPTION = {
    "url": Member(ADDRESS, required=True),
    "description": Member(text(0, 200)),
    "events": Member(event_names, required=True),
}
UPDATE_SUBSCRIPTION = {
    "url": Member(ADDRESS),
    "description": Member(text(0, 200), nullable=True),
    "events": Member(event_names),
    "status": Member(one_of("active", "paused")),
}


def allowed_members(body: Mapping[str, Any], members: Mapping[str, Member]) -> dict[str, Any]:
    """The members of ``body`` that the call knows, checked; others are ignored.

    Raises:
        Refusal: 400 with one detail for each member that is wrong.
    """
    if problems := problems_with(body, members):
        raise invalid(*problems)
    return {name: body[name] for name in members if name in body}


def allowed_id(value: str, pattern: re.Pattern[str], parameter: str) -> str:
    """``value`` when it is a well-formed id; a malformed one is a 400, not a 404."""
    if not pattern.fullmatch(value):
        raise invalid((parameter, "is not a well-formed id"))
    return value


def allowed_word(value: str | None, words: tuple[str, ...], parameter: str) -> str | None:
    """A query parameter that is absent or one of ``words``."""
    if value is not None and value not in words:
        raise invalid((parameter, f"must be one of {', '.join(words)}"))
    return value


def allowed_search(value: str | None) -> str | None:
    """The ``search`` parameter: absent, or 1 to 200 characters."""
    if value is not None and (problem := text(1, 200)(value)):
        raise invalid(("search", problem))
    return value
