"""Parcels: boxes with pieces of one shipment in them."""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import MirrorModel, list_indexes
from fulfilment.afosto import ParcelRecord
from fulfilment.models.shipments import Shipment
from fulfilment.states import GONE_OUT, PARCEL_STATES, overdue_column, state_column


class Parcel(MirrorModel):
    """A parcel. Weight in grams, sizes in centimetres (as Afosto is taken to mean them)."""

    number = models.CharField(max_length=255, blank=True)
    shipment_remote_id = models.CharField(max_length=255, blank=True, db_index=True)
    shipment = models.ForeignKey(Shipment, null=True, blank=True, on_delete=models.PROTECT, related_name="parcels")
    weight = models.BigIntegerField(null=True, blank=True, help_text="Grams.")
    length = models.BigIntegerField(null=True, blank=True, help_text="Centimetres.")
    width = models.BigIntegerField(null=True, blank=True, help_text="Centimetres.")
    height = models.BigIntegerField(null=True, blank=True, help_text="Centimetres.")
    position = models.CharField(max_length=255, blank=True)
    tracking_code = models.CharField(max_length=255, blank=True)
    tracking_url = models.TextField(blank=True)
    label_file_id = models.CharField(max_length=255, blank=True)
    label_requested_at = models.DateTimeField(null=True, blank=True)
    label_reference = models.CharField(max_length=255, blank=True)
    label_text = models.TextField(blank=True)
    slip_file_id = models.CharField(
        max_length=255, blank=True, help_text="The parcel's own document: the packing slip."
    )
    piece_count = models.PositiveIntegerField(_("pieces"), default=0)
    is_outbound = models.BooleanField(default=True)
    is_in_transit = models.BooleanField(default=False)
    is_delivered = models.BooleanField(default=False)
    is_finished = models.BooleanField(default=False)
    ship_at = models.DateTimeField(null=True, blank=True)
    in_transit_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, help_text="Number, id, tracking code and SKUs, in lower case.")
    state = state_column(PARCEL_STATES, "packed")
    overdue_from = overdue_column(PARCEL_STATES, GONE_OUT, "ship_at")

    references = ("shipment",)

    class Meta:
        verbose_name = _("parcel")
        verbose_name_plural = _("parcels")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["state", "ship_at"], name="parcel_work"),
            models.Index(Lower("shipment_remote_id"), name="parcel_by_shipment_id"),
            models.Index(Lower("tracking_code"), name="parcel_by_lower_code"),
            models.Index(Lower("number"), name="parcel_by_lower_number"),
            *list_indexes(
                "parcel", "number", "state", "tracking_code", "weight", "ship_at", "overdue_from", "is_outbound"
            ),
            models.Index(  # with the column of its condition, or SQLite reads each row for it
                fields=["remote_created_at", "state", "vanished_at"],
                condition=models.Q(vanished_at=None),
                name="parcel_by_day",
            ),
        ]
        permissions: ClassVar = [
            ("create_parcel", "Can create a parcel at Afosto"),
            ("update_parcel", "Can change a parcel at Afosto"),
            ("add_pieces_parcel", "Can add pieces to a parcel at Afosto"),
            ("remove_pieces_parcel", "Can take pieces out of a parcel at Afosto"),
            ("request_label_parcel", "Can request the label of a parcel at Afosto"),
            ("request_slip_parcel", "Can request the packing slip of a parcel at Afosto"),
            ("mark_in_transit_parcel", "Can mark a parcel as in transit at Afosto"),
            ("finish_parcel", "Can finish a parcel at Afosto"),
            ("refresh_parcel", "Can refresh a parcel from Afosto"),
            ("view_payload_parcel", "Can see the raw payload of parcels"),
        ]

    def __str__(self) -> str:
        return self.number or gettext("(no number)")

    @classmethod
    def values_from(cls, record: ParcelRecord) -> dict[str, Any]:
        label = record.label
        pieces = record.items or []
        words = [record.number or "", record.id, record.tracking_code or ""]
        words += [piece.sku for piece in pieces if piece.sku]
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "number": record.number or "",
            "shipment_remote_id": record.shipment_id or "",
            "weight": record.weight,
            "length": record.length,
            "width": record.width,
            "height": record.height,
            "position": record.position or "",
            "tracking_code": record.tracking_code or "",
            "tracking_url": record.tracking_url or "",
            "label_file_id": (label and label.file_id) or "",
            "label_requested_at": label and label.requested_at,
            "label_reference": (label and label.reference) or "",
            "label_text": (label and label.label_text) or "",
            "slip_file_id": record.file_id or "",
            "piece_count": len(pieces) if record.items is not None else record.count or 0,
            "is_outbound": bool(record.is_outbound),
            "is_in_transit": bool(record.is_in_transit),
            "is_delivered": bool(record.is_delivered),
            "is_finished": bool(record.is_finished),
            "ship_at": record.ship_at,
            "in_transit_at": record.in_transit_at,
            "finished_at": record.finished_at,
            "search_text": "\n".join(dict.fromkeys(filter(None, words))).lower(),
        }
