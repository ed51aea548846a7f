"""Deliveries as Afosto signs and sends them."""

import hmac
import json
from hashlib import sha256
from typing import Any
from uuid import uuid4

from django.http import HttpResponse
from django.test import Client

from backoffice.models import WebhookDelivery

SECRET = "whs_example"
URL = "/webhooks/afosto/"


def signature(body: bytes, secret: str = SECRET) -> str:
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def body_of(event: str, entity_type: str, entity_id: Any, message_id: str = "", **members: Any) -> bytes:
    told = {"event": event, "entity_type": entity_type, "entity_id": entity_id, "message_id": message_id or new_id()}
    return json.dumps({**told, "triggered_at": 1776340080000, "data": {"id": entity_id}, **members}).encode()


def new_id() -> str:
    return str(uuid4())


def post(client: Client, body: bytes, secret: str = SECRET, **headers: str) -> HttpResponse:
    signed = {"X-Afosto-Hmac-Sha256": signature(body, secret), **headers}
    return client.post(URL, body, content_type="application/json", headers=signed)


def deliver(client: Client, event: str, entity_type: str, entity_id: Any, **members: Any) -> WebhookDelivery:
    """Deliver an event and find its row."""
    id = members.pop("message_id", None) or new_id()
    answer = post(client, body_of(event, entity_type, entity_id, id, **members))
    assert answer.status_code == 204, (answer.status_code, answer.content)
    return WebhookDelivery.objects.get(upstream="afosto", event_id=id)
