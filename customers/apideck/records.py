"""Apideck's records: one for each shape of an answer. Contract: Apideck Customer Support 9.5."""

from typing import ClassVar

from backoffice.records import Aware, Record
from customers.apideck.currencies import CURRENCIES

STATUSES = ("active", "archived", "gdpr-erasure-request", "unknown")
ERASURE = "gdpr-erasure-request"
READ_ONLY = frozenset({"id", "created_at", "created_by", "updated_at", "updated_by"})
"""Members that are never sent."""
ADDRESS_TYPES = ("primary", "secondary", "home", "office", "shipping", "billing", "other")
PHONE_TYPES = (
    "primary", "secondary", "home", "work", "office", "mobile", "assistant", "fax", "direct-dial-in", "personal",
    "other",
)  # fmt: skip
EMAIL_TYPES = ("primary", "secondary", "work", "personal", "billing", "other")
ACCOUNT_TYPES = ("bank_account", "credit_card", "other")


class AddressRecord(Record, frozen=True, kw_only=True):
    """An address of a customer. Coordinates are texts."""

    words: ClassVar = {"type": frozenset(ADDRESS_TYPES)}

    id: str | None = None
    type: str | None = None  # cannot be sent as null
    string: str | None = None  # the whole address, of services that have nothing finer
    name: str | None = None
    line1: str | None = None
    line2: str | None = None
    line3: str | None = None
    line4: str | None = None
    street_number: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None  # ISO 3166-1 alpha-2
    latitude: str | None = None
    longitude: str | None = None
    county: str | None = None
    contact_name: str | None = None
    salutation: str | None = None
    phone_number: str | None = None
    fax: str | None = None
    email: str | None = None
    website: str | None = None
    row_version: str | None = None


class PhoneRecord(Record, frozen=True, kw_only=True):
    """A phone number of a customer."""

    words: ClassVar = {"type": frozenset(PHONE_TYPES)}

    number: str
    id: str | None = None
    country_code: str | None = None  # without plus
    area_code: str | None = None
    extension: str | None = None
    type: str | None = None  # cannot be sent as null


class EmailRecord(Record, frozen=True, kw_only=True):
    """An e-mail address of a customer."""

    words: ClassVar = {"type": frozenset(EMAIL_TYPES)}

    email: str
    id: str | None = None
    type: str | None = None  # cannot be sent as null


class BankAccountRecord(Record, frozen=True, kw_only=True):
    """The customer's bank account; there is one, in spite of its member's name."""

    words: ClassVar = {"account_type": frozenset(ACCOUNT_TYPES)}

    account_number: str | None = None
    account_name: str | None = None
    account_type: str | None = None
    iban: str | None = None
    bic: str | None = None
    bsb_number: str | None = None  # in Australia and New Zealand
    branch_identifier: str | None = None
    bank_code: str | None = None
    currency: str | None = None


class SupportCustomerRecord(Record, frozen=True, kw_only=True):
    """A customer of the connected support tool.

    Source: items of ``GET /customer-support/customers``, and ``GET /customer-support/customers/{id}``. The contract
    requires none of its members; without an id a row cannot be kept. Times are aware.
    """

    words: ClassVar = {"status": frozenset(STATUSES), "currency": frozenset(CURRENCIES)}
    masked: ClassVar = frozenset({"tax_number", "bank_accounts"})

    id: str
    company_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    individual: bool | None = None
    addresses: list[AddressRecord] | None = None
    notes: str | None = None
    phone_numbers: list[PhoneRecord] | None = None
    emails: list[EmailRecord] | None = None
    tax_number: str | None = None
    currency: str | None = None
    bank_accounts: BankAccountRecord | None = None
    status: str | None = None
    updated_by: str | None = None
    created_by: str | None = None
    updated_at: Aware | None = None
    created_at: Aware | None = None


WRITABLE = SupportCustomerRecord.members() - READ_ONLY
"""Members that can be set."""
