"""Raw payloads as people may see them: unknown members are marked, and hidden with the payload itself."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from backoffice.access import hidden_members, may_see_payload, note_seen
from backoffice.masking import SHOWN_MASKED, shown_members
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


def shown_payload(payload: Any, known: frozenset[str], hidden: frozenset[str] = frozenset()) -> SafeString:
    """JSON, indented, with each member that the record does not know inside ``<mark>``. Its text is still JSON.

    Args:
        hidden: members that the person may not see.
    """
    if not isinstance(payload, dict):
        return format_html("{}", SHOWN_MASKED if hidden else _json(payload))
    payload = shown_members(payload, hidden)
    lines = [(_json({name: value})[2:-2], name in known) for name, value in payload.items()]
    marked = format_html_join(
        mark_safe(",\n"),  # noqa: S308  a constant
        "{}",
        ((_line(text, is_known),) for text, is_known in lines),
    )
    return format_html("{{\n{}\n}}", marked)


def shown_text(payload: str, hidden: frozenset[str]) -> str:
    """A payload that was kept as text, as it may be no JSON; masked whole where nobody can tell what is in it.

    Args:
        hidden: members that the person may not see.
    """
    if not hidden:
        return payload
    try:
        members = json.loads(payload)
    except (ValueError, RecursionError):
        return str(SHOWN_MASKED)
    return _json(shown_members(members, hidden)) if isinstance(members, dict) else str(SHOWN_MASKED)


def shown_changes(changes: Iterable[RowChange], user: User | AnonymousUser) -> list[Change]:
    """Changes with the values hidden that the person may not see: of masked members, and of unknown ones without the
    permission for raw payloads.
    """
    return [_shown(change, user) for change in changes]


def _shown(change: RowChange, user: User | AnonymousUser) -> Change:
    resource = RESOURCES.get(change.resource)
    if change.member in hidden_members(user, change.resource):
        return Change(change, change.member, str(SHOWN_MASKED), str(SHOWN_MASKED), is_known=True)
    note_seen(user, change.resource, change.remote_id, {change.member: change.before or change.after})
    is_known = change.member in OWN_MEMBERS or bool(resource and change.member in resource.record.members())
    if is_known or may_see_payload(user, change.resource):
        return Change(change, change.member, change.before, change.after, is_known)
    return Change(change, change.member, _("(hidden)"), _("(hidden)"), is_known)


def _line(text: str, is_known: bool) -> SafeString:
    if is_known:
        return format_html("{}", text)
    told = _("The contract does not know this member.")
    return format_html('<mark class="bo-unknown" title="{}">{}</mark>', told, text)


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
