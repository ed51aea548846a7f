"""Rejected records: one open row per record that could not be taken, until a later reading takes it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import F, QuerySet
from django.utils import timezone

from backoffice.logs import redact
from backoffice.models import RejectedRecord, SyncRun

MAX_PAYLOAD_CHARS = 64 * 1024
MAX_KEPT = 1000  # per resource; past it they are counted in the run and no longer kept one by one


def open_ids(resource: str) -> set[str]:
    """Remote ids with an open rejection, at most ``MAX_KEPT``."""
    return set(_open(resource).values_list("remote_id", flat=True)[:MAX_KEPT])


def reason_of(resource: str, remote_id: str) -> str:
    """Why this record could not be taken when it was last read; "" where it could."""
    return _open(resource).filter(remote_id=remote_id).values_list("reason", flat=True).first() or ""


def keep(resource: str, run: SyncRun | None, remote_id: str, owner: str, body: bytes, reason: str) -> None:
    """Write down why a record was not taken. The same record again is the same row, seen once more a run."""
    payload = redact(body.decode("utf-8", "replace").replace("\x00", "\ufffd"))[:MAX_PAYLOAD_CHARS]
    told = {"run": run, "owner_remote_id": owner, "reason": redact(reason)[:500], "payload": payload}
    same = _open(resource).filter(remote_id=remote_id, **({} if remote_id else {"payload": told["payload"]}))
    known = same.first()
    if known is None:
        if _open(resource).count() < MAX_KEPT:
            RejectedRecord.objects.create(resource=resource, remote_id=remote_id, **told)
    else:
        seen = F("seen") + (0 if run is not None and known.run_id == run.pk else 1)
        same.update(rejected_at=timezone.now(), seen=seen, **told)


def resolve(resource: str, remote_ids: Iterable[str]) -> None:
    """These records were taken after all."""
    _open(resource).filter(remote_id__in=list(remote_ids)).update(resolved_at=timezone.now())


def settle_unmet(resource: str, since: datetime) -> None:
    """A sweep begun at ``since`` read everything: what it did not reject again was taken, or is no longer there."""
    _open(resource).filter(rejected_at__lt=since).update(resolved_at=timezone.now())


def settle_owned(resource: str, read: Mapping[str, datetime]) -> None:
    """All records of these owners were read, at these times: what was not rejected again since is settled."""
    for record in _open(resource).filter(owner_remote_id__in=list(read)):
        if record.rejected_at < read[record.owner_remote_id]:
            resolve_one(record)


def resolve_one(record: RejectedRecord) -> None:
    """This record needs nobody any more."""
    record.resolved_at = timezone.now()
    RejectedRecord.objects.filter(pk=record.pk, resolved_at=None).update(resolved_at=record.resolved_at)


def _open(resource: str) -> QuerySet[RejectedRecord]:
    return RejectedRecord.objects.filter(resource=resource, resolved_at=None)
