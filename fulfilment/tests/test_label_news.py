"""Who asked for a label is told when it is there or came to nothing, and of those of a bulk action at once."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from backoffice.bulk import run as bulk_run
from backoffice.bulk.freeze import Row, freeze
from backoffice.models import Notification
from backoffice.tests.factories import person
from fulfilment import tasks
from fulfilment.models import LabelJob, Parcel
from fulfilment.services import labels
from fulfilment.tests.parcel_writes import Packing, parcels
from fulfilment.tests.syncing import upstream
from fulfilment.verbs.parcels import REQUEST_LABEL

pytestmark = pytest.mark.django_db


@pytest.fixture
def packing(settings: Any) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        yield Packing.of(there)


@pytest.fixture
def packer(db: None) -> User:
    return person("warehouse", username="packer")


def told() -> list[str]:
    return list(Notification.objects.order_by("pk").values_list("sentence", flat=True))


def later(seconds: float) -> None:
    """What the schedule does some seconds from now."""
    with time_machine.travel(timezone.now() + timedelta(seconds=seconds), tick=False):
        tasks.follow_labels()


def bulk_of(packing: Packing, user: User, *ids: str) -> Any:
    rows = [Row(remote_id, remote_id) for remote_id in ids]
    return freeze(REQUEST_LABEL, user, id=uuid4(), rows=rows, words="picked", reason="")[0]


def test_a_label_that_is_ready_is_told_once_to_who_asked(packing: Packing, packer: User) -> None:
    packing.there.afosto.label_takes_s = 10
    assert parcels("label", packing.packed, "--as", "packer").code == 0
    assert told() == []
    packing.there.afosto.finish_tasks()
    for _ in range(2):
        later(30)
    parcel = Parcel.objects.get(remote_id=packing.packed)
    assert told() == [f"Label of parcel {parcel}: ready."]
    one = Notification.objects.get()
    assert (one.user, one.url) == (packer, f"/admin/fulfilment/parcel/{parcel.pk}/change/")


def test_a_label_that_failed_is_told_without_the_remotes_words_and_again_when_it_comes_late(
    packing: Packing, packer: User, client: Client
) -> None:
    packing.there.afosto.label_takes_s = 500
    parcels("label", packing.packed, "--as", "packer")
    later(150)
    parcel = Parcel.objects.get(remote_id=packing.packed)
    assert told() == [f"Label of parcel {parcel}: came to nothing. Its page says why."]
    Parcel.objects.filter(pk=parcel.pk).update(label_file_id="file-late")
    labels.reconcile()
    labels.reconcile()
    assert told()[1:] == [f"Label of parcel {parcel}: ready."]


def test_the_operators_labels_are_told_to_nobody(packing: Packing) -> None:
    assert parcels("label", packing.packed, "--wait").code == 0
    assert LabelJob.objects.get().state == LabelJob.State.READY and told() == []


@pytest.mark.parametrize("ends_first", ["labels", "bulk action"])
def test_the_labels_of_a_bulk_action_are_told_of_at_once(packing: Packing, packer: User, ends_first: str) -> None:
    packing.there.afosto.label_takes_s = 10
    bulk = bulk_of(packing, packer, packing.packed)
    if ends_first == "bulk action":
        bulk_run.work(bulk)
        assert len(told()) == 1 and "All of 1 confirmed" in told()[0]
        packing.there.afosto.finish_tasks()
        later(30)
    else:
        packing.there.afosto.label_takes_s = 0
        item = bulk_run._claim(bulk)
        bulk_run._carry_out_row(bulk, item, bulk_run.PATIENCE, None)
        later(30)
        assert told() == []
        bulk_run.finish(bulk)
        later(60)
    assert sorted(told()) == ["Request label 1 parcel: 1 ready.", "Request label 1 parcel: All of 1 confirmed."]
    later(90)
    assert len(told()) == 2
