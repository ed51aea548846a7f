"""Which deliveries a person may see: those about objects whose mirrored rows the person may see."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from backoffice.access import readable_resources
from backoffice.limits import limits_of
from backoffice.models import WebhookDelivery
from backoffice.sync.resource import RESOURCES
from backoffice.webhooks.inboxes import INBOXES, Inbox


def visible_deliveries(user: User | AnonymousUser | None) -> QuerySet[WebhookDelivery]:
    """The deliveries that the person may see, newest first; all for the operator (None)."""
    deliveries = WebhookDelivery.objects.all()
    if user is None:
        return deliveries
    if not user.has_perm("backoffice.view_webhookdelivery"):
        return deliveries.none()
    readable = frozenset(readable_resources(user))
    for inbox in INBOXES.values():
        if hidden := _hidden(inbox, readable):
            deliveries = deliveries.exclude(hidden, upstream=inbox.upstream)
    return deliveries.none() if limits_of(user) else deliveries  # a delivery names its object in its body only


def _hidden(inbox: Inbox, readable: frozenset[str]) -> Q:
    """The inbox's events about what the person may not see; empty where there are none.

    What an event is about that nobody knows is for those who may see everything of the upstream.
    """
    hidden, earlier = Q(), Q()
    for start, resource in inbox.resources:
        begins = Q(event__startswith=start)
        if resource not in readable:
            hidden |= begins & ~earlier if earlier else begins
        earlier |= begins
    its = {name for name, resource in RESOURCES.items() if resource.upstream == inbox.upstream}
    return hidden if its <= readable else hidden | ~earlier
