"""Our webhook subscription at Kirim: exactly one, active, for all that we mirror, signed with the secret we hold."""

from collections.abc import Sequence
from typing import Any

from backoffice.client import PERSON
from backoffice.own_subscription import OwnSubscription
from backoffice.subscription_service import Subscription
from backoffice.subscriptions import SUBSCRIBERS
from customers.kirim import KirimAPI
from customers.services.subscriptions import SubscriptionService
from customers.verbs.kirim import CREATE_SUBSCRIPTION, DELETE_SUBSCRIPTION, UPDATE_SUBSCRIPTION
from customers.webhooks.kirim import KirimInbox

EVENTS = tuple(name for name in KirimInbox.events if name.startswith("customer."))
DESCRIPTION = "Back office"


class KirimSubscriber(OwnSubscription):
    """Kirim, for ``webhooks subscribe`` and the doctor."""

    upstream = "kirim"
    variable = "KIRIM_WEBHOOK_SECRET"
    create, update, delete = CREATE_SUBSCRIPTION, UPDATE_SUBSCRIPTION, DELETE_SUBSCRIPTION

    def client(self) -> KirimAPI:
        return KirimAPI.from_settings(PERSON)

    def service(self, api: Any) -> SubscriptionService:
        return SubscriptionService(api)

    def events(self, api: Any) -> Sequence[str]:
        return EVENTS

    def creation(self, events: Sequence[str]) -> dict[str, Any]:
        return {"url": self.url, "events": list(events), "description": DESCRIPTION}

    def changes(self, kept: Subscription, events: Sequence[str]) -> dict[str, Any]:
        changes = super().changes(kept, events)
        return changes if kept.status == "active" else {**changes, "status": "active"}


SUBSCRIBERS["kirim"] = KirimSubscriber()
