"""How the warehouse's records are found by a search: by a whole id, number or tracking code, or by words."""

from collections.abc import Mapping

from django.db.models import Q

from backoffice.search import Findable, Term, register, register_index
from fulfilment.models import Parcel

MOST_PARCELS = 200  # a code that more of them have is a placeholder


def by_parcel(term: Term) -> Mapping[str, list[int]]:
    """The parcels with a number or tracking code, and the shipments and lists that they belong to."""
    spelt = {term.text, term.text.upper()}
    parcels = Parcel.objects.filter(Q(tracking_code__in=spelt) | Q(number__in=spelt))
    keys = list(parcels.values_list("pk", "shipment", "shipment__list")[:MOST_PARCELS])
    return {
        "afosto.parcels": [parcel for parcel, _, _ in keys],
        "afosto.shipments": [shipment for _, shipment, _ in keys if shipment],
        "afosto.handling_lists": [one for _, _, one in keys if one],
    }


def _number(term: Term) -> Q:
    return Q(number=term.text)


def _of_recipient(term: Term) -> Q:
    return Q(email__in={term.text, term.text.lower()}) if "@" in term.text else Q()


register(
    Findable("afosto.locations", lambda term: Q(), inside="name__icontains"),
    Findable("afosto.contacts", _of_recipient),
    Findable("afosto.handling_lists", _number),
    Findable("afosto.shipments", lambda term: _number(term) | Q(order_id=term.text), inside="piece_text__contains"),
    Findable("afosto.parcels", lambda term: Q()),
)
register_index(by_parcel)
