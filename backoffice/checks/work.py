"""What is carried out in the background: runs, and the broker with its workers."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from celery.exceptions import CeleryError
from django.conf import settings
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from kombu.exceptions import KombuError

from backoffice import health
from backoffice.celery import app
from backoffice.checks.finding import QUEUED_TOO_LONG, Finding, Health, either
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number

ANSWERS_WITHIN_S = 1.0  # workers


def check_runs() -> Iterator[Finding]:
    """Runs that need somebody: silent ones, held ones, and those that no worker takes."""
    found = [*_silent_runs(), *_held_runs(), *_waiting_runs()]
    yield from found or [Finding("runs", Health.OK, _("none is stuck, none waits for a person"))]


def _silent_runs() -> Iterator[Finding]:
    for run in SyncRun.objects.filter(state=SyncRun.State.RUNNING):
        if run.is_silent():
            yield Finding(
                "runs",
                Health.WARN,
                format_lazy(
                    _("run {run} of {resource} says it runs, but its process is gone"),
                    run=run.pk,
                    resource=run.resource,
                ),
                format_lazy(
                    _("{command} (a worker's next round does it too)"), command=f"manage.py sync {run.resource}"
                ),
            )


def _held_runs() -> Iterator[Finding]:
    for name in RESOURCES:
        last = SyncRun.objects.filter(resource=name, is_dry=False, ended_at__isnull=False).first()
        if last and last.error == runs.HELD:
            yield Finding(
                "runs",
                Health.WARN,
                format_lazy(
                    _("run {run} of {resource} found {count} records gone and waits for a yes"),
                    run=last.pk,
                    resource=name,
                    count=last.held,
                ),
                format_lazy(
                    _("look whether they are, then {command}"),
                    command=f"manage.py sync {name} --accept-vanished {last.pk}",
                ),
            )


def _waiting_runs() -> Iterator[Finding]:
    waiting = len(runs.forgotten_runs(QUEUED_TOO_LONG))
    if waiting:
        yield Finding(
            "runs",
            Health.WARN,
            format_lazy(
                _("{count} wait for more than {minutes} minutes"),
                count=waiting,
                minutes=QUEUED_TOO_LONG.seconds // 60,
            ),
            _("start a worker and beat: manage.py run"),
        )


def broker_trouble() -> Text:
    """Why tasks cannot be handed over now, in a sentence; "" when they can. Takes a second or two at most."""
    if settings.CELERY_TASK_ALWAYS_EAGER or health.broker_state() == health.OK:
        return ""
    told = _("The broker at {address} does not answer.")
    return format_lazy(told, address=_without_password(settings.CELERY_BROKER_URL))


def check_broker() -> Iterator[Finding]:
    """The broker takes connections, and workers answer."""
    if settings.CELERY_TASK_ALWAYS_EAGER:
        yield Finding(
            "broker",
            Health.WARN,
            _("not used: whoever asks does the work"),
            _("unset CELERY_TASK_ALWAYS_EAGER in production"),
        )
        return
    trouble = broker_trouble()
    if trouble:
        yield Finding("broker", Health.FAIL, trouble, _("start it or correct CELERY_BROKER_URL; queued runs are kept"))
        return
    yield Finding("broker", Health.OK, _without_password(settings.CELERY_BROKER_URL))
    try:
        answers = app.control.ping(timeout=ANSWERS_WITHIN_S) or []
    except (CeleryError, KombuError, OSError):
        answers = []
    yield either(
        "workers",
        bool(answers),
        format_lazy(_("{count} answered"), count=number(len(answers))),
        Finding("", Health.WARN, _("none answers, so nothing is synced by itself"), "manage.py run"),
    )


def _without_password(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"
