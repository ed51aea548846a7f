"""The schedule that a new installation starts with. From then on it belongs to staff, who edit it in the admin."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils import translation
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask, PeriodicTasks

from backoffice.models import SyncRun
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, written

SYNC, REAP, PRUNE = "backoffice.tasks.sync_resource", "backoffice.tasks.reap", "backoffice.tasks.prune"
SETTLE = "backoffice.tasks.settle_writes"
EVERY_MINUTE: dict[str, str] = {}
"""Tasks of the apps that have to run each minute, by what staff read of them in the schedule (``gettext_noop``)."""


@dataclass(frozen=True)
class Planned:
    """A task of the schedule: each so many minutes, or nightly."""

    name: Text
    task: str
    arguments: tuple[str, ...] = ()
    every_minutes: int | None = None

    @property
    def text(self) -> str:
        """Its arguments as the schedule keeps them."""
        return json.dumps(self.arguments)

    def row(self) -> PeriodicTask:
        """What is written down; its interval is made where there is none yet."""
        values = {"name": written(self.name), "task": self.task, "args": self.text}
        if self.every_minutes is None:
            return PeriodicTask(**values, crontab=_nightly())
        # With no worker about, messages do not pile up: the next one will do.
        return PeriodicTask(**values, interval=_every(self.every_minutes), expire_seconds=self.every_minutes * 60)


def ensure_schedule(using: str = "default", **kwargs: Any) -> None:
    """Add the schedules that are missing; connected to ``post_migrate``.

    What is there is left as it is, whatever its name, interval or switch. A deleted one comes back with the next
    migrate: switch it off instead.
    """
    if using != "default":
        return
    known = set(PeriodicTask.objects.values_list("task", "args"))
    missing = [planned.row() for planned in _planned() if (planned.task, planned.text) not in known]
    if missing:
        PeriodicTask.objects.bulk_create(missing, ignore_conflicts=True)  # a name that staff gave to another is theirs
        PeriodicTasks.update_changed()  # what beat looks at


def _planned() -> Iterator[Planned]:
    for resource in RESOURCES.values():
        name = format_lazy(_("Sync {things}"), things=resource.label)
        yield Planned(name, SYNC, (resource.name,), resource.every_minutes)
        if resource.has_hot_set:
            name = format_lazy(_("Sync open {things}"), things=resource.model._meta.verbose_name_plural)
            yield Planned(name, SYNC, (resource.name, SyncRun.Mode.HOT), resource.hot_every_minutes)
    yield Planned(_("Find what went silent"), REAP, every_minutes=1)
    yield Planned(_("Settle writes of unknown end"), SETTLE, every_minutes=1)
    for told, task in EVERY_MINUTE.items():
        yield Planned(translation.gettext_lazy(told), task, every_minutes=1)
    yield Planned(_("Delete what is past its time"), PRUNE)


def _every(minutes: int) -> IntervalSchedule:
    return IntervalSchedule.objects.get_or_create(every=minutes, period=IntervalSchedule.MINUTES)[0]


def _nightly() -> CrontabSchedule:
    nightly = {"minute": "15", "hour": "3", "day_of_week": "*", "day_of_month": "*", "month_of_year": "*"}
    return CrontabSchedule.objects.get_or_create(**nightly, timezone="UTC")[0]
