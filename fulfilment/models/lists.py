"""Handling lists: what somebody has to pick (outbound) or sort (inbound)."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import DetailedModel, list_indexes
from fulfilment.afosto import HandlingListRowRecord
from fulfilment.models.places import Location
from fulfilment.states import LIST_STATES, OVER, overdue_column, state_column


class HandlingList(DetailedModel):
    """A handling list. ``payload`` is the flat shape (a member a piece), ``detail`` the grouped one (pick lines)."""

    number = models.CharField(max_length=255, blank=True)
    sub = models.CharField(max_length=255, blank=True, help_text="Whom it is assigned to, by Afosto's id.")
    location_remote_id = models.CharField(max_length=255, blank=True)
    location = models.ForeignKey(Location, null=True, blank=True, on_delete=models.PROTECT, related_name="lists")
    due_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    is_outbound = models.BooleanField(default=True, help_text="Yes: a pick list. No: a sort list.")
    is_in_progress = models.BooleanField(default=False)
    is_on_hold = models.BooleanField(default=False)
    is_cancelled = models.BooleanField(default=False)
    is_finished = models.BooleanField(default=False)
    shipment_ids = models.JSONField(default=list, help_text="Remote ids of its shipments.")
    piece_count = models.PositiveIntegerField(_("pieces"), default=0)
    handled_count = models.PositiveIntegerField(_("handled"), default=0)
    missing_count = models.PositiveIntegerField(_("missing"), default=0)
    search_text = models.TextField(
        blank=True, help_text="Number, id, SKUs and references of its pieces, in lower case."
    )
    state = state_column(LIST_STATES, "open")
    overdue_from = overdue_column(LIST_STATES, OVER, "due_at")

    references = ("location",)

    class Meta:
        verbose_name = _("handling list")
        verbose_name_plural = _("handling lists")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            models.Index(fields=["state", "due_at"], name="handling_list_work"),
            *list_indexes(
                "handling_list", "number", "state", "location_remote_id", "sub", "due_at", "overdue_from",
                "is_outbound", "handled_count",
            ),
            models.Index(  # these two with the column of their condition, or SQLite reads each row for it
                fields=["due_at", "state", "finished_at", "vanished_at"],
                condition=models.Q(vanished_at=None),
                name="handling_list_by_due_day",
            ),
            models.Index(
                fields=["state", "sub", "vanished_at"],
                condition=models.Q(vanished_at=None),
                name="handling_list_held",
            ),
        ]  # fmt: skip
        permissions: ClassVar = [
            ("create_handlinglist", "Can create a handling list at Afosto"),
            ("assign_handlinglist", "Can assign a handling list at Afosto"),
            ("hold_handlinglist", "Can hold a handling list at Afosto"),
            ("release_handlinglist", "Can release a handling list at Afosto"),
            ("mark_handled_handlinglist", "Can mark pieces of a handling list as handled at Afosto"),
            ("refresh_handlinglist", "Can refresh a handling list from Afosto"),
            ("view_payload_handlinglist", "Can see the raw payload of handling lists"),
        ]

    def __str__(self) -> str:
        return self.number or gettext("(no number)")

    @classmethod
    def values_from(cls, record: HandlingListRowRecord) -> dict[str, Any]:
        pieces = record.items or []
        words = [record.number or "", record.id]
        for piece in pieces:
            words += filter(None, (piece.sku, piece.reference, piece.id))
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "number": record.number or "",
            "sub": record.sub or "",
            "location_remote_id": record.location_id or "",
            "due_at": record.due_at,
            "started_at": record.started_at,
            "finished_at": record.finished_at,
            "is_outbound": bool(record.is_outbound),
            "is_in_progress": bool(record.is_in_progress),
            "is_on_hold": bool(record.is_on_hold),
            "is_cancelled": bool(record.is_cancelled),
            "is_finished": bool(record.is_finished),
            "shipment_ids": record.shipments or [],
            "piece_count": len(pieces),
            "handled_count": sum(bool(piece.is_handled) for piece in pieces),
            "missing_count": sum(bool(piece.is_missing) for piece in pieces),
            "search_text": "\n".join(dict.fromkeys(words)).lower(),
        }
