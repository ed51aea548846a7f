"""What can be done with a parcel in which state, and which pieces can go into one."""

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.texts import Text
from fulfilment.models import Parcel, Shipment
from fulfilment.pieces import Contents
from fulfilment.services import labels
from fulfilment.services.hindrances import IT, finished, gone, in_transit, refused
from fulfilment.states import in_words

FORGOTTEN_AFTER = timedelta(minutes=15)  # a label that was asked for elsewhere and never came


def piece_ids(parcel: Parcel) -> set[str]:
    """The pieces in a parcel, as it was last read."""
    items = parcel.payload.get("items") or []
    return {str(item["id"]) for item in items if isinstance(item, dict) and "id" in item}


def why_not(verb: str, parcel: Parcel) -> Text:
    """Why a verb cannot be done to a parcel as it is here, in a sentence; "" when it can. The services' own rule."""
    return _hindrance(verb, parcel, IT)


def _hindrance(verb: str, parcel: Parcel, it: Text) -> Text:
    """The sentence about the parcel, which it calls ``it``."""
    if verb == "refresh":
        return ""
    if parcel.vanished_at is not None:
        return gone(it)
    if parcel.is_finished:
        return format_lazy(_("{it} is finished already."), it=it) if verb == "finish" else finished(it)
    if verb == "finish":
        is_under_way = parcel.is_in_transit or parcel.is_delivered
        return "" if is_under_way else format_lazy(_("{it} is not on its way yet."), it=it)
    if verb == "request_slip":
        return ""
    if parcel.is_delivered:
        return format_lazy(_("{it} is delivered."), it=it)
    if parcel.is_in_transit:
        already = format_lazy(_("{it} is in transit already."), it=it)
        return already if verb == "mark_in_transit" else in_transit(it)
    if verb == "request_label":
        return _label_hindrance(parcel, it)
    if verb == "mark_in_transit" and not parcel.label_file_id:
        return format_lazy(_("{it} has no label yet, so no carrier takes it."), it=it)
    return ""


def _label_hindrance(parcel: Parcel, it: Text) -> Text:
    if parcel.label_file_id:
        return format_lazy(_("{it} has a label; print that one again."), it=it)
    requested_at = parcel.label_requested_at
    if requested_at is None or requested_at < timezone.now() - FORGOTTEN_AFTER:
        return ""
    if labels.has_failed_since(parcel, requested_at):
        return ""
    return format_lazy(_("{it} waits for a label that was requested already."), it=it)


def refuse_unless_may(verb: str, parcel: Parcel) -> None:
    """Raises NotInThisState where ``why_not`` has an answer."""
    if hindrance := _hindrance(verb, parcel, format_lazy(_("Parcel {parcel}"), parcel=parcel)):
        raise refused(hindrance)


def refuse_unless_packable(shipment: Shipment, contents: Contents, wanted: Collection[str]) -> None:
    """Raises NotInThisState where these pieces of a shipment cannot go into a parcel."""
    if shipment.is_canceled or shipment.is_finished or shipment.vanished_at:
        told = _("Shipment {shipment} is {state}.")
        raise refused(format_lazy(told, shipment=shipment, state=in_words(shipment.state)))
    if not wanted:
        raise refused(_("No piece was named."))
    pieces = {piece.id: piece for piece in contents.pieces}
    if strangers := [id for id in wanted if id not in pieces]:
        told = _("Shipment {shipment} has no piece {pieces}.")
        raise refused(format_lazy(told, shipment=shipment, pieces=", ".join(strangers[:5])))
    if boxed := [id for id in wanted if pieces[id].is_boxed]:
        raise refused(format_lazy(_("Piece {pieces} is in a parcel already."), pieces=", ".join(boxed[:5])))
    if missing := [id for id in wanted if pieces[id].is_missing]:
        raise refused(format_lazy(_("Piece {pieces} is marked as missing."), pieces=", ".join(missing[:5])))
