"""Labels and packing slips that were asked for: Afosto makes them in its own time, so each request is followed."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.limits import LimitedManager
from backoffice.models import RemoteWrite
from fulfilment.models.parcels import Parcel


class LabelJob(models.Model):
    """One document of one parcel. At most one of a kind is under way for a parcel at a time.

    *requested*: the request goes out or is not known to have arrived. *pending*: Afosto works on it (``task_id``).
    *ready*: the document can be fetched (``file_id``). *failed*: it came to nothing (``error``).
    """

    class Kind(models.TextChoices):
        LABEL = "label", _("label")
        SLIP = "slip", _("packing slip")

    class State(models.TextChoices):
        REQUESTED = "requested", _("requested")
        PENDING = "pending", _("pending")
        READY = "ready", _("ready")
        FAILED = "failed", _("failed")

    parcel = models.ForeignKey(Parcel, on_delete=models.PROTECT, related_name="label_jobs", verbose_name=_("parcel"))
    kind = models.CharField(_("kind"), max_length=5, choices=Kind)
    write = models.OneToOneField(
        RemoteWrite, null=True, blank=True, on_delete=models.SET_NULL, related_name="label_job"
    )
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.REQUESTED)
    task_id = models.CharField(max_length=255, blank=True, help_text="Afosto's task; empty where it named none.")
    file_id = models.CharField(max_length=255, blank=True)
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text="Why it came to nothing, in the remote's words."
    )
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL)
    requested_at = models.DateTimeField(default=timezone.now)
    accepted_at = models.DateTimeField(null=True, blank=True, help_text="When Afosto took the request.")
    polls = models.PositiveIntegerField(default=0)
    next_poll_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = LimitedManager()

    class Meta:
        verbose_name = _("label job")
        verbose_name_plural = _("label jobs")
        ordering = ("-id",)
        indexes: ClassVar = [models.Index(fields=["state", "next_poll_at"], name="label_job_due")]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["parcel", "kind"],
                condition=Q(state__in=["requested", "pending"]),
                name="one_label_job_at_a_time",
            )
        ]

    def __str__(self) -> str:
        return gettext("{document} of {parcel}").format(document=self.get_kind_display(), parcel=self.parcel)
