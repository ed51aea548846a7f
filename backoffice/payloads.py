"""Raw payloads as people may see them: unknown members are marked, and hidden with the payload itself."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from backoffice.models import RowChange
from backoffice.sync.resource import RESOURCES

OWN_MEMBERS = frozenset({"vanished_at"})


@dataclass(frozen=True)
class Change:
    """One change, ready to be shown."""

    row: RowChange
    member: str
    before: str | None  # JSON; None where the member was absent
    after: str | None
    is_known: bool


def shown_payload(payload: Any, known: frozenset[str]) -> SafeString:
    """JSON, indented, with each member that the record does not know inside ``<mark>``. Its text is still JSON."""
    if not isinstance(payload, dict):
        return format_html("{}", _json(payload))
    lines = [(_json({name: value})[2:-2], name in known) for name, value in payload.items()]
    marked = format_html_join(
        mark_safe(",\n"),  # noqa: S308  a constant
        "{}",
        ((_line(text, is_known),) for text, is_known in lines),
    )
    return format_html("{{\n{}\n}}", marked)


def shown_changes(changes: Iterable[RowChange], may_see_payload: bool) -> list[Change]:
    """Changes with the values of unknown members hidden from people who may not see raw payloads."""
    return [_shown(change, may_see_payload) for change in changes]


def _shown(change: RowChange, may_see_payload: bool) -> Change:
    resource = RESOURCES.get(change.resource)
    is_known = change.member in OWN_MEMBERS or bool(resource and change.member in resource.record.members())
    if is_known or may_see_payload:
        return Change(change, change.member, change.before, change.after, is_known)
    return Change(change, change.member, "(hidden)", "(hidden)", is_known)


def _line(text: str, is_known: bool) -> SafeString:
    if is_known:
        return format_html("{}", text)
    return format_html('<mark class="bo-unknown" title="The contract does not know this member.">{}</mark>', text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
