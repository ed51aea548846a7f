"""What staff write down about a customer for each other. It stays here: nothing of it is sent to any system."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.limits import LimitedManager
from customers.models.kirim import Customer


class CustomerNote(models.Model):
    """A note in plain text. Its id is that of the form it came from, so a second click adds no second note."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="notes")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    text = models.TextField()
    written_at = models.DateTimeField(default=timezone.now)
    edited_at = models.DateTimeField(null=True, blank=True)

    objects = LimitedManager()

    class Meta:
        ordering = ("-written_at", "-id")
        verbose_name = _("note")
        verbose_name_plural = _("notes")
        indexes: ClassVar = [models.Index(fields=["customer", "-written_at", "-id"], name="note_newest")]

    def __str__(self) -> str:
        return self.text[:80]
