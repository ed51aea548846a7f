"""What hangs on a record and stands on its page, for the page to follow (``backoffice/admin/live.py``)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from backoffice.admin.live import Trace, trace
from customers.models import Customer, SetupLink


def traces_of_customer(customer: Customer) -> Iterable[Trace]:
    """Its accounts and setup links."""
    yield trace("accounts", customer.accounts.all(), "synced_at", "vanished_at")
    yield from _links(customer.setup_links.all())


def traces_of_link(link: SetupLink) -> Iterable[Trace]:
    """The link's own end, which no reading tells, and its customer."""
    yield from _links(SetupLink.objects.filter(pk=link.pk))
    yield from traces_of_owner(link.customer_id)


def traces_of_owner(customer_id: Any) -> Iterable[Trace]:
    """The customer that the record belongs to."""
    yield trace("owner", Customer.objects.filter(pk=customer_id), "synced_at", "links_read_at")


def _links(links: QuerySet[SetupLink]) -> Iterable[Trace]:
    yield trace("links", links, "synced_at", "vanished_at")
    yield trace("usable links", links.filter(status="active", expires_at__gt=timezone.now()))
