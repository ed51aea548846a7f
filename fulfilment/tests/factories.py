"""One row of each kind of the warehouse, for tests that look everywhere."""

from typing import Any

from django.contrib.auth.models import User
from django.utils import timezone

from fulfilment.models import (
    HandlingList,
    LabelJob,
    Location,
    Parcel,
    Picker,
    Recipient,
    Shipment,
    ShippingMethod,
)


def one_of_each(text: str, user: User, remote_id: str = "one") -> None:
    """One row of each kind that hang together, each with ``text`` in it, all with one remote id."""
    common: dict[str, Any] = {
        "remote_id": remote_id, "payload": {"note": text}, "payload_hash": b"0" * 16, "synced_at": timezone.now(),
    }  # fmt: skip
    location = Location.objects.create(name=text, **common)
    method = ShippingMethod.objects.create(name=text, **common)
    recipient = Recipient.objects.create(given_name=text, search_text=text.lower(), **common)
    here = {"location": location, "location_remote_id": remote_id}
    handling_list = HandlingList.objects.create(number=text, shipment_ids=[remote_id], **here, **common)
    shipment = Shipment.objects.create(
        number=text, method=method, method_remote_id=remote_id, contact=recipient, contact_remote_id=remote_id,
        list=handling_list, list_remote_id=remote_id, is_listed=True, **here, **common,
    )  # fmt: skip
    parcel = Parcel.objects.create(number=text, shipment=shipment, shipment_remote_id=remote_id, **common)
    LabelJob.objects.create(parcel=parcel, kind=LabelJob.Kind.LABEL, state=LabelJob.State.FAILED, error=text)
    Picker.objects.create(user=user, sub=text)
