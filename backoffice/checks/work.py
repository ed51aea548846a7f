"""What is carried out in the background: runs, and the broker with its workers."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from celery.exceptions import CeleryError
from django.conf import settings
from kombu.exceptions import KombuError

from backoffice import health
from backoffice.celery import app
from backoffice.checks.finding import QUEUED_TOO_LONG, Finding, Health, either
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES

ANSWERS_WITHIN_S = 1.0  # workers


def check_runs() -> Iterator[Finding]:
    """Runs that need somebody: silent ones, held ones, and those that no worker takes."""
    found = [*_silent_runs(), *_held_runs(), *_waiting_runs()]
    yield from found or [Finding("runs", Health.OK, "none is stuck, none waits for a person")]


def _silent_runs() -> Iterator[Finding]:
    for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        if run.is_silent():
            yield Finding(
                "runs",
                Health.WARN,
                f"run {run.pk} of {run.resource} says it runs, but its process is gone",
                f"manage.py sync {run.resource} (a worker's next round does it too)",
            )


def _held_runs() -> Iterator[Finding]:
    for name in RESOURCES:
        last = SyncRun.objects.filter(resource=name, is_dry=False, ended_at__isnull=False).first()
        if last and last.error == runs.HELD:
            yield Finding(
                "runs",
                Health.WARN,
                f"run {last.pk} of {name} found {last.held} records gone and waits for a yes",
                f"look whether they are, then manage.py sync {name} --accept-vanished {last.pk}",
            )


def _waiting_runs() -> Iterator[Finding]:
    waiting = len(runs.forgotten_runs(QUEUED_TOO_LONG))
    if waiting:
        yield Finding(
            "runs",
            Health.WARN,
            f"{waiting} wait for more than {QUEUED_TOO_LONG.seconds // 60} minutes",
            "start a worker and beat: manage.py run",
        )


def broker_trouble() -> str:
    """Why tasks cannot be handed over now, in a sentence; "" when they can. Takes a second or two at most."""
    if settings.CELERY_TASK_ALWAYS_EAGER or health.broker_state() == health.OK:
        return ""
    return f"The broker at {_without_password(settings.CELERY_BROKER_URL)} does not answer."


def check_broker() -> Iterator[Finding]:
    """The broker takes connections, and workers answer."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        yield Finding(
            "broker",
            Health.WARN,
            "not used: whoever asks does the work",
            "unset CELERY_TASK_ALWAYS_EAGER in production",
        )
        return
    trouble = broker_trouble()
    if trouble:
        yield Finding("broker", Health.FAIL, trouble, "start it or correct CELERY_BROKER_URL; queued runs are kept")
        return
    yield Finding("broker", Health.OK, _without_password(settings.CELERY_BROKER_URL))
    try:
        answers = app.control.ping(timeout=ANSWERS_WITHIN_S) or []
    except (CeleryError, KombuError, OSError):
        answers = []
    yield either(
        "workers",
        bool(answers),
        f"{len(answers)} answered",
        Finding("", Health.WARN, "none answers, so nothing is synced by itself", "manage.py run"),
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
