"""Webhook subscriptions at Afosto. Its list shows each signing secret again: it is compared with ours, never kept."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backoffice import subscription_service
from backoffice.client import Attempts
from backoffice.subscription_service import Subscription
from fulfilment.afosto import AfostoAPI, SubscriptionRecord
from fulfilment.webhooks import secrets

SUBSCRIPTION = "afosto_subscription"


@dataclass(frozen=True)
class SubscriptionService(subscription_service.SubscriptionService):
    """Sources: ``GET`` and ``POST /mes/webhooks/subscriptions``, ``PUT`` and ``DELETE .../{id}``.

    Created and changed with both: events, endpoint.
    """

    api: AfostoAPI

    label = "Afosto"
    target = SUBSCRIPTION
    url_member = "endpoint"

    def listed(self) -> list[Subscription]:
        return [
            Subscription(str(one.id), one.endpoint, one.events, is_usable=_is_ours(one.secret))
            for one in self.api.list_subscriptions()
        ]

    def send_creation(self, sends: Mapping[str, Any], attempts: Attempts) -> SubscriptionRecord:
        return self.api.create_subscription(sends, attempts)

    def send_update(self, remote_id: str, sends: Mapping[str, Any], attempts: Attempts) -> None:
        self.api.update_subscription(remote_id, sends, attempts)

    def send_removal(self, remote_id: str, attempts: Attempts) -> None:
        self.api.delete_subscription(remote_id, attempts)


def _is_ours(secret: str) -> bool:
    """Whether it is one of those that are set here."""
    return any([hmac.compare_digest(secret.encode(), ours.encode()) for ours in secrets()])
