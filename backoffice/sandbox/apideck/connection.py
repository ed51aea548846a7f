"""The consumer's connection to its support desk: whether calls go through, and who is told when that changes.

The events are signed with the API key, over the body with its keys sorted at every level.
"""

import hmac
import json
from hashlib import sha256
from typing import Any

from backoffice.sandbox.apideck.assumptions import CONNECTION_EVENTS, DELIVERY_PAUSES_S, TEST_EVENT
from backoffice.sandbox.apideck.refusal import Refusal
from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.deliveries import Deliveries
from backoffice.sandbox.documents import Body, Documents
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.outbox import Delivery
from backoffice.sandbox.storage import Row, Storage
from backoffice.sandbox.switches import Switches

UNIFIED_API = "customer-support"


def signature_of(body: Any, api_key: str) -> str:
    """The signature header of a delivery with this body."""
    text = json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hmac.new(api_key.encode(), text.encode(), sha256).hexdigest()


class _Connections(Documents):
    """All connections; only the one of this run can be called."""

    def missing(self, record_id: str) -> Refusal:
        return Refusal(404, "ConnectionNotFoundError")


class Events(Deliveries):
    """What is still to be told to the address that was registered by hand: the API knows no subscriptions."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, switches: Switches, api_key: str) -> None:
        super().__init__(storage, now, switches, DELIVERY_PAUSES_S)
        self._ids, self._api_key = ids, api_key
        storage.create("CREATE TABLE IF NOT EXISTS addresses (url TEXT PRIMARY KEY)")

    def keep(self, url: str) -> bool:
        """Have events delivered to ``url`` and nowhere else, also those still on their way; whether that is new."""
        if self.addresses() == [url]:
            return False
        for other in self.addresses():
            self.move(other, url)
        self._storage.run("DELETE FROM addresses")
        self._storage.run("INSERT INTO addresses VALUES (?)", (url,))
        return True

    def addresses(self) -> list[str]:
        """Who is told: nobody, or the one that was registered."""
        return [row["url"] for row in self._storage.rows("SELECT url FROM addresses")]

    def emit(self, type: str, connection: Body) -> None:
        """Write an event down. Call it in the transaction of what it tells of."""
        if not (told := self.addresses()):
            return
        event_id = self._ids.uuid()
        body = {
            "event_id": event_id,
            "event_type": type,
            "service_id": connection["service_id"],
            "entity_id": connection["id"],
            "entity_type": "Connection",
            "entity": connection,
            "occurred_at": stamp(self._now()),
        }
        self.write_down(told, event_id, type, json.dumps(body))

    def signed(self, row: Row) -> Delivery:
        """The POST; the number of the try is in its body."""
        body = {"payload": {**json.loads(row["body"]), "execution_attempt": row["tries"] + 1}}
        headers = {
            "content-type": "application/json",
            "x-apideck-event-type": row["type"],
            "x-apideck-idempotency-key": row["event_id"],
            "x-apideck-signature": signature_of(body, self._api_key),
        }
        return Delivery(row["target"], headers, json.dumps(body, ensure_ascii=False).encode())


class Connection:
    """One consumer's connection to one service. ``tell`` lets something happen to it.

    Args:
        app_id, consumer_id, service_id: whose it is and where it leads.
    """

    def __init__(self, storage: Storage, events: Events, *, app_id: str, consumer_id: str, service_id: str) -> None:
        self._storage, self._events = storage, events
        self.app_id, self.consumer_id, self.service_id = app_id, consumer_id, service_id
        self._id = f"{app_id}+{consumer_id}"
        self._kept = _Connections(storage, "connections", "connection")
        named = {"id": self._id, "consumer_id": consumer_id, "unified_api": UNIFIED_API, "service_id": service_id}
        with storage.transaction():
            if before := self._kept.find(self._id):  # of the last run, maybe to another service
                self._kept.replace({**before, **named})
            else:
                self._kept.add({**named, "enabled": True, "state": "callable"})

    def body(self) -> Body:
        """The connection as events state it."""
        return self._kept.get(self._id)

    def register(self, url: str) -> None:
        """Have events delivered to ``url`` and nowhere else; a new address gets a test at once."""
        with self._storage.transaction():
            if self._events.keep(url):
                self._events.emit(TEST_EVENT, self.body())

    def tell(self, event: str) -> None:
        """Let this happen to the connection, and tell of it. Raises ValueError for an event that there is not."""
        if event not in CONNECTION_EVENTS:
            raise ValueError(f"no such event; there are {', '.join(CONNECTION_EVENTS)}")
        enabled, state = CONNECTION_EVENTS[event]
        changes = {"enabled": enabled, "state": state}
        with self._storage.transaction():
            changed = {name: value for name, value in changes.items() if value is not None}
            self._events.emit(event, self._kept.change(self._id, **changed))

    def check(self) -> None:
        """Raise Refusal unless calls go through."""
        its = self.body()
        if its["state"] == "available":
            raise Refusal(404, "ConnectionNotFoundError", f"{self.consumer_id} has no connection to {self.service_id}.")
        if not its["enabled"]:
            raise Refusal(422, "InvalidStateError", "The connection is disabled.")
        if its["state"] == "invalid":
            raise Refusal(401, "ConnectorCredentialsError", "The connection must be authorized again.")
        if its["state"] != "callable":
            raise Refusal(422, "ConnectionSettingsError", "The connection is not set up to its end.")
