"""The state of the upstreams."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class UpstreamState(models.Model):
    """What is remembered of one upstream between processes. Written on change only."""

    upstream = models.CharField(_("upstream"), max_length=32, unique=True)
    identity = models.CharField(
        _("identity"),
        max_length=500,
        blank=True,
        help_text="Base URL the mirrored records came from; sandbox for the sandbox.",
    )
    last_success_at = models.DateTimeField(_("last success at"), null=True, blank=True)
    failures = models.PositiveIntegerField(_("failures"), default=0, help_text="Failed calls in a row.")
    paused_until = models.DateTimeField(null=True, blank=True, help_text="The breaker is open until then.")
    pause_reason = models.CharField(max_length=500, blank=True)
    refused_deliveries = models.PositiveIntegerField(default=0, help_text="Deliveries whose signature did not hold.")
    delivery_refused_at = models.DateTimeField(null=True, blank=True, help_text="The last of them.")
    key_refused = models.BooleanField(default=False, help_text="The last call was refused for our key or our plan.")

    class Meta:
        verbose_name = _("upstream")
        verbose_name_plural = _("upstreams")
        permissions: ClassVar = [("subscribe_upstreamstate", "Can subscribe to an upstream's webhooks")]

    def __str__(self) -> str:
        return self.upstream
