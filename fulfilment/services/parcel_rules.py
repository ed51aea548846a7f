"""What can be done with a parcel in which state, and which pieces can go into one."""

from collections.abc import Collection
from datetime import timedelta

from django.utils import timezone

from backoffice.errors import NotInThisState
from fulfilment.models import Parcel, Shipment
from fulfilment.pieces import Contents
from fulfilment.services import labels
from fulfilment.services.rereads import GONE

FORGOTTEN_AFTER = timedelta(minutes=15)  # a label that was asked for elsewhere and never came


def piece_ids(parcel: Parcel) -> set[str]:
    """The pieces in a parcel, as it was last read."""
    items = parcel.payload.get("items") or []
    return {str(item["id"]) for item in items if isinstance(item, dict) and "id" in item}


def why_not(verb: str, parcel: Parcel) -> str:
    """Why a verb cannot be done to a parcel as it is here, in a sentence; "" when it can. The services' own rule."""
    hindrance = _hindrance(verb, parcel)
    return f"It {hindrance}." if hindrance else ""


def _hindrance(verb: str, parcel: Parcel) -> str:
    if verb == "refresh":
        return ""
    if parcel.vanished_at is not None:
        return GONE
    if parcel.is_finished:
        return "is finished already" if verb == "finish" else "is finished"
    if verb == "finish":
        return "" if parcel.is_in_transit or parcel.is_delivered else "is not on its way yet"
    if verb == "request_slip":
        return ""
    if parcel.is_delivered:
        return "is delivered"
    if parcel.is_in_transit:
        return "is in transit already" if verb == "mark_in_transit" else "is in transit"
    if verb == "request_label":
        return _label_hindrance(parcel)
    if verb == "mark_in_transit" and not parcel.label_file_id:
        return "has no label yet, so no carrier takes it"
    return ""


def _label_hindrance(parcel: Parcel) -> str:
    if parcel.label_file_id:
        return "has a label; print that one again"
    requested_at = parcel.label_requested_at
    if requested_at is None or requested_at < timezone.now() - FORGOTTEN_AFTER:
        return ""
    return "" if labels.has_failed_since(parcel, requested_at) else "waits for a label that was requested already"


def refuse_unless_may(verb: str, parcel: Parcel) -> None:
    """Raises NotInThisState where ``why_not`` has an answer."""
    if hindrance := _hindrance(verb, parcel):
        raise NotInThisState(f"Parcel {parcel} {hindrance}. Nothing was sent.")


def refuse_unless_packable(shipment: Shipment, contents: Contents, wanted: Collection[str]) -> None:
    """Raises NotInThisState where these pieces of a shipment cannot go into a parcel."""
    if shipment.is_canceled or shipment.is_finished or shipment.vanished_at:
        raise NotInThisState(f"Shipment {shipment} is {shipment.state}. Nothing was sent.")
    if not wanted:
        raise NotInThisState("No piece was named. Nothing was sent.")
    pieces = {piece.id: piece for piece in contents.pieces}
    if strangers := [id for id in wanted if id not in pieces]:
        raise NotInThisState(f"Shipment {shipment} has no piece {', '.join(strangers[:5])}. Nothing was sent.")
    if boxed := [id for id in wanted if pieces[id].is_boxed]:
        raise NotInThisState(f"Piece {', '.join(boxed[:5])} is in a parcel already. Nothing was sent.")
    if missing := [id for id in wanted if pieces[id].is_missing]:
        raise NotInThisState(f"Piece {', '.join(missing[:5])} is marked as missing. Nothing was sent.")
