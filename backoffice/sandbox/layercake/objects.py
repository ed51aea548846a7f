"""Contacts, companies, invoices and transactions: one way of keeping, and what each does of its own.

Given flat (``email=...``), kept nested (``customProperties``), as the API takes and states them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from backoffice.sandbox.clock import Clock, milliseconds
from backoffice.sandbox.documents import Body, Documents
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.layercake.assumptions import EVENTS, NEW_STATUS, NEW_SUBTYPE
from backoffice.sandbox.layercake.events import Events
from backoffice.sandbox.layercake.refusal import Refusal, not_found
from backoffice.sandbox.storage import Storage

Line = tuple[str, int, int]
"""Of an invoice: description, quantity, cents each."""
_OUTSIDE = ("id", "type", "subtype", "status", "displayName", "createdAt", "updatedAt")  # of ``customProperties``


class Objects(Documents):
    """All of one type. Iterating gives their bodies, oldest first."""

    type = ""
    noun = ""
    """How events name one."""
    prefix = ""
    """Of ids, after ``obj_``."""
    usual: Mapping[str, Any] = {}
    """What a new one has unless it is given."""

    def __init__(self, storage: Storage, ids: IdSource, now: Clock, events: Events) -> None:
        super().__init__(storage, f"{self.noun}s", self.noun)
        self.ids, self.now, self.events = ids, now, events

    def missing(self, record_id: str) -> Refusal:
        """404."""
        return not_found(self.what)

    def new(self, **members: Any) -> Body:
        """A body of these flat members with an id of its own, not kept yet."""
        moment = milliseconds(self.now())
        own = {"id": f"obj_{self.prefix}{self.ids.hex(10)}", "type": self.type}
        return _nested({**own, **self.usual, "createdAt": moment, "updatedAt": moment, **members})

    def create(self, **members: Any) -> Body:
        """Keep a new one of these flat members, tell of it and answer it. No rule of the API is applied."""
        with self.storage.transaction():
            body = self.add(self.new(**members))
            self.tell("created", body)
            return body

    def change(self, record_id: str, **members: Any) -> Body:
        """Set flat members, ``updatedAt`` too, tell of it and answer the record. Raises Refusal (404)."""
        with self.storage.transaction():
            before = self.get(record_id)
            given = _nested({"updatedAt": milliseconds(self.now()), **members})
            custom = {**before["customProperties"], **given["customProperties"]}
            after = self.replace({**before, **given, "customProperties": custom})
            self.tell_of_change(before, after)
            return after

    def remove(self, record_id: str) -> None:
        """Take one away and tell of it. Raises Refusal (404)."""
        with self.storage.transaction():
            body = self.get(record_id)
            super().remove(record_id)
            self.tell("deleted", body)

    def shown(self, body: Body) -> Body:
        """A record as answers state it."""
        return body

    def tell_of_change(self, before: Body, after: Body) -> None:
        """Tell of a change."""
        self.tell("updated", after)

    def tell(self, what: str, body: Body) -> None:
        """Tell of it, where there is such an event."""
        if (event := f"{self.noun}.{what}") in EVENTS:
            self.events.emit(event, self.shown(body))


class Contacts(Objects):
    """People. What one belongs to is the company they name."""

    type, noun, prefix = "contact", "contact", "c"
    usual = {"subtype": NEW_SUBTYPE, "status": NEW_STATUS}

    def owner(self, body: Body) -> str | None:
        """The company's name."""
        company = body.get("customProperties", {}).get("company")
        return company if isinstance(company, str) else None


class Companies(Objects):
    """Customer companies, ``/crm/organizations``."""

    type, noun, prefix = "crm_organization", "organization", "o"
    usual = {"subtype": NEW_SUBTYPE, "status": NEW_STATUS}

    def shown(self, body: Body) -> Body:
        """With the number of contacts that name it as theirs."""
        count = self.storage.count("contacts", {"owner = ?": body.get("displayName")})
        return {**body, "contactCount": count}


class Transactions(Objects):
    """Payments."""

    type, noun, prefix = "transaction", "transaction", "t"
    usual = {"subtype": "product_purchase", "status": "completed", "currency": "EUR"}

    def refund(self, record_id: str) -> Body:
        """The money goes back. Raises Refusal (404)."""
        return self.change(record_id, status="refunded")

    def tell_of_change(self, before: Body, after: Body) -> None:
        """Tell of a new status."""
        if before["status"] != after["status"]:
            self.tell(after["status"], after)

    def tell(self, what: str, body: Body) -> None:
        """Of a new one its status is told."""
        super().tell(body["status"] if what == "created" else what, body)


class Invoices(Objects):
    """Invoices, with their totals worked out from their lines (cents)."""

    type, noun, prefix = "invoice", "invoice", "i"
    usual = {"status": "draft", "currency": "EUR", "taxRate": 19, "paymentTerms": "net30"}

    def new(self, lines: Sequence[Line] = (("Consulting", 1, 15_000),), **members: Any) -> Body:
        """A body of these flat members with a number and an id of its own, not kept yet."""
        items = [
            {"description": what, "quantity": quantity, "unitPrice": cents, "total": quantity * cents}
            for what, quantity, cents in lines
        ]
        number = f"INV-{self.now().year}-{self.storage.count_up('invoices'):04}"
        rate = members.get("taxRate", self.usual["taxRate"])
        subtotal = sum(quantity * cents for _, quantity, cents in lines)
        tax = round(subtotal * rate / 100)
        sums = {"lineItems": items, "subtotal": subtotal, "tax": tax, "total": subtotal + tax}
        return super().new(**{"displayName": number, "invoiceNumber": number, **sums, **members})

    def tell_of_change(self, before: Body, after: Body) -> None:
        """Tell of a new status."""
        if before["status"] != after["status"]:
            self.tell(after["status"], after)


def payment_of(invoice: Body) -> Body:
    """The flat members of the transaction that pays this invoice in full."""
    its = invoice["customProperties"]
    lines = [
        {"productId": f"obj_p9{number}", "productName": line["description"]}
        | {name: line[name] for name in ("quantity", "unitPrice", "total")}
        for number, line in enumerate(its["lineItems"])
    ]
    return {
        "displayName": f"Payment of {its['invoiceNumber']}",
        "subtype": "invoice_payment",
        "lineItems": lines,
        **{name: its[name] for name in ("subtotal", "tax", "total", "currency")},
        "customerName": its.get("clientName"),
        "paymentMethod": "bank_transfer",
        "invoiceId": invoice["id"],
    }


def _nested(members: Mapping[str, Any]) -> Body:
    outside: Body = {name: members[name] for name in _OUTSIDE if name in members}
    moments: Body = {name: outside.pop(name) for name in ("createdAt", "updatedAt") if name in outside}
    custom = {name: value for name, value in members.items() if name not in _OUTSIDE}
    return {**outside, "customProperties": custom, **moments}
