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

from backoffice import exports, textindex, upstreams
from backoffice.bulk import run as bulk_run
from backoffice.client import PERSON
from backoffice.freshness import last_sweep
from backoffice.models import (
    AuditEntry,
    BulkAction,
    Drift,
    Export,
    Notification,
    RejectedRecord,
    RowChange,
    SyncRun,
    WebhookDelivery,
)
from backoffice.models.audit import KEEP_AUDIT
from backoffice.pruning import delete_in_parts
from backoffice.sync import engine, runs
from backoffice.sync.resource import RESOURCES
from backoffice.webhooks import process
from backoffice.writes import settle as settling
from backoffice.writes.prune import prune_writes

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER = timedelta(seconds=60)
BULK_ROWS_HERE = 20  # so many rows of a bulk action are begun while the person waits
BULK_S_HERE = 10.0
KEEP_RUNS = timedelta(days=90)
KEEP_CHANGES = timedelta(days=180)
KEEP_WRITES = timedelta(days=180)
KEEP_NOTIFICATIONS = timedelta(days=30)
KEEP_DELIVERIES = timedelta(days=30)
KEEP_FAILED_DELIVERIES = timedelta(days=180)


@shared_task
def carry_out_run(run_id: int) -> None:
    """Carry out one queued SyncRun. A finished or living run is left alone, a missing one is no error."""
    run = SyncRun.objects.filter(pk=run_id).first()
    if run is None:
        return
    engine.carry_out(run, is_trial=run.trigger == SyncRun.Trigger.PERSON)
    if run.resource in RESOURCES and not run.is_dry:
        textindex.catch_up([RESOURCES[run.resource].model])
    for follower in run.followers.filter(state=SyncRun.State.QUEUED):
        publish(follower)


@shared_task
def sync_resource(resource: str, mode: str = SyncRun.Mode.NORMAL) -> None:
    """A scheduled sync: write a run down and carry it out. Nothing happens while the upstream is off.

    A hot one is left out while another run of the resource is under way: the next is near.
    """
    is_under_way = SyncRun.objects.filter(resource=resource, state=SyncRun.State.RUNNING).exists()
    if mode == SyncRun.Mode.HOT and is_under_way:
        return
    if upstreams.is_on(RESOURCES[resource].upstream):
        carry_out_run(runs.queue(resource, trigger=SyncRun.Trigger.SCHEDULE, mode=mode).pk)


@shared_task
def index_words() -> None:
    """Take in the texts that the index of words has not seen: what a webhook, a write or a command changed."""
    textindex.catch_up()


@shared_task
def process_deliveries() -> None:
    """Process the deliveries that wait, all there are. Any number of these may run: each row is claimed by one."""
    if process.process_due():
        send_deliveries()


@shared_task
def carry_out_bulk(bulk_id: str) -> None:
    """Carry out rows of a bulk action for some seconds, then queue up again behind others while rows wait."""
    bulk = BulkAction.objects.filter(pk=bulk_id).first()
    if bulk is not None and not bulk_run.is_crowded(bulk) and bulk_run.work(bulk):
        send_bulk(bulk, tasks=1)


@shared_task
def carry_out_export(export_id: str) -> None:
    """Write one queued export. One that is over or in hand is left alone, a missing one is no error."""
    exports.carry_out(export_id)


@shared_task
def reap() -> None:
    """Find what went silent: end runs whose process is gone and queue what goes on with them, send lost tasks again."""
    for run in runs.silent_runs():
        log.warning("run went silent", run=run.pk, resource=run.resource)
        if not run.is_dry:  # nothing was lost with a dry one
            publish(runs.queue(run.resource, trigger=SyncRun.Trigger.REAPER, mode=run.mode, accepts=run.accepts))
    for run in runs.forgotten_runs(FORGOTTEN_AFTER):
        publish(run)
    for bulk in bulk_run.silent_bulk_actions():
        log.info("bulk action is handed out again", bulk=str(bulk.pk))
        bulk_run.hand_out_again(bulk)
        send_bulk(bulk)
    for export in exports.silent():
        send_export(export)
    if process.due().exists():  # their task was lost, or their pause is over
        send_deliveries()


