"""What a new Afosto starts with: ten days of work in a small warehouse, lived through by the rules of the API.

So every state is one that calls could have led to. The same for the same seed and clock.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

from backoffice.sandbox.afosto.arrivals import new_shipment, something
from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.goods import CARRIERS, COLLEAGUES, GOODS, LOCATIONS, PEOPLE, POSITIONS, Person
from backoffice.sandbox.afosto.locations import position_key
from backoffice.sandbox.afosto.people import new_address, new_contact
from backoffice.sandbox.clock import offset_stamp

if TYPE_CHECKING:
    from backoffice.sandbox.afosto.state import Afosto

_SPAN = timedelta(days=10)
_LIST_STORIES = (
    "late open",
    "finished",
    "open",
    "assigned",
    "in progress",
    "cancelled",
    "on hold",
    "inbound open",
    "finished",
    "missing",
    "inbound in progress",
    "inbound finished",
)
_PARCEL_STORIES = ("packed", "labelled", "in transit", "delivered", "finished", "refused", "in transit", "finished")
_METHODS = ("postnl", "postnl", "postnl", "dhl", "ups", "pickup")


def fill(afosto: "Afosto", *, lists: int, parcels: int, emails: list[str]) -> None:
    """Fill an empty Afosto. Call it in a transaction."""
    now = afosto.now
    try:
        _Past(afosto, Random(afosto.seed), now()).live(lists, parcels, emails)  # noqa: S311  made-up data
    finally:
        afosto.now = now


class _Past:
    """Goes through the last days with its own clock."""

    def __init__(self, afosto: "Afosto", rng: Random, now: datetime) -> None:
        self._afosto, self._rng, self._now = afosto, rng, now
        self._at = now - timedelta(days=400)
        self._contacts: list[str] = []
        afosto.now = lambda: self._at

    def live(self, lists: int, parcels: int, emails: list[str]) -> None:
        """All of it, oldest first."""
        self._found_shop(emails)
        self._at = self._now - _SPAN
        step = _SPAN * 0.98 / max(1, lists + parcels)
        free: list[str] = []  # shipments that were picked and not packed
        stories = _alternating(lists, parcels)
        for number, (is_list, story) in enumerate(stories):
            if is_list:
                free += self._live_list(story)
            else:
                self._live_parcel(story, free)
            if number % 5 == 0:
                self._leave_alone(number)
            self._at += step
        self._afosto.finish_tasks()

    def _found_shop(self, emails: list[str]) -> None:
        afosto = self._afosto
        for name, street, house, postal_code, city in LOCATIONS:
            person = Person("", None, "", street, house, postal_code, city, organisation=name)
            address = new_address(afosto, person)
            afosto.warehouse.create({"name": name, "address_id": address["id"]})
        for location, share in zip(afosto.locations, (1, 2, 4), strict=True):
            afosto.positions.add_all(self._positions(location["id"], share))
        afosto.methods.add_all(_methods(afosto))
        for number, person in enumerate(PEOPLE):
            own = f"{person.given}.{person.family}".lower().replace("'", "").encode("ascii", "ignore").decode()
            email = emails[number // 3] if number % 3 == 0 and number // 3 < len(emails) else f"{own}@example.com"
            self._contacts.append(new_contact(afosto, person, email, is_guest=number % 7 == 1)["id"])
        hubs = [afosto.ids.uuid() for _ in range(2)]
        afosto.printers.add_all(_printers(afosto, hubs))

    def _positions(self, location_id: str, share: int) -> Iterator[Body]:
        """Every ``share``-th shelf of the first location, with its good."""
        moment = self._afosto.moment()
        lying = list(zip(POSITIONS, GOODS, strict=True))[::share]
        for sorting, (code, good) in enumerate(lying, start=1):
            skus = [{"sku": good.sku, "position": code, "created_at": moment}]
            own = {"id": position_key(location_id, code), "location_id": location_id}
            yield {**own, "code": code, "sorting": sorting, "skus": skus, "created_at": moment}

    def _ship(self, *, is_outbound: bool = True, method: str | None = None) -> str:
        contact = self._rng.choice(self._contacts)
        method = method or self._rng.choice(_METHODS)
        goods = something(self._rng)
        made = new_shipment(self._afosto, goods, is_outbound=is_outbound, method=method, contact_id=contact)
        return str(made["id"])

    def _live_list(self, story: str) -> list[str]:
        """A list and what became of it; answers the shipments that can be packed then."""
        afosto, rng = self._afosto, self._rng
        shipments = [self._ship(is_outbound="inbound" not in story) for _ in range(rng.choice((1, 1, 2, 3)))]
        hours = -rng.randrange(2, 30) if story == "late open" else rng.randrange(1, 9)
        due_at = offset_stamp(self._now + timedelta(hours=hours))
        list_id = afosto.new_list(*shipments, due_at=due_at)["id"]
        if story not in {"late open", "open", "inbound open", "cancelled"}:
            afosto.picking.set_state(list_id, {"sub": rng.choice(COLLEAGUES)})
        self._at += timedelta(minutes=4)
        pieces = [its["id"] for its in afosto.pieces.of_list(list_id)]
        if story in {"in progress", "on hold", "inbound in progress"} and len(pieces) > 1:
            afosto.pick(list_id, *pieces[: len(pieces) // 2])
        if story == "on hold":
            afosto.picking.set_state(list_id, {"is_on_hold": True})
        if story == "cancelled":
            afosto.picking.delete(list_id)
        if story == "missing":
            shipment_id = shipments[-1]
            last = afosto.pieces.of_shipment(shipment_id)[-1]["id"]
            afosto.planning.set_missing(shipment_id, [{"id": last, "is_missing": True}])
            if len(pieces) > 2:
                afosto.pick(list_id, pieces[0])
        if "finished" in story:
            afosto.pick(list_id)
        return shipments if story == "finished" else []

    def _live_parcel(self, story: str, free: list[str]) -> None:
        """A parcel and what became of it, of a picked shipment where there is one."""
        afosto, rng = self._afosto, self._rng
        shipment_id = free.pop(0) if free and story != "refused" else self._ship(method="postnl")
        weight = 24_500 if story == "refused" else rng.randrange(300, 9000)
        parcel_id = afosto.new_parcel(shipment_id, weight=weight)["id"]
        if story == "packed":
            return
        afosto.labelling.request_label(parcel_id)
        afosto.labelling.request_slip(parcel_id)
        self._at += timedelta(minutes=2)
        afosto.finish_tasks()
        if story in {"in transit", "delivered", "finished"}:
            afosto.send_off(parcel_id)
        if story in {"delivered", "finished"}:
            self._at += timedelta(minutes=2)
            afosto.deliver(parcel_id)
        if story == "finished":
            afosto.packing.finish(parcel_id)

    def _leave_alone(self, number: int) -> None:
        """A shipment that nobody has begun with; now and then one that was canceled, and one that needs more."""
        shipment_id = self._ship()
        if number % 3 == 2:
            self._afosto.planning.cancel(shipment_id)
        elif number % 3 == 1:
            self._afosto.planning.set_corrections(shipment_id, "backorders", [{"sku": "TRAY-OAK-40", "quantity": 1}])


def _alternating(lists: int, parcels: int) -> list[tuple[bool, str]]:
    """Lists and parcels with their stories, evenly mixed."""
    both = [((number + 0.5) / lists, True, _LIST_STORIES[number % len(_LIST_STORIES)]) for number in range(lists)]
    stories = [_PARCEL_STORIES[number % len(_PARCEL_STORIES)] for number in range(parcels)]
    both += [((number + 0.6) / parcels, False, story) for number, story in enumerate(stories)]
    return [(is_list, story) for _, is_list, story in sorted(both)]


def _methods(afosto: "Afosto") -> Iterator[Body]:
    for number, carrier in enumerate(CARRIERS, start=1):
        yield {
            "id": afosto.ids.uuid(),
            "carrier_code": carrier.code,
            "name": carrier.name,
            "label": carrier.name,
            "description": carrier.name,
            "max_weight": carrier.grams,
            "countries": [{"code": code, "amount": cents} for code, cents in carrier.prices.items()],
            "delivery_during": "daytime",
            "is_configured": carrier.is_enabled,
            "is_same_day": False,
            "is_sunday": False,
            "is_carrier_location": carrier.at_point,
            "is_neighbour_allowed": not carrier.at_point,
            "provider_method_id": str(number * 8) if carrier.provider == "sendcloud" else None,
            "provider": carrier.provider,
            "is_enabled": carrier.is_enabled,
            "priority": 100,
        }


def _printers(afosto: "Afosto", hubs: list[str]) -> Iterator[Body]:
    moment = afosto.moment()
    for number, (name, hub, is_gone) in enumerate(
        (("Zebra packing table 1", 0, False), ("Zebra packing table 2", 0, False), ("Old office printer", 1, True))
    ):
        yield {
            "id": afosto.ids.uuid(),
            "name": name,
            "hub_id": hubs[hub],
            "default_encoding": "zpl" if hub == 0 else "escpos",
            "connection": {"interface": "ethernet", "address": f"192.0.2.{20 + number}"},
            "settings": {},
            "inbox_id": None,
            "disabled_at": moment if is_gone else None,
            "created_at": moment,
            "updated_at": moment,
        }
