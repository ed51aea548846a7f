"""The schedule that a new installation starts with. From then on it belongs to staff, who edit it in the admin."""

import json
from typing import Any

from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from backoffice.models import SyncRun
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, written

SYNC, REAP, PRUNE = "backoffice.tasks.sync_resource", "backoffice.tasks.reap", "backoffice.tasks.prune"
SETTLE = "backoffice.tasks.settle_writes"
EVERY_MINUTE: dict[str, str] = {}
"""Tasks of the apps that have to run each minute, by what staff read of them in the schedule (``gettext_noop``)."""


def ensure_schedule(using: str = "default", **kwargs: Any) -> None:
    """Add the schedules that are missing; connected to ``post_migrate``.

    What is there is left as it is, whatever its name, interval or switch. A deleted one comes back with the next
    migrate: switch it off instead.
    """
    if using != "default":
        return
    for resource in RESOURCES.values():
        every = _every(resource.every_minutes, IntervalSchedule.MINUTES)
        wait_s = resource.every_minutes * 60  # with no worker about, messages do not pile up: the next one will do
        _ensure(
            format_lazy(_("Sync {things}"), things=resource.label),
            SYNC,
            [resource.name],
            interval=every,
            expire_seconds=wait_s,
        )
        if resource.has_hot_set:
            every = _every(resource.hot_every_minutes, IntervalSchedule.MINUTES)
            wait_s = resource.hot_every_minutes * 60
            hot = [resource.name, SyncRun.Mode.HOT]
            open_ones = format_lazy(_("Sync open {things}"), things=resource.model._meta.verbose_name_plural)
            _ensure(open_ones, SYNC, hot, interval=every, expire_seconds=wait_s)
    of_apps = ((translation.gettext_lazy(told), task) for told, task in EVERY_MINUTE.items())
    for told, task in ((_("Find what went silent"), REAP), (_("Settle writes of unknown end"), SETTLE), *of_apps):
        _ensure(told, task, [], interval=_every(1, IntervalSchedule.MINUTES), expire_seconds=60)
    nightly = CrontabSchedule.objects.get_or_create(
        minute="15", hour="3", day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
    )[0]
    _ensure(_("Delete what is past its time"), PRUNE, [], crontab=nightly)


def _every(count: int, period: str) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=count, period=period)[0]


def _ensure(name: Text, task: str, arguments: list[str], **when: Any) -> None:
    text = json.dumps(arguments)
    if not PeriodicTask.objects.filter(task=task, args=text).exists():
        PeriodicTask.objects.get_or_create(name=written(name), defaults={"task": task, "args": text, **when})
