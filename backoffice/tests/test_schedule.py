"""The schedule that migrate makes, and what it leaves to staff."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django_celery_beat.models import PeriodicTask, PeriodicTasks

from backoffice.schedule import PRUNE, REAP, SYNC, ensure_schedule
from backoffice.sync.resource import RESOURCES

pytestmark = pytest.mark.django_db


def test_each_resource_is_synced_as_often_as_it_says_and_the_rest_is_kept_up():
    syncs = {tuple(json.loads(row.args)): row for row in PeriodicTask.objects.filter(task=SYNC)}
    for name, resource in RESOURCES.items():
        row = syncs.pop((name,))
        assert (row.interval.every, row.interval.period) == (resource.every_minutes, "minutes")
        assert row.expire_seconds == resource.every_minutes * 60
        if resource.has_hot_set:
            assert syncs.pop((name, "hot")).interval.every == resource.hot_every_minutes
    assert not syncs
    assert PeriodicTask.objects.get(task=REAP).interval.every == 1
    assert PeriodicTask.objects.get(task=PRUNE).crontab.hour == "3"


def test_what_is_there_is_left_as_it_is_and_what_is_missing_comes_back():
    PeriodicTask.objects.filter(task=REAP).update(name="Ours now", enabled=False)
    PeriodicTask.objects.filter(task=PRUNE).delete()
    before = PeriodicTasks.last_change()
    ensure_schedule()
    kept = PeriodicTask.objects.get(task=REAP)
    assert (kept.name, kept.enabled) == ("Ours now", False)
    assert PeriodicTask.objects.get(task=PRUNE).enabled and PeriodicTasks.last_change() > before, "beat hears of it"
    with CaptureQueriesContext(connection) as queries:
        ensure_schedule()
    assert len(queries) == 1


def test_a_name_that_staff_gave_to_another_task_stays_theirs():
    nightly = PeriodicTask.objects.get(task=PRUNE)
    PeriodicTask.objects.filter(pk=nightly.pk).update(task="something.else")
    ensure_schedule()
    assert PeriodicTask.objects.get(name=nightly.name).task == "something.else"
    assert not PeriodicTask.objects.filter(task=PRUNE).exists()
