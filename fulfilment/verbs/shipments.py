"""The verbs of shipments."""

from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.mirror import GONE
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from fulfilment.models import Shipment
from fulfilment.services.shipments import ShipmentService

SHIPMENT, RESOURCE = "shipment", "afosto.shipments"
UNDER_WAY = GONE | Q(is_canceled=True) | Q(is_finished=True) | Q(is_in_transit=True)


def shipment(remote_id: str) -> Shipment:
    """The mirrored shipment. Raises NotFound."""
    return known(Shipment, SHIPMENT, remote_id)


def _refresh(api: Any, remote_id: str) -> None:
    ShipmentService(api).refresh(shipment(remote_id))


SET_METHOD = WriteVerb(
    SHIPMENT, "set_method", _("Change the method"), "fulfilment.set_method_shipment", RESOURCE,
    refuses=UNDER_WAY | Q(is_editable=False),
    carry_out=lambda api, write: ShipmentService(api).set_method(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_method(write, is_late),
)  # fmt: skip
TAKE_DEFAULT_POSITIONS = WriteVerb(
    SHIPMENT, "take_default_positions", _("Reset the positions"), "fulfilment.take_default_positions_shipment",
    RESOURCE, refuses=UNDER_WAY,
    consequence=_("Pieces that are not handled yet are looked for where their SKUs lie now."),
    carry_out=lambda api, write: ShipmentService(api).take_default_positions(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_positions(write, is_late),
)  # fmt: skip
SET_BACKORDERS = WriteVerb(
    SHIPMENT, "set_backorders", _("Change the backorders"), "fulfilment.set_backorders_shipment", RESOURCE,
    refuses=GONE | Q(is_canceled=True),
    carry_out=lambda api, write: ShipmentService(api).set_backorders(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_backorders(write, is_late),
)  # fmt: skip
SET_OVERAGE = WriteVerb(
    SHIPMENT, "set_overage", _("Change the overage"), "fulfilment.set_overage_shipment", RESOURCE,
    refuses=GONE | Q(is_canceled=True),
    carry_out=lambda api, write: ShipmentService(api).set_overage(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_overage(write, is_late),
)  # fmt: skip
SET_MISSING = WriteVerb(
    SHIPMENT, "set_missing", _("Mark as missing"), "fulfilment.set_missing_shipment", RESOURCE, refuses=UNDER_WAY,
    carry_out=lambda api, write: ShipmentService(api).set_missing(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_missing(write, is_late),
)  # fmt: skip
CANCEL_SHIPMENT = WriteVerb(
    SHIPMENT, "cancel", pgettext_lazy("a shipment", "Cancel"), "fulfilment.cancel_shipment", RESOURCE, asks_reason=True,
    consequence=_("Cancelling is for good: a cancelled shipment is neither picked nor sent."), refuses=UNDER_WAY,
    carry_out=lambda api, write: ShipmentService(api).cancel(shipment(write.remote_id), write),
    look=lambda api, write, is_late: ShipmentService(api).look_for_cancelled(write, is_late),
)  # fmt: skip
REFRESH_SHIPMENT = ReadVerb(SHIPMENT, "refresh", _("Refresh"), "fulfilment.refresh_shipment", RESOURCE, read=_refresh)

register(
    SET_METHOD, TAKE_DEFAULT_POSITIONS, SET_BACKORDERS, SET_OVERAGE, SET_MISSING, CANCEL_SHIPMENT, REFRESH_SHIPMENT
)
