"""Telling people that their labels are there or came to nothing; those of one bulk action at once."""

from collections.abc import Mapping
from datetime import timedelta

from django.db.models import Count
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _

from backoffice.models import BulkAction, Notification
from backoffice.notify import tell
from backoffice.texts import capital, number
from fulfilment.models import LabelJob

State = LabelJob.State
OPEN = (State.REQUESTED, State.PENDING)
LOOKS_BACK = timedelta(hours=1)


def tell_end(job: LabelJob) -> None:
    """Tell of a job that has just ended: of one that failed always, of one of many only when all have ended."""
    bulk = job.write.bulk if job.write else None
    if bulk is None or job.state == State.FAILED:
        url = reverse("admin:fulfilment_parcel_change", args=[job.parcel_id])
        key = f"label {job.pk} {job.state}"
        tell(job.requested_by_id, Notification.Kind.LABEL, key, _ended(job), url)
    if bulk is not None:
        _tell_all_of(bulk)


def tell_of_bulk_actions() -> None:
    """Tell of bulk actions that ended after the last of their labels had."""
    recent = BulkAction.objects.filter(ended_at__gte=timezone.now() - LOOKS_BACK, writes__label_job__isnull=False)
    for bulk in recent.distinct():
        _tell_all_of(bulk)


def _tell_all_of(bulk: BulkAction) -> None:
    counted = LabelJob.objects.filter(write__bulk=bulk).order_by().values_list("state").annotate(count=Count("pk"))
    counts = dict(counted)
    if bulk.ended_at is None or any(counts.get(state) for state in OPEN):
        return
    key = f"labels of bulk {bulk.pk} {bulk.ended_at.isoformat()}"
    tell(bulk.actor_id, Notification.Kind.LABEL, key, _all_ended(bulk, counts), reverse("bulk", args=[bulk.pk]))


def _told_ended(job: LabelJob) -> str:
    told = _("{document} of parcel {parcel}: came to nothing. Its page says why.")
    if job.state == State.READY:
        told = _("{document} of parcel {parcel}: ready.")
    return told.format(document=capital(job.get_kind_display()), parcel=job.parcel)


def _told_all_ended(bulk: BulkAction, counts: Mapping[str, int]) -> str:
    ready, failed = counts.get(State.READY, 0), counts.get(State.FAILED, 0)
    told = _("{action}: {ready} ready, {failed} came to nothing.") if failed else _("{action}: {ready} ready.")
    return told.format(action=capital(str(bulk)), ready=number(ready), failed=number(failed))


_ended, _all_ended = lazy(_told_ended, str), lazy(_told_all_ended, str)
