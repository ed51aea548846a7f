"""Records of one kind, kept whole as JSON."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from backoffice.sandbox.storage import Row, Storage, insert_into

Body = dict[str, Any]

_TABLE = """
CREATE TABLE IF NOT EXISTS {table} (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, owner TEXT, body TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS {table}_owner ON {table} (owner);
"""


class Documents(ABC):
    """All records of one kind. Iterating gives their bodies as kept, oldest first.

    Each upstream's own says how it answers for one that is missing.

    Args:
        what: how a refusal names one of them.
        owned_by: the member with the id of what a record belongs to, where there is one.
    """

    def __init__(self, storage: Storage, table: str, what: str, *, owned_by: str | None = None) -> None:
        self.storage, self.table, self.what, self._owned_by = storage, table, what, owned_by
        self._insert = insert_into(table, ("id", "owner", "body"))
        storage.create(_TABLE.format(table=table))

    @abstractmethod
    def missing(self, record_id: str) -> Exception:
        """The upstream's refusal (404) where there is no such record."""

    def __len__(self) -> int:
        return self.storage.count(self.table)

    def __iter__(self) -> Iterator[Body]:
        return map(body_of, self.storage.select(self.table))

    def find(self, record_id: str) -> Body | None:
        """One record, or None."""
        row = self.storage.select(self.table, {"id = ?": record_id}, limit=1)
        return body_of(row[0]) if row else None

    def get(self, record_id: str) -> Body:
        """One record. Raises Refusal (404)."""
        body = self.find(record_id)
        if body is None:
            raise self.missing(record_id)
        return body

    def first(self) -> Body:
        """The oldest record. Raises Refusal (404) where there is none."""
        row = self.storage.select(self.table, limit=1)
        if not row:
            raise self.missing("")
        return body_of(row[0])

    def of(self, owner: str) -> list[Body]:
        """All that belong to ``owner``, oldest first."""
        return [body_of(row) for row in self.storage.select(self.table, {"owner = ?": owner})]

    def where(self, conditions: Mapping[str, Any], *, limit: int = -1) -> list[Body]:
        """All for which these hold (SQL -> its value), oldest first, at most ``limit``."""
        return [body_of(row) for row in self.storage.select(self.table, conditions, limit=limit)]

    def add(self, body: Body) -> Body:
        """Keep a new record and answer it."""
        self.add_all([body])
        return body

    def add_all(self, bodies: Iterable[Body]) -> None:
        """Keep new records."""
        self.storage.run_many(self._insert, [(str(body["id"]), self.owner(body), _kept(body)) for body in bodies])

    def change(self, record_id: str, **members: Any) -> Body:
        """Set members as given and answer the record. No rule of the API is applied. Raises Refusal (404)."""
        with self.storage.transaction():
            body = self.get(record_id)
            if not members.keys() <= body.keys():
                raise TypeError(f"a {self.what} has no such members: {sorted(members.keys() - body.keys())}")
            return self.replace({**body, **members})

    def replace(self, body: Body) -> Body:
        """Keep a record that is here already as it is given, and answer it."""
        columns = {"owner": self.owner(body), "body": _kept(body)}
        self.storage.update(self.table, ("id", str(body["id"])), columns)
        return body

    def remove(self, record_id: str) -> None:
        """Take a record away, as it is. Raises Refusal (404)."""
        if not self.storage.run(f"DELETE FROM {self.table} WHERE id = ?", (record_id,)):  # noqa: S608  our table
            raise self.missing(record_id)

    def owner(self, body: Body) -> str | None:
        """What a record belongs to: an id, or whatever its kind is looked up by."""
        return body[self._owned_by] if self._owned_by else None


def body_of(row: Row) -> Body:
    """The body in a row."""
    body: Body = msgspec.json.decode(row["body"])
    return body


def _kept(body: Body) -> str:
    return msgspec.json.encode(body).decode()
