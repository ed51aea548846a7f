"""Celery's door to the warehouse: following labels. A task carries one job's key and is safe to run twice."""

import structlog
from celery import shared_task
from django.utils.translation import gettext_noop
from kombu.exceptions import OperationalError as BrokerDown

from backoffice import upstreams
from backoffice.client import BACKGROUND
from backoffice.errors import NotConfigured
from backoffice.schedule import EVERY_MINUTE
from fulfilment.afosto import AfostoAPI
from fulfilment.services import labels

log = structlog.get_logger(__name__)
AT_ONCE = 100


@shared_task
def poll_label(job_id: int) -> None:
    """Look how far a label job is; a job that is over, or whose time has not come, is left alone."""
    if not upstreams.is_on("afosto") or not labels.due().filter(pk=job_id).exists():
        return
    try:
        with AfostoAPI.from_settings(BACKGROUND) as api:
            seconds = labels.poll(job_id, api)
    except NotConfigured as error:
        log.warning("label not followed", job=job_id, error=str(error))
        return
    if seconds is not None:
        send_poll(job_id, seconds)


@shared_task
def follow_labels() -> None:
    """Find jobs that were lost on their way, and those whose poll is overdue because a worker or a message is gone."""
    labels.reconcile()
    for job_id in labels.due().order_by("next_poll_at").values_list("pk", flat=True)[:AT_ONCE]:
        poll_label(job_id)


def send_poll(job_id: int, seconds: int) -> bool:
    """Have a job polled in some seconds. False with the broker down: ``follow_labels`` finds it later."""
    try:
        poll_label.apply_async(args=(job_id,), countdown=seconds)
        return True
    except (BrokerDown, OSError) as error:
        log.warning("the broker is down; the label is followed later", job=job_id, error=str(error))
        return False


EVERY_MINUTE[gettext_noop("Follow labels and packing slips")] = "fulfilment.tasks.follow_labels"
