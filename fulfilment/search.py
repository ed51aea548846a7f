"""How the warehouse's records are found by a search: by a whole id, number or tracking code, or by words."""

from django.db.models import Q

from backoffice.search import Findable, Term, register


def _number(term: Term) -> Q:
    return Q(number=term.text)


def _of_recipient(term: Term) -> Q:
    return Q(email__in={term.text, term.text.lower()}) if "@" in term.text else Q()


register(
    Findable("afosto.locations", lambda term: Q(), inside="name__icontains"),
    Findable("afosto.contacts", _of_recipient),
    Findable("afosto.handling_lists", _number),
    Findable("afosto.shipments", lambda term: _number(term) | Q(order_id=term.text), inside="piece_text__contains"),
    Findable("afosto.parcels", lambda term: _number(term) | Q(tracking_code=term.text)),
)
