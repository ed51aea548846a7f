"""Files of a list that are written by a worker and wait for whoever asked for them."""

from datetime import datetime, timedelta
from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.process import Process

KEPT_FOR = timedelta(days=7)


def in_a_week() -> datetime:
    """When what is asked for now is deleted."""
    return timezone.now() + KEPT_FOR


class Export(models.Model):
    """One file: who asked for which list in which arrangement, and how far it is. The row is the truth.

    ``queued → running → ready | failed | refused``. Its id is the form's, so a second click joins it.
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        READY = "ready", _("Ready")
        FAILED = "failed", _("Failed")
        REFUSED = "refused", _("Refused")

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        XLSX = "xlsx", "XLSX"

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    list_label = models.CharField(max_length=100, help_text="The list's model: customers.customer.")
    query = models.TextField(blank=True, help_text="Search and filters, as in the list's address.")
    order = models.JSONField(default=list, help_text="Columns of the list that the rows are ordered by.")
    columns = models.JSONField(default=list, help_text="Headers of the file; empty: all.")
    kind = models.CharField(max_length=4, choices=Kind)
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    rows = models.PositiveBigIntegerField(null=True, blank=True)
    as_of = models.DateTimeField(null=True, blank=True, help_text="The rows were so, or are newer, at this moment.")
    within = models.JSONField(default=dict, help_text="What the person was limited to when it was written, by kind.")
    file_name = models.CharField(max_length=64, blank=True, help_text="Below DATA_DIR/exports; nobody can guess it.")
    error = models.CharField(max_length=500, blank=True, help_text="Why there is no file, in a sentence.")

    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    expires_at = models.DateTimeField(default=in_a_week)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker has begun it.")
    claim = models.UUIDField(null=True, blank=True, help_text="Of the worker that has it in hand.")
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    process_started = models.CharField(max_length=32, blank=True)

    class Meta:
        ordering = ("-asked_at", "-id")
        verbose_name = _("export")
        verbose_name_plural = _("exports")
        default_permissions = ()
        indexes: ClassVar = [
            models.Index(fields=["user", "-asked_at"], name="export_by_user"),
            models.Index(fields=["state"], name="export_by_state"),
            models.Index(fields=["expires_at"], name="export_by_end"),
        ]

    def __str__(self) -> str:
        return gettext("{kind} of {list}").format(kind=self.get_kind_display(), list=self.list_label)

    @property
    def process(self) -> Process:
        """Who writes it."""
        return Process(self.host, self.pid or 0, self.process_started)

    @property
    def is_over(self) -> bool:
        """Whether it has reached its end."""
        return self.state not in {self.State.QUEUED, self.State.RUNNING}
