"""The webhook inbox."""

from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class WebhookDelivery(models.Model):
    """One event that an upstream told us of, once per event id. The body is a hint: the object is read again."""

    class State(models.TextChoices):
        RECEIVED = "received", _("Received")
        PROCESSED = "processed", _("Processed")
        FAILED = "failed", _("Failed")
        IGNORED = "ignored", _("Ignored")

    upstream = models.CharField(_("upstream"), max_length=32)
    event_id = models.CharField(_("event id"), max_length=255)
    event = models.CharField(_("event"), max_length=255, help_text="As the upstream names it: customer.updated.")
    payload = models.TextField(help_text="The body as JSON, less secrets.")
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.RECEIVED)
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text="Why it failed or is ignored, in a sentence."
    )
    tries = models.PositiveIntegerField(_("tries"), default=0)
    correlation_id = models.CharField(max_length=36)
    received_at = models.DateTimeField(_("received at"), default=timezone.now)
    claim = models.UUIDField(null=True, blank=True, help_text="Of the task that has it in hand.")
    claimed_at = models.DateTimeField(null=True, blank=True)
    processed_at = models.DateTimeField(_("processed at"), null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints: ClassVar = [models.UniqueConstraint(fields=["upstream", "event_id"], name="one_delivery_an_event")]
        indexes: ClassVar = [
            models.Index(fields=["state", "id"], name="delivery_by_state"),
            models.Index(fields=["received_at"], name="delivery_by_time"),
        ]
        permissions: ClassVar = [
            ("replay_webhookdelivery", "Can process a delivery again"),
            ("view_payload_webhookdelivery", "Can see the body of deliveries"),
        ]

    def __str__(self) -> str:
        return f"{self.upstream} {self.event_id}"
