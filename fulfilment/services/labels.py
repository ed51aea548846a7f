"""Label jobs: a document of a parcel that was asked for, followed until it is there or came to nothing.

The row is the truth. Whoever polls it claims it first, so workers may be killed and may be many. Following never asks
for a document: it reads the task, and in the end the parcel, for what the task means by its result is not stated.
"""

from datetime import datetime, timedelta
from functools import partial

from django.db import IntegrityError, transaction
from django.db.models import F, QuerySet
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import RemoteError, RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.sync.changes import Cause
from backoffice.texts import Text, written
from backoffice.writes.sending import settle
from fulfilment.afosto import AfostoAPI, TaskRecord
from fulfilment.models import LabelJob, Parcel
from fulfilment.services import labelnews
from fulfilment.services.rereads import fetch

Kind = LabelJob.Kind
State = LabelJob.State
Written = RemoteWrite.State

DEADLINE = timedelta(minutes=2)
LONGEST_PAUSE_S = 15
CLAIM_HOLDS = timedelta(seconds=60)  # longer than any poll takes
HEALS_FOR = timedelta(days=7)  # so long a document that comes late ends a failed job well
NO_ANSWER = _("Afosto did not make it within two minutes. Refresh the parcel: it may come yet.")
OPEN = (State.REQUESTED, State.PENDING)


def open_of(parcel: Parcel, kind: str) -> LabelJob | None:
    """The job that is under way for a parcel; at most one of a kind."""
    return LabelJob.objects.filter(parcel=parcel, kind=kind, state__in=OPEN).select_related("write").first()


def joined(write: RemoteWrite, parcel: Parcel, kind: str) -> bool:
    """Whether another request for it is under way; this write is then confirmed as part of it, and nothing is sent."""
    job = open_of(parcel, kind)
    if job is None or job.write_id == write.pk:
        return False
    told = _("The {document} was asked for already; nothing was sent.")
    if job.write_id:
        told = _("The {document} was asked for already by write {id}; nothing was sent.")
    remark = format_lazy(told, document=Kind(job.kind).label, id=job.write_id)
    settle(write, Written.CONFIRMED, remark=remark)
    return True


def open_job(write: RemoteWrite, parcel: Parcel, kind: str) -> bool:
    """Note that the request goes out now. False where somebody else was first: the write is part of that one then."""
    values = {"state": State.REQUESTED, "error": "", "ended_at": None, "requested_at": timezone.now()}
    try:
        with transaction.atomic():
            LabelJob.objects.update_or_create(
                write=write,
                defaults=values,
                create_defaults={**values, "parcel": parcel, "kind": kind, "requested_by": write.actor},
            )
    except IntegrityError:
        return False if joined(write, parcel, kind) else open_job(write, parcel, kind)
    return True


def accepted(write: RemoteWrite, task_id: str) -> None:
    """Afosto has taken the request: from now on its task is followed, or without one the parcel."""
    now = timezone.now()
    jobs = LabelJob.objects.filter(write=write, state=State.REQUESTED)
    values = {"task_id": task_id[:255], "accepted_at": now, "next_poll_at": now + _pause(0), "polls": 0}
    if jobs.update(state=State.PENDING, **values):
        for pk in LabelJob.objects.filter(write=write).values_list("pk", flat=True):
            transaction.on_commit(partial(_send, pk, 1))


def came_to_nothing(write: RemoteWrite, why: Text) -> None:
    """The request was never taken."""
    _end(LabelJob.objects.filter(write=write, state=State.REQUESTED), State.FAILED, error=why)


def follow_write(write: RemoteWrite) -> None:
    """Bring the job of a write to where the write is: what was refused or proven not done asked for nothing."""
    write.refresh_from_db()
    if write.state in {Written.REFUSED, Written.FAILED}:
        came_to_nothing(write, write.error)
    elif write.state == Written.CONFIRMED:
        accepted(write, "")


def has_failed_since(parcel: Parcel, moment: datetime) -> bool:
    """Whether a label of it came to nothing after ``moment``, so that another one can be asked for."""
    failed = LabelJob.objects.filter(parcel=parcel, kind=Kind.LABEL, state=State.FAILED, ended_at__gte=moment)
    return failed.exists() and open_of(parcel, Kind.LABEL) is None


def is_at_work(parcel: Parcel, kind: str, api: AfostoAPI) -> bool:
    """Whether Afosto still works on the last request that we gave up waiting for. Source: ``GET /mes/tasks/{id}``.

    Raises RemoteError where it cannot be asked: a second label may cost money.
    """
    job = LabelJob.objects.filter(parcel=parcel, kind=kind, state=State.FAILED).order_by("-pk").first()
    task = _task(job, api) if job else None
    return task is not None and task.completed_at is None


