"""Bulk actions: one verb over a selection that was frozen when a person confirmed it."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.models import words


class BulkAction(models.Model):
    """A confirmed selection and what is done with it. Its id is the confirmation form's, so a second click joins it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    verb = models.CharField(_("verb"), max_length=32)
    target = models.CharField(
        _("target"), max_length=32, help_text="The kind of object, as commands name it: customer."
    )
    total = models.PositiveIntegerField(_("total"))
    selection = models.TextField(_("selection"), help_text="How the rows were chosen, in words.")
    digest = models.CharField(max_length=32, help_text="Of the frozen ids, whatever their order.")
    reason = models.TextField(_("reason"), blank=True)
    sends = models.JSONField(default=dict, help_text="Members that each row sends beside those of the verb.")
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("actor"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    correlation_id = models.CharField(max_length=36)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED)
    confirmed_at = models.DateTimeField(_("confirmed at"), default=timezone.now)
    heartbeat_at = models.DateTimeField(null=True, blank=True, help_text="The last sign of whoever carries it out.")
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-confirmed_at",)
        verbose_name = _("bulk action")
        verbose_name_plural = _("bulk actions")
        indexes: ClassVar = [
            models.Index(fields=["state", "heartbeat_at"], name="bulk_by_state"),
            models.Index(fields=["digest", "verb"], name="bulk_by_selection"),
        ]

    def __str__(self) -> str:
        return words.deed(self.verb, words.counted(self.target, self.total))

    @property
    def is_over(self) -> bool:
        """Whether nothing of it is carried out any more."""
        return self.state in {self.State.DONE, self.State.CANCELLED}


class BulkItem(models.Model):
    """One row of a bulk action. Its id is also that of its write, so carrying it out twice sends once."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unknown")
        CANCELLED = "cancelled", _("Cancelled")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    bulk = models.ForeignKey(BulkAction, verbose_name=_("bulk"), on_delete=models.CASCADE, related_name="items")
    position = models.PositiveIntegerField(_("position"))
    remote_id = models.CharField(
        _("remote id"), max_length=255, blank=True, help_text="Empty until what it creates is confirmed."
    )
    name = models.CharField(_("name"), max_length=255, help_text="As it was called when the selection was frozen.")
    sends = models.JSONField(default=dict, help_text="Members that this row sends beside those of all.")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text="Why it is not confirmed, in a sentence."
    )
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        ordering = ("bulk", "position")
        verbose_name = _("row of a bulk action")
        verbose_name_plural = _("rows of bulk actions")
        constraints: ClassVar = [models.UniqueConstraint(fields=["bulk", "position"], name="one_item_a_position")]
        indexes: ClassVar = [models.Index(fields=["bulk", "state", "position"], name="item_by_state")]

    def __str__(self) -> str:
        return self.name or self.remote_id
