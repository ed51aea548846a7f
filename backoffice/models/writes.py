"""Remote writes: every change that we intend at a remote, written down before the first byte leaves."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.models import words
from backoffice.models.bulk import BulkAction
from backoffice.models.dismissed import Dismissible


class RemoteWrite(Dismissible):
    """One intended change: who, why, what, to which object, and what came of it. Only ``backoffice.writes`` edits it.

    ``planned → sent → confirmed | refused | unknown | failed``. *failed* is proven not done and may be sent again as a
    new attempt; *unknown* is settled by looking; the other two ends are final.
    """

    class State(models.TextChoices):
        PLANNED = "planned", _("Planned")
        SENT = "sent", _("Sent")
        CONFIRMED = "confirmed", _("Confirmed")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Unknown")
        FAILED = "failed", _("Failed")

    class Door(models.TextChoices):
        PAGE = "page", _("a page")
        BULK = "bulk", _("a bulk action")
        COMMAND = "command", _("a command")

    is_preview = False
    """Whether it only shows what would be sent (``writes.preview``): its row goes again, and nothing is settled."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    upstream = models.CharField(_("upstream"), max_length=32)
    identity = models.CharField(max_length=500, help_text="Which installation of the upstream it was meant for.")
    target = models.CharField(
        _("target"), max_length=32, help_text="The kind of object, as commands name it: customer."
    )
    verb = models.CharField(_("verb"), max_length=32)
    remote_id = models.CharField(
        _("remote id"), max_length=255, blank=True, help_text="The object; empty until a create is confirmed."
    )
    owner_remote_id = models.CharField(
        _("owner remote id"), max_length=255, blank=True, help_text="The record the object hangs on, if any."
    )
    sends = models.JSONField(default=dict, help_text="The members that are sent.")
    before = models.JSONField(default=dict, help_text="What looking compares with: how it was when it was sent.")
    reason = models.TextField(_("reason"), blank=True)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("actor"), null=True, blank=True, on_delete=models.PROTECT,
        related_name="+", help_text="Empty: the operator of the machine.",
    )  # fmt: skip
    door = models.CharField(_("through"), max_length=8, choices=Door)
    correlation_id = models.CharField(
        _("correlation id"), max_length=36, help_text="The click or command that it came from."
    )
    bulk = models.ForeignKey(
        BulkAction, verbose_name=_("bulk"), null=True, blank=True, on_delete=models.SET_NULL, related_name="writes"
    )
    follows = models.ForeignKey(
        "self", verbose_name=_("follows"), null=True, blank=True, on_delete=models.SET_NULL, related_name="followers",
        help_text="The write that had to be confirmed first.",
    )  # fmt: skip

    state = models.CharField(_("state"), max_length=10, choices=State, default=State.PLANNED)
    status = models.PositiveSmallIntegerField(
        _("status"), null=True, blank=True, help_text="The last answer's HTTP status."
    )
    request_id = models.CharField(_("request id"), max_length=200, blank=True, help_text="The remote's own reference.")
    error = models.CharField(
        _("error"), max_length=500, blank=True, help_text="Why it is not confirmed, in a sentence."
    )
    field_errors = models.JSONField(default=dict, help_text="Sentences of the remote by member.")
    remark = models.CharField(
        _("remark"), max_length=500, blank=True, help_text="What else is to be known, in a sentence."
    )
    secret_lost = models.BooleanField(default=False, help_text="Done, but what was to be shown once was not.")

    planned_at = models.DateTimeField(_("planned at"), default=timezone.now)
    waits_since = models.DateTimeField(default=timezone.now, help_text="When it was last to be sent, first or again.")
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True, help_text="When the last sending began.")
    settled_at = models.DateTimeField(_("settled at"), null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveIntegerField(default=0)
    next_look_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ("-planned_at", "-id")
        verbose_name = _("write")
        verbose_name_plural = _("writes")
        indexes: ClassVar = [
            models.Index(fields=["state", "next_look_at"], name="write_by_state"),
            models.Index(fields=["state", "dismissed_at"], name="write_undismissed"),
            models.Index(fields=["target", "verb"], name="write_lost", condition=models.Q(secret_lost=True)),
            models.Index(fields=["target", "remote_id", "-planned_at"], name="write_by_object"),
            models.Index(fields=["owner_remote_id", "-planned_at"], name="write_by_owner"),
            models.Index(fields=["-planned_at", "-id"], name="write_newest"),
        ]
        permissions: ClassVar = [
            ("settle_remotewrite", "Can settle an unknown write by hand"),
            ("preview_remotewrite", "Can see the exact request before it is sent"),
        ]

    def __str__(self) -> str:
        return words.deed(self.verb, words.noun(self.target), self.remote_id)

    @property
    def is_over(self) -> bool:
        """Whether it has reached one of its ends; *unknown* is none."""
        return self.state in {self.State.CONFIRMED, self.State.REFUSED, self.State.FAILED}


class WriteAttempt(models.Model):
    """One request of a write: repeats that the contract allows, and sending again, each add one."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("no word of it yet")
        DONE = "done", _("answered as it should")
        REJECTED = "rejected", _("refused by the remote")
        LIMITED = "limited", _("asked to wait")
        NOT_REACHED = "not reached", _("nothing was sent")
        LOST = "lost", _("no answer that tells")

    write = models.ForeignKey(RemoteWrite, on_delete=models.CASCADE, related_name="attempts")
    began_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(_("outcome"), max_length=12, choices=Outcome, default=Outcome.OPEN)
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    request_id = models.CharField(_("request id"), max_length=200, blank=True)
    error = models.CharField(_("error"), max_length=500, blank=True, help_text="In technical words.")

    class Meta:
        ordering = ("pk",)
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")

    def __str__(self) -> str:
        return f"{self.write_id}: {self.outcome}"

    @property
    def seconds(self) -> float | None:
        """How long it took; None before it has ended."""
        return (self.ended_at - self.began_at).total_seconds() if self.ended_at else None
