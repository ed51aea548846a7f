"""Handling lists: made from shipments, assigned, held, released, marked off, deleted; and looking for those changes."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.errors import (
    ChangedMeanwhile,
    RemoteError,
    RemoteNotFound,
)
from backoffice.models import RemoteWrite
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.writes.sending import lost_before, send, settle
from backoffice.writes.verbs import Look
from fulfilment.afosto import AfostoAPI, HandlingListCreated
from fulfilment.models import HandlingList, Shipment
from fulfilment.pieces import flat_pieces, groups_of
from fulfilment.services.hindrances import refused
from fulfilment.services.list_rules import (
    refuse_strangers,
    refuse_unless_listable,
    refuse_unless_may,
    why_not,
    why_not_listable,
    why_not_together,
)
from fulfilment.services.outcomes import MADE_BEFORE, as_it_is, compared, shown_as, shown_so_far_as
from fulfilment.services.rereads import after, fetch, mark_gone, shipments_by_id

__all__ = ["HandlingListService", "handled_flags", "why_not", "why_not_listable", "why_not_together"]

State = RemoteWrite.State
_ANY_OPEN = "assign"  # takes any list that is not over, on hold or not


@dataclass(frozen=True)
class HandlingListService:
    """Called by admin, board, commands and tasks, with a client that has their patience."""

    api: AfostoAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> HandlingList:
        """Mirror one list by its id. Source: ``GET /lcs/lists/{id}``. Raises as ``rereads.fetch``."""
        return fetch(self.api, HandlingList, remote_id, cause)

    def refresh(self, handling_list: HandlingList) -> HandlingList:
        """Read a mirrored list and its shipments again. What was read before an error stays.

        Sources: ``GET /lcs/lists/{id}``, ``POST /lcs/search/shipments``. Raises as ``rereads.fetch``.
        """
        fresh = self.fetch(handling_list.remote_id)
        shipments_by_id(self.api, fresh.shipment_ids, BY_HAND)
        return fresh

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> HandlingList | None:
        """Make a list of shipments and mirror it; None where it cannot be read yet. Source: ``POST /lcs/lists``.

        ``write.sends``: shipments ([{id, label?}]), perhaps due_at. They are read first: what is on a list, or over, or
        of another direction or location than the others, is refused.

        Raises:
            NotInThisState: one of them cannot be listed; nothing was sent.
            RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        wanted = _wanted_ids(write)
        shipments = self._shipments(wanted, Cause(write=write))
        if lost_before(write):
            found = self._listed_as_wanted(wanted, shipments, Cause(write=write))
            if found:
                settle(write, State.CONFIRMED, remark=MADE_BEFORE, remote_id=found.remote_id)
                return found
        refuse_unless_listable(shipments)
        created: HandlingListCreated = send(
            write, lambda attempts: self.api.create_list(write.sends, attempts), lambda answer: answer.id
        )
        after(self.api, HandlingList, [created.id], Cause(write=write))
        self._read_shipments_after(wanted, write)
        return HandlingList.objects.filter(remote_id=created.id).first()

    def assign(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """Assign a list to somebody, or take it over for him: Afosto knows no way back to nobody.

        ``write.sends``: sub, his id at Afosto. ``write.before``: perhaps sub as the person saw it. Sources:
        ``GET /lcs/lists/{id}``, ``PUT /lcs/lists/{id}/state``.

        Raises:
            NotInThisState: nothing was sent.
            ChangedMeanwhile: it was assigned to somebody else since; nothing was sent.
            RemoteError: the write says what is known.
        """
        if not write.sends["sub"]:
            raise refused(_("Say to whom: Afosto knows no way back to nobody."))
        fresh = self._fresh("assign", handling_list, write)
        if fresh.sub == write.sends["sub"]:
            return as_it_is(fresh, write)
        seen = write.before.get("sub")
        if seen is not None and fresh.sub != seen:
            told = format_lazy(_("{list} was assigned to somebody else meanwhile. Nothing was sent."), list=fresh)
            raise ChangedMeanwhile(told, {"sub": seen}, {"sub": fresh.sub})
        return self._set_state(fresh, write, {"sub": fresh.sub})

    def hold(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """Put a list on hold. Sources: ``GET /lcs/lists/{id}``, ``PUT /lcs/lists/{id}/state``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._fresh("hold", handling_list, write)
        return as_it_is(fresh, write) if fresh.is_on_hold else self._set_state(fresh, write, {"is_on_hold": False})

    def release(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """Release a list that is on hold. Sources and errors as ``hold``."""
        fresh = self._fresh("release", handling_list, write)
        return self._set_state(fresh, write, {"is_on_hold": True}) if fresh.is_on_hold else as_it_is(fresh, write)

    def mark_handled(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """Mark pieces of a list as picked (or sorted). Source: ``PUT /lcs/lists/{id}/items``.

        ``write.sends``: items ([{id, is_handled}]). All of them are marked, or none. Decided by the mirror, which each
        marking brings up to date: a scanner does not wait for two answers.

        Raises NotInThisState (nothing was sent; also for a piece of another list), RemoteError.
        """
        refuse_unless_may("mark_handled", handling_list)
        wanted = _wanted_marks(write)
        there = handled_flags(handling_list)
        refuse_strangers(handling_list, wanted, there)
        if all(there[id] is is_handled for id, is_handled in wanted.items()):
            handling_list = self._fresh("mark_handled", handling_list, write)
            there = handled_flags(handling_list)
            refuse_strangers(handling_list, wanted, there)
        items = [{"id": id, "is_handled": flag} for id, flag in wanted.items() if there[id] is not flag]
        if not items:
            return as_it_is(handling_list, write)
        remote_id = handling_list.remote_id
        before = {"items": [{"id": id, "is_handled": there[id]} for id in wanted]}
        send(write, lambda attempts: self.api.set_list_items(remote_id, items, attempts), before=before)
        after(self.api, HandlingList, [remote_id], Cause(write=write))
        handling_list.refresh_from_db()
        after(self.api, Shipment, _touched(handling_list, wanted), Cause(write=write))
        return handling_list

    def delete(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """Delete a list; its shipments can be listed again. Sources: ``GET`` and ``DELETE /lcs/lists/{id}``.

        Afosto keeps it as cancelled, or drops it: then it is marked as vanished here.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        refuse_unless_may("delete", handling_list)
        fresh = self._read_to_delete(handling_list, write)
        if fresh.is_cancelled or fresh.vanished_at:
            return as_it_is(fresh, write)
        refuse_unless_may("delete", fresh)
        send(write, lambda attempts: self.api.delete_list(fresh.remote_id, attempts))
        with suppress(RemoteError):
            self._read_to_delete(fresh, write)
        self._read_shipments_after(fresh.shipment_ids, write)
        fresh.refresh_from_db()
        return fresh

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """See on which list the shipments are; that they are on none is proven by reading each of them.

        Sources: ``POST /lcs/search/shipments``, ``GET /lcs/shipments/{id}``, ``GET /lcs/lists/{id}``.
        """
        wanted, cause = _wanted_ids(write), Cause(write=write)
        shipments = shipments_by_id(self.api, wanted, cause)
        if found := self._listed_as_wanted(wanted, shipments, cause):
            told = format_lazy(_("Afosto has these shipments on list {list}."), list=found)
            return Look(State.CONFIRMED, told, found.remote_id)
        if is_late and not any(shipment.list_remote_id or shipment.is_listed for shipment in shipments):
            shipments = [fetch(self.api, Shipment, remote_id, cause) for remote_id in wanted]
        listed = [shipment for shipment in shipments if shipment.list_remote_id or shipment.is_listed]
        if listed:
            told = _("Afosto has some of the shipments on a list, but not these together: {shipments}.")
            return Look(State.UNKNOWN, format_lazy(told, shipments=_where(listed)))
        if is_late:
            return Look(State.FAILED, _("Afosto has none of these shipments on a list."))
        return Look(State.UNKNOWN, _("Afosto has none of these shipments on a list so far."))

    def look_for_state(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the list with what was sent (sub, is_on_hold). Source: ``GET /lcs/lists/{id}``."""
        try:
            fresh = self.fetch(write.remote_id, Cause(write=write))
        except RemoteNotFound:
            return Look(State.UNKNOWN, _("Afosto no longer knows the list."))
        there = {name: getattr(fresh, name) for name in write.sends}
        return compared(there, write.sends, write.before, is_late)

    def look_for_handled(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare which pieces are handled. Source: ``GET /lcs/lists/{id}``."""
        try:
            fresh = self.fetch(write.remote_id, Cause(write=write))
        except RemoteNotFound:
            return Look(State.UNKNOWN, _("Afosto no longer knows the list."))
        wanted, flags = _wanted_marks(write), handled_flags(fresh)
        there = {id: flags.get(id) for id in wanted}
        before = {item["id"]: item["is_handled"] for item in write.before.get("items", [])}
        found = compared(there, wanted, before, is_late)
        if found.state == State.CONFIRMED:
            after(self.api, Shipment, _touched(fresh, wanted), Cause(write=write))
        return found

    def look_for_deleted(self, write: RemoteWrite, is_late: bool) -> Look:
        """A list that is cancelled, or not there any more, was deleted. Source: ``GET /lcs/lists/{id}``."""
        fresh = self._read_to_delete(HandlingList.objects.get(remote_id=write.remote_id), write)
        if fresh.is_cancelled or fresh.vanished_at:
            self._read_shipments_after(fresh.shipment_ids, write)
            no_more, as_cancelled = _("Afosto no longer has the list."), _("Afosto shows it as cancelled.")
            return Look(State.CONFIRMED, no_more if fresh.vanished_at else as_cancelled)
        if is_late:
            return Look(State.FAILED, shown_as(fresh.state))
        return Look(State.UNKNOWN, shown_so_far_as(fresh.state))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _fresh(self, verb: str, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """The list as Afosto states it now. Raises NotInThisState where it takes no such verb, here or there."""
        refuse_unless_may(verb, handling_list)
        fresh = self.fetch(handling_list.remote_id, Cause(write=write))
        refuse_unless_may(_ANY_OPEN if verb in {"hold", "release"} else verb, fresh)
        return fresh

    def _set_state(self, fresh: HandlingList, write: RemoteWrite, before: dict[str, Any]) -> HandlingList:
        call = self.api.set_list_state
        send(write, lambda attempts: call(fresh.remote_id, write.sends, attempts), before=before)
        after(self.api, HandlingList, [fresh.remote_id], Cause(write=write))
        fresh.refresh_from_db()
        return fresh

    def _read_to_delete(self, handling_list: HandlingList, write: RemoteWrite) -> HandlingList:
        """The list as it is now; marked as vanished where Afosto no longer has it, which is what deleting is for."""
        asked_at = timezone.now()
        try:
            return self.fetch(handling_list.remote_id, Cause(write=write))
        except RemoteNotFound:
            mark_gone(HandlingList, handling_list.remote_id, asked_at, Cause(write=write))
            return HandlingList.objects.get(remote_id=handling_list.remote_id)

    def _shipments(self, wanted: Sequence[str], cause: Cause) -> list[Shipment]:
        """The shipments as they are now. Raises NotInThisState where Afosto has not all of them."""
        found = {shipment.remote_id: shipment for shipment in shipments_by_id(self.api, wanted, cause)}
        if unknown := [remote_id for remote_id in wanted if remote_id not in found]:
            told = _("Afosto knows no shipment {ids}.")
            raise refused(format_lazy(told, ids=", ".join(unknown[:5])))
        return [found[remote_id] for remote_id in wanted]

    def _read_shipments_after(self, remote_ids: Iterable[str], write: RemoteWrite) -> None:
        """The same after a change; what cannot be read now is brought by the next sync."""
        try:
            shipments_by_id(self.api, remote_ids, Cause(write=write))
        except RemoteError:
            return

    def _listed_as_wanted(
        self, wanted: Sequence[str], shipments: Sequence[Shipment], cause: Cause
    ) -> HandlingList | None:
        """The list that holds these shipments and no others."""
        lists = {shipment.list_remote_id for shipment in shipments}
        if len(shipments) != len(wanted) or len(lists) != 1 or "" in lists:
            return None
        found = self.fetch(lists.pop(), cause)
        return found if set(found.shipment_ids) == set(wanted) else None


def _told_where(shipments: Iterable[Shipment]) -> str:
    one, unknown = gettext("{shipment} on {list}"), gettext("a list")
    return ", ".join(one.format(shipment=its, list=its.list_remote_id or unknown) for its in shipments)


_where = lazy(_told_where, str)
"""Shipments and the lists that they are on, inside a sentence."""


def handled_flags(handling_list: HandlingList) -> dict[str, bool]:
    """Which pieces of a list are handled, by their ids: all that the mirror knows of."""
    flags = {piece.id: bool(piece.is_handled) for piece in flat_pieces(handling_list)}
    for group in groups_of(handling_list):
        flags |= {id: id in (group.handled_ids or ()) for id in group.ids}
    return flags


def _wanted_ids(write: RemoteWrite) -> list[str]:
    return list(dict.fromkeys(str(shipment["id"]) for shipment in write.sends.get("shipments", [])))


def _wanted_marks(write: RemoteWrite) -> dict[str, bool]:
    return {str(item["id"]): bool(item["is_handled"]) for item in write.sends["items"]}


def _touched(handling_list: HandlingList, pieces: Collection[str]) -> list[str]:
    """The shipments that these pieces of a list belong to."""
    return [group.shipment_id or "" for group in groups_of(handling_list) if not set(group.ids).isdisjoint(pieces)]
