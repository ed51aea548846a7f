"""Limits to Afosto's locations: lists and shipments of these, their parcels, labels and recipients.

What names no location is for everybody: nobody could do it otherwise.
"""

from collections.abc import Iterable

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.limits import Kind, Rule, register
from customers.limits import TEAM, not_linked_elsewhere
from fulfilment.models import HandlingList, LabelJob, Location, Parcel, Recipient, Shipment


def locations() -> Iterable[tuple[str, str]]:
    """All that are mirrored, by name."""
    return [
        (row.remote_id, str(row)) for row in Location._base_manager.order_by("name", "pk").only("remote_id", "name")
    ]


def _at(values: frozenset[str]) -> Q:
    return Q(location_remote_id__in=[*values, ""])


def _shipments(values: frozenset[str]) -> QuerySet[Shipment]:
    return Shipment._base_manager.filter(_at(values))


def _parcels(values: frozenset[str]) -> Q:
    return Q(shipment_remote_id="") | Q(shipment_remote_id__in=_shipments(values).values("remote_id"))


def _recipients(values: frozenset[str]) -> Q:
    """Those of shipments at the locations; of others nobody there needs to know."""
    return Q(remote_id__in=_shipments(values).values("contact_remote_id"))


_RULES: dict[type[Model], Rule] = {
    Location: lambda values: Q(remote_id__in=values),
    HandlingList: _at,
    Shipment: _at,
    Parcel: _parcels,
    LabelJob: lambda values: Q(parcel__in=Parcel._base_manager.filter(_parcels(values))),
    Recipient: _recipients,
}

register(Kind("location", _("Locations"), locations, nouns=(_("location"), _("locations"))), _RULES)
register(TEAM, {Recipient: not_linked_elsewhere("afosto.contacts")})
