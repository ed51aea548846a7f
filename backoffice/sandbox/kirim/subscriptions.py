"""Webhook subscriptions: who wants to be told of what. Their signing secret is shown once, when they are made."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Literal, TypedDict

from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim.assumptions import DISABLED_SUBSCRIPTION_IS_CONFLICT
from backoffice.sandbox.kirim.paging import PageRequest, read_page
from backoffice.sandbox.kirim.refusal import conflict, not_found
from backoffice.sandbox.storage import Row, Storage, insert_into

TABLE = """
CREATE TABLE IF NOT EXISTS subscriptions (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, description TEXT,
    events TEXT NOT NULL, status TEXT NOT NULL, created_at TEXT NOT NULL, updated_at TEXT NOT NULL, secret TEXT NOT NULL
);
"""
_INSERT = insert_into(
    "subscriptions", ("id", "url", "description", "events", "status", "created_at", "updated_at", "secret")
)


class SubscriptionBody(TypedDict):
    """A subscription without its secret."""

    id: str
    object: Literal["webhook_subscription"]
    url: str
    description: str | None
    events: list[str]
    status: str
    created_at: str
    updated_at: str


class NewSubscriptionBody(SubscriptionBody):
    """The create answer: the only one with the secret."""

    initial_secret: str


class Subscriptions:
    """All subscriptions. Iterating gives their bodies, oldest first."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock) -> None:
        self._storage, self._ids, self._now = storage, ids, now

    def __iter__(self) -> Iterator[SubscriptionBody]:
        return (_body(row) for row in self._storage.select("subscriptions"))

    def get(self, subscription_id: str) -> SubscriptionBody:
        """One subscription. Raises Refusal (404)."""
        return _body(self._row(subscription_id))

    def page(self, page: PageRequest) -> tuple[list[SubscriptionBody], str | None]:
        """One page, and the cursor of the next."""
        rows, cursor = read_page(self._storage, "subscriptions", {}, page)
        return [_body(row) for row in rows], cursor

    def add(self, url: str, events: list[str], description: str | None = None) -> NewSubscriptionBody:
        """Create an active subscription and answer it with its secret, this once."""
        created = self._now()
        with self._storage.transaction():
            subscription_id, secret = self._ids.ulid("whs_", created), self._ids.signing_secret()
            wanted = _stored_events(events)
            row = (subscription_id, url, description, wanted, "active", stamp(created), stamp(created), secret)
            self._storage.run(_INSERT, row)
        return {**self.get(subscription_id), "initial_secret": secret}

    def change(self, subscription_id: str, **values: Any) -> SubscriptionBody:
        """Set ``url``, ``description``, ``events``, ``status``, ``secret`` as given. No rule of the API is applied."""
        with self._storage.transaction():
            self.get(subscription_id)
            if "events" in values:
                values["events"] = _stored_events(values["events"])
            columns = {**values, "updated_at": stamp(self._now())}
            self._storage.update("subscriptions", ("id", subscription_id), columns)
            return self.get(subscription_id)

    def patch(self, subscription_id: str, changes: dict[str, Any]) -> SubscriptionBody:
        """The API's change: the members of a checked PATCH body. Raises Refusal (404; 409 when Kirim disabled it)."""
        with self._storage.transaction():
            subscription = self.get(subscription_id)
            if DISABLED_SUBSCRIPTION_IS_CONFLICT and subscription["status"] == "disabled":
                raise conflict("The subscription is disabled.")
            return self.change(subscription_id, **changes) if changes else subscription

    def remove(self, subscription_id: str) -> None:
        """Remove a subscription, and what was still to be delivered to it. Raises Refusal (404)."""
        with self._storage.transaction():
            self._storage.run("DELETE FROM deliveries WHERE subscription_id = ?", (subscription_id,))
            if not self._storage.run("DELETE FROM subscriptions WHERE id = ?", (subscription_id,)):
                raise not_found("webhook subscription")

    def keep(self, url: str, events: Iterable[str], description: str, secret: str) -> SubscriptionBody:
        """Have an active subscription with that description deliver these to ``url``, signed with ``secret``.

        For an installation that comes with its own sandbox and may be at another port each time. One that was made
        for the same URL by a call is taken over.
        """
        with self._storage.transaction():
            its = next((row for row in self if row["description"] == description), None)
            its = its or next((row for row in self if row["url"] == url), None) or self.add(url, list(events))
            wanted = {"url": url, "events": list(events), "description": description, "status": "active"}
            if self.secret(its["id"]) == secret and wanted.items() <= its.items():
                return its
            return self.change(its["id"], **wanted, secret=secret)

    def secret(self, subscription_id: str) -> str:
        """The signing secret, for whoever sends the deliveries; no answer repeats it. Raises Refusal (404)."""
        return str(self._row(subscription_id)["secret"])

    def _row(self, subscription_id: str) -> Row:
        row = self._storage.row("SELECT * FROM subscriptions WHERE id = ?", (subscription_id,))
        if row is None:
            raise not_found("webhook subscription")
        return row


def _stored_events(events: list[str]) -> str:
    return json.dumps(list(dict.fromkeys(events)))  # each once, in the order given


def _body(row: Row) -> SubscriptionBody:
    return {
        "id": row["id"],
        "object": "webhook_subscription",
        "url": row["url"],
        "description": row["description"],
        "events": json.loads(row["events"]),
        "status": row["status"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