@shared_task
def settle_writes() -> None:
    """Find out what became of writes: of those whose process is gone, and of the unknown ones whose time has come."""
    settling.find_lost()
    for write in settling.settle_due():
        log.info("write looked for", write=str(write.pk), state=write.state)


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
    """Delete runs, changes, drift, deliveries, writes, rejections, exports, notifications and audit past their time.

    What still needs a person stays.
    """
    now = timezone.now()
    delete_in_parts(RowChange.objects.filter(changed_at__lt=now - KEEP_CHANGES))
    delete_in_parts(RejectedRecord.objects.filter(resolved_at__lt=now - KEEP_RUNS))
    delete_in_parts(Drift.objects.filter(last_seen_at__lt=now - KEEP_CHANGES))
    done = WebhookDelivery.objects.filter(state__in=[WebhookDelivery.State.PROCESSED, WebhookDelivery.State.IGNORED])
    delete_in_parts(done.filter(received_at__lt=now - KEEP_DELIVERIES))
    failed = WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED)
    delete_in_parts(failed.filter(received_at__lt=now - KEEP_FAILED_DELIVERIES))
    prune_writes(now - KEEP_WRITES)
    exports.prune()
    delete_in_parts(Notification.objects.filter(at__lt=now - KEEP_NOTIFICATIONS))
    delete_in_parts(AuditEntry._base_manager.filter(at__lt=now - KEEP_AUDIT))
    delete_in_parts(SyncRun.objects.filter(ended_at__lt=now - KEEP_RUNS).exclude(pk__in=_last_sweeps()))


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


def send_deliveries() -> bool:
    """Tell the workers that deliveries wait. False with the broker down: the rows are kept and told of later."""
    try:
        process_deliveries.delay()
        return True
    except (BrokerDown, OSError) as error:
        log.warning("the broker is down; the deliveries are kept and told of later", error=str(error))
        return False


def start_bulk(bulk: BulkAction) -> bool:
    """Begin a committed bulk action: a small one here, for at most 10 s, and what is left by the workers.

    False where the broker is down: what is left is kept and handed out later.
    """
    goes_on = True
    if bulk_run.waiting(bulk) <= BULK_ROWS_HERE:
        goes_on = bulk_run.work(bulk, patience=PERSON, within_s=BULK_S_HERE, waits_out_pauses=False)
    return not goes_on or send_bulk(bulk)


def send_bulk(bulk: BulkAction, tasks: int | None = None) -> bool:
    """Hand a committed bulk action to the workers now, as several tasks at once. False with the broker down."""
    try:
        for _ in range(bulk_run.tasks_for(bulk) if tasks is None else tasks):
            carry_out_bulk.delay(str(bulk.pk))
        return True
    except (BrokerDown, OSError) as error:
        log.warning("the broker is down; the bulk action is kept", bulk=str(bulk.pk), error=str(error))
        return False


def send_export(export: Export) -> bool:
    """Hand a committed export to the workers now. False with the broker down: it is kept and handed out later."""
    try:
        carry_out_export.delay(str(export.pk))
        return True
    except (BrokerDown, OSError) as error:
        log.warning("the broker is down; the export is kept", export=str(export.pk), error=str(error))
        return False


@worker_ready.connect
def _at_worker_start(**kwargs: Any) -> None:
    start_up.delay()
    settle_writes.delay()


@worker_shutting_down.connect
def _at_worker_stop(**kwargs: Any) -> None:
    stopped = runs.request_stop_of_children(os.getpid())
    log.info("worker is stopping", runs=stopped, data_dir=str(settings.DATA_DIR))
