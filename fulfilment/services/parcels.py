"""Parcels: packed from pieces, changed, repacked, sent off, finished, unpacked; and looking for those changes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.records import id_in
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.texts import written
from backoffice.writes.sending import lost_before, note_unlike, send, settle
from backoffice.writes.verbs import Look
from fulfilment.afosto import AfostoAPI
from fulfilment.afosto.reading import Body
from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.pieces import Contents, contents_of
from fulfilment.services import labels
from fulfilment.services.hindrances import gone, refused
from fulfilment.services.outcomes import MADE_BEFORE, as_it_is, compared, found_as, shown_as
from fulfilment.services.parcel_rules import piece_ids, refuse_unless_may, refuse_unless_packable
from fulfilment.services.rereads import after, fetch, keep, mark_gone, tell_flags

State = RemoteWrite.State
MEMBERS = ("weight", "length", "width", "height", "position", "tracking_code", "tracking_url")
"""What can be changed of a parcel: grams, centimetres, words."""


@dataclass(frozen=True)
class ParcelService:
    """Called by admin, pack screen, commands and tasks, with a client that has their patience."""

    api: AfostoAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Parcel:
        """Mirror one parcel by its id. Source: ``GET /lcs/parcels/{id}``. Raises as ``rereads.fetch``."""
        return fetch(self.api, Parcel, remote_id, cause)

    def refresh(self, parcel: Parcel) -> Parcel:
        """Read a mirrored parcel again. Raises as ``rereads.fetch``."""
        return self.fetch(parcel.remote_id)

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> Parcel | None:
        """Pack pieces of one shipment and mirror the parcel; None where it cannot be kept here yet.

        ``write.sends``: shipment_id, item_ids, perhaps weight (grams) and length, width, height (centimetres). Sources:
        ``GET /lcs/shipments/{id}``, ``POST /lcs/parcels``.

        Raises:
            NotInThisState: a piece is not of the shipment, packed already or missing; nothing was sent.
            RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        wanted = _wanted_ids(write, "item_ids")
        shipment = fetch(self.api, Shipment, str(write.sends["shipment_id"]), Cause(write=write))
        contents = contents_of(shipment)
        if lost_before(write) and (found := _parcel_with(contents, wanted)):
            settle(write, State.CONFIRMED, remark=MADE_BEFORE, remote_id=found)
            after(self.api, Parcel, [found], Cause(write=write))
            return Parcel.objects.filter(remote_id=found).first()
        refuse_unless_packable(shipment, contents, wanted)

        def take(answer: Body) -> str:
            keep(Parcel, answer, Cause(write=write))
            return id_in(answer[0])

        body, _ = send(write, lambda attempts: self.api.create_parcel(write.sends, attempts), take)
        self._read_shipment_after(shipment.remote_id, write)
        return Parcel.objects.filter(remote_id=id_in(body)).first()

    def update(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Set some of ``MEMBERS``. Sources: ``GET`` and ``PUT /lcs/parcels/{id}``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._fresh("update", parcel, write)
        there = _members(fresh, write.sends)
        changes = {name: value for name, value in write.sends.items() if there[name] != value}
        if not changes:
            return as_it_is(fresh, write)
        call, id = self.api.update_parcel, fresh.remote_id
        send(write, lambda attempts: call(id, changes, attempts), before=there)
        after(self.api, Parcel, [id], Cause(write=write))
        fresh.refresh_from_db()
        note_unlike(write, {name: _members(fresh, changes)[name] for name in changes})
        return fresh

    def add_pieces(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Put more pieces into it. ``write.sends``: ids. Source: ``POST /lcs/parcels/{id}/items``.

        Afosto may take some and refuse others: the write is confirmed then, and its remark says which.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        return self._repack("add_pieces", parcel, write, are_in=True)

    def remove_pieces(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Take pieces out. Source: ``DELETE /lcs/parcels/{id}/items``. As ``add_pieces``."""
        return self._repack("remove_pieces", parcel, write, are_in=False)

    def request_label(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Have the carrier's label made; it may cost money. Sources: ``GET``, ``POST /lcs/parcels/{id}/label``.

        Confirmed once Afosto has taken the request; the document follows (``services.labels``). A request while another
        one is under way is that one: nothing is sent.

        Raises NotInThisState (nothing was sent; also for a parcel that has a label), RemoteError.
        """
        return self._request(labels.Kind.LABEL, parcel, write)

    def request_slip(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Have the packing slip made. Source: ``POST /lcs/parcels/{id}/slip``. As ``request_label``, but it is free."""
        return self._request(labels.Kind.SLIP, parcel, write)

    def mark_in_transit(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Hand it over to the carrier. Sources: ``GET``, ``PUT /lcs/parcels/{id}/transit``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._read(parcel, write)
        if fresh.is_in_transit:
            return as_it_is(fresh, write)
        refuse_unless_may("mark_in_transit", fresh)
        send(write, lambda attempts: self.api.mark_parcel_in_transit(fresh.remote_id, attempts))
        return self._read_after(fresh, write)

    def finish(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Say that it has arrived. Sources: ``GET``, ``PUT /lcs/parcels/{id}/finished``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        fresh = self._read(parcel, write)
        if fresh.is_finished:
            return as_it_is(fresh, write)
        refuse_unless_may("finish", fresh)
        send(write, lambda attempts: self.api.mark_parcel_finished(fresh.remote_id, attempts))
        return self._read_after(fresh, write)

    def delete(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """Unpack it: its pieces can be packed again. Source: ``DELETE /lcs/parcels/{id}``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        refuse_unless_may("delete", parcel)
        try:
            fresh = self.fetch(parcel.remote_id, Cause(write=write))
        except RemoteNotFound:
            return as_it_is(parcel, write)
        refuse_unless_may("delete", fresh)
        asked_at = timezone.now()
        send(write, lambda attempts: self.api.delete_parcel(fresh.remote_id, attempts))
        mark_gone(Parcel, fresh.remote_id, asked_at, Cause(write=write))
        self._read_shipment_after(fresh.shipment_remote_id, write)
        fresh.refresh_from_db()
        return fresh

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Find the parcel that holds just these pieces. Source: ``GET /lcs/shipments/{id}``."""
        wanted, cause = _wanted_ids(write, "item_ids"), Cause(write=write)
        shipment = fetch(self.api, Shipment, str(write.sends["shipment_id"]), cause)
        contents = contents_of(shipment)
        if found := _parcel_with(contents, wanted):
            after(self.api, Parcel, [found], cause)
            return Look(State.CONFIRMED, found_as(found), found)
        boxed = [piece.id for piece in contents.pieces if piece.id in wanted and piece.is_boxed]
        if boxed:
            told = _("Afosto has {count} of the {total} pieces in other parcels.")
            return Look(State.UNKNOWN, format_lazy(told, count=len(boxed), total=len(wanted)))
        if is_late and contents.is_known:
            return Look(State.FAILED, _("Afosto has none of these pieces in a parcel."))
        return Look(State.UNKNOWN, _("Afosto has none of these pieces in a parcel so far."))

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the members with what was sent."""
        fresh = self._looked_at(write)
        return _GONE if fresh is None else compared(_members(fresh, write.sends), write.sends, write.before, is_late)

    def look_for_added(self, write: RemoteWrite, is_late: bool) -> Look:
        """See which of the pieces are in it."""
        return self._look_for_repacked(write, is_late, are_in=True)

    def look_for_removed(self, write: RemoteWrite, is_late: bool) -> Look:
        """See which of the pieces are in it still."""
        return self._look_for_repacked(write, is_late, are_in=False)

    def look_for_label(self, write: RemoteWrite, is_late: bool) -> Look:
        """A label that is there, or was requested since the write, tells that the request arrived."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        is_requested = _text(fresh.label_requested_at) != write.before.get("label_requested_at", "")
        if fresh.label_file_id or is_requested:
            labels.accepted(write, task_id="")
            return Look(State.CONFIRMED, _("Afosto shows that the label was requested."), fresh.remote_id)
        if is_late:
            told = _("Afosto shows no request for a label.")
            labels.came_to_nothing(write, told)
            return Look(State.FAILED, told)
        return Look(State.UNKNOWN, _("Afosto shows no request for a label so far."))

    def look_for_slip(self, write: RemoteWrite, is_late: bool) -> Look:
        """A slip that was not there before tells that the request arrived; asking for another is free."""
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        if fresh.slip_file_id and fresh.slip_file_id != write.before.get("slip_file_id", ""):
            labels.accepted(write, task_id="")
            return Look(State.CONFIRMED, _("Afosto has made the packing slip."), fresh.remote_id)
        if is_late:
            told = _("Afosto shows no packing slip. Ask for it again: that is free.")
            labels.came_to_nothing(write, told)
            return Look(State.FAILED, told)
        return Look(State.UNKNOWN, _("Afosto shows no packing slip so far."))

    def look_for_transit(self, write: RemoteWrite, is_late: bool) -> Look:
        """See whether it is on its way, or was: what has arrived is no longer in transit."""
        return self._look_for_flag(write, is_late, "is_in_transit", "is_delivered", "is_finished")

    def look_for_finished(self, write: RemoteWrite, is_late: bool) -> Look:
        """See whether it is finished."""
        return self._look_for_flag(write, is_late, "is_finished")

    def look_for_deleted(self, write: RemoteWrite, is_late: bool) -> Look:
        """A parcel that Afosto no longer knows is gone."""
        asked_at = timezone.now()
        fresh = self._looked_at(write)
        if fresh is None:
            mark_gone(Parcel, write.remote_id, asked_at, Cause(write=write))
            return Look(State.CONFIRMED, _("Afosto no longer knows the parcel."))
        return Look(State.FAILED if is_late else State.UNKNOWN, shown_as(fresh.state))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _repack(self, verb: str, parcel: Parcel, write: RemoteWrite, *, are_in: bool) -> Parcel:
        fresh = self._fresh(verb, parcel, write)
        shipment = fetch(self.api, Shipment, fresh.shipment_remote_id, Cause(write=write))
        wanted, there = _wanted_ids(write, "ids"), piece_ids(fresh)
        moving = [id for id in wanted if (id in there) is not are_in]
        if not moving:
            return as_it_is(fresh, write)
        if are_in:
            refuse_unless_packable(shipment, contents_of(shipment), moving)
        call = self.api.add_parcel_items if are_in else self.api.remove_parcel_items
        before = {"ids": sorted(there)}
        counted = send(write, lambda attempts: call(fresh.remote_id, moving, attempts), before=before)
        fresh = self._read_after(fresh, write)
        there = piece_ids(fresh)
        left_out = [id for id in moving if (id in there) is not are_in]
        if left_out or counted.failed:
            told = _("Afosto took {count} of {total} pieces, but counted {failed} as failed.")
            if left_out:
                told = _("Afosto took {count} of {total} pieces; not {pieces}.")
            remark = format_lazy(
                told,
                count=len(moving) - len(left_out),
                total=len(moving),
                failed=counted.failed,
                pieces=", ".join(left_out),
            )
            RemoteWrite.objects.filter(pk=write.pk).update(remark=written(remark)[:500])
            write.refresh_from_db()
        return fresh

    def _request(self, kind: labels.Kind, parcel: Parcel, write: RemoteWrite) -> Parcel:
        if labels.joined(write, parcel, kind):
            return parcel
        verb = f"request_{kind.value}"
        refuse_unless_may(verb, parcel)
        # Before the parcel is read: a task that ends in between has left its label in the parcel by then.
        if kind == labels.Kind.LABEL and labels.is_at_work(parcel, kind, self.api):
            told = _("Afosto is still at work on the label of parcel {parcel}.")
            raise refused(format_lazy(told, parcel=parcel))
        fresh = self._fresh(verb, parcel, write)
        if not labels.open_job(write, fresh, kind):
            return fresh  # somebody else was first
        call = self.api.request_label if kind == labels.Kind.LABEL else self.api.request_slip

        def keep(task_id: str) -> None:
            labels.accepted(write, task_id)

        before = {"slip_file_id": fresh.slip_file_id, "label_requested_at": _text(fresh.label_requested_at)}
        try:
            send(write, lambda attempts: call(fresh.remote_id, attempts), keep, before=before)
        finally:
            labels.follow_write(write)
        return self._read_after(fresh, write)

    def _look_for_repacked(self, write: RemoteWrite, is_late: bool, *, are_in: bool) -> Look:
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        there, before = piece_ids(fresh), set(write.before.get("ids", []))
        wanted = _wanted_ids(write, "ids")
        done = {id for id in wanted if (id in there) is are_in}
        if len(done) == len(wanted):
            return Look(State.CONFIRMED, _("Afosto shows the pieces as they were sent."))
        told = _("Afosto shows {count} of {total} pieces as they were sent.")
        if is_late and there == before:
            told = _("Afosto shows {count} of {total} pieces as they were sent. It is as it was before.")
            return Look(State.FAILED, format_lazy(told, count=len(done), total=len(wanted)))
        shown = format_lazy(told, count=len(done), total=len(wanted))
        return Look(State.CONFIRMED if done and is_late else State.UNKNOWN, shown)

    def _look_for_flag(self, write: RemoteWrite, is_late: bool, *flags: str) -> Look:
        fresh = self._looked_at(write)
        if fresh is None:
            return _GONE
        if any(getattr(fresh, flag) for flag in flags):
            return Look(State.CONFIRMED, shown_as(fresh.state))
        return Look(State.FAILED if is_late else State.UNKNOWN, shown_as(fresh.state))

    def _read(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        if parcel.vanished_at is not None:
            raise refused(gone(format_lazy(_("Parcel {parcel}"), parcel=parcel)))
        return self.fetch(parcel.remote_id, Cause(write=write))

    def _fresh(self, verb: str, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """The parcel as Afosto states it now. Raises NotInThisState where the verb cannot be done, here or there."""
        refuse_unless_may(verb, parcel)
        fresh = self.fetch(parcel.remote_id, Cause(write=write))
        refuse_unless_may(verb, fresh)
        return fresh

    def _read_after(self, parcel: Parcel, write: RemoteWrite) -> Parcel:
        """The parcel, its shipment and their list read again after a change whose answer tells less."""
        after(self.api, Parcel, [parcel.remote_id], Cause(write=write))
        self._read_shipment_after(parcel.shipment_remote_id, write)
        parcel.refresh_from_db()
        return parcel

    def _read_shipment_after(self, remote_id: str, write: RemoteWrite) -> None:
        cause = Cause(write=write)
        after(self.api, Shipment, [remote_id], cause)
        shipment = Shipment.objects.filter(remote_id=remote_id).first()
        if shipment is not None and shipment.list_remote_id:
            after(self.api, HandlingList, [shipment.list_remote_id], cause)
            tell_flags(shipment.list_remote_id, shipment, cause)

    def _looked_at(self, write: RemoteWrite) -> Parcel | None:
        """The parcel and its shipment as they are now; None where Afosto no longer knows the parcel."""
        try:
            fresh = self.fetch(write.remote_id, Cause(write=write))
        except RemoteNotFound:
            return None
        self._read_shipment_after(fresh.shipment_remote_id, write)
        return fresh


_GONE = Look(State.UNKNOWN, _("Afosto no longer knows the parcel."))


def _parcel_with(contents: Contents, wanted: Collection[str]) -> str:
    """The id of the parcel that holds just these pieces; "" for none."""
    return next((parcel.id for parcel in contents.parcels if set(parcel.piece_ids) == set(wanted)), "")


def _wanted_ids(write: RemoteWrite, member: str) -> Sequence[str]:
    return list(dict.fromkeys(str(id) for id in write.sends[member]))


def _members(parcel: Parcel, names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: getattr(parcel, name) for name in names if name in MEMBERS}


def _text(moment: Any) -> str:
    return moment.isoformat() if moment else ""
