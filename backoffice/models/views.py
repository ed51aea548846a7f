"""What people keep of lists: a search with its filters, order and columns, under a name."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

LONGEST_NAME = 60


class SavedView(models.Model):
    """A list as somebody arranged it. It holds no rows: who opens it sees what he may see of it, as of now."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("owner"), null=True, blank=True, on_delete=models.SET_NULL,
        related_name="+", help_text="Empty where the person was deleted; those it was shared with keep it.",
    )  # fmt: skip
    list_label = models.CharField(max_length=100, help_text="The list's model: customers.customer.")
    name = models.CharField(_("name"), max_length=LONGEST_NAME)
    query = models.TextField(blank=True, help_text="Search and filters as in the list's address; no page, no secret.")
    order = models.JSONField(default=list, help_text='Columns that the rows are ordered by: "name", "-age".')
    columns = models.JSONField(default=list, help_text="Columns that are shown; empty: all.")
    shared_with = models.ManyToManyField(Group, verbose_name=_("shared with"), blank=True, related_name="+")
    pinned_by = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="+")
    saved_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("name", "pk")
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        default_permissions = ()
        permissions: ClassVar = [("share_savedview", "Can share saved views with any group, and keep those in order")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["owner", "list_label", "name"], name="one_view_of_a_name")
        ]
        indexes: ClassVar = [models.Index(fields=["list_label"], name="view_by_list")]

    def __str__(self) -> str:
        return self.name
