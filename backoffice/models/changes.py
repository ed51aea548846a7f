"""What updates of mirrored rows changed, and what caused them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from backoffice.models.sync import SyncRun
from backoffice.models.webhooks import WebhookDelivery
from backoffice.models.writes import RemoteWrite


class RowChange(models.Model):
    """One member that one update changed, and what caused it. No secrets; pruned.

    The cause is a run, a write or a delivery; none of them where a person read a record again.
    """

    resource = models.CharField(_("resource"), max_length=64)
    remote_id = models.CharField(_("remote id"), max_length=255)
    member = models.CharField(_("member"), max_length=255)
    before = models.TextField(_("before"), null=True, help_text="JSON; null where the member was absent.")  # noqa: DJ001
    after = models.TextField(_("after"), null=True, help_text="JSON; null where the member is gone.")  # noqa: DJ001
    run = models.ForeignKey(
        SyncRun, verbose_name=_("run"), null=True, blank=True, on_delete=models.SET_NULL, related_name="changes"
    )
    write = models.ForeignKey(
        RemoteWrite, verbose_name=_("write"), null=True, blank=True, on_delete=models.SET_NULL, related_name="changes"
    )
    delivery = models.ForeignKey(
        WebhookDelivery,
        verbose_name=_("delivery"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="changes",
    )
    correlation_id = models.CharField(max_length=36, blank=True, help_text="The click, command or task it came from.")
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        ordering = ("-id",)
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        indexes: ClassVar = [
            models.Index(fields=["resource", "remote_id", "-id"], name="change_by_record"),
            models.Index(fields=["changed_at"], name="change_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.remote_id}: {self.member}"
