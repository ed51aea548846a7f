"""What the services of the CRM share: an object's members flat, as they are written, and finding what a create made.

L4YERCAK3 knows no idempotency key and no mark of ours. So what a write made is known by what was sent: the new object
of that name and e-mail (or website), which was not here before and is no other write's.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import msgspec
from django.db.models import Q, QuerySet
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.client import OffsetPage
from backoffice.errors import NotInThisState, RemoteContractError, RemoteError, RemoteRejected, RemoteUnavailable
from backoffice.mirror import MirrorModel
from backoffice.models import RemoteWrite
from backoffice.records import id_in
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.texts import Text
from backoffice.writes.sending import lost_before, send, settle
from backoffice.writes.verbs import Look
from customers.layercake import LayercakeAPI, Made

LABEL = "L4YERCAK3"
GONE = _("{who} is gone at L4YERCAK3.")
State = RemoteWrite.State
Members = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """One kind of object that we create."""

    resource: str
    noun: str  # "contact": what addresses call it
    identifying: tuple[str, ...]  # the members, as they are written, by which a new one is known
    column_of: Mapping[str, str]  # where the mirror has them
    search: Callable[[LayercakeAPI, str], OffsetPage] | None = None  # by the first of them, where the remote has one

    @property
    def thing(self) -> Text:
        """What one is called within a sentence."""
        return RESOURCES[self.resource].model._meta.verbose_name or self.resource

    @property
    def rows(self) -> QuerySet[Any]:
        """The mirrored ones."""
        return RESOURCES[self.resource].model._default_manager.all()


def flat(payload: Members) -> dict[str, Any]:
    """The members of an object as they are written: those of ``customProperties`` beside the others, and its name."""
    nested = payload.get("customProperties")
    name = payload.get("displayName") or payload.get("name") or ""
    own = nested if isinstance(nested, dict) else {}
    return {**own, "displayName": name, "name": name, **{word: payload.get(word) for word in ("status", "subtype")}}


def member(name: str, payload: Members) -> Any:
    """One of them as people see it: what is not told is empty."""
    value = flat(payload).get(name)
    if name == "customFields":
        return value or {}
    return [] if name == "tags" and not value else "" if value is None else value


def fetch(kind: Kind, api: LayercakeAPI, remote_id: str, cause: Cause = BY_HAND) -> Any:
    """Mirror one object by its id. Raises as ``single.fetch``."""
    return single.fetch(kind.resource, api, remote_id, cause)


def fresh_of(kind: Kind, api: LayercakeAPI, row: MirrorModel) -> Members:
    """The object as L4YERCAK3 states it now, mirrored on the way. Raises NotInThisState where it is gone here."""
    refuse_gone(row)
    payload: Members = fetch(kind, api, row.remote_id).payload
    return payload


def refuse_gone(row: MirrorModel) -> None:
    """Raises NotInThisState where L4YERCAK3 no longer has the object, as far as is known here."""
    if row.vanished_at is not None:
        why = format_lazy(GONE, who=str(row))
        raise NotInThisState(format_lazy(_("{why} Nothing was sent."), why=why))


def read_after(kind: Kind, api: LayercakeAPI, remote_id: str, write: RemoteWrite) -> Any:
    """The object read again; as it is here where that does not work now (None: not at all): the next sync brings it."""
    with suppress(RemoteError):
        return fetch(kind, api, remote_id, Cause(write=write))
    return kind.rows.filter(remote_id=remote_id).first()


# -- creating ---------------------------------------------------------------------------------------------------------


def create(kind: Kind, api: LayercakeAPI, write: RemoteWrite, call: Callable[..., Made]) -> Any:
    """Create an object with ``write.sends`` and mirror it; None where it was made but cannot be read now.

    After a lost answer all objects are read before it is sent again. Raises RemoteError: the write says what is known.
    """
    if lost_before(write) and (found := _made_before(kind, api, write)):
        settle(write, State.CONFIRMED, remark=_("An earlier try had made it after all."), remote_id=found)
        return kind.rows.filter(remote_id=found).first()

    def keep(made: Made) -> str:
        if made.body is not None:
            with suppress(RemoteContractError):  # what cannot be kept does not undo what was done
                single.take(kind.resource, Batch([made.body], made.sent_at), Cause(write=write))
        return made.id

    there = _like(kind, write.sends, kind.rows)
    made = send(write, lambda attempts: call(write.sends, attempts), keep, before={"ids": there})
    row = kind.rows.filter(remote_id=made.id).first()
    return row or read_after(kind, api, made.id, write)


def look_for_created(kind: Kind, api: LayercakeAPI, write: RemoteWrite, is_late: bool) -> Look:
    """Find what a creation made: in the mirror, by search, and after the send's deadline among all there are.

    Only a sweep begun then that came to its stated end, while no row moved, proves it absent.
    """
    remote_id = _find(kind, api, write)
    has_read_all = False
    if not remote_id and is_late:
        remote_id, has_read_all = _sweep(kind, api, write)
    if remote_id:
        found = format_lazy(_("Found at {label} as {remote_id}."), label=LABEL, remote_id=remote_id)
        return Look(State.CONFIRMED, found, remote_id)
    if has_read_all:
        none = _("{label} has no such {thing}: all of them were read, and it is not among them.")
        return Look(State.FAILED, format_lazy(none, label=LABEL, thing=kind.thing))
    if is_late:
        return Look(State.UNKNOWN, _("The list moved while it was read; it is looked for again."))
    return Look(State.UNKNOWN, _("It is not found yet; it is looked for again."))


def _made_before(kind: Kind, api: LayercakeAPI, write: RemoteWrite) -> str:
    """The id of what an earlier try made; "" where nothing did. Raises RemoteError where nobody can tell."""
    found, has_read_all = _find(kind, api, write), False
    if not found:
        found, has_read_all = _sweep(kind, api, write)
    if not (found or has_read_all):
        told = "nobody can tell whether an earlier try had made it: the list moved while it was read"
        raise RemoteUnavailable(RESOURCES[kind.resource].listing, told)
    return found


def _find(kind: Kind, api: LayercakeAPI, write: RemoteWrite) -> str:
    """The id of what the write made, as far as the mirror and a search show it; "" for none."""
    strange = _strangers(write)
    for remote_id in _like(kind, write.sends, kind.rows.filter(vanished_at=None).exclude(remote_id__in=strange)):
        return remote_id
    text = write.sends.get(kind.identifying[0])
    if kind.search is None or not text:
        return ""
    try:
        page = kind.search(api, text)
    except RemoteRejected as error:
        if error.is_for_all:
            raise
        return ""  # it has no search, then
    return _adopt(kind, write, page.rows, page, strange)


def _sweep(kind: Kind, api: LayercakeAPI, write: RemoteWrite) -> tuple[str, bool]:
    """The same among all objects, and whether really all were read. Raises RemoteError where there is no end."""
    strange, met, stated, has_slipped = _strangers(write), set[str](), 0, False
    for stream in RESOURCES[kind.resource].streams(api, full=True, checkpoint=None):
        for batch in stream:
            if found := _adopt(kind, write, batch.rows, batch, strange):
                return found, True
            met.update(id_in(row) for row in batch.rows)
            stated = batch.stated or stated
            has_slipped = has_slipped or batch.has_slipped
    return "", not has_slipped and "" not in met and len(met) >= stated


def _adopt(
    kind: Kind, write: RemoteWrite, rows: Iterable[bytes], read: OffsetPage | Batch, strange: frozenset[str]
) -> str:
    """Mirror the row that the write made; its id."""
    for row in rows:
        remote_id = id_in(row)
        if remote_id and remote_id not in strange and _is_what_was_sent(kind, row, write.sends):
            with suppress(RemoteContractError):
                single.take(kind.resource, Batch([row], read.sent_at), Cause(write=write))
            return remote_id
    return ""


def _is_what_was_sent(kind: Kind, row: bytes, sends: Members) -> bool:
    try:
        there = flat(msgspec.json.decode(row, type=dict[str, Any]))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False
    return all(bare(there.get(name)) == bare(sends.get(name)) for name in kind.identifying)


def _like(kind: Kind, sends: Members, rows: QuerySet[Any]) -> list[str]:
    """The ids of those of the mirrored ``rows`` that look like what is sent, exactly as one that is read is compared.

    So Python compares: a database knows no spaces around a text, and SQLite no case but that of A to Z.
    """
    wanted = {kind.column_of[name]: bare(sends.get(name)) for name in kind.identifying}
    column, text = next(((column, text) for column, text in wanted.items() if text), ("remote_id", ""))
    columns = rows.filter(Q(search_text__contains=text) | Q(**{f"{column}__iexact": text})).values("remote_id", *wanted)
    return [row["remote_id"] for row in columns if all(bare(row[name]) == wanted[name] for name in wanted)]


def _strangers(write: RemoteWrite) -> frozenset[str]:
    """What cannot be this write's: what was here before, and what other writes made."""
    others = RemoteWrite.objects.filter(target=write.target, verb=write.verb).exclude(pk=write.pk)
    known = others.exclude(remote_id="").values_list("remote_id", flat=True)
    return frozenset([*write.before.get("ids", []), *known])


def bare(value: Any) -> str:
    """A text as it is compared: a remote may tidy what it was sent."""
    return str(value or "").strip().lower()  # as ``search_text`` is
