"""A moment of life: orders come in, lists are made of them, parcels go out and arrive."""

from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

from backoffice.sandbox.afosto.arrivals import new_shipment, something
from backoffice.sandbox.clock import offset_stamp

if TYPE_CHECKING:
    from backoffice.sandbox.afosto.state import Afosto

_ORDER_CHANCE = 0.35
_LIST_CHANCE = 0.12
_SENT_CHANCE = 0.25
_DELIVERED_CHANCE = 0.25
_FINISHED_CHANCE = 0.2
_ON_A_LIST = 3  # shipments at most

_IS = "json_extract(body, '$.{}') = ?"
_LABELLED = "json_extract(body, '$.label.file_id') IS NOT ?"


def live(afosto: "Afosto") -> None:
    """What happens depends on the seed and on how many moments there were. Call it in a transaction."""
    rng = Random(f"{afosto.seed}/tick/{afosto.storage.count_up('ticks')}")  # noqa: S311  made-up life
    if rng.random() < _ORDER_CHANCE:
        contact = rng.choice(list(afosto.contacts))
        method = rng.choice(("postnl", "postnl", "dhl", "ups"))
        new_shipment(afosto, something(rng), method=method, contact_id=contact["id"])
    if rng.random() < _LIST_CHANCE:
        _make_list(afosto)
    at_carriers = {_IS.format("is_outbound"): 1, _LABELLED: None, _IS.format("is_finished"): 0}
    if rng.random() < _SENT_CHANCE:
        waiting = {_IS.format("is_in_transit"): 0, _IS.format("is_delivered"): 0}
        for parcel in afosto.parcels.where({**at_carriers, **waiting})[:1]:
            afosto.send_off(parcel["id"])
    if rng.random() < _DELIVERED_CHANCE:
        for parcel in afosto.parcels.where({**at_carriers, _IS.format("is_in_transit"): 1})[:1]:
            afosto.deliver(parcel["id"])
    if rng.random() < _FINISHED_CHANCE:
        for parcel in afosto.parcels.where({**at_carriers, _IS.format("is_delivered"): 1})[:1]:
            afosto.packing.finish(parcel["id"])


def _make_list(afosto: "Afosto") -> None:
    """A list of the oldest shipments that wait for one."""
    waiting = afosto.shipments.where(
        {
            _IS.format("is_outbound"): 1,
            _IS.format("is_listed"): 0,
            _IS.format("is_editable"): 1,
            _IS.format("addressing.from.entity_id"): afosto.locations.first()["id"],
        }
    )
    if waiting:
        due_at = offset_stamp(afosto.now() + timedelta(hours=4))
        afosto.new_list(*(shipment["id"] for shipment in waiting[:_ON_A_LIST]), due_at=due_at)
