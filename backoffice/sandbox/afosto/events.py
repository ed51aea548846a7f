"""Webhooks: who wants to be told of what, what was told, and each attempt at it.

A message is written down in the transaction of the change that it tells of, once for each subscription, and stays in
the log for 30 days. Nobody delivers by itself: ``deliver`` is called by a courier or by a test.
"""

import hmac
from collections.abc import Iterable, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import msgspec

from backoffice.sandbox.afosto.assumptions import ATTEMPT_DELAYS_S, MESSAGES_LIVE_DAYS
from backoffice.sandbox.afosto.documents import Body, Documents
from backoffice.sandbox.clock import Clock, milliseconds, offset_stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.outbox import AT_ONCE, Delivery, Outbox, Told
from backoffice.sandbox.storage import Row, Storage, insert_into
from backoffice.sandbox.switches import Switches

SIGNATURE_HEADER = "X-Afosto-Hmac-Sha256"
_QUEUE = """
CREATE TABLE IF NOT EXISTS queue (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, message_id TEXT NOT NULL, type TEXT NOT NULL, tries INTEGER NOT NULL,
    due_ms INTEGER NOT NULL
);
"""
_INSERT = insert_into("queue", ("message_id", "type", "tries", "due_ms"))


def signature_of(body: bytes, secret: str) -> str:
    """The signature header of a delivery."""
    return hmac.new(secret.encode(), body, sha256).hexdigest()


