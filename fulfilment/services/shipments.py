"""Shipments: method, positions, backorders, overage, missing pieces, cancelling; and looking for those changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import ChangedMeanwhile, RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.texts import Text
from backoffice.writes.sending import send
from backoffice.writes.verbs import Look
from fulfilment.afosto import AfostoAPI
from fulfilment.afosto.reading import Body
from fulfilment.models import HandlingList, Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.corrections import Line, lines_of, merged, name_of, quantity
from fulfilment.services.hindrances import IT, cancelled, cancelled_already, finished, gone, in_transit, refused
from fulfilment.services.outcomes import as_it_is, compared, shown_as, shown_so_far_as
from fulfilment.services.rereads import after, fetch, keep, tell_flags

State = RemoteWrite.State


@dataclass(frozen=True)
class ShipmentService:
    """Called by admin, board, commands and tasks, with a client that has their patience.

    Every change is decided on a fresh read, ``GET /lcs/shipments/{id}``, beside the source that is named.
    """

    api: AfostoAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Shipment:
        """Mirror one shipment by its id. Source: ``GET /lcs/shipments/{id}``. Raises as ``rereads.fetch``."""
        return fetch(self.api, Shipment, remote_id, cause)

    def refresh(self, shipment: Shipment) -> Shipment:
        """Read a mirrored shipment again. Raises as ``rereads.fetch``."""
        return self.fetch(shipment.remote_id)

    # -- changing something -------------------------------------------------------------------------------------------

    def set_method(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Send it another way. Source: ``PUT /lcs/shipments/{id}``.

        ``write.sends``: method_id. ``write.before``: perhaps method_id as the person saw it.

        Raises:
            NotInThisState: Afosto takes no more changes of it; nothing was sent.
            ChangedMeanwhile: somebody gave it another method since; nothing was sent.
            RemoteError: the write says what is known.
        """
        fresh = self._fresh("set_method", shipment, write)
        there, wanted = fresh.method_remote_id, write.sends["method_id"]
        if there == wanted:
            return as_it_is(fresh, write)
        if write.before.get("method_id", there) != there:
            told = format_lazy(
                _("Shipment {shipment} was given another method meanwhile. Nothing was sent."), shipment=fresh
            )
            raise ChangedMeanwhile(told, {"method_id": write.before["method_id"]}, {"method_id": there})
        call, id = self.api.update_shipment, fresh.remote_id
        send(write, lambda attempts: call(id, write.sends, attempts), self._keeper(write), before={"method_id": there})
        fresh.refresh_from_db()
        return fresh

    def take_default_positions(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Give its pieces the shelves where their SKUs lie now. Source: ``PUT /lcs/shipments/{id}/positions``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._fresh("take_default_positions", shipment, write)
        call, before = self.api.take_default_positions, {"positions": _positions(fresh)}
        send(write, lambda attempts: call(fresh.remote_id, attempts), before=before)
        return self._read_after(fresh, write)

    def set_backorders(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Say what is delivered later. Source: ``PUT /lcs/shipments/{id}/items/backorders``; see ``_correct``."""
        return self._correct("backorders", shipment, write)

    def set_overage(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Say what there is too much of. Source: ``PUT /lcs/shipments/{id}/items/overage``; see ``_correct``."""
        return self._correct("overage", shipment, write)

    def set_missing(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Say which pieces were not found, or were found after all. Source: ``PUT /lcs/shipments/{id}/items/missing``.

        ``write.sends``: items ([{id, is_missing}]). Raises NotInThisState (nothing was sent; also for a piece that is
        packed or of another shipment), RemoteError.
        """
        fresh = self._fresh("set_missing", shipment, write)
        wanted, pieces = _wanted_marks(write), {piece.id: piece for piece in contents_of(fresh).pieces}
        if strangers := [id for id in wanted if id not in pieces]:
            told = _("Shipment {shipment} has no piece {pieces}.")
            raise refused(format_lazy(told, shipment=fresh, pieces=", ".join(strangers[:5])))
        changes = {id: flag for id, flag in wanted.items() if pieces[id].is_missing is not flag}
        if boxed := [id for id in changes if pieces[id].is_boxed]:
            told = _("Piece {pieces} is in a parcel: take it out first.")
            raise refused(format_lazy(told, pieces=", ".join(boxed[:5])))
        if not changes:
            return as_it_is(fresh, write)
        items = [{"id": id, "is_missing": flag} for id, flag in changes.items()]
        before = {"items": [{"id": id, "is_missing": pieces[id].is_missing} for id in wanted]}
        call = self.api.set_missing
        send(write, lambda attempts: call(fresh.remote_id, items, attempts), before=before)
        return self._read_after(fresh, write)

    def cancel(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Cancel a shipment, for good; the record stays. Source: ``DELETE /lcs/shipments/{id}``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        _refuse_unless_may("cancel", shipment)
        fresh = self.fetch(shipment.remote_id, Cause(write=write))
        if fresh.is_canceled:
            return as_it_is(fresh, write)
        _refuse_unless_may("cancel", fresh)
        send(write, lambda attempts: self.api.cancel_shipment(fresh.remote_id, attempts))
        return self._read_after(fresh, write)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_method(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the method with what was sent."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        return compared({"method_id": fresh.method_remote_id}, write.sends, write.before, is_late)

    def look_for_positions(self, write: RemoteWrite, is_late: bool) -> Look:
        """Positions that have changed tell that it was done; those that have not tell nothing."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        if _positions(fresh) != write.before.get("positions"):
            return Look(State.CONFIRMED, _("Afosto shows other positions than before."))
        told = _("Afosto shows the positions that were there before, which may be the right ones: nobody can tell.")
        return Look(State.UNKNOWN, told)

    def look_for_backorders(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the backorders with what was sent."""
        return self._look_for_correction("backorders", write, is_late)

    def look_for_overage(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the overage with what was sent."""
        return self._look_for_correction("overage", write, is_late)

    def look_for_missing(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare which pieces are missing."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        there = {piece.id: piece.is_missing for piece in contents_of(fresh).pieces}
        before = {item["id"]: item["is_missing"] for item in write.before.get("items", [])}
        return compared(there, _wanted_marks(write), before, is_late)

    def look_for_cancelled(self, write: RemoteWrite, is_late: bool) -> Look:
        """See whether it is cancelled."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        if fresh.is_canceled:
            return Look(State.CONFIRMED, _("Afosto shows it as cancelled."))
        if is_late:
            return Look(State.FAILED, shown_as(fresh.state))
        return Look(State.UNKNOWN, shown_so_far_as(fresh.state))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _correct(self, kind: str, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """Change lines of the backorders or the overage. Afosto replaces them whole, so the others are sent along.

        ``write.sends``: items, the lines that the person sets (``Line``). ``write.before``: perhaps items as the person
        saw them; a line that was not touched since then is left as it is now.

        Raises:
            NotInThisState: nothing was sent.
            ChangedMeanwhile: somebody changed one of these lines to something else since; nothing was sent.
            RemoteError: the write says what is known.
        """
        fresh = self._fresh(f"set_{kind}", shipment, write)
        there = lines_of(fresh, kind)
        changes = _touched_lines(write)
        seen = write.before.get("items")
        if seen is not None:
            _refuse_if_changed(fresh, changes, seen, there)
        changes = [line for line in changes if quantity(line, there) != line["quantity"]]
        if not changes:
            return as_it_is(fresh, write)
        lines, call = merged(there, changes), getattr(self.api, f"set_{kind}")
        before = {"items": there}
        send(write, lambda attempts: call(fresh.remote_id, lines, attempts), self._keeper(write), before=before)
        fresh.refresh_from_db()
        return fresh

    def _look_for_correction(self, kind: str, write: RemoteWrite, is_late: bool) -> Look:
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        there, changes, before = lines_of(fresh, kind), write.sends["items"], write.before.get("items", [])
        wanted = {name_of(line): line["quantity"] for line in changes}
        return compared(
            {name_of(line): quantity(line, there) for line in changes},
            wanted,
            {name_of(line): quantity(line, before) for line in changes},
            is_late,
        )

    def _fresh(self, verb: str, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """The shipment as Afosto states it now. Raises NotInThisState where the verb cannot be done, here or there."""
        _refuse_unless_may(verb, shipment)
        fresh = self.fetch(shipment.remote_id, Cause(write=write))
        _refuse_unless_may(verb, fresh)
        return fresh

    def _keeper(self, write: RemoteWrite) -> Callable[[Body], None]:
        return lambda answer: keep(Shipment, answer, Cause(write=write))

    def _read_after(self, shipment: Shipment, write: RemoteWrite) -> Shipment:
        """The shipment and its list read again after a change whose answer is empty."""
        cause, on_list = Cause(write=write), shipment.list_remote_id
        after(self.api, Shipment, [shipment.remote_id], cause)
        after(self.api, HandlingList, [on_list], cause)
        shipment.refresh_from_db()
        tell_flags(on_list, shipment, cause)
        return shipment

    def _looked_at(self, write: RemoteWrite) -> Shipment | None:
        """The shipment and its list as they are now; None where Afosto no longer knows the shipment."""
        cause = Cause(write=write)
        on_list = Shipment.objects.get(remote_id=write.remote_id).list_remote_id
        try:
            fresh = self.fetch(write.remote_id, cause)
        except RemoteNotFound:
            return None
        after(self.api, HandlingList, [on_list], cause)
        tell_flags(on_list, fresh, cause)
        return fresh


_GONE = Look(State.UNKNOWN, _("Afosto no longer knows the shipment."))


def why_not(verb: str, shipment: Shipment) -> Text:
    """Why a verb cannot be done to a shipment as it is here, in a sentence; "" when it can. The services' own rule."""
    return _hindrance(verb, shipment, IT)


def _hindrance(verb: str, shipment: Shipment, it: Text) -> Text:
    """The sentence about the shipment, which it calls ``it``."""
    if verb == "refresh":
        return ""
    if shipment.vanished_at is not None:
        return gone(it)
    if shipment.is_canceled:
        return cancelled_already(it) if verb == "cancel" else cancelled(it)
    if verb in {"set_backorders", "set_overage"}:  # what is found later is told later
        return ""
    if shipment.is_finished:
        return finished(it)
    if shipment.is_in_transit:
        return in_transit(it)
    if verb == "set_method" and not shipment.is_editable:
        return format_lazy(_("{it} can no longer be edited at Afosto."), it=it)
    return ""


def _refuse_unless_may(verb: str, shipment: Shipment) -> None:
    if hindrance := _hindrance(verb, shipment, format_lazy(_("Shipment {shipment}"), shipment=shipment)):
        raise refused(hindrance)


def _refuse_if_changed(
    shipment: Shipment, changes: Sequence[Line], seen: Sequence[Line], there: Sequence[Line]
) -> None:
    theirs = {
        name_of(line): quantity(line, there)
        for line in changes
        if quantity(line, there) not in {quantity(line, seen), line["quantity"]}
    }
    if theirs:
        told = format_lazy(
            _("Shipment {shipment} was changed at Afosto meanwhile ({lines}). Nothing was sent."),
            shipment=shipment,
            lines=", ".join(sorted(theirs)),
        )
        raise ChangedMeanwhile(
            told, {name_of(line): quantity(line, seen) for line in changes if name_of(line) in theirs}, theirs
        )


def _touched_lines(write: RemoteWrite) -> list[dict[str, Any]]:
    """The lines of a write that differ from what the person saw; all of them where that is not known."""
    lines, seen = [dict(line) for line in write.sends["items"]], write.before.get("items")
    return lines if seen is None else [line for line in lines if quantity(line, seen) != line["quantity"]]


def _positions(shipment: Shipment) -> dict[str, str]:
    return {piece.id: piece.position for piece in contents_of(shipment).pieces}


def _wanted_marks(write: RemoteWrite) -> dict[str, bool]:
    return {str(item["id"]): bool(item["is_missing"]) for item in write.sends["items"]}
