"""The schedule that a new installation starts with. From then on it belongs to staff, who edit it in the admin."""

import json
from typing import Any

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from backoffice.sync.resource import RESOURCES

SYNC, REAP, PRUNE = "backoffice.tasks.sync_resource", "backoffice.tasks.reap", "backoffice.tasks.prune"


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
        _ensure(f"Sync {resource.label}", SYNC, [resource.name], interval=every, expire_seconds=wait_s)
    _ensure("Find what went silent", REAP, [], interval=_every(1, IntervalSchedule.MINUTES), expire_seconds=60)
    nightly, _ = CrontabSchedule.objects.get_or_create(
        minute="15", hour="3", day_of_week="*", day_of_month="*", month_of_year="*", timezone="UTC"
    )
    _ensure("Delete what is past its time", PRUNE, [], crontab=nightly)


def _every(count: int, period: str) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=count, period=period)[0]


def _ensure(name: str, task: str, arguments: list[str], **when: Any) -> None:
    text = json.dumps(arguments)
    if not PeriodicTask.objects.filter(task=task, args=text).exists():
        PeriodicTask.objects.get_or_create(name=name, defaults={"task": task, "args": text, **when})
