"""The platform's own clients."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Literal, TypedDict

import msgspec

from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim.assumptions import ARCHIVED_WRITE_CODE, ARCHIVED_WRITE_STATUS, DEFAULT_TEAM
from backoffice.sandbox.kirim.events import Events
from backoffice.sandbox.kirim.paging import PageRequest, read_page
from backoffice.sandbox.kirim.refusal import Refusal, not_found
from backoffice.sandbox.storage import Row, Storage, insert_into

TABLE = """
CREATE TABLE IF NOT EXISTS customers (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL, email TEXT,
    status TEXT NOT NULL, metadata TEXT, archived_at TEXT, team_id TEXT NOT NULL,
    created_at TEXT NOT NULL, updated_at TEXT NOT NULL, searched TEXT NOT NULL
);
"""
INDEXES = "CREATE INDEX IF NOT EXISTS customers_status ON customers (status);"
_COLUMNS = ("id", "name", "email", "status", "metadata", "archived_at", "team_id", "created_at", "updated_at")
INSERT = insert_into("customers", [*_COLUMNS, "searched"])


class CustomerBody(TypedDict):
    """A customer as the list, create and PATCH answers state it."""

    id: str
    object: Literal["customer"]
    name: str
    email: str | None
    status: str
    metadata: dict[str, Any] | None
    archived_at: str | None
    team_id: str
    created_at: str
    updated_at: str


class Customers:
    """All customers. Iterating gives their bodies, oldest first."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, events: Events, *, lists_archived: bool) -> None:
        self._storage, self._ids, self._now, self._events = storage, ids, now, events
        self._lists_archived = lists_archived

    def __len__(self) -> int:
        return self._storage.count("customers")

    def __iter__(self) -> Iterator[CustomerBody]:
        return (_body(row) for row in self._storage.select("customers"))

    def get(self, customer_id: str) -> CustomerBody:
        """One customer. Raises Refusal (404)."""
        row = self._storage.row("SELECT * FROM customers WHERE id = ?", (customer_id,))
        if row is None:
            raise not_found("customer")
        return _body(row)

    def page(
        self, page: PageRequest, *, status: str | None = None, search: str | None = None
    ) -> tuple[list[CustomerBody], str | None]:
        """One page, and the cursor of the next."""
        conditions: dict[str, Any] = {}
        if status is not None:
            conditions["status = ?"] = status
        elif not self._lists_archived:
            conditions["status <> ?"] = "archived"
        if search is not None:
            conditions["instr(searched, ?)"] = search.casefold()
        rows, cursor = read_page(self._storage, "customers", conditions, page)
        return [_body(row) for row in rows], cursor

    def add(
        self,
        name: str,
        *,
        email: str | None = None,
        metadata: dict[str, Any] | None = None,
        team_id: str = DEFAULT_TEAM,
        status: str = "pending",
        created_at: datetime | None = None,
    ) -> CustomerBody:
        """Add a customer; it becomes the newest of the list whatever ``created_at`` (default now) says."""
        created = created_at or self._now()
        archived_at = stamp(created) if status == "archived" else None
        with self._storage.transaction():
            customer_id = self._ids.ulid("cus_", created)
            kept = None if metadata is None else stored_metadata(metadata)
            moments = (archived_at, team_id, stamp(created), stamp(created))
            row = (customer_id, name, email, status, kept, *moments, searched_text(name, email, metadata))
            self._storage.run(INSERT, row)
            customer = self.get(customer_id)
            self._events.emit("customer.created", customer)
        return customer

    def change(self, customer_id: str, **values: Any) -> CustomerBody:
        """Set members as given; ``updated_at`` is now unless given. No rule of the API is applied."""
        if not values.keys() <= set(_COLUMNS):
            raise TypeError(f"a customer has no such members: {sorted(values)}")
        with self._storage.transaction():
            before = self.get(customer_id)
            changed = {**before, "updated_at": stamp(self._now()), **values}
            metadata = changed["metadata"]
            columns = {name: changed[name] for name in _COLUMNS}
            columns["metadata"] = None if metadata is None else stored_metadata(metadata)
            columns["searched"] = searched_text(changed["name"], changed["email"], metadata)
            self._storage.update("customers", ("id", customer_id), columns)
            customer = self.get(customer_id)
            is_archived = customer["status"] == "archived" and before["status"] != "archived"
            self._events.emit("customer.archived" if is_archived else "customer.updated", customer)
            return customer

    def patch(self, customer_id: str, changes: dict[str, Any]) -> CustomerBody:
        """The API's change: the members of a checked PATCH body. Raises Refusal (404, or archived)."""
        with self._storage.transaction():
            self.get_writable(customer_id)
            return self.change(customer_id, **changes) if changes else self.get(customer_id)

    def get_writable(self, customer_id: str) -> CustomerBody:
        """One customer that is not archived. Raises Refusal (404, or archived)."""
        customer = self.get(customer_id)
        if customer["status"] == "archived":
            raise Refusal(ARCHIVED_WRITE_STATUS, "The customer is archived.", code=ARCHIVED_WRITE_CODE)
        return customer

    def archive(self, customer_id: str) -> None:
        """Archive; a second time changes nothing. Raises Refusal (404)."""
        with self._storage.transaction():
            if self.get(customer_id)["status"] != "archived":
                self.change(customer_id, status="archived", archived_at=stamp(self._now()))

    def remove(self, customer_id: str) -> None:
        """Take a customer away with its links and accounts, as no call of the API can. Raises Refusal (404)."""
        with self._storage.transaction():
            self.get(customer_id)
            self._storage.run("DELETE FROM setup_links WHERE customer_id = ?", (customer_id,))
            self._storage.run("DELETE FROM accounts WHERE customer_id = ?", (customer_id,))
            self._storage.run("DELETE FROM customers WHERE id = ?", (customer_id,))


def stored_metadata(metadata: dict[str, Any]) -> str:
    """Metadata as kept: JSON text."""
    return msgspec.json.encode(metadata).decode()


def searched_text(name: str, email: str | None, metadata: dict[str, Any] | None) -> str:
    """What ``search`` looks into: name, e-mail and all metadata values, one a line, case folded."""
    return "\n".join([name, email or "", *_leaves(metadata)]).casefold()


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _leaves(item)
    elif value is not None:
        yield value if isinstance(value, str) else json.dumps(value)


def _body(row: Row) -> CustomerBody:
    metadata = row["metadata"]
    return {
        "id": row["id"],
        "object": "customer",
        "name": row["name"],
        "email": row["email"],
        "status": row["status"],
        "metadata": None if metadata is None else msgspec.json.decode(metadata),
        "archived_at": row["archived_at"],
        "team_id": row["team_id"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
