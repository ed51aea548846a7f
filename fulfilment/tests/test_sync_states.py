"""The state columns against the contract's tables, read here once more: every combination of flags of each kind."""

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest

from fulfilment.models import HandlingList, Parcel, Shipment
from fulfilment.states import GONE_OUT, LIST, NEVER, OVER, PARCEL, SENT, SHIPMENT

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, tzinfo=UTC)
BOTH = (False, True)
ALSO_UNKNOWN = (None, False, True)


def combinations(**values: tuple[Any, ...]) -> list[dict[str, Any]]:
    return [dict(zip(values, chosen, strict=True)) for chosen in product(*values.values())]


def list_state(flags: dict[str, Any]) -> str:
    if flags["is_cancelled"]:
        return "cancelled"
    if flags["is_finished"]:
        return "finished"
    if flags["is_on_hold"]:
        return "on hold"
    if flags["is_in_progress"]:
        return "in progress"
    return "assigned" if flags["sub"] else "open"


def shipment_state(flags: dict[str, Any]) -> str:
    if flags["is_canceled"]:
        return "cancelled"
    if flags["is_finished"]:
        return "finished"
    if flags["is_in_transit"]:
        return "in transit"
    if flags["is_labeled"]:
        return "labelled"
    if flags["is_boxed"]:
        return "packed"
    if flags["is_handled"]:
        return "picked" if flags["is_outbound"] else "sorted"
    return "on a list" if flags["is_listed"] else "open"


def parcel_state(flags: dict[str, Any]) -> str:
    if flags["is_finished"]:
        return "finished"
    if flags["is_delivered"]:
        return "delivered"
    if flags["is_in_transit"]:
        return "in transit"
    if flags["label_file_id"]:
        return "labelled"
    return "label requested" if flags["label_requested_at"] else "packed"


KINDS = pytest.mark.parametrize(
    ("model", "flags", "state", "tones"),
    [
        (
            HandlingList,
            combinations(
                is_cancelled=BOTH, is_finished=BOTH, is_on_hold=BOTH, is_in_progress=BOTH, sub=("", "u", "0")
            ),
            list_state,
            LIST,
        ),
        (
            Shipment,
            combinations(
                is_canceled=BOTH, is_finished=BOTH, is_in_transit=BOTH, is_labeled=ALSO_UNKNOWN,
                is_boxed=ALSO_UNKNOWN, is_handled=ALSO_UNKNOWN, is_listed=BOTH, is_outbound=BOTH,
            ),
            shipment_state,
            SHIPMENT,
        ),
        (
            Parcel,
            combinations(
                is_finished=BOTH, is_delivered=BOTH, is_in_transit=BOTH, label_file_id=("", "file"),
                label_requested_at=(None, NOW),
            ),
            parcel_state,
            PARCEL,
        ),
    ],
    ids=["lists", "shipments", "parcels"],
)  # fmt: skip


@KINDS
def test_the_state_of_every_combination_of_flags_is_the_first_that_holds(
    model: Any, flags: list[dict[str, Any]], state: Any, tones: Any
) -> None:
    common = {"payload": {}, "payload_hash": b"", "synced_at": NOW}
    model.objects.bulk_create(model(remote_id=str(number), **common, **one) for number, one in enumerate(flags))
    expected = {str(number): state(one) for number, one in enumerate(flags)}
    assert dict(model.objects.values_list("remote_id", "state")) == expected
    assert set(expected.values()) == set(tones)  # each can be reached, and each has a colour


@KINDS
def test_only_what_still_waits_is_ever_overdue(model: Any, flags: list[dict[str, Any]], state: Any, tones: Any) -> None:
    due, over = {HandlingList: ("due_at", OVER), Shipment: ("ship_at", SENT), Parcel: ("ship_at", GONE_OUT)}[model]
    common = {"payload": {}, "payload_hash": b"", "synced_at": NOW}
    for moment in (NOW, None):
        rows = [
            model(remote_id=f"{moment}{number}", **common, **one, **{due: moment}) for number, one in enumerate(flags)
        ]
        model.objects.bulk_create(rows)
        expected = [NEVER if moment is None or state(one) in over else moment for one in flags]
        stored = model.objects.in_bulk([row.remote_id for row in rows], field_name="remote_id")
        assert [stored[row.remote_id].overdue_from for row in rows] == expected
