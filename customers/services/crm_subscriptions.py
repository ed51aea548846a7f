"""Webhook subscriptions at L4YERCAK3. We choose the signing secret: the one set here, else one made and shown."""

import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import subscription_service
from backoffice.client import Attempts
from backoffice.models import RemoteWrite
from backoffice.subscription_service import Subscription
from backoffice.writes.verbs import Look
from customers.layercake import LayercakeAPI
from customers.webhooks.layercake import LayercakeInbox, secrets

SUBSCRIPTION = "layercake_subscription"
ACTIVE = frozenset({None, "", "active"})  # L4YERCAK3 names no other word


@dataclass(frozen=True)
class NewSubscription:
    """A subscription that was just made; ``secret`` only where it is not set here yet."""

    id: str
    secret: str = ""

    def __repr__(self) -> str:
        return f"NewSubscription(id={self.id!r})"


@dataclass(frozen=True)
class SubscriptionService(subscription_service.SubscriptionService):
    """Sources: ``GET`` and ``POST /api/v1/webhooks``, ``DELETE /api/v1/webhooks/{webhookId}``.

    Nothing changes a subscription: one that lacks an event is of no use, and another takes its place.
    """

    api: LayercakeAPI

    label = "L4YERCAK3"
    target = SUBSCRIPTION
    url_member = "url"

    def listed(self) -> list[Subscription]:
        has_secret = bool(secrets())  # whether it is theirs nobody can tell
        wanted = set(LayercakeInbox.events)
        return [
            Subscription(
                one.id,
                one.url,
                one.events,
                one.status or "",
                has_secret and one.status in ACTIVE and wanted <= set(one.events),
            )
            for one in self.api.list_webhooks()
        ]

    def send_creation(self, sends: Mapping[str, Any], attempts: Attempts) -> NewSubscription:
        """The secret goes along here and stands in no write."""
        own = secrets()
        secret = own[0] if own else f"whsec_{random.token_urlsafe(32)}"
        made = self.api.create_webhook({**sends, "secret": secret}, attempts)
        return NewSubscription(made, "" if own else secret)

    def send_removal(self, remote_id: str, attempts: Attempts) -> None:
        self.api.delete_webhook(remote_id, attempts)

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """The same; a secret that is set here is not lost with an answer."""
        found = super().look_for_created(write, is_late)
        if not (found.secret_lost and secrets()):
            return found
        told = format_lazy(_("Found at {label} as {remote_id}."), label=self.label, remote_id=found.remote_id)
        return replace(found, told=told, secret_lost=False)
