"""Writes as pages show them: what was to be done to which object, by whom, what came of it, what can be done now."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from backoffice import times, upstreams
from backoffice.access import hidden_members, note_seen, readable_resources
from backoffice.badges import WRITE_TONES, word
from backoffice.masking import MASKED, SHOWN_MASKED, shown_members
from backoffice.models import RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.texts import number, source
from backoffice.writes.dismiss import DISMISSIBLE
from backoffice.writes.plan import may
from backoffice.writes.settle import SENT_AT_MOST, SETTLE
from backoffice.writes.verbs import WriteVerb, verb_of

State = RemoteWrite.State
MAX_CHARS = 300


@dataclass(frozen=True)
class Thing:
    """A mirrored object: how people call it, and its page. Only its id where it is not here, or not theirs to see."""

    name: str
    key: int | None = None
    url: str = ""


@dataclass(frozen=True)
class Member:
    """One member of a write. Values are short texts; ``before`` is None where it is not known."""

    name: str
    before: str | None
    sent: str
    complaint: str = ""  # the remote's own sentence about it


@dataclass(frozen=True)
class Can:
    """What the person may do with the write as it stands."""

    look: bool = False
    settle: bool = False
    again: bool = False
    dismiss: bool = False
    form: str = ""  # the page on which it is done anew, as its answer can be shown only there
    off: str = ""  # why looking and sending are off


@dataclass(frozen=True)
class WriteLine:
    """One write, ready to be shown."""

    write: RemoteWrite
    label: str
    kind: str  # "customer"; empty where the label says it already
    thing: Thing | None  # None for what a create was to make
    owner: Thing | None
    state: SafeString
    who: str
    members: list[Member]
    looking: SafeString | str  # what was done to find out, and when it is done next
    can: Can


def write_lines(person: User | AnonymousUser, writes: Iterable[RemoteWrite]) -> list[WriteLine]:
    """One for each write. Costs a query for each kind of object, however many writes there are."""
    rows = list(writes)
    things = _things(person, rows)
    return [_line(person, write, things) for write in rows]


def who(write: RemoteWrite) -> str:
    """Who wanted it."""
    return str(write.actor) if write.actor else _("the operator")


def label(verb: WriteVerb) -> str:
    """What is done, and to what: "Suspend customer", "Create setup link"."""
    kind = _kind(verb)
    if not kind:
        return str(verb.label)
    return pgettext("a button's words, and what it is done to", "{verb} {noun}").format(verb=verb.label, noun=kind)


def members(write: RemoteWrite, hidden: frozenset[str] = frozenset()) -> list[Member]:
    """The members that it sends, each with the value before where that is known.

    Args:
        hidden: members that the person may not see.
    """
    before, sends = shown_members(write.before, hidden), shown_members(write.sends, hidden)
    complaints = shown_members(write.field_errors, hidden)
    return [
        Member(
            name,
            in_short(before[name]) if name in before else None,
            in_short(value),
            str(complaints.get(name, "")),
        )
        for name, value in sends.items()
    ]


def note_members_seen(person: User | AnonymousUser | None, write: RemoteWrite) -> None:
    """Say in the audit that the values of a write's members were shown, where masked ones are among them."""
    note_seen(person, verb_of(write).resource, write.remote_id or str(write.pk), write.sends, write.before)


def in_short(value: Any) -> str:
    """A value as short text; what is empty at the remote is called so."""
    if value is None:
        return _("(empty)")
    if value == MASKED:
        return str(SHOWN_MASKED)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= MAX_CHARS else f"{text[:MAX_CHARS]}…"


def _line(person: User | AnonymousUser, write: RemoteWrite, things: Mapping[tuple[str, str], Thing]) -> WriteLine:
    verb = verb_of(write)
    owner = things.get((verb.owner_resource, write.owner_remote_id))
    return WriteLine(
        write=write,
        label=str(verb.label),
        kind=_kind(verb),
        thing=things.get((verb.resource, write.remote_id)),
        owner=owner,
        state=word(write.state, WRITE_TONES),
        who=who(write),
        members=members(write, hidden_members(person, verb.resource)),
        looking=_looking(write),
        can=_can(person, write, verb, owner),
    )


