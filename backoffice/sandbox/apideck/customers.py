"""The customers that the connected support desk holds."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from backoffice.sandbox.apideck.assumptions import API_USER, NEW_STATUS
from backoffice.sandbox.apideck.refusal import Refusal, not_found
from backoffice.sandbox.clock import Clock, stamp
from backoffice.sandbox.documents import Body, Documents, body_of
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.storage import Storage

MEMBERS = (
    *("id", "company_name", "first_name", "last_name", "individual", "addresses", "notes", "phone_numbers", "emails"),
    *("tax_number", "currency", "bank_accounts", "status", "updated_by", "created_by", "updated_at", "created_at"),
)
_FIRST_ID = 1001
_PREFIXES = {"addresses": "ad", "phone_numbers": "ph", "emails": "em"}


class Customers(Documents):
    """All customers. Iterating gives their bodies, oldest first."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock) -> None:
        super().__init__(storage, "customers", "customer")
        self._ids, self._now = ids, now

    def missing(self, record_id: str) -> Refusal:
        """404."""
        return not_found(record_id)

    def page(self, after: int | None, size: int | None) -> tuple[list[Body], int | None]:
        """At most ``size`` customers (None: all) after the row ``after``, and the last one's row if more follow."""
        conditions = {} if after is None else {"seq > ?": after}
        rows = self.storage.select(self.table, conditions, limit=-1 if size is None else size + 1)
        more = size is not None and len(rows) > size
        rows = rows[:size]
        return [body_of(row) for row in rows], rows[-1]["seq"] if more else None

    def new(self, created_at: datetime | None = None, **members: Any) -> Body:
        """A customer's body with an id of its own, not kept yet."""
        moment = stamp(created_at or self._now())
        given = {
            "id": f"cs_{_FIRST_ID + self.storage.count_up('customers') - 1}",
            **dict.fromkeys(("company_name", "first_name", "last_name", "individual", "notes", "tax_number")),
            **{"addresses": [], "phone_numbers": [], "emails": []},
            **{"currency": None, "bank_accounts": {"currency": None}, "status": NEW_STATUS},
            **{"updated_by": API_USER, "created_by": API_USER, "updated_at": moment, "created_at": moment},
            **members,
        }
        return {name: self._kept(name, given[name]) for name in MEMBERS}

    def create(self, **members: Any) -> Body:
        """Keep a new customer with these members and answer it. No rule of the API is applied."""
        with self.storage.transaction():
            return self.add(self.new(**members))

    def change(self, record_id: str, **members: Any) -> Body:
        """Set members as given; ``updated_at`` is now unless given. No rule of the API is applied.

        Raises:
            Refusal: 404.
        """
        if unknown := members.keys() - set(MEMBERS):
            raise TypeError(f"a customer has no such members: {sorted(unknown)}")
        with self.storage.transaction():
            moment = {"updated_at": stamp(self._now()), "updated_by": API_USER}
            changed = {**self.get(record_id), **moment, **members}
            return self.replace({name: self._kept(name, value) for name, value in changed.items()})

    def _kept(self, name: str, value: Any) -> Any:
        """A member as it is kept: items of lists have ids."""
        prefix = _PREFIXES.get(name)
        return [self._with_id(prefix, item) for item in value] if prefix and value else value

    def _with_id(self, prefix: str, item: Mapping[str, Any]) -> dict[str, Any]:
        number = None if item.get("id") else self.storage.count_up("items")
        return {**item, "id": item.get("id") or f"{prefix}-{number}"}
