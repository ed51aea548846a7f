"""L4YERCAK3's records: one for each kind of object. Contract: L4YERCAK3 1.0.

Reads are nested (``customProperties.email``), writes are flat (``email``). The reference marks no member as required,
so only the id is; names that published code reads instead of the reference's (``_id``, ``name``) are taken as well.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, ClassVar

import msgspec

from backoffice.records import Record

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Millis = int | float
"""Unix milliseconds."""


Whole = int | float
"""A whole number, as JSON has it: 5 and 5.0 are the same. ``whole`` makes an int of it."""


def whole(number: Whole | None) -> int | None:
    """The same as an int; None where it is not told. Raises ValueError for a part of one, as of a cent."""
    if number is None or number == int(number):
        return None if number is None else int(number)
    raise ValueError(f"{number} is no whole number")


def moment(millis: Millis | None) -> datetime | None:
    """The same as an aware time; None where it is not told. Raises OverflowError for what no calendar has."""
    return None if millis is None else EPOCH + timedelta(milliseconds=millis)


class Properties(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """Base of ``customProperties``; members that are not known here are allowed by the contract."""


class _Object(Record, frozen=True, kw_only=True):
    """What all objects have; times in Unix ms."""

    id: str
    type: str | None = None
    subtype: str | None = None
    status: str | None = None
    displayName: str | None = None
    createdAt: Millis | None = None
    updatedAt: Millis | None = None

    @property
    def created_at(self) -> datetime | None:
        """Aware."""
        return moment(self.createdAt)

    @property
    def updated_at(self) -> datetime | None:
        """Aware."""
        return moment(self.updatedAt)


class ContactProperties(Properties, frozen=True, kw_only=True):
    """Of a contact."""

    email: str | None = None
    phone: str | None = None
    company: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    job_title: str | None = None
    tags: list[str] | None = None
    custom_fields: dict[str, Any] | None = None


class ContactRecord(_Object, frozen=True, kw_only=True):
    """A person. Source: items of ``GET /api/v1/crm/contacts``."""

    words: ClassVar = {
        "status": frozenset({"active", "archived", "blocked", "inactive", "unsubscribed"}),
        "subtype": frozenset({"customer", "lead", "prospect", "partner"}),
    }

    name: str | None = None  # seen in place of displayName
    customProperties: ContactProperties | None = None

    @property
    def display_name(self) -> str:
        """The name, whichever member it came in."""
        return self.displayName or self.name or ""

    @property
    def properties(self) -> ContactProperties:
        """The nested members; empty ones where there are none."""
        return self.customProperties or ContactProperties()


class OrganizationProperties(Properties, frozen=True, kw_only=True):
    """Of a customer company."""

    website: str | None = None
    industry: str | None = None
    tax_id: str | None = None
    size: str | None = None
    phone: str | None = None


class OrganizationRecord(_Object, frozen=True, kw_only=True):
    """A customer company. Source: items of ``GET /api/v1/crm/organizations``; its shape is assumed by the contract."""

    words: ClassVar = {
        "status": frozenset({"active", "prospect", "archived"}),
        "subtype": frozenset({"customer", "prospect", "partner", "sponsor"}),
    }

    name: str | None = None  # seen in place of displayName
    customProperties: OrganizationProperties | None = None
    contactCount: Whole | None = None

    @property
    def display_name(self) -> str:
        """The name, whichever member it came in."""
        return self.displayName or self.name or ""

    @property
    def properties(self) -> OrganizationProperties:
        """The nested members; empty ones where there are none."""
        return self.customProperties or OrganizationProperties()


class LineItem(Properties, frozen=True, kw_only=True):
    """A line of an invoice (``description``) or of a transaction (``product_name``); money in minor units."""

    description: str | None = None
    product_id: str | None = None
    product_name: str | None = None
    quantity: int | float | None = None
    unit_price: Whole | None = None
    total: Whole | None = None

    def as_column(self) -> dict[str, Any]:
        """The line as it is kept: text, quantity, unit_price, total. Raises ValueError."""
        text = self.description or self.product_name or self.product_id or ""
        return {
            "text": text,
            "quantity": self.quantity,
            "unit_price": whole(self.unit_price),
            "total": whole(self.total),
        }


class InvoiceProperties(Properties, frozen=True, kw_only=True):
    """Of an invoice; money in minor units of ``currency``."""

    invoice_number: str | None = None
    client_id: str | None = None  # of a contact or of a company
    client_name: str | None = None
    line_items: list[LineItem] | None = None
    subtotal: Whole | None = None
    tax_rate: int | float | None = None  # percent
    tax: Whole | None = None
    total: Whole | None = None
    currency: str | None = None
    due_date: date | None = None
    payment_terms: str | None = None
    paid_amount: Whole | None = None
    paid_at: Millis | None = None


class InvoiceRecord(_Object, frozen=True, kw_only=True):
    """An invoice. Source: items of ``GET /api/v1/invoices``."""

    words: ClassVar = {
        "status": frozenset({"draft", "sealed", "sent", "paid", "partially_paid", "overdue", "void"}),
    }

    customProperties: InvoiceProperties | None = None

    @property
    def properties(self) -> InvoiceProperties:
        """The nested members; empty ones where there are none."""
        return self.customProperties or InvoiceProperties()


class TransactionProperties(Properties, frozen=True, kw_only=True):
    """Of a transaction; money in minor units of ``currency``."""

    line_items: list[LineItem] | None = None
    subtotal: Whole | None = None
    tax: Whole | None = None
    total: Whole | None = None
    currency: str | None = None
    customer_email: str | None = None
    customer_name: str | None = None
    payment_method: str | None = None
    invoice_id: str | None = None


class TransactionRecord(_Object, frozen=True, kw_only=True):
    """A purchase or the like. Source: items of ``GET /api/v1/transactions``."""

    words: ClassVar = {"status": frozenset({"pending", "completed", "failed", "refunded", "invoiced"})}

    customProperties: TransactionProperties | None = None

    @property
    def properties(self) -> TransactionProperties:
        """The nested members; empty ones where there are none."""
        return self.customProperties or TransactionProperties()


class WebhookRecord(Record, frozen=True, kw_only=True):
    """Who is told of which events. Source: ``GET /api/v1/webhooks``; its shape is assumed by the contract."""

    secrets: ClassVar = frozenset({"secret"})

    id: str
    url: str
    events: list[str]
    status: str | None = None
