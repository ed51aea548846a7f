"""From signed bytes to a body that may be kept: JSON, without what no database keeps and without secrets."""

from typing import Any

import msgspec

from backoffice.logs import redact
from backoffice.records import clean_json

Members = dict[str, Any]


class Unreadable(Exception):
    """Not a body that we can keep. The text says why and holds nothing of it."""


def read(body: bytes, secret_members: frozenset[str]) -> Members:
    """The members of a body, less the secret ones at any depth. Raises Unreadable for what is no JSON object."""
    try:
        members = msgspec.json.decode(clean_json(body))
        if isinstance(members, dict):
            return _members_without(members, secret_members)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Unreadable("the body is not JSON that can be read") from None
    raise Unreadable("the body is not a JSON object")


def kept(members: Members) -> str:
    """What is kept of a body: JSON text, and no configured secret in it. Raises Unreadable."""
    try:
        return redact(msgspec.json.encode(members).decode())
    except RecursionError:
        raise Unreadable("the body is nested too deep") from None


def reread(payload: str) -> Members:
    """The members of what was kept. Raises Unreadable."""
    return read(payload.encode(), frozenset())


def _members_without(members: Members, names: frozenset[str]) -> Members:
    return {name: _without(value, names) for name, value in members.items() if name not in names}


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return _members_without(value, names)
    if isinstance(value, list):
        return [_without(item, names) for item in value]
    return value
