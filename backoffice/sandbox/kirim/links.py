"""Setup links: one-time secrets that let a customer connect a WhatsApp account.

The plain token exists in the answer of ``add`` and nowhere else; kept are its SHA-256 and its last four characters.
"""

from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256
from typing import Any, Literal, TypedDict

from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim.assumptions import DEFAULT_LINK_HOURS, SETUP_URL
from backoffice.sandbox.kirim.events import Events
from backoffice.sandbox.kirim.refusal import conflict, not_found
from backoffice.sandbox.storage import Row, Storage, insert_into

NEWEST = 50  # the list is not pageable

TABLE = """
CREATE TABLE IF NOT EXISTS setup_links (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, customer_id TEXT NOT NULL, status TEXT NOT NULL,
    token_last4 TEXT NOT NULL, expires_at TEXT NOT NULL, consumed_at TEXT, success_redirect_url TEXT,
    failure_redirect_url TEXT, created_at TEXT NOT NULL, token_sha256 TEXT NOT NULL
);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS setup_links_customer ON setup_links (customer_id);
"""
INDEXES = """
CREATE INDEX IF NOT EXISTS setup_links_active ON setup_links (expires_at) WHERE status = 'active';
"""
_COLUMNS = (
    "id",
    "customer_id",
    "status",
    "token_last4",
    "expires_at",
    "consumed_at",
    "success_redirect_url",
    "failure_redirect_url",
    "created_at",
)
INSERT = insert_into("setup_links", [*_COLUMNS, "token_sha256"])


class LinkBody(TypedDict):
    """A setup link without its secret."""

    id: str
    object: Literal["customer_setup_link"]
    customer_id: str
    status: str
    token_last4: str
    expires_at: str
    consumed_at: str | None
    success_redirect_url: str | None
    failure_redirect_url: str | None
    created_at: str


class NewLinkBody(LinkBody):
    """The create answer: the only place with the secret."""

    setup_url: str
    token: str


class SetupLinks:
    """All setup links. Iterating gives their bodies, oldest first. Time alone expires a link, whoever looks."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, events: Events) -> None:
        self._storage, self._ids, self._now, self._events = storage, ids, now, events

    def __len__(self) -> int:
        return self._storage.count("setup_links")

    def __iter__(self) -> Iterator[LinkBody]:
        self.expire_due()
        return (_body(row) for row in self._storage.select("setup_links"))

    def get(self, link_id: str, customer_id: str | None = None) -> LinkBody:
        """One link. Raises Refusal (404) also when it is not of ``customer_id``."""
        self.expire_due()
        row = self._storage.row("SELECT * FROM setup_links WHERE id = ?", (link_id,))
        if row is None or customer_id not in (None, row["customer_id"]):
            raise not_found("setup link")
        return _body(row)

    def newest(self, customer_id: str, status: str | None = None) -> list[LinkBody]:
        """Up to 50 links of one customer, newest first."""
        self.expire_due()
        conditions = {"customer_id = ?": customer_id, **({"status = ?": status} if status else {})}
        rows = self._storage.select("setup_links", conditions, newest_first=True, limit=NEWEST)
        return [_body(row) for row in rows]

    def add(
        self,
        customer_id: str,
        *,
        expires_in_hours: float = DEFAULT_LINK_HOURS,
        success_redirect_url: str | None = None,
        failure_redirect_url: str | None = None,
    ) -> NewLinkBody:
        """Create an active link and answer it with its secret, this once."""
        created = self._now()
        expires_at = stamp(created + timedelta(hours=expires_in_hours))
        with self._storage.transaction():
            link_id, token = self._ids.ulid("csl_", created), self._ids.token()
            redirects = (success_redirect_url, failure_redirect_url)
            digest = sha256(token.encode()).hexdigest()
            row = (link_id, customer_id, "active", token[-4:], expires_at, None, *redirects, stamp(created), digest)
            self._storage.run(INSERT, row)
            link = self.get(link_id)
            self._events.emit("customer.setup_link.created", link)
        return {**link, "setup_url": SETUP_URL.format(token=token), "token": token}

    def change(self, link_id: str, **values: Any) -> LinkBody:
        """Set members as given. No rule of the API is applied."""
        with self._storage.transaction():
            if not values.keys() <= set(_COLUMNS):
                raise TypeError(f"a setup link has no such members: {sorted(values)}")
            if values and not self._storage.update("setup_links", ("id", link_id), values):
                raise not_found("setup link")
            return self.get(link_id)

    def patch(self, link_id: str, customer_id: str, redirects: dict[str, Any]) -> LinkBody:
        """The API's change, of redirects. Raises Refusal (404; 409 unless the link is active)."""
        with self._storage.transaction():
            self.get_active(link_id, customer_id)
            return self.change(link_id, **redirects)

    def revoke(self, link_id: str, customer_id: str | None = None) -> LinkBody:
        """Revoke an active link. Raises Refusal (404, 409)."""
        with self._storage.transaction():
            self.get_active(link_id, customer_id)
            return self.change(link_id, status="revoked")

    def consume(self, link_id: str) -> LinkBody:
        """Use up an active link. Raises Refusal (404, 409)."""
        with self._storage.transaction():
            self.get_active(link_id)
            link = self.change(link_id, status="consumed", consumed_at=stamp(self._now()))
            self._events.emit("customer.setup_link.consumed", link)
            return link

    def expire(self, link_id: str) -> LinkBody:
        """Let an active link's time be over now. Raises Refusal (404, 409)."""
        with self._storage.transaction():
            self.get_active(link_id)
            return self.change(link_id, status="expired", expires_at=stamp(self._now()))

    def get_active(self, link_id: str, customer_id: str | None = None) -> LinkBody:
        """One link that is active. Raises Refusal (404, 409)."""
        link = self.get(link_id, customer_id)
        if link["status"] != "active":
            raise conflict(f"The setup link is no longer active: it is {link['status']}.")
        return link

    def expire_due(self) -> int:
        """Mark active links whose time is over; answers how many there were."""
        return self._storage.run(
            "UPDATE setup_links SET status = 'expired' WHERE status = 'active' AND expires_at <= ?",
            (stamp(self._now()),),
        )


def _body(row: Row) -> LinkBody:
    return {
        "id": row["id"],
        "object": "customer_setup_link",
        "customer_id": row["customer_id"],
        "status": row["status"],
        "token_last4": row["token_last4"],
        "expires_at": row["expires_at"],
        "consumed_at": row["consumed_at"],
        "success_redirect_url": row["success_redirect_url"],
        "failure_redirect_url": row["failure_redirect_url"],
        "created_at": row["created_at"],
    }
