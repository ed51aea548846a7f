"""Our webhook subscription at Afosto: exactly one, for all that our inbox takes, signed with a secret that we hold."""

from collections.abc import Mapping, Sequence
from typing import Any

from backoffice.client import PERSON
from backoffice.errors import RemoteContractError
from backoffice.own_subscription import OwnSubscription
from backoffice.subscriptions import SUBSCRIBERS
from fulfilment.afosto import AfostoAPI
from fulfilment.services.subscriptions import SubscriptionService
from fulfilment.verbs.subscriptions import CREATE_SUBSCRIPTION, DELETE_SUBSCRIPTION, UPDATE_SUBSCRIPTION
from fulfilment.webhooks import AfostoInbox


class AfostoSubscriber(OwnSubscription):
    """Afosto, for ``webhooks subscribe`` and the doctor."""

    upstream = "afosto"
    variable = "AFOSTO_WEBHOOK_SECRET"
    create, update, delete = CREATE_SUBSCRIPTION, UPDATE_SUBSCRIPTION, DELETE_SUBSCRIPTION

    def client(self) -> AfostoAPI:
        return AfostoAPI.from_settings(PERSON)

    def service(self, api: Any) -> SubscriptionService:
        return SubscriptionService(api)

    def events(self, api: Any) -> Sequence[str]:
        """Those of our inbox that Afosto has: it refuses a name that it does not know, and ours are only assumed."""
        there = set(api.list_events())
        events = [name for name in AfostoInbox.events if name in there]
        if not events:
            told = f"names none of the events that this version knows: {', '.join(AfostoInbox.events)}"
            raise RemoteContractError("GET /mes/webhooks/events", told)
        return events

    def creation(self, events: Sequence[str]) -> dict[str, Any]:
        return {"events": list(events), "endpoint": self.url}

    def change(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        return {**changes, "endpoint": self.url}


SUBSCRIBERS["afosto"] = AfostoSubscriber()
