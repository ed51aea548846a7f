"""Deliveries as Kirim signs and sends them."""

import json
from datetime import UTC, datetime
from itertools import count
from typing import Any

from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from standardwebhooks import Webhook

from backoffice.models import WebhookDelivery
from backoffice.webhooks import process

SECRET = "whsec_a2lyaW0tZXhhbXBsZS1zZWNyZXQtb2YtMzItYnl0ZXM="  # of the contract's test values
URL = "/webhooks/kirim/"
_numbers = count(1)


def new_id() -> str:
    """An event id that no other test has."""
    return f"msg_{next(_numbers):026d}"


def headers(body: bytes, id: str, secret: str = SECRET, at: datetime | None = None) -> dict[str, str]:
    """The three headers, signed now unless ``at`` says when."""
    moment = (at or timezone.now()).astimezone(UTC)
    return {
        "webhook-id": id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(id, moment, body.decode()),
    }


def body_of(event: str, data: Any) -> bytes:
    """A delivery's body."""
    return json.dumps({"type": event, "timestamp": "2026-11-25T10:00:00.000Z", "data": data}).encode()


def post(client: Client, body: bytes, id: str | None = None, **how: Any) -> HttpResponse:
    """POST a signed body."""
    signed = headers(body, id or new_id(), **how)
    return client.post(URL, body, content_type="application/json", headers=signed)


def deliver(client: Client, event: str, data: Any = None, id: str | None = None) -> WebhookDelivery:
    """Deliver an event and find its row."""
    id = id or new_id()
    answer = post(client, body_of(event, data), id)
    assert answer.status_code == 204, (answer.status_code, answer.content)
    return WebhookDelivery.objects.get(event_id=id)


def processed(delivery: WebhookDelivery) -> WebhookDelivery:
    """The delivery after a worker's round."""
    process.process_due()
    delivery.refresh_from_db()
    return delivery
