"""The verbs of parcels."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import GONE
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from fulfilment.models import Parcel
from fulfilment.services.parcels import ParcelService

PARCEL, RESOURCE = "parcel", "afosto.parcels"
OVER = GONE | Q(is_finished=True)
GONE_OUT = OVER | Q(is_in_transit=True) | Q(is_delivered=True)


def parcel(remote_id: str) -> Parcel:
    """The mirrored parcel. Raises NotFound."""
    return known(Parcel, PARCEL, remote_id)


def _refresh(api: Any, remote_id: str) -> None:
    ParcelService(api).refresh(parcel(remote_id))


CREATE_PARCEL = WriteVerb(
    PARCEL, "create", _("Pack a parcel"), "fulfilment.create_parcel", RESOURCE,
    carry_out=lambda api, write: ParcelService(api).create(write),
    look=lambda api, write, is_late: ParcelService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_PARCEL = WriteVerb(
    PARCEL, "update", _("Edit"), "fulfilment.update_parcel", RESOURCE, refuses=GONE_OUT,
    carry_out=lambda api, write: ParcelService(api).update(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_changed(write, is_late),
)  # fmt: skip
ADD_PIECES = WriteVerb(
    PARCEL, "add_pieces", _("Add pieces"), "fulfilment.add_pieces_parcel", RESOURCE, refuses=GONE_OUT,
    carry_out=lambda api, write: ParcelService(api).add_pieces(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_added(write, is_late),
)  # fmt: skip
REMOVE_PIECES = WriteVerb(
    PARCEL, "remove_pieces", _("Take pieces out"), "fulfilment.remove_pieces_parcel", RESOURCE, refuses=GONE_OUT,
    carry_out=lambda api, write: ParcelService(api).remove_pieces(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_removed(write, is_late),
)  # fmt: skip
REQUEST_LABEL = WriteVerb(
    PARCEL, "request_label", _("Request label"), "fulfilment.request_label_parcel", RESOURCE,
    consequence=_("The carrier makes the label, which may cost money."), refuses=GONE_OUT | Q(label_file_id__gt=""),
    carry_out=lambda api, write: ParcelService(api).request_label(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_label(write, is_late),
)  # fmt: skip
REQUEST_SLIP = WriteVerb(
    PARCEL, "request_slip", _("Request packing slip"), "fulfilment.request_slip_parcel", RESOURCE, refuses=OVER,
    carry_out=lambda api, write: ParcelService(api).request_slip(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_slip(write, is_late),
)  # fmt: skip
MARK_IN_TRANSIT = WriteVerb(
    PARCEL, "mark_in_transit", _("Hand over"), "fulfilment.mark_in_transit_parcel", RESOURCE,
    consequence=_("The carrier has it: nothing can be put in or taken out any more."),
    refuses=GONE_OUT | Q(label_file_id=""),
    carry_out=lambda api, write: ParcelService(api).mark_in_transit(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_transit(write, is_late),
)  # fmt: skip
FINISH_PARCEL = WriteVerb(
    PARCEL, "finish", _("Finish"), "fulfilment.finish_parcel", RESOURCE,
    consequence=_("It has arrived and nothing is left to be done about it."),
    refuses=OVER | Q(is_in_transit=False, is_delivered=False),
    carry_out=lambda api, write: ParcelService(api).finish(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_finished(write, is_late),
)  # fmt: skip
DELETE_PARCEL = WriteVerb(
    PARCEL, "delete", _("Delete"), "fulfilment.delete_parcel", RESOURCE, asks_reason=True,
    consequence=_("Deleting is for good: the parcel is gone, with its label; its pieces are left to be packed again."),
    refuses=GONE_OUT,
    carry_out=lambda api, write: ParcelService(api).delete(parcel(write.remote_id), write),
    look=lambda api, write, is_late: ParcelService(api).look_for_deleted(write, is_late),
)  # fmt: skip
REFRESH_PARCEL = ReadVerb(PARCEL, "refresh", _("Refresh"), "fulfilment.refresh_parcel", RESOURCE, read=_refresh)

register(
    CREATE_PARCEL, UPDATE_PARCEL, ADD_PIECES, REMOVE_PIECES, REQUEST_LABEL, REQUEST_SLIP, MARK_IN_TRANSIT,
    FINISH_PARCEL, DELETE_PARCEL, REFRESH_PARCEL,
)  # fmt: skip
