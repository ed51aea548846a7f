"""Before a change is sent to Afosto, its exact request can be seen."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from backoffice.client import PERSON
from backoffice.sync.changes import BY_HAND
from backoffice.tests.previewing import assert_shown_as_sent, verbs_of, watched
from backoffice.writes.verbs import write_verb
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Location, Shipment
from fulfilment.services.locations import LocationService
from fulfilment.services.shipments import ShipmentService
from fulfilment.tests.list_writes import OTHER_SHELF, PICKER, World
from fulfilment.tests.parcel_writes import Packing
from fulfilment.tests.syncing import upstream
from fulfilment.webhooks import AfostoInbox

pytestmark = pytest.mark.django_db
Wanted = dict[str, Any]
HOOK = "http://testserver/webhooks/afosto/"
EVENTS = list(AfostoInbox.events)


@pytest.fixture
def world(settings: Any) -> Iterator[World]:
    with upstream(settings, lists=0, parcels=0) as there:
        world = World.of(there)
        world.afosto.pieces.change(world.pieces(world.listed[0]), position=OTHER_SHELF)
        read_whole()
        yield world


@pytest.fixture
def packing(settings: Any) -> Iterator[Packing]:
    with upstream(settings, lists=0, parcels=0) as there:
        packing = Packing.of(there)
        read_whole()
        yield packing


def read_whole() -> None:
    """What syncs read beside the lists: what a preview decides on is mirrored."""
    with AfostoAPI.from_settings(PERSON) as api:
        for shipment in Shipment.objects.all():
            ShipmentService(api).fetch(shipment.remote_id, BY_HAND)
        for location in Location.objects.all():
            LocationService(api).refresh(location)


def _subscription(world: World) -> Wanted:
    return {"remote_id": str(world.afosto.events.add_subscription(HOOK, EVENTS[:1])["id"])}


LISTS: dict[tuple[str, str], Callable[[World], Wanted]] = {
    ("handling_list", "create"): lambda world: {"sends": {"shipments": [{"id": id} for id in world.open]}},
    ("handling_list", "assign"): lambda world: {"remote_id": world.picking, "sends": {"sub": PICKER}},
    ("handling_list", "hold"): lambda world: {"remote_id": world.picking},
    ("handling_list", "release"): lambda world: {"remote_id": world.held},
    ("handling_list", "mark_handled"): lambda world: {
        "remote_id": world.picking, "sends": {"items": [{"id": world.pieces(world.listed[0])[0], "is_handled": True}]},
    },
    ("handling_list", "delete"): lambda world: {"remote_id": world.picking, "reason": "made twice"},
    ("shipment", "set_method"): lambda world: {
        "remote_id": world.open[0], "sends": {"method_id": world.other_method},
    },
    ("shipment", "take_default_positions"): lambda world: {"remote_id": world.listed[0]},
    ("shipment", "set_backorders"): lambda world: {
        "remote_id": world.open[0], "sends": {"items": [{"sku": "TEAPOT-1L", "quantity": 1}]},
    },
    ("shipment", "set_overage"): lambda world: {
        "remote_id": world.open[0], "sends": {"items": [{"sku": "MUG-BLK-300", "quantity": 3}]},
    },
    ("shipment", "set_missing"): lambda world: {
        "remote_id": world.listed[0],
        "sends": {"items": [{"id": world.pieces(world.listed[0])[2], "is_missing": True}]},
    },
    ("shipment", "cancel"): lambda world: {"remote_id": world.listed[1], "reason": "order withdrawn"},
    ("afosto_subscription", "create"): lambda world: {"sends": {"endpoint": HOOK, "events": EVENTS[:1]}},
    ("afosto_subscription", "update"): lambda world: {
        **_subscription(world), "sends": {"endpoint": HOOK, "events": EVENTS},
    },
    ("afosto_subscription", "delete"): _subscription,
}  # fmt: skip
PARCELS: dict[tuple[str, str], Callable[[Packing], Wanted]] = {
    ("parcel", "create"): lambda of: {
        "owner_remote_id": of.shipment,
        "sends": {"shipment_id": of.shipment, "item_ids": of.pieces[2:], "weight": 300},
    },
    ("parcel", "update"): lambda of: {"remote_id": of.packed, "sends": {"weight": 750, "position": "P9"}},
    ("parcel", "add_pieces"): lambda of: {"remote_id": of.packed, "sends": {"ids": [of.pieces[2]]}},
    ("parcel", "remove_pieces"): lambda of: {"remote_id": of.packed, "sends": {"ids": [of.pieces[0]]}},
    ("parcel", "request_label"): lambda of: {"remote_id": of.packed},
    ("parcel", "request_slip"): lambda of: {"remote_id": of.packed},
    ("parcel", "mark_in_transit"): lambda of: {"remote_id": of.labelled},
    ("parcel", "finish"): lambda of: {"remote_id": of.sent},
    ("parcel", "delete"): lambda of: {"remote_id": of.packed, "reason": "wrong box"},
    ("location", "create"): lambda of: {
        "sends": {"name": "Hall 9", "address_id": Location.objects.get(remote_id=of.location).address_remote_id},
    },
    ("location", "rename"): lambda of: {"remote_id": of.location, "sends": {"name": "Hall 2"}},
    ("location", "enable"): lambda of: {"remote_id": of.off},
    ("location", "disable"): lambda of: {"remote_id": of.location},
    ("location", "set_walk_order"): lambda of: {
        "remote_id": of.location, "sends": {"positions": of.shelves()[::-1]},
    },
    ("location", "set_skus"): lambda of: {
        "remote_id": of.location, "sends": {"skus": [{"sku": "NEW-1", "position": of.shelves()[0]}]},
    },
}  # fmt: skip


def test_every_verb_of_afosto_has_a_case() -> None:
    assert LISTS.keys() | PARCELS.keys() == verbs_of("afosto")


@pytest.mark.parametrize("key", LISTS, ids=".".join)
def test_what_is_shown_of_lists_and_shipments_is_what_is_sent(
    world: World, settings: Any, key: tuple[str, str]
) -> None:
    wanted = LISTS[key](world)
    assert_shown_as_sent(watched(settings), write_verb(*key), wanted)


@pytest.mark.parametrize("key", PARCELS, ids=".".join)
def test_what_is_shown_of_parcels_and_locations_is_what_is_sent(
    packing: Packing, settings: Any, key: tuple[str, str]
) -> None:
    wanted = PARCELS[key](packing)
    assert_shown_as_sent(watched(settings), write_verb(*key), wanted)
