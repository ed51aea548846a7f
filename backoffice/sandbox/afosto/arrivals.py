"""What comes in: an order of a contact that is to be sent, or goods that a contact sends back."""

from collections.abc import Mapping
from random import Random
from typing import TYPE_CHECKING, Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.goods import CARRIERS, GOODS
from backoffice.sandbox.afosto.people import new_order

if TYPE_CHECKING:
    from backoffice.sandbox.afosto.state import Afosto

_GOODS = {good.sku: good for good in GOODS}
_AT_POINT = {carrier.code for carrier in CARRIERS if carrier.at_point}
_POINT = "NL-201984"
_CENTS = 1295  # of every good


def new_shipment(
    afosto: "Afosto", goods: Mapping[str, int], *, is_outbound: bool = True, method: str = "postnl", **members: Any
) -> Body:
    """A shipment between a location and a contact, outbound ones with an order. Answers the detail shape.

    Args:
        goods: SKU -> how many pieces.
        method: the carrier's code.
        members: of the create call's body, instead of those made up here; ``contact_id`` chooses the contact.
    """
    with afosto.storage.transaction():
        contact = afosto.contacts.get(members["contact_id"]) if "contact_id" in members else afosto.contacts.first()
        method_id = next(its["id"] for its in afosto.methods if its["carrier_code"] == method)
        at_point = {"is_carrier_location": True, "carrier_location_reference": _POINT}
        there: Body = {"entity_type": "address", "entity_id": contact["shipping"]["primary"]["id"]}
        if is_outbound and method in _AT_POINT:
            there["carrier"] = at_point
        location = afosto.locations.first()
        here = {"entity_type": "location", "entity_id": location["id"]}
        given: Body = {
            "addressing": {"to": there, "from": here} if is_outbound else {"to": here, "from": there},
            "is_outbound": is_outbound,
            "type": "collect" if method == "pickup" else "delivery",
            "method_id": method_id,
            "contact_id": contact["id"],
        }
        reference = "RMA"
        if is_outbound and "order_id" not in members:
            order = new_order(afosto, contact, location, method_id, _CENTS * sum(goods.values()))
            given["order_id"], reference = order["id"], order["number"]
        given["items"] = [_item(sku, count, reference) for sku, count in goods.items()]
        return afosto.planning.create({**given, **members})


def something(rng: Random) -> dict[str, int]:
    """What somebody orders: SKU -> how many."""
    return {good.sku: rng.choice((1, 1, 1, 2, 3)) for good in rng.sample(GOODS, rng.choice((1, 2, 2, 3)))}


def _item(sku: str, count: int, reference: str) -> Body:
    good = _GOODS.get(sku)
    known = {"description": good.description, "hs_code": good.hs_code} if good else {}
    return {"sku": sku, "quantity": count, "reference": reference, **known}
