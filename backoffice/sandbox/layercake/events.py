"""Webhooks: who wants to be told of what. Their secret is chosen by whoever makes them, and never told again."""

import hmac
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlsplit

import msgspec

from backoffice.sandbox.clock import Clock, milliseconds
from backoffice.sandbox.deliveries import Deliveries
from backoffice.sandbox.documents import Body, Documents
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.layercake.assumptions import DELIVERY_PAUSES_S, TEST_EVENT
from backoffice.sandbox.layercake.refusal import Refusal, not_found
from backoffice.sandbox.outbox import Delivery
from backoffice.sandbox.storage import Row, Storage
from backoffice.sandbox.switches import Switches

SIGNATURE_HEADER = "X-L4yercak3-Signature"


def signature_of(body: bytes, secret: str, at_s: int) -> str:
    """The signature header of a delivery that is sent at this Unix second."""
    digest = hmac.new(secret.encode(), f"{at_s}.".encode() + body, sha256).hexdigest()
    return f"t={at_s},v1={digest}"


class Webhooks(Documents):
    """All webhooks, with their secrets."""

    def missing(self, record_id: str) -> Refusal:
        """404."""
        return not_found(self.what)


class Events(Deliveries):
    """What is still to be told, and to whom."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, switches: Switches, organization_id: str) -> None:
        super().__init__(storage, now, switches, DELIVERY_PAUSES_S)
        self._ids, self._organization_id = ids, organization_id
        self.webhooks = Webhooks(storage, "webhooks", "webhook")

    def emit(self, type: str, data: Body) -> None:
        """Write an event down for those who want it. Call it in the transaction of what it tells of."""
        told = [its["id"] for its in self.webhooks if type in its["events"]]
        if told:
            self._write(told, type, data)

    def test(self, webhook_id: str) -> None:
        """Write a made-up event down for one webhook, whatever it asked for. Raises Refusal (404)."""
        with self._storage.transaction():
            webhook = self.webhooks.get(webhook_id)
            self._write([webhook["id"]], TEST_EVENT, {"id": webhook["id"], "type": "webhook", "displayName": "Test"})

    def subscribe(self, url: str, events: Iterable[str], secret: str) -> Body:
        """Make a webhook and answer it as kept."""
        with self._storage.transaction():
            wanted = {"url": url, "events": list(dict.fromkeys(events)), "status": "active"}
            made = {"id": f"wh_{self._ids.hex(10)}", **wanted, "createdAt": milliseconds(self._now())}
            return self.webhooks.add({**made, "secret": secret})

    def unsubscribe(self, webhook_id: str) -> None:
        """Remove a webhook; what was still to be told to it never is. Raises Refusal (404)."""
        with self._storage.transaction():
            self.webhooks.remove(webhook_id)
            self.forget(webhook_id)

    def keep(self, url: str, events: Iterable[str], secret: str) -> None:
        """Have one webhook tell these to ``url``, signed with ``secret``, and no other one tell them there too.

        For an installation that comes with its own sandbox and may be at another port each time: the webhook of that
        path is taken over, with what it was still to tell.
        """
        with self._storage.transaction():
            known = [its["id"] for its in self.webhooks if _path_of(its["url"]) == _path_of(url)]
            if known:
                self.webhooks.change(known[0], url=url, events=list(events), secret=secret)
            else:
                self.subscribe(url, events, secret)
            for other in known[1:]:
                self.unsubscribe(other)

    def signed(self, row: Row) -> Delivery:
        """The POST, signed with the time at which it is sent."""
        webhook, body = self.webhooks.get(row["target"]), row["body"].encode()
        signature = signature_of(body, webhook["secret"], int(self._now().timestamp()))
        return Delivery(webhook["url"], {"content-type": "application/json", SIGNATURE_HEADER: signature}, body)

    def _write(self, webhook_ids: Iterable[str], type: str, data: Body) -> None:
        event_id = f"evt_{self._ids.hex(16)}"
        payload = {
            "id": event_id,
            "type": type,
            "timestamp": milliseconds(self._now()),
            "data": data,
            "organizationId": self._organization_id,
        }
        self.write_down(webhook_ids, event_id, type, msgspec.json.encode(payload).decode())


def _path_of(url: str) -> str:
    return urlsplit(url).path
