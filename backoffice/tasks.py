"""Celery's door to the kernel. A task carries one row id, is enqueued on commit and is safe to run twice."""

import os
from datetime import timedelta
from functools import partial
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready, worker_shutting_down
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerDown

from backoffice import upstreams
from backoffice.freshness import last_sweep
from backoffice.models import Drift, RejectedRecord, RowChange, SyncRun
from backoffice.sync import engine, runs
from backoffice.sync.resource import RESOURCES

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(seconds=60)
KEEP_RUNS = timedelta(days=90)
KEEP_CHANGES = timedelta(days=180)


@shared_task
def carry_out_run(run_id: int) -> None:
    """Carry out one queued SyncRun. A finished or living run is left alone, a missing one is no error."""
    run = SyncRun.objects.filter(pk=run_id).first()
    if run is None:
        return
    engine.carry_out(run, is_trial=run.trigger == SyncRun.Trigger.PERSON)
    for follower in run.followers.filter(state=SyncRun.State.QUEUED):
        publish(follower)


@shared_task
def sync_resource(resource: str, mode: str = SyncRun.Mode.NORMAL) -> None:
    """A scheduled sync: write a run down and carry it out. Nothing happens while the upstream is off."""
    if upstreams.is_on(RESOURCES[resource].upstream):
        carry_out_run(runs.queue(resource, trigger=SyncRun.Trigger.SCHEDULE, mode=mode).pk)


@shared_task
def reap() -> None:
    """Find what went silent: end runs whose process is gone and queue what goes on with them, send lost tasks again."""
    for run in runs.silent_runs():
        log.warning("run went silent", run=run.pk, resource=run.resource)
        if not run.is_dry:  # nothing was lost with a dry one
            publish(runs.queue(run.resource, trigger=SyncRun.Trigger.REAPER, mode=run.mode, accepts=run.accepts))
    for run in runs.forgotten_runs(FORGOTTEN_AFTER):
        publish(run)


@shared_task
def start_up() -> None:
    """What a worker does first: reap, then queue what has never run or was cut off, in dependency order."""
    reap()
    before: SyncRun | None = None
    with transaction.atomic():  # all rows are there before the first run can end
        for name, resource in RESOURCES.items():
            last = SyncRun.objects.filter(resource=name, is_dry=False).first()
            if upstreams.is_on(resource.upstream) and (last is None or last.state == SyncRun.State.INTERRUPTED):
                before = queue_after(name, before, trigger=SyncRun.Trigger.START_UP)


@shared_task
def prune() -> None:
    """Delete runs, changes, drift and settled rejections past their time. What still needs a person stays."""
    now = timezone.now()
    RowChange.objects.filter(changed_at__lt=now - KEEP_CHANGES).delete()
    RejectedRecord.objects.filter(resolved_at__lt=now - KEEP_RUNS).delete()
    Drift.objects.filter(last_seen_at__lt=now - KEEP_CHANGES).delete()
    SyncRun.objects.filter(ended_at__lt=now - KEEP_RUNS).exclude(pk__in=_last_sweeps()).delete()


def _last_sweeps() -> list[int]:
    """The newest complete sweep of each resource: pages tell the age of data by it, and it may be held."""
    return [run.pk for name in RESOURCES if (run := last_sweep(name))]


def queue_after(resource: str, before: SyncRun | None, **wanted: Any) -> SyncRun:
    """Queue a run that begins when ``before`` is over, at once where there is none."""
    run = runs.queue(resource, after=before, **wanted)
    if run.after is None or run.after.is_over:
        publish(run)
    return run


def publish(run: SyncRun) -> None:
    """Hand a queued run to the workers once it is committed. With the broker down the reaper does it later."""
    transaction.on_commit(partial(send, run.pk))


def send(run_id: int) -> bool:
    """Hand a committed run to the workers now. False with the broker down: the run is kept and sent again later."""
    try:
        carry_out_run.delay(run_id)
        return True
    except (BrokerDown, OSError) as error:
        log.warning("the broker is down; the run is kept and sent again later", run=run_id, error=str(error))
        return False


@worker_ready.connect
def _at_worker_start(**kwargs: Any) -> None:
    start_up.delay()


@worker_shutting_down.connect
def _at_worker_stop(**kwargs: Any) -> None:
    stopped = runs.request_stop_of_children(os.getpid())
    log.info("worker is stopping", runs=stopped, data_dir=str(settings.DATA_DIR))
