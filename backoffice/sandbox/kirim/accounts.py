"""WhatsApp accounts: of customers, or of the organization itself; without a number while onboarding."""

from collections.abc import Iterator
from typing import Any, Literal, TypedDict

from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim.paging import PageRequest, read_page
from backoffice.sandbox.kirim.refusal import not_found
from backoffice.sandbox.storage import Row, Storage, insert_into

TABLE = """
CREATE TABLE IF NOT EXISTS accounts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, phone_number_id TEXT UNIQUE, phone_number TEXT, name TEXT,
    status TEXT NOT NULL, customer_id TEXT, onboarded_at TEXT, templates_synced INTEGER NOT NULL DEFAULT 0
);
"""
INDEXES = "CREATE INDEX IF NOT EXISTS accounts_customer ON accounts (customer_id);"
_COLUMNS = ("phone_number_id", "phone_number", "name", "status", "customer_id", "onboarded_at")
INSERT = insert_into("accounts", _COLUMNS)


class AccountBody(TypedDict):
    """An account in the accounts list."""

    object: Literal["account"]
    phone_number_id: str | None
    phone_number: str | None
    name: str | None
    status: str
    customer_id: str | None


class OwnAccountBody(TypedDict):
    """An account inside the single customer read: no owner, but the time of onboarding."""

    phone_number_id: str | None
    phone_number: str | None
    name: str | None
    status: str
    onboarded_at: str | None


class SyncBody(TypedDict):
    """The counters of a template sync."""

    object: Literal["template_sync_result"]
    synced: int
    created: int
    updated: int


class Accounts:
    """All accounts. Iterating gives their bodies, oldest first."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock) -> None:
        self._storage, self._ids, self._now = storage, ids, now

    def __len__(self) -> int:
        return self._storage.count("accounts")

    def __iter__(self) -> Iterator[AccountBody]:
        return (_body(row) for row in self._storage.select("accounts"))

    def get(self, phone_number_id: str) -> AccountBody:
        """The account with that number id. Raises Refusal (404)."""
        return _body(self._row(phone_number_id))

    def page(
        self, page: PageRequest, *, status: str | None = None, customer_id: str | None = None
    ) -> tuple[list[AccountBody], str | None]:
        """One page, and the cursor of the next. An unknown status or customer gives an empty page."""
        asked = {"status = ?": status, "customer_id = ?": customer_id}
        conditions = {sql: value for sql, value in asked.items() if value is not None}
        rows, cursor = read_page(self._storage, "accounts", conditions, page)
        return [_body(row) for row in rows], cursor

    def of(self, customer_id: str) -> list[OwnAccountBody]:
        """The accounts now assigned to one customer, oldest first."""
        return [_own_body(row) for row in self._storage.select("accounts", {"customer_id = ?": customer_id})]

    def connect(self, customer_id: str | None, *, name: str | None = None, status: str = "connected") -> AccountBody:
        """Connect an account with a fresh number; one that is still onboarding gets it first.

        Args:
            customer_id: None for an account of the organization itself.
        """
        with self._storage.transaction():
            number_id, number = self._ids.digits(15), "+62812" + self._ids.digits(8)
            values = (number_id, number, name, status, customer_id, stamp(self._now()))
            waiting = self._storage.row(
                "SELECT seq FROM accounts WHERE phone_number_id IS NULL AND customer_id IS ? ORDER BY seq",
                (customer_id,),
            )
            if waiting:
                self._storage.update("accounts", ("seq", waiting["seq"]), dict(zip(_COLUMNS, values, strict=True)))
            else:
                self._storage.run(INSERT, values)
            return self.get(number_id)

    def begin_onboarding(self, customer_id: str | None) -> None:
        """Add an account that has no number yet."""
        self._storage.run(INSERT, (None, None, None, "onboarding", customer_id, None))

    def change(self, phone_number_id: str, **values: Any) -> AccountBody:
        """Set members as given, ``onboarded_at`` included."""
        with self._storage.transaction():
            if not values.keys() <= set(_COLUMNS):
                raise TypeError(f"an account has no such members: {sorted(values)}")
            if not self._storage.update("accounts", ("phone_number_id", phone_number_id), values):
                raise not_found("account")
            return self.get(values.get("phone_number_id", phone_number_id))

    def remove(self, phone_number_id: str) -> None:
        """Take an account away. Raises Refusal (404)."""
        if not self._storage.run("DELETE FROM accounts WHERE phone_number_id = ?", (phone_number_id,)):
            raise not_found("account")

    def sync_templates(self, phone_number_id: str) -> SyncBody:
        """Pull the account's 1 to 24 templates: new the first time, updated from then on. Raises Refusal (404)."""
        with self._storage.transaction():
            known = self._row(phone_number_id)["templates_synced"]
            count = int(phone_number_id) % 24 + 1
            self._storage.update("accounts", ("phone_number_id", phone_number_id), {"templates_synced": count})
        return {
            "object": "template_sync_result",
            "synced": count,
            "created": count - known,
            "updated": known,
        }

    def _row(self, phone_number_id: str) -> Row:
        row = self._storage.row("SELECT * FROM accounts WHERE phone_number_id = ?", (phone_number_id,))
        if row is None:
            raise not_found("account")
        return row


def _body(row: Row) -> AccountBody:
    return {
        "object": "account",
        "phone_number_id": row["phone_number_id"],
        "phone_number": row["phone_number"],
        "name": row["name"],
        "status": row["status"],
        "customer_id": row["customer_id"],
    }


def _own_body(row: Row) -> OwnAccountBody:
    return {
        "phone_number_id": row["phone_number_id"],
        "phone_number": row["phone_number"],
        "name": row["name"],
        "status": row["status"],
        "onboarded_at": row["onboarded_at"],
    }