def _looking(write: RemoteWrite) -> SafeString | str:
    if write.state == State.SENT and _is_lost(write):
        return _("Whoever sent it ended without an answer. Where a worker runs it looks for it within a minute.")
    if write.state != State.UNKNOWN:
        return ""
    so_far: SafeString | str = _("Not looked for yet.")
    if write.looks:
        told = ngettext("Looked for once, last {ago}.", "Looked for {count} times, last {ago}.", write.looks)
        so_far = format_html(told, count=number(write.looks), ago=times.ago(write.looked_at))
    if write.next_look_at and write.next_look_at > timezone.now():
        told = _("{so_far} The next look is {ago}.")
        return format_html(told, so_far=so_far, ago=times.ago(write.next_look_at))
    told = _("{so_far} The next look is due: where a worker runs it comes within a minute.")
    return format_html(told, so_far=so_far)


def _is_lost(write: RemoteWrite) -> bool:
    """Whether the process that had it in hand must be gone; only of one that is planned or sent."""
    since = write.sent_at if write.state == State.SENT else write.waits_since
    return since is not None and timezone.now() - since > SENT_AT_MOST


def _kind(verb: WriteVerb) -> str:
    """The noun of what it is done to; "" where the label says it already."""
    kind = verb.target.replace("_", " ")
    return "" if kind in source(verb.label).lower() else translation.gettext(kind)


def _things(person: User | AnonymousUser, writes: Iterable[RemoteWrite]) -> dict[tuple[str, str], Thing]:
    """The objects of the writes and what those hang on, by resource and remote id."""
    wanted: dict[str, set[str]] = defaultdict(set)
    for write in writes:
        verb = verb_of(write)
        wanted[verb.resource].add(write.remote_id)
        wanted[verb.owner_resource].add(write.owner_remote_id)
    readable = set(readable_resources(person))
    things = {(name, id): Thing(id) for name, ids in wanted.items() for id in ids if id}
    for name in wanted.keys() & readable:
        meta = RESOURCES[name].model._meta
        page = f"admin:{meta.app_label}_{meta.model_name}_change"
        for row in RESOURCES[name].model._default_manager.filter(remote_id__in=wanted[name] - {""}):
            things[name, row.remote_id] = Thing(str(row) or row.remote_id, row.pk, reverse(page, args=[row.pk]))
    return things


def _form(write: RemoteWrite, verb: WriteVerb, owner: Thing | None) -> str:
    """The page on which it is done anew, filled in with what a failed one was to send; "" where there is none."""
    if not verb.form or write.state not in DISMISSIBLE or owner is None or owner.key is None:
        return ""
    page = reverse(verb.form, args=[owner.key])
    return f"{page}?again={write.pk}" if write.state == State.FAILED else page


def _can(person: User | AnonymousUser, write: RemoteWrite, verb: WriteVerb, owner: Thing | None) -> Can:
    if not isinstance(person, User):
        return Can()
    may_do, may_settle = may(person, verb.permission), may(person, SETTLE)
    is_unknown = write.state == State.UNKNOWN or (write.state == State.SENT and _is_lost(write))
    is_failed = write.state == State.FAILED or (write.state == State.PLANNED and _is_lost(write))
    is_first_done = write.follows is None or write.follows.state == State.CONFIRMED
    return Can(
        look=is_unknown and (may_do or may_settle),
        settle=is_unknown and may_settle,
        again=is_failed and may_do and is_first_done and not verb.has_secret,
        dismiss=write.state in DISMISSIBLE and write.dismissed_at is None and may_do,
        form=_form(write, verb, owner) if may_do else "",
        off=upstreams.why_off(write.upstream),
    )
