"""Reading links: which records are a customer's, which customers are a record's, and the rows that they name."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from django.db.models import QuerySet

from backoffice.mirror import MirrorModel
from customers.identity.sources import CUSTOMERS, SOURCES
from customers.models.identity import IdentityLink
from customers.models.kirim import Customer

State = IdentityLink.State
Rows = Mapping[tuple[str, int], MirrorModel]
"""Mirrored rows by resource and primary key."""


def confirmed(customer: Customer) -> QuerySet[IdentityLink]:
    """The records that people said are this customer, by system."""
    return customer.identity_links.filter(state=State.CONFIRMED).order_by("resource", "remote_id")


def links_of(resource: str, record_id: int) -> QuerySet[IdentityLink]:
    """All links of a mirrored row, a customer's or another's: confirmed ones first, then the likeliest."""
    links = IdentityLink.objects.select_related("customer", "decided_by")
    narrowed = links.filter(customer=record_id) if resource == CUSTOMERS else links.filter(
        resource=resource, record_id=record_id
    )  # fmt: skip
    return narrowed.order_by("state", "-score", "pk")


def records_of(links: Iterable[IdentityLink]) -> Rows:
    """The mirrored rows that links name besides their customers. A query for each resource."""
    wanted: dict[str, set[int]] = defaultdict(set)
    for link in links:
        wanted[link.resource].add(link.record_id)
    return {
        (resource, row.pk): row
        for resource, keys in wanted.items()
        if resource in SOURCES
        for row in SOURCES[resource].model._default_manager.filter(pk__in=keys).defer("payload")
    }
