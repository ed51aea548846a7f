"""What a request may say: path ids, query parameters and body members, as the contract limits them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from backoffice.sandbox.kirim.assumptions import DEEPEST_METADATA, EVENTS
from backoffice.sandbox.kirim.refusal import invalid

CUSTOMER_STATUSES = ("pending", "active", "suspended", "archived")
LINK_STATUSES = ("active", "consumed", "expired", "revoked")

CUSTOMER_ID = re.compile(r"cus_[0-9A-HJKMNP-TV-Z]{26}")
LINK_ID = re.compile(r"csl_[0-9A-HJKMNP-TV-Z]{26}")
PHONE_NUMBER_ID = re.compile(r"[0-9]{6,20}")
_EMAIL = re.compile(r"[A-Za-z0-9_'+-]+(\.[A-Za-z0-9_'+-]+)*@([A-Za-z0-9][A-Za-z0-9-]*\.)+[A-Za-z]{2,}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:(?!//([/?#]|$))[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]+")  # any scheme

Check = Callable[[Any], str | None]  # answers what is wrong with a value, or None


@dataclass(frozen=True)
class Member:
    """What one member of a request body may be."""

    check: Check
    required: bool = False
    nullable: bool = False


def text(least: int, most: int) -> Check:
    """A string of ``least`` to ``most`` characters."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        return None if least <= len(value) <= most else f"must have {least} to {most} characters"

    return check


def formatted(pattern: re.Pattern[str], what: str, most: int) -> Check:
    """A string of at most ``most`` characters that is whole ``pattern``."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return "must be a string"
        if len(value) > most:
            return f"must have at most {most} characters"
        return None if pattern.fullmatch(value) else f"must be {what}"

    return check


def one_of(*words: str) -> Check:
    """One of these words."""

    def check(value: Any) -> str | None:
        return None if isinstance(value, str) and value in words else f"must be one of {', '.join(words)}"

    return check


def whole_number(least: int, most: int) -> Check:
    """An integer in JSON's sense: 24 and 24.0, but neither true nor "24"."""

    def check(value: Any) -> str | None:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            return "must be an integer"
        return None if least <= value <= most else f"must be {least} to {most}"

    return check


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
EMAIL = formatted(_EMAIL, "an e-mail address", 255)
REDIRECT = formatted(_URI, "a URI", 2048)
ADDRESS = formatted(_URI, "a URI", 2048)

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
    problems = [(name, problem) for name, member in members.items() if (problem := _problem_with(body, name, member))]
    if problems:
        raise invalid(*problems)
    return {name: body[name] for name in members if name in body}


def _problem_with(body: Mapping[str, Any], name: str, member: Member) -> str | None:
    if name not in body:
        return "is required" if member.required else None
    if body[name] is None:
        return None if member.nullable else "must not be null"
    return member.check(body[name])


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
