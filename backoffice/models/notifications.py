"""What people are told of work that they started and that ended while they did something else."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_SENTENCE = 255


class Notification(models.Model):
    """One sentence for one person about one thing. Pruned after 30 days, read or not."""

    class Kind(models.TextChoices):
        BULK = "bulk", _("bulk action")
        LABEL = "label", _("label")
        EXPORT = "export", _("export")
        RUN = "run", _("sync")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(default=timezone.now)
    kind = models.CharField(max_length=8, choices=Kind)
    key = models.CharField(max_length=120, help_text="The thing that it is about: it is told of once.")
    sentence = models.CharField(max_length=LONGEST_SENTENCE)
    url = models.CharField(max_length=255, help_text="The page of the thing, on this host.")
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-at", "-pk")
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        default_permissions = ()
        constraints: ClassVar = [models.UniqueConstraint(fields=["user", "key"], name="told_once")]
        indexes: ClassVar = [
            models.Index(fields=["user", "-at"], name="notification_by_user"),
            models.Index(fields=["user"], condition=models.Q(read_at=None), name="notification_unread"),
            models.Index(fields=["at"], name="notification_by_time"),
        ]

    def __str__(self) -> str:
        return self.sentence
