"""The audit: who did what, when, to which record, and how it ended. Rows are added, never changed."""

from datetime import timedelta
from typing import Any, ClassVar, NoReturn

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.models import words

KEEP_AUDIT = timedelta(days=730)
"""So long the database itself refuses to delete an entry (``backoffice.auditlock``)."""
ERASED = "(erased)"
"""What stands in place of a label or a reason after an erasure; the one change that an entry allows."""


class Entries(models.QuerySet["AuditEntry"]):
    """Entries as all code meets them: to be read and added."""

    def update(self, **values: Any) -> NoReturn:
        raise RuntimeError("The audit is not changed.")

    def delete(self) -> NoReturn:
        raise RuntimeError("The audit is not deleted; what is past its time is pruned.")

    def bulk_update(self, *args: Any, **options: Any) -> NoReturn:
        raise RuntimeError("The audit is not changed.")


class AuditEntry(models.Model):
    """One deed, or the end of one, by whom and to what. Written by ``backoffice.audit`` alone.

    It stands by itself: names are kept as they were, and what it points to may be pruned or gone. It never holds the
    values that were sent or seen, so no secret and nothing that is masked.
    """

    class Outcome(models.TextChoices):
        PLANNED = "planned", _("planned, not sent yet")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")
        FAILED = "failed", _("failed")
        UNKNOWN = "unknown", _("unknown")
        DONE = "done", _("done")
        DENIED = "not allowed", _("not allowed")

    class Door(models.TextChoices):
        PAGE = "page", _("a page")
        BULK = "bulk", _("a bulk action")
        COMMAND = "command", _("a command")
        ITSELF = "itself", _("by itself")

    at = models.DateTimeField(_("at"), default=timezone.now)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("actor"), null=True, blank=True, on_delete=models.DO_NOTHING,
        db_constraint=False, db_index=False, related_name="+",
        help_text="Empty: the operator of the machine, or nobody who was signed in.",
    )  # fmt: skip
    actor_name = models.CharField(
        _("actor name"), max_length=150, help_text="As it was then; it stays when the account goes."
    )
    door = models.CharField(_("through"), max_length=8, choices=Door)
    verb = models.CharField(_("verb"), max_length=64)
    upstream = models.CharField(_("upstream"), max_length=32, blank=True, help_text="Empty: it was done here alone.")
    kind = models.CharField(
        _("kind"), max_length=64, blank=True, help_text="The kind of object, as commands name it: customer."
    )
    remote_id = models.CharField(
        _("remote id"), max_length=255, blank=True, help_text="The object; our key of what is only here."
    )
    owner_remote_id = models.CharField(
        _("owner remote id"), max_length=255, blank=True, help_text="The record that it hangs on, if any."
    )
    label = models.CharField(_("label"), max_length=255, blank=True, help_text="What the object was called then.")
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.DONE)
    reason = models.TextField(_("reason"), blank=True)
    detail = models.CharField(_("detail"), max_length=500, blank=True, help_text="What else is to be known, in words.")
    request_id = models.CharField(_("request id"), max_length=200, blank=True, help_text="The remote's own reference.")
    correlation_id = models.CharField(
        _("correlation id"), max_length=36, help_text="The click, command or task that it came from."
    )
    write_id = models.UUIDField(
        _("write id"), null=True, blank=True, help_text="The write, which is kept for a shorter time."
    )
    bulk_id = models.UUIDField(_("bulk id"), null=True, blank=True, help_text="The bulk action that it is of.")

    objects = Entries.as_manager()

    class Meta:
        ordering = ("-id",)
        verbose_name = _("audit entry")
        verbose_name_plural = _("audit entries")
        default_permissions = ("view",)
        indexes: ClassVar = [
            models.Index(fields=["remote_id", "-id"], name="audit_by_object"),
            models.Index(fields=["owner_remote_id", "-id"], name="audit_by_owner"),
            models.Index(fields=["actor", "-id"], name="audit_by_person"),
            models.Index(fields=["at"], name="audit_by_time"),
            models.Index(fields=["correlation_id"], name="audit_by_click"),
            models.Index(fields=["write_id"], name="audit_by_write"),
        ]

    def __str__(self) -> str:
        return words.deed(self.verb, words.noun(self.kind), self.label or self.remote_id)

    def save(self, *args: Any, **options: Any) -> None:
        """Add it. Raises RuntimeError for one that is there already."""
        if not self._state.adding:
            raise RuntimeError("The audit is not changed.")
        super().save(*args, **options)

    def delete(self, *args: Any, **options: Any) -> NoReturn:
        raise RuntimeError("The audit is not deleted; what is past its time is pruned.")
