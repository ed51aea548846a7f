"""Webhook subscriptions at Kirim. The signing secret of a new one is in Kirim's answer only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings

from backoffice import subscription_service
from backoffice.client import Attempts
from backoffice.subscription_service import Subscription
from customers.kirim import KirimAPI, NewSubscription

SUBSCRIPTION = "webhook_subscription"
DISABLED = "disabled"  # by Kirim; it takes no change any more


@dataclass(frozen=True)
class SubscriptionService(subscription_service.SubscriptionService):
    """Sources: ``GET`` and ``POST /webhook_subscriptions``, ``PATCH`` and ``DELETE /webhook_subscriptions/{id}``.

    Created with url, events, description; changed are events (all of them) and status.
    """

    api: KirimAPI

    label = "Kirim"
    target = SUBSCRIPTION
    url_member = "url"

    def listed(self) -> list[Subscription]:
        has_secret = bool(settings.KIRIM_WEBHOOK_SECRET)  # whether it is theirs nobody can tell
        return [
            Subscription(one.id, one.url, one.events, one.status, has_secret and one.status != DISABLED)
            for one in self.api.list_subscriptions()
        ]

    def send_creation(self, sends: Mapping[str, Any], attempts: Attempts) -> NewSubscription:
        return self.api.create_subscription(sends, attempts)

    def send_update(self, remote_id: str, sends: Mapping[str, Any], attempts: Attempts) -> None:
        self.api.update_subscription(remote_id, sends, attempts)

    def send_removal(self, remote_id: str, attempts: Attempts) -> None:
        self.api.delete_subscription(remote_id, attempts)
