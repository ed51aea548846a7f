"""Runs of the sync engine, what they rejected, and what remotes say that their contracts do not know."""

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.models.dismissed import Dismissible
from backoffice.process import Process

SILENT_AFTER = timedelta(seconds=30)


class SyncRun(models.Model):
    """One run of one resource: who asked, how far it came, what it did. Kept until pruned."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Running")
        SUCCEEDED = "succeeded", _("Succeeded")
        PARTIAL = "partial", _("Partial")
        FAILED = "failed", _("Failed")
        INTERRUPTED = "interrupted", _("Interrupted")

    class Mode(models.TextChoices):
        NORMAL = "normal", _("Normal")
        HOT = "hot", _("Hot")
        FULL = "full", _("Full")

    class Phase(models.TextChoices):
        WAITING = "waiting", _("waiting")
        RESUMING = "resuming", _("resuming an interrupted sweep")
        SWEEPING = "sweeping", _("reading all records")
        CONFIRMING = "confirming", _("confirming what is gone")
        DETAILS = "details", _("reading records one by one")
        DONE = "done", _("done")

    class Trigger(models.TextChoices):
        SCHEDULE = "schedule", _("the schedule")
        PERSON = "person", _("a person")
        COMMAND = "command", _("a command")
        START_UP = "start-up", _("a worker, as it started")
        REAPER = "reaper", _("the reaper, after something went silent")

    resource = models.CharField(_("resource"), max_length=64)
    mode = models.CharField(_("mode"), max_length=8, choices=Mode, default=Mode.NORMAL)
    is_dry = models.BooleanField(_("dry run"), default=False)
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.QUEUED)
    phase = models.CharField(max_length=12, choices=Phase, default=Phase.WAITING)
    trigger = models.CharField(_("started by"), max_length=16, choices=Trigger, default=Trigger.COMMAND)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    after = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="followers", help_text="Waits for it."
    )
    resumes = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    accepts = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.SET_NULL, related_name="+", help_text="Held run it releases."
    )

    queued_at = models.DateTimeField(_("queued at"), default=timezone.now)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    swept_from = models.DateTimeField(null=True, blank=True, help_text="Start of the sweep that read everything.")
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    seconds = models.FloatField(_("seconds"), default=0.0, help_text="First request to last commit.")
    stop_requested_at = models.DateTimeField(null=True, blank=True)
    host = models.CharField(max_length=255, blank=True)
    pid = models.PositiveIntegerField(null=True, blank=True)
    parent_pid = models.PositiveIntegerField(null=True, blank=True)
    process_started = models.CharField(max_length=32, blank=True)

    checkpoint = models.JSONField(null=True, blank=True, help_text="Where the next run goes on if this one dies.")
    fetched = models.PositiveIntegerField(_("fetched"), default=0)
    created = models.PositiveIntegerField(_("created"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    unchanged = models.PositiveIntegerField(_("unchanged"), default=0)
    failed = models.PositiveIntegerField(_("failed"), default=0)
    vanished = models.PositiveIntegerField(_("vanished"), default=0)
    held = models.PositiveIntegerField(
        _("held"), default=0, help_text="Rows that look vanished and wait for an approval."
    )
    error = models.CharField(_("error"), max_length=500, blank=True, help_text="busy, held, or one plain sentence.")

    class Meta:
        ordering = ("-id",)
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["resource"], condition=models.Q(state="running"), name="one_running_run_per_resource"
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["resource", "state", "-id"], name="run_by_resource"),
            models.Index(fields=["state"], name="run_by_state"),
            models.Index(fields=["error"], name="run_by_error"),
        ]
        permissions: ClassVar = [
            ("start_syncrun", "Can start a sync"),
            ("stop_syncrun", "Can stop a sync"),
            ("approve_syncrun", "Can approve a held run"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} #{self.pk}"

    @property
    def process(self) -> Process:
        """Who carries it out."""
        return Process(self.host, self.pid or 0, self.process_started)

    @property
    def is_over(self) -> bool:
        """Whether it has reached one of its four ends."""
        return self.state not in {self.State.QUEUED, self.State.RUNNING}

    def is_silent(self) -> bool:
        """Whether whoever carried it out is gone: seen at once on the same host, else after 30 s without a sign."""
        if self.process.is_gone():
            return True
        return self.heartbeat_at is None or timezone.now() - self.heartbeat_at > SILENT_AFTER


class RejectedRecord(models.Model):
    """A record that could not be taken. The mirrored row, if there is one, stays as it was."""

    run = models.ForeignKey(
        SyncRun, verbose_name=_("run"), null=True, blank=True, on_delete=models.SET_NULL, related_name="rejected"
    )
    resource = models.CharField(_("resource"), max_length=64)
    remote_id = models.CharField(
        _("remote id"), max_length=255, blank=True, help_text="Empty when the record had no readable id."
    )
    owner_remote_id = models.CharField(
        _("owner remote id"), max_length=255, blank=True, help_text="The record it was read from, if any."
    )
    reason = models.CharField(_("reason"), max_length=500)
    payload = models.TextField(blank=True, help_text="JSON as received, less secrets, cut at 64 KiB.")
    rejected_at = models.DateTimeField(_("rejected at"), default=timezone.now)
    seen = models.PositiveIntegerField(_("seen"), default=1, help_text="How many runs met it.")
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)

    class Meta:
        ordering = ("-id",)
        verbose_name = _("rejected record")
        verbose_name_plural = _("rejected records")
        indexes: ClassVar = [models.Index(fields=["resource", "resolved_at", "remote_id"], name="rejected_open")]
        permissions: ClassVar = [
            ("retry_rejectedrecord", "Can read a rejected record again"),
            ("view_payload_rejectedrecord", "Can see the raw payload of rejected records"),
        ]

    def __str__(self) -> str:
        without = gettext("(no id)")
        return f"{self.resource} {self.remote_id or without}"


class Drift(Dismissible):
    """Where a remote departs from its contract: a member or a word that it does not know, or a member left out."""

    class Kind(models.TextChoices):
        MEMBER = "member", _("unknown member")
        WORD = "word", _("unknown word")
        MISSING = "missing", _("missing member")

    resource = models.CharField(_("resource"), max_length=64)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind)
    name = models.CharField(_("name"), max_length=255, help_text="The member, or member=word.")
    count = models.PositiveBigIntegerField(_("count"), default=0)
    first_seen_at = models.DateTimeField(_("first seen at"), default=timezone.now)
    last_seen_at = models.DateTimeField(_("last seen at"), default=timezone.now)
    sample_remote_id = models.CharField(_("sample remote id"), max_length=255, blank=True)

    class Meta:
        ordering = ("-last_seen_at",)
        verbose_name = _("drift")
        verbose_name_plural = _("drift")
        constraints: ClassVar = [models.UniqueConstraint(fields=["resource", "kind", "name"], name="one_drift_row")]

    def __str__(self) -> str:
        return f"{self.resource}: {self.get_kind_display()} {self.name}"
