"""What follows from pieces and parcels: the flags of their shipment, and how far their list is. Pure."""

from collections.abc import Sequence
from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.storage import Row


def shipment_flags(shipment: Body, pieces: Sequence[Row], parcels: Sequence[Body]) -> dict[str, bool]:
    """The flags of a shipment as it is now."""
    wanted = [row for row in pieces if not row["is_missing"]]
    is_handled = bool(wanted) and all(row["is_handled"] for row in wanted)
    is_boxed = bool(wanted) and all(row["parcel_id"] for row in wanted)
    is_sent = is_boxed and bool(parcels) and all(parcel["is_finished"] for parcel in parcels)
    is_finished = is_sent if shipment["is_outbound"] else is_handled
    is_in_transit = any(parcel["is_in_transit"] for parcel in parcels)
    is_touched = any(row["is_handled"] or row["parcel_id"] for row in pieces)
    served = [row for row in wanted if row["service"] != "[]"]
    return {
        "is_editable": not (shipment["is_canceled"] or is_finished or is_in_transit or is_touched),
        "is_labeled": bool(parcels) and all(has_label(parcel) for parcel in parcels),
        "is_serviced": bool(served) and all(row["is_serviced"] for row in served),
        "is_complete": is_boxed and len(wanted) == len(pieces),
        "is_overcomplete": bool(shipment["overage"]),
        "is_boxed": is_boxed,
        "is_handled": is_handled,
        "is_listed": shipment["list_id"] is not None,
        "is_finished": is_finished,
        "is_in_transit": is_in_transit,
    }


def has_label(parcel: Body) -> bool:
    """Whether a parcel's label came."""
    return bool(parcel["label"] and parcel["label"]["file_id"])


def list_progress(handling_list: Body, pieces: Sequence[Row], moment: str) -> dict[str, Any]:
    """The members of a handling list that its pieces decide: the first one handled starts it, the last one ends it."""
    if handling_list["is_cancelled"]:
        return {}
    is_over = bool(pieces) and all(row["is_handled"] or row["is_missing"] for row in pieces)
    is_started = bool(handling_list["started_at"]) or any(row["is_handled"] for row in pieces)
    return {
        "is_in_progress": is_started and not is_over,
        "is_finished": is_over,
        "started_at": handling_list["started_at"] or (moment if is_started else None),
        "finished_at": (handling_list["finished_at"] or moment) if is_over else None,
    }
