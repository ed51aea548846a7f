"""Rows that wait until a person has said that they need nobody any more."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Dismissible(models.Model):
    """A row that can be put aside. It stays where it is; only what needs a person no longer lists it."""

    dismissed_at = models.DateTimeField(
        _("dismissed at"), null=True, blank=True, help_text="When a person put it aside."
    )
    dismissed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("dismissed by"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )

    class Meta:
        abstract = True
