"""A small warehouse: shipments and lists at the sandbox, rows in every state here, people who pick."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User
from django.utils import timezone

from backoffice.tests.factories import person
from customers.tests.writing import later
from fulfilment import tasks
from fulfilment.models import HandlingList, Location, Picker, Shipment
from fulfilment.tests.syncing import Upstream, sync

MUG, POT = "MUG-BLK-300", "TEAPOT-1L"


def a_list(number: str, **values: Any) -> HandlingList:
    """A mirrored list that no remote knows. ``due_h``: due in so many hours."""
    due_h = values.pop("due_h", None)
    now = timezone.now()
    told = {
        "remote_id": str(uuid4()),
        "number": number,
        "payload": {},
        "payload_hash": b"",
        "synced_at": now,
        "remote_created_at": now - timedelta(hours=5),
        "due_at": None if due_h is None else now + timedelta(hours=due_h),
        "piece_count": 4,
    }
    return HandlingList.objects.create(**{**told, **values})


def a_location(name: str) -> Location:
    """A mirrored location that no remote knows."""
    told = {"remote_id": str(uuid4()), "payload": {}, "payload_hash": b"", "synced_at": timezone.now()}
    return Location.objects.create(name=name, **told)


def picker(role: str = "warehouse", sub: str = "", **values: Any) -> User:
    """Somebody of the warehouse, whom Afosto knows as ``sub`` where that is given."""
    user = person(role, **values)
    if sub:
        Picker.objects.create(user=user, sub=sub)
    return user


def listed(there: Upstream, *goods: dict[str, int], **of_list: Any) -> HandlingList:
    """A list of shipments with these goods, at the sandbox and here."""
    shipments = [there.afosto.new_shipment(some)["id"] for some in goods]
    made = there.afosto.new_list(*shipments, **of_list)
    for resource in ("afosto.locations", "afosto.shipments", "afosto.handling_lists"):
        sync(resource)
    there.calls.clear()
    return HandlingList.objects.select_related("location").get(remote_id=made["id"])


def handled(there: Upstream, handling_list: HandlingList) -> list[str]:
    """The SKUs of the pieces that the sandbox has as handled."""
    return sorted(its["sku"] for its in there.afosto.pieces.of_list(handling_list.remote_id) if its["is_handled"])


def shipments_of(handling_list: HandlingList) -> list[Shipment]:
    """The mirrored shipments of a list, in the order of their numbers."""
    return list(Shipment.objects.filter(remote_id__in=handling_list.shipment_ids).order_by("number"))


def follow_labels() -> None:
    """Look how far the labels are, as the worker does once their time has come."""
    with later(5):
        tasks.follow_labels()
