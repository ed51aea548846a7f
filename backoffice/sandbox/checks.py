"""What a member of a request's body may be; each upstream builds its own rules of these."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

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


def email_address(most: int) -> Check:
    """A plain e-mail address of at most ``most`` characters."""
    return formatted(_EMAIL, "an e-mail address", most)


def uri(most: int) -> Check:
    """A URI of any scheme, of at most ``most`` characters."""
    return formatted(_URI, "a URI", most)


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


def flag(value: Any) -> str | None:
    """True or false."""
    return None if isinstance(value, bool) else "must be true or false"


def list_of(check: Check, least: int = 0) -> Check:
    """A list of at least ``least`` values that are all right by ``check``."""

    def check_all(value: Any) -> str | None:
        if not isinstance(value, list):
            return "must be a list"
        if len(value) < least:
            return f"must have at least {least}"
        return next((problem for item in value if (problem := check(item))), None)

    return check_all


def object_of(members: Mapping[str, Member], *, closed: bool = False) -> Check:
    """An object whose known members are all right; a ``closed`` one has no others."""

    def check(value: Any) -> str | None:
        if not isinstance(value, dict):
            return "must be an object"
        if closed and (unknown := value.keys() - members.keys()):
            return f"knows no member {min(unknown)!r}"
        return next((f"{problem} ({name})" for name, problem in problems_with(value, members)), None)

    return check


def problems_with(body: Mapping[str, Any], members: Mapping[str, Member]) -> list[tuple[str, str]]:
    """(member, what is wrong with it) of each that is wrong; members that nobody knows are no problem."""
    return [(name, problem) for name, member in members.items() if (problem := _problem(body, name, member))]


def _problem(body: Mapping[str, Any], name: str, member: Member) -> str | None:
    if name not in body:
        return "is required" if member.required else None
    if body[name] is None:
        return None if member.nullable else "must not be null"
    return member.check(body[name])