class Events(Outbox):
    """Subscriptions, messages and attempts."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, switches: Switches) -> None:
        super().__init__(switches)
        self._storage, self._ids, self._now = storage, ids, now
        self.subscriptions = Documents(storage, "subscriptions", "webhook subscription")
        self.messages = Documents(storage, "messages", "webhook message", owned_by="subscription")
        self.attempts = Documents(storage, "attempts", "attempt", owned_by="message")
        storage.create(_QUEUE)

    def emit(self, event: str, entity_type: str, entity_id: str, data: Mapping[str, Any]) -> None:
        """Write an event down for those who subscribed to it. Call it in the transaction of what it tells of."""
        told = [body for body in self.subscriptions if event in body["events"]]
        if not told:
            return
        payload = self._payload(event, entity_type, entity_id, data)
        for subscription in told:
            self._queue(self._message(subscription, event, entity_id, payload))

    def trigger(self, subscription_id: str, event: str, entity_id: str) -> Body:
        """Send a made-up event to one subscription; answers the message. Raises Refusal (404)."""
        with self._storage.transaction():
            subscription = self.subscriptions.get(subscription_id)
            entity_type = "order" if event.startswith("ORDER_") else "delivery"
            payload = self._payload(event, entity_type, entity_id, {"id": entity_id})
            message = self._message(subscription, event, entity_id, payload)
            self._queue(message)
            return message

    def redeliver(self, message_id: str) -> Body:
        """Send a message once more, whatever came of it before; answers it. Raises Refusal (404)."""
        with self._storage.transaction():
            message = self.messages.change(message_id, is_pending=True)
            self._queue(message)
            return message

    def add_subscription(self, endpoint: str, events: Iterable[str], delivery_rate: int = 5) -> Body:
        """Subscribe; the secret is made here, and stated in every answer about the subscription."""
        with self._storage.transaction():
            now = offset_stamp(self._now())
            members = {"events": list(dict.fromkeys(events)), "endpoint": endpoint}
            secret, number = f"whs_{self._ids.hex(32)}", self._storage.count_up("subscriptions")
            moments = {"created_at": now, "updated_at": now}
            return self.subscriptions.add(
                {"id": number, **members, "secret": secret, "delivery_rate": delivery_rate, **moments}
            )

    def keep(self, endpoint: str, events: Iterable[str], secret: str) -> Body:
        """Have one subscription deliver these events to ``endpoint``, signed with ``secret``.

        For an installation that comes with its own sandbox and may be at another port each time: the subscription it
        had the last time is found by the note of its number, one that a call made for the same endpoint is taken over.
        """
        with self._storage.transaction():
            own = self._storage.note("own subscription")
            its = next((body for body in self.subscriptions if own == body["id"] or body["endpoint"] == endpoint), None)
            its = its or self.add_subscription(endpoint, events)
            self._storage.set_note("own subscription", its["id"])
            return self.subscriptions.change(str(its["id"]), endpoint=endpoint, events=list(events), secret=secret)

    def remove_subscription(self, subscription_id: str) -> None:
        """Remove a subscription; what was still to be delivered to it never is. Raises Refusal (404)."""
        with self._storage.transaction():
            self.subscriptions.remove(subscription_id)
            for message in self.messages.of(subscription_id):
                self._storage.run("DELETE FROM queue WHERE message_id = ?", (str(message["id"]),))
                self.messages.change(str(message["id"]), is_pending=False)

    def pending(self) -> list[Row]:
        """What is not delivered yet, the oldest first: ``message_id type tries due_ms``."""
        return self._storage.select("queue")

    def forget_old(self) -> None:
        """Take messages and attempts out of the log once their time is over."""
        oldest = offset_stamp(self._now() - timedelta(days=MESSAGES_LIVE_DAYS))
        for name in ("messages", "attempts"):
            moment = "created_at" if name == "messages" else "attempted_at"
            sql = f"DELETE FROM {name} WHERE json_extract(body, '$.{moment}') < ?"  # noqa: S608  all names are ours
            self._storage.run(sql, (oldest,))

    def due(self) -> list[Row]:
        """What is to be tried now."""
        sql = "SELECT * FROM queue WHERE due_ms <= ? ORDER BY seq LIMIT ?"
        return self._storage.rows(sql, (milliseconds(self._now()), AT_ONCE))

    def signed(self, row: Row) -> Delivery:
        """The POST, signed as Afosto does: over the raw body, by the secret that the subscription has now."""
        message = self.messages.get(row["message_id"])
        subscription = self.subscriptions.get(str(message["subscription"]))
        body = message["payload"].encode()
        signature = signature_of(body, subscription["secret"])
        headers = {"content-type": "application/json", SIGNATURE_HEADER: signature}
        return Delivery(subscription["endpoint"], headers, body)

    def settle(self, row: Row, told: Told) -> None:
        """Log the attempt, and plan the next one where it was in vain and not the last."""
        with self._storage.transaction():
            tries, now = row["tries"] + 1, self._now()
            number = len(self.attempts.of(row["message_id"])) + 1
            self.attempts.add(self._attempt(row["message_id"], number, told))
            may_go_on = not told.is_over and tries < len(ATTEMPT_DELAYS_S)
            if may_go_on:
                due_ms = milliseconds(now) + 1000 * ATTEMPT_DELAYS_S[tries]
                self._storage.update("queue", ("seq", row["seq"]), {"tries": tries, "due_ms": due_ms})
            else:
                self._storage.run("DELETE FROM queue WHERE seq = ?", (row["seq"],))
            is_delivered = told.is_over or self.messages.get(row["message_id"])["is_delivered"]
            moment = offset_stamp(now)
            self.messages.change(
                row["message_id"], is_pending=may_go_on, is_delivered=is_delivered, attempts=number, updated_at=moment
            )

    def _attempt(self, message_id: str, number: int, told: Told) -> Body:
        return {
            "id": self._storage.count_up("attempts"),
            "number": number,
            "is_success": told.is_over,
            "response_time": 0,
            "response_code": told.status or 0,
            "response_body": "",
            "attempted_at": offset_stamp(self._now()),
            "message": message_id,
        }

    def _payload(self, event: str, entity_type: str, entity_id: str, data: Mapping[str, Any]) -> str:
        moment = milliseconds(self._now())
        members = {"event": event, "entity_type": entity_type, "entity_id": entity_id}
        body = {**members, "message_id": self._ids.uuid(), "triggered_at": moment, "data": data}
        return msgspec.json.encode(body).decode()

    def _message(self, subscription: Body, event: str, entity_id: str, payload: str) -> Body:
        moment = offset_stamp(self._now())
        return self.messages.add(
            {
                "id": self._storage.count_up("messages"),
                "event": event,
                "entity_id": entity_id,
                "payload": payload,
                "is_pending": True,
                "is_delivered": False,
                "signature": signature_of(payload.encode(), subscription["secret"]),
                "attempts": 0,
                "endpoint": subscription["endpoint"],
                "subscription": subscription["id"],
                "created_at": moment,
                "updated_at": moment,
            }
        )

    def _queue(self, message: Body) -> None:
        row = (str(message["id"]), message["event"], 0, milliseconds(self._now()))
        self._storage.run(_INSERT, row)
        self.news.set()
