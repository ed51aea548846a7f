"""Events: what changes in this Kirim is told to every active subscription that names it, signed, by POST.

An event is written down in the transaction of the change that it tells of, once for each subscription, and stays until
its delivery was answered with 2xx or was tried for the last time. So a restart goes on where the last run stopped.
"""

from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook

from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim.assumptions import DELIVERY_PAUSES_S
from backoffice.sandbox.outbox import AT_ONCE, Delivery, Outbox, Told
from backoffice.sandbox.storage import Row, Storage, insert_into
from backoffice.sandbox.switches import Switches

TABLE = """
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, subscription_id TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_at TEXT NOT NULL
);
"""
_INSERT = insert_into("deliveries", ("subscription_id", "event_id", "type", "body", "due_at"))
_DUE = (
    "SELECT d.*, s.url, s.secret FROM deliveries d JOIN subscriptions s ON s.id = d.subscription_id "
    "WHERE s.status = 'active' AND d.due_at <= ? ORDER BY d.seq LIMIT ?"
)


class Events(Outbox):
    """What is still to be told."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, switches: Switches) -> None:
        super().__init__(switches)
        self._storage, self._ids, self._now = storage, ids, now

    def emit(self, type: str, data: Mapping[str, Any]) -> None:
        """Write an event down for those who subscribed to it. Call it in the transaction of what it tells of."""
        told = [row["id"] for row in self._subscribers() if type in msgspec.json.decode(row["events"])]
        if not told:
            return
        now = self._now()
        event_id, moment = self._ids.ulid("msg_", now), stamp(now)
        body = msgspec.json.encode({"type": type, "timestamp": moment, "data": data}).decode()
        self._storage.run_many(_INSERT, [(subscription, event_id, type, body, moment) for subscription in told])
        self.news.set()

    def pending(self) -> list[Row]:
        """What is not delivered yet, the oldest first: ``subscription_id event_id type body tries due_at``."""
        return self._storage.select("deliveries")

    def due(self) -> list[Row]:
        """What is to be tried now, of active subscriptions."""
        return self._storage.rows(_DUE, (stamp(self._now()), AT_ONCE))

    def signed(self, row: Row) -> Delivery:
        """The POST, signed as Standard Webhooks wants it."""
        now, body = self._now(), row["body"]
        headers = {
            "content-type": "application/json",
            "webhook-id": row["event_id"],
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(row["secret"]).sign(row["event_id"], now.astimezone(UTC), body),
        }
        return Delivery(row["url"], headers, body.encode())

    def settle(self, row: Row, told: Told) -> None:
        """Forget what is over or was tried for the last time; the rest is tried again after a pause."""
        tries = row["tries"] + 1
        if told.is_over or tries > len(DELIVERY_PAUSES_S):
            self._storage.run("DELETE FROM deliveries WHERE seq = ?", (row["seq"],))
            return
        due_at = stamp(self._now() + timedelta(seconds=DELIVERY_PAUSES_S[tries - 1]))
        self._storage.update("deliveries", ("seq", row["seq"]), {"tries": tries, "due_at": due_at})

    def _subscribers(self) -> list[Row]:
        return self._storage.rows("SELECT id, events FROM subscriptions WHERE status = 'active'")
