"""Shipments: what goes to, or comes from, one recipient."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import DetailedModel, list_indexes
from fulfilment.afosto import ShipmentRecord, ShipmentRowRecord
from fulfilment.models.lists import HandlingList
from fulfilment.models.places import Location, Recipient, ShippingMethod
from fulfilment.states import SENT, SHIPMENT_STATES, overdue_column, state_column


class Shipment(DetailedModel):
    """A shipment. ``detail`` holds its pieces and parcels; the columns that only it fills are null until it is read."""

    number = models.CharField(max_length=255, blank=True)
    type = models.CharField(max_length=255, blank=True)
    method_remote_id = models.CharField(max_length=255, blank=True)
    method = models.ForeignKey(
        ShippingMethod, null=True, blank=True, on_delete=models.PROTECT, related_name="shipments"
    )
    contact_remote_id = models.CharField(max_length=255, blank=True, db_index=True)
    contact = models.ForeignKey(
        Recipient,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="shipments",
        verbose_name=_("recipient"),
    )
    list_remote_id = models.CharField(max_length=255, blank=True, db_index=True)
    list = models.ForeignKey(HandlingList, null=True, blank=True, on_delete=models.PROTECT, related_name="shipments")
    location_remote_id = models.CharField(max_length=255, blank=True)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT, related_name="shipments")
    service_point_id = models.CharField(max_length=255, blank=True)
    ship_at = models.DateTimeField(null=True, blank=True)
    estimated_ship_at = models.DateTimeField(null=True, blank=True)
    expected_at = models.DateTimeField(null=True, blank=True)
    is_outbound = models.BooleanField(default=True)
    is_editable = models.BooleanField(default=False)
    is_complete = models.BooleanField(default=False, help_text="No: the packed pieces differ from the listed ones.")
    is_overcomplete = models.BooleanField(default=False)
    is_listed = models.BooleanField(default=False)
    is_finished = models.BooleanField(default=False)
    is_in_transit = models.BooleanField(default=False)
    is_canceled = models.BooleanField(default=False)
    is_handled = models.BooleanField(null=True, blank=True)
    is_boxed = models.BooleanField(null=True, blank=True)
    is_labeled = models.BooleanField(null=True, blank=True)
    is_serviced = models.BooleanField(null=True, blank=True)
    order_id = models.CharField(max_length=255, blank=True, db_default="", db_index=True)
    piece_count = models.PositiveIntegerField(_("pieces"), null=True, blank=True)
    handled_count = models.PositiveIntegerField(_("handled"), null=True, blank=True)
    boxed_count = models.PositiveIntegerField(_("packed"), null=True, blank=True)
    missing_count = models.PositiveIntegerField(_("missing"), null=True, blank=True)
    has_corrections = models.BooleanField(null=True, blank=True, help_text="It has backorders or overage.")
    piece_text = models.TextField(
        blank=True, db_default="", help_text="Number, id, order, SKUs and references of its pieces, in lower case."
    )
    state = state_column(SHIPMENT_STATES, "open")
    overdue_from = overdue_column(SHIPMENT_STATES, SENT, "ship_at")

    references = ("method", "contact", "list", "location")

    class Meta:
        verbose_name = _("shipment")
        verbose_name_plural = _("shipments")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["state", "ship_at"], name="shipment_work"),
            *list_indexes(
                "shipment", "number", "state", "location_remote_id", "method_remote_id", "ship_at", "overdue_from",
                "is_outbound", "boxed_count",
            ),
            models.Index(Lower("number"), name="shipment_by_lower_number"),
        ]  # fmt: skip
        permissions: ClassVar = [
            ("set_method_shipment", "Can set the method of a shipment at Afosto"),
            ("take_default_positions_shipment", "Can reset the positions of a shipment at Afosto"),
            ("set_backorders_shipment", "Can set the backorders of a shipment at Afosto"),
            ("set_overage_shipment", "Can set the overage of a shipment at Afosto"),
            ("set_missing_shipment", "Can mark pieces of a shipment as missing at Afosto"),
            ("cancel_shipment", "Can cancel a shipment at Afosto"),
            ("refresh_shipment", "Can refresh a shipment from Afosto"),
            ("view_payload_shipment", "Can see the raw payload of shipments"),
        ]

    def __str__(self) -> str:
        return self.number or gettext("(no number)")

    @classmethod
    def values_from(cls, record: ShipmentRowRecord) -> dict[str, Any]:
        ours = record.own_end
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "number": record.number or "",
            "type": record.type or "",
            "method_remote_id": record.method_id or "",
            "contact_remote_id": record.contact_id or "",
            "list_remote_id": record.list_id or "",
            "location_remote_id": (ours and ours.entity_id) or "",
            "service_point_id": record.service_point_id,
            "ship_at": record.ship_at,
            "estimated_ship_at": record.estimated_ship_at,
            "expected_at": record.expected_at,
            "is_outbound": bool(record.is_outbound),
            "is_editable": bool(record.is_editable),
            "is_complete": bool(record.is_complete),
            "is_overcomplete": bool(record.is_overcomplete),
            "is_listed": bool(record.is_listed),
            "is_finished": bool(record.is_finished),
            "is_in_transit": bool(record.is_in_transit),
            "is_canceled": bool(record.is_canceled),
        }

    @classmethod
    def detail_values_from(cls, record: ShipmentRecord) -> dict[str, Any]:
        pieces = record.items or []
        words = [*filter(None, (record.number, record.id, record.order_id))]
        for piece in pieces:
            words += filter(None, (piece.sku, piece.reference, piece.id))
        return {
            "is_handled": record.is_handled,
            "is_boxed": record.is_boxed,
            "is_labeled": record.is_labeled,
            "is_serviced": record.is_serviced,
            "order_id": record.order_id or "",
            "piece_count": len(pieces),
            "handled_count": sum(bool(piece.is_handled) for piece in pieces),
            "boxed_count": sum(bool(piece.is_boxed) for piece in pieces),
            "missing_count": sum(bool(piece.is_missing) for piece in pieces),
            "has_corrections": bool(record.backorders or record.overage),
            "piece_text": "\n".join(dict.fromkeys(words)).lower(),
        }