def due() -> QuerySet[LabelJob]:
    """Jobs whose poll is due."""
    return LabelJob.objects.filter(state=State.PENDING, next_poll_at__lte=timezone.now())


def reconcile() -> None:
    """Bring jobs to where their writes and parcels are, whatever was lost between: a worker, a task, a hand's word."""
    lost = LabelJob.objects.filter(state=State.REQUESTED, write__state__in=[Written.REFUSED, Written.FAILED])
    for job in lost.select_related("write"):
        assert job.write is not None  # noqa: S101  the filter asks for one
        came_to_nothing(job.write, job.write.error)
    for job in LabelJob.objects.filter(state=State.REQUESTED, write__state=Written.CONFIRMED).select_related("write"):
        assert job.write is not None  # noqa: S101
        accepted(job.write, "")
    _end(LabelJob.objects.filter(state=State.REQUESTED, write=None), State.FAILED, error=_("Its write is gone."))
    labelnews.tell_of_bulk_actions()
    late = LabelJob.objects.filter(state=State.FAILED, ended_at__gte=timezone.now() - HEALS_FOR)
    for kind, column in ((Kind.LABEL, "parcel__label_file_id"), (Kind.SLIP, "parcel__slip_file_id")):
        newest = late.filter(kind=kind, accepted_at__isnull=False).exclude(**{column: ""})
        for job in newest.select_related("parcel"):
            _end(LabelJob.objects.filter(pk=job.pk), State.READY, file_id=_file_of(job.parcel, kind), error="")


def poll(job_id: int, api: AfostoAPI) -> int | None:
    """Look once how far a job is, if its time has come; seconds until the next look, None where there is none to come.

    Sources: ``GET /mes/tasks/{id}``, ``GET /lcs/parcels/{id}``. Raises nothing that the remote does.
    """
    now = timezone.now()
    if not due().filter(pk=job_id).update(next_poll_at=now + CLAIM_HOLDS, polls=F("polls") + 1):
        return None
    job = LabelJob.objects.select_related("parcel", "write").get(pk=job_id)
    is_late = now - (job.accepted_at or job.requested_at) >= DEADLINE
    try:
        task = _task(job, api)
        if task is not None and task.completed_at is None and not is_late:
            return _again(job)
        parcel = fetch(api, Parcel, job.parcel.remote_id, Cause(write=job.write))
    except RemoteError as error:
        if not is_late:
            return _again(job)
        _end(
            LabelJob.objects.filter(pk=job.pk, state=State.PENDING),
            State.FAILED,
            error=format_lazy("{told} ({error})", told=NO_ANSWER, error=error),
        )
        return None
    if file_id := _file_of(parcel, job.kind):
        _end(LabelJob.objects.filter(pk=job.pk, state=State.PENDING), State.READY, file_id=file_id)
    elif task is not None and task.completed_at is not None:
        why = task.result or _("Afosto ended the task without a document and without a word.")
        _end(LabelJob.objects.filter(pk=job.pk, state=State.PENDING), State.FAILED, error=why)
    elif is_late:
        _end(LabelJob.objects.filter(pk=job.pk, state=State.PENDING), State.FAILED, error=NO_ANSWER)
    else:
        return _again(job)
    return None


def _task(job: LabelJob, api: AfostoAPI) -> TaskRecord | None:
    if not job.task_id or api.leaves_out("GET /mes/tasks/{id}"):
        return None
    try:
        return api.task(job.task_id)
    except RemoteNotFound:  # it has expired; the parcel tells
        return None


def _again(job: LabelJob) -> int:
    pause = _pause(job.polls)
    LabelJob.objects.filter(pk=job.pk, state=State.PENDING).update(next_poll_at=timezone.now() + pause)
    return int(pause.total_seconds())


def _pause(polls: int) -> timedelta:
    """1, 2, 4, 8, then 15 s."""
    return timedelta(seconds=min(2 ** min(polls, 10), LONGEST_PAUSE_S))


def _file_of(parcel: Parcel, kind: str) -> str:
    return parcel.label_file_id if kind == Kind.LABEL else parcel.slip_file_id


def _end(jobs: QuerySet[LabelJob], state: LabelJob.State, *, file_id: str = "", error: Text = "") -> None:
    now = timezone.now()
    with transaction.atomic():
        pks = list(jobs.values_list("pk", flat=True))
        told = written(error)[:500]
        jobs.filter(pk__in=pks).update(state=state, file_id=file_id, error=told, ended_at=now, next_poll_at=None)
        ended = LabelJob.objects.filter(pk__in=pks, state=state, ended_at=now)
        for job in ended.select_related("parcel", "write__bulk"):
            labelnews.tell_end(job)


def _send(job_id: int, seconds: int) -> None:
    from fulfilment.tasks import send_poll  # the tasks import this module

    send_poll(job_id, seconds)
