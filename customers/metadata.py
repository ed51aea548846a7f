"""Our own key in a customer's metadata: the id of the write that created it. Kept by every edit, shown by none."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from backoffice.texts import number

REFERENCE = "backoffice_write"
MAX_LEVELS = 100  # of nesting
MAX_INTEGER = 2**63 - 1
MAX_BYTES = 64 * 1024


def visible(metadata: Any) -> Any:
    """Metadata as people see and edit it; None where nothing is left."""
    if not isinstance(metadata, Mapping):
        return metadata
    return {name: value for name, value in metadata.items() if name != REFERENCE} or None


def reference_in(metadata: Any) -> str:
    """The write that created the customer; "" where it was not us."""
    value = metadata.get(REFERENCE) if isinstance(metadata, Mapping) else None
    return value if isinstance(value, str) else ""


def with_reference(metadata: Mapping[str, Any] | None, reference: str) -> dict[str, Any] | None:
    """Metadata as it is sent: what people typed, and our key where there is one."""
    if not reference:
        return None if metadata is None else dict(metadata)
    return {**(metadata or {}), REFERENCE: reference}


def parsed(text: str) -> dict[str, Any] | None:
    """Metadata as a person types it: a JSON object, or ``null`` for none.

    Raises ValueError with a sentence for what could not be sent or kept, and for our own key.
    """
    value = value_of(text)
    if value is None:
        return None
    if not isinstance(value, dict):
        told = _("Metadata is a JSON object, such as {example}, or null for none.")
        raise ValueError(told.format(example='{"external_ref": "crm-7"}'))
    check(value)
    return value


def value_of(text: str) -> Any:
    """One JSON value as a person types it. Raises ValueError with a sentence; no key may stand twice in an object."""
    try:
        value = msgspec.json.decode(text)
        json.loads(text, object_pairs_hook=_distinct)
    except _TwiceError as error:
        raise ValueError(_("The key {key} stands in it twice.").format(key=repr(error.args[0]))) from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        told = _("This is not JSON: {error}.").format(error=" ".join(str(error).split())[:200])
        raise ValueError(told) from None
    return value


def check(metadata: Mapping[str, Any]) -> None:
    """Raises ValueError with a sentence where metadata cannot be sent or kept, or holds our own key."""
    if REFERENCE in metadata:
        raise ValueError(_("{key} is the back office's own key; it is kept by itself.").format(key=REFERENCE))
    problem = _problem(metadata, MAX_LEVELS)
    if problem:
        raise ValueError(problem)
    if not fits(metadata):
        raise ValueError(_("It is larger than {size} KiB.").format(size=number(MAX_BYTES // 1024)))


def fits(metadata: Mapping[str, Any] | None) -> bool:
    """Whether metadata is small enough to be edited and sent from here."""
    return len(msgspec.json.encode(metadata)) <= MAX_BYTES


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _TwiceError(name[:60])
        found[name] = value
    return found


def _problem(value: Any, levels: int) -> str:
    """Why a value cannot be kept in every database, in a sentence; "" when it can."""
    if levels == 0:
        return _("It is nested deeper than {count} levels.").format(count=number(MAX_LEVELS))
    if isinstance(value, str) and "\0" in value:
        return _("It holds a NUL character ({escape}), which cannot be kept.").format(escape="\\u0000")
    if isinstance(value, int) and abs(value) > MAX_INTEGER:
        return _("It holds a number with more than 64 bits; write it as text.")
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else []
    return next(filter(None, (_problem(item, levels - 1) for item in inside)), "")
