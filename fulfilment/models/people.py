"""Which of our staff is whom at Afosto: it names people by ids of its own and lists none of them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Picker(models.Model):
    """A member of staff as Afosto knows him. ``sub`` is what lists are assigned to."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="picker", verbose_name=_("user")
    )
    sub = models.CharField(_("Afosto user id"), max_length=255, unique=True)

    class Meta:
        verbose_name = _("picker")
        verbose_name_plural = _("pickers")
        ordering: ClassVar = ("user__username",)

    def __str__(self) -> str:
        return self.user.get_full_name() or self.user.get_username()
