"""What a member of staff is limited to."""

from django.contrib.auth.models import User
from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class StaffLimits(models.Model):
    """The part of the records that one person works with. Nobody has a row unless somebody limited him."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="limits")
    values = models.JSONField(
        default=dict, help_text="By kind (location, team) the remote ids; a missing kind is no limit."
    )

    class Meta:
        verbose_name = _("limits")
        verbose_name_plural = _("limits")
        default_permissions = ()  # superusers set them, with the account

    def __str__(self) -> str:
        return gettext("limits of {user}").format(user=self.user)
