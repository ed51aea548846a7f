"""One timeline of a customer: what we did, what syncs saw change, and notes; newest first, one query a kind.

A page begins after a place: the moment, kind and key of the last entry of the page before. So nothing is met twice or
left out when new entries come while somebody turns pages.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from heapq import merge
from itertools import groupby
from typing import Any
from uuid import UUID

from django.db.models import F, Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice import upstreams
from backoffice.access import hidden_members, readable_resources
from backoffice.badges import WRITE_TONES, word
from backoffice.models import RemoteWrite, RowChange
from backoffice.payloads import Change, shown_changes
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text
from backoffice.wording import label_of
from backoffice.writelines import Member, label, members, note_members_seen, who
from backoffice.writes.history import visible_writes
from backoffice.writes.verbs import VERBS, verb_of
from customers.models import Customer, CustomerNote

ROWS_A_PAGE = 30
MAX_KEY_CHARS = 36
WRITES, CHANGES, NOTES = "writes", "changes", "notes"
KINDS: Mapping[str, Text] = {WRITES: _("What we did"), CHANGES: _("What changed there"), NOTES: _("Notes")}
"""The kinds in the order in which entries of the same moment stand, with their names for people."""
_RANK = {kind: rank for rank, kind in enumerate(KINDS)}
_PERMISSION = {
    WRITES: "backoffice.view_remotewrite", CHANGES: "backoffice.view_rowchange", NOTES: "customers.view_customernote",
}  # fmt: skip


@dataclass(frozen=True)
class Place:
    """Where a page begins: after this entry."""

    moment: datetime
    kind: str
    key: str

    @classmethod
    def read(cls, text: str) -> "Place | None":
        """From an address; None for what is none."""
        moment, _mark, rest = text.partition("~")
        kind, _mark, key = rest.partition("~")
        try:
            at = datetime.fromisoformat(moment).astimezone(UTC)
            UUID(key) if kind in {WRITES, NOTES} else int(key)
        except (ValueError, OverflowError):
            return None
        is_known = kind in KINDS and len(key) <= MAX_KEY_CHARS
        return cls(at, kind, key) if is_known else None

    def __str__(self) -> str:
        return f"{self.moment.astimezone(UTC).isoformat()}~{self.kind}~{self.key}"

    def after(self, kind: str, moment: str) -> Q:
        """The rows of a kind, with their moment in that column, that stand behind this place."""
        later = Q(**{f"{moment}__lt": self.moment})
        if kind == self.kind:
            return later | Q(**{moment: self.moment, "pk__lt": self.key})
        return later | Q(**{moment: self.moment}) if _RANK[kind] > _RANK[self.kind] else later


@dataclass(frozen=True)
class Entry:
    """One thing that happened. Of ``write``, ``changes`` and ``note`` one is filled."""

    moment: datetime
    kind: str
    place: Place
    what: Text
    system: Text
    who: Text = ""
    state: SafeString | str = ""
    write: RemoteWrite | None = None
    members: list[Member] | None = None
    changes: list[Change] | None = None
    note: CustomerNote | None = None
    is_own: bool = False


@dataclass(frozen=True)
class Timeline:
    """A page of it, and what it can be narrowed to."""

    entries: list[Entry]
    kinds: Mapping[str, Text]
    systems: Mapping[str, Text]
    kind: str
    system: str
    begins: Place | None
    next: Place | None

    @property
    def is_narrowed(self) -> bool:
        """Whether a filter is on."""
        return bool(self.kind or self.system)


def timeline(request: HttpRequest, customer: Customer, records: Mapping[str, list[str]]) -> Timeline:
    """The page that the request asks for with ``kind``, ``system`` and ``before``; of what the person may see.

    Args:
        records: what it is about, remote ids by resource.
    """
    kinds = {kind: name for kind, name in KINDS.items() if request.user.has_perm(_PERMISSION[kind])}
    readable = set(readable_resources(request.user))
    records = {name: ids for name, ids in records.items() if name in readable}
    present = dict.fromkeys(RESOURCES[name].upstream for name in records)
    systems = {name: upstreams.UPSTREAMS[name].label for name in present}
    kind, system = (_chosen(request, name, known) for name, known in (("kind", kinds), ("system", systems)))
    if system:
        records = {name: ids for name, ids in records.items() if RESOURCES[name].upstream == system}
    place = Place.read(request.GET.get("before", ""))
    wanted = [kind] if kind else [name for name in kinds if not (system and name == NOTES)]
    found = [_rows(request, name, customer, records, place) for name in wanted]
    rows = list(merge(*found, key=_order, reverse=True))[: ROWS_A_PAGE + 1]
    shown, is_more = rows[:ROWS_A_PAGE], len(rows) > ROWS_A_PAGE
    entries = [entry for group in _together(shown) for entry in [_entry(request, group)]]
    return Timeline(entries, kinds, systems, kind, system, place, entries[-1].place if is_more else None)


_Row = tuple[datetime, str, Any]
"""A row with its moment and kind."""


def _chosen(request: HttpRequest, name: str, known: Mapping[str, Text]) -> str:
    value = request.GET.get(name, "")
    return value if value in known else ""


def _order(row: _Row) -> tuple[datetime, int, Any]:
    moment, kind, found = row
    return moment, -_RANK[kind], found.pk if isinstance(found.pk, int) else found.pk.hex


def _rows(
    request: HttpRequest, kind: str, customer: Customer, records: Mapping[str, list[str]], place: Place | None
) -> list[_Row]:
    """The next rows of one kind, newest first. One query."""
    rows: QuerySet[Any]
    if kind == NOTES:
        rows, moment = CustomerNote.objects.filter(customer=customer).select_related("author"), "written_at"
    elif not records:
        return []
    elif kind == WRITES:
        rows, moment = visible_writes(request.user).filter(written(records)), "planned_at"
    else:
        rows, moment = RowChange.objects.filter(_changed(records)), "changed_at"
    if place:
        rows = rows.filter(place.after(kind, moment))
    return [(getattr(row, moment), kind, row) for row in rows.order_by(F(moment).desc(), "-pk")[: ROWS_A_PAGE + 1]]


def written(records: Mapping[str, list[str]]) -> Q:
    """Writes to these records. What hangs on one of them names it as its owner until it has an id of its own."""
    about = Q(pk__in=())
    for name, ids in records.items():
        of_it = [verb for verb in VERBS.values() if verb.resource == name]
        targets = {verb.target for verb in of_it if getattr(verb, "owner_resource", "") not in records}
        if targets:
            about |= Q(target__in=targets, remote_id__in=ids)
        owned = {verb.target for verb in VERBS.values() if getattr(verb, "owner_resource", "") == name}
        if owned:
            about |= Q(target__in=owned, owner_remote_id__in=ids)
    return about


def _changed(records: Mapping[str, list[str]]) -> Q:
    about = Q(pk__in=())
    for name, ids in records.items():
        about |= Q(resource=name, remote_id__in=ids)
    return about


def _together(rows: Iterable[_Row]) -> Iterable[list[_Row]]:
    """Members that one update changed stand together, each other row by itself."""

    def update(row: _Row) -> Any:
        moment, kind, found = row
        return (moment, found.resource, found.remote_id) if kind == CHANGES else (kind, found.pk)

    return (list(group) for _, group in groupby(rows, key=update))


def _entry(request: HttpRequest, rows: list[_Row]) -> Entry:
    moment, kind, row = rows[-1]
    place = Place(moment, kind, str(row.pk))
    if kind == NOTES:
        is_own = row.author_id == request.user.pk
        return Entry(moment, kind, place, _("Note"), "", str(row.author), note=row, is_own=is_own)
    if kind == WRITES:
        verb = verb_of(row)
        note_members_seen(request.user, row)
        return Entry(
            moment, kind, place, label(verb), upstreams.UPSTREAMS[row.upstream].label, who(row),
            word(row.state, WRITE_TONES), write=row, members=members(row, hidden_members(request.user, verb.resource)),
        )  # fmt: skip
    changes = shown_changes([found for _moment, _kind, found in reversed(rows)], request.user)
    system = upstreams.UPSTREAMS[RESOURCES[row.resource].upstream].label
    return Entry(moment, kind, place, f"{label_of(row.resource)}: {row.remote_id}", system, changes=changes)
