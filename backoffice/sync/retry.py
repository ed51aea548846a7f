"""One more try at a rejected record: read again what can be read by itself, else sync its resource again."""

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit
from backoffice.client import PERSON
from backoffice.errors import RemoteNotFound
from backoffice.models import AuditEntry, RejectedRecord, SyncRun
from backoffice.sync import rejected, runs, single
from backoffice.sync.changes import BY_HAND
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.texts import Text

Ended = AuditEntry.Outcome


@dataclass(frozen=True)
class Outcome:
    """What came of it. ``run`` is queued and not yet handed to the workers; the caller does that."""

    is_settled: bool
    sentence: Text
    run: SyncRun | None = None


def retry(record: RejectedRecord, user: User | None = None) -> Outcome:
    """Read a rejected record again and store it if it can be taken now.

    By its id where the remote has such a read; else all records of its owner; else by a run of the resource. Raises
    RemoteError, NotConfigured and UpstreamChanged; the rejection is then as it was. A record that the remote no longer
    knows leaves nothing to retry: its rejection is settled.
    """
    outcome: Outcome | None = None
    try:
        outcome = _retried(record, user)
    finally:
        is_settled = outcome is not None and outcome.is_settled
        told = {"outcome": Ended.DONE if is_settled else Ended.FAILED, "owner_remote_id": record.owner_remote_id}
        audit.note_mirrored("retry_rejected", record.resource, record.remote_id, user=user, **told)
    return outcome


def _retried(record: RejectedRecord, user: User | None) -> Outcome:
    resource = RESOURCES[record.resource]
    if resource.can_read and record.remote_id:
        return _by_reading(resource, record)
    if resource.can_read_owned and record.owner_remote_id:
        return _by_reading(resource, record)
    run = runs.queue(record.resource, trigger="person", mode=SyncRun.Mode.FULL, user=user)
    return Outcome(False, _("It cannot be read by itself, so everything of its kind is read again."), run)


def _by_reading(resource: Resource, record: RejectedRecord) -> Outcome:
    by_id = resource.can_read and bool(record.remote_id)
    with resource.client(PERSON) as api:
        try:
            if by_id:
                batch = resource.look(api, record.remote_id)
            else:
                batch = resource.read_owned(api, record.owner_remote_id)
        except RemoteNotFound:
            rejected.resolve_one(record)
            return Outcome(True, _("The remote no longer knows it, so there is nothing left to take."))
    rejected_at = record.rejected_at
    single.take(resource.name, batch, BY_HAND)
    record.refresh_from_db()
    if record.resolved_at:
        return Outcome(True, _("It was read again and taken."))
    if by_id or record.rejected_at > rejected_at:
        told = format_lazy(_("It was read again and still cannot be taken: {reason}"), reason=record.reason)
        return Outcome(False, told)
    rejected.resolve_one(record)
    return Outcome(True, _("Its owner's records were read again, and it is no longer among them."))
