"""Our webhook subscription at L4YERCAK3: exactly one, for all that we mirror, signed with the secret set here."""

from collections.abc import Sequence
from typing import Any

from backoffice.client import PERSON
from backoffice.own_subscription import OwnSubscription
from backoffice.subscription_service import Subscription
from backoffice.subscriptions import SUBSCRIBERS
from customers.layercake import LayercakeAPI
from customers.services.crm_subscriptions import SubscriptionService
from customers.verbs.crm_subscriptions import CREATE_SUBSCRIPTION, DELETE_SUBSCRIPTION
from customers.webhooks.layercake import LayercakeInbox


class LayercakeSubscriber(OwnSubscription):
    """L4YERCAK3, for ``webhooks subscribe`` and the doctor."""

    upstream = "layercake"
    variable = "LAYERCAKE_WEBHOOK_SECRET"
    create, delete = CREATE_SUBSCRIPTION, DELETE_SUBSCRIPTION

    def client(self) -> LayercakeAPI:
        return LayercakeAPI.from_settings(PERSON)

    def service(self, api: Any) -> SubscriptionService:
        return SubscriptionService(api)

    def events(self, api: Any) -> Sequence[str]:
        return LayercakeInbox.events

    def creation(self, events: Sequence[str]) -> dict[str, Any]:
        return {"url": self.url, "events": list(events)}

    def changes(self, kept: Subscription, events: Sequence[str]) -> dict[str, Any]:
        return {}  # what lacks an event is not kept


SUBSCRIBERS["layercake"] = LayercakeSubscriber()
