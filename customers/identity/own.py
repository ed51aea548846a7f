"""Where this app's records have their keys. Importing it registers them."""

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q

from backoffice.mirror import GONE
from customers.identity.sources import CUSTOMERS, Key, Source, email, name, phone, register
from customers.models.crm import Contact, Organization
from customers.models.kirim import Customer, WhatsAppAccount
from customers.models.support import SupportCustomer, erased_here, phone_text


def _customer(row: Customer) -> Iterable[Key | None]:
    return email(row.email), name(row.name)


def _account(row: WhatsAppAccount) -> Iterable[Key | None]:
    return (phone(row.phone_number),)


def _support_customer(row: SupportCustomer) -> Iterator[Key | None]:
    yield name(row.first_name, row.last_name)
    yield name(row.company_name)
    for one in _rows(row.payload, "emails"):
        yield email(_text(one, "email"))
    countries = [_text(address, "country") for address in _rows(row.payload, "addresses")]
    country = next(filter(None, countries), None)
    for one in _rows(row.payload, "phone_numbers"):
        yield phone(phone_text(one), country)


def _contact(row: Contact) -> Iterable[Key | None]:
    return email(row.email), phone(row.phone), name(row.display_name), name(row.company)


def _organization(row: Organization) -> Iterable[Key | None]:
    own = row.payload.get("customProperties")
    own = own if isinstance(own, dict) else {}
    address = own.get("address")
    country = _text(address, "country") if isinstance(address, dict) else None
    return phone(_text(own, "phone"), country), email(_text(own, "email")), name(row.name)


def _rows(payload: Any, member: str) -> Iterator[dict[str, Any]]:
    """The objects in a list of a payload; what is no object is left out."""
    rows = payload.get(member) if isinstance(payload, dict) else None
    yield from (row for row in rows or () if isinstance(row, dict)) if isinstance(rows, list) else ()


def _text(members: dict[str, Any], member: str) -> str | None:
    value = members.get(member)
    return value if isinstance(value, str) else None


register(Source(CUSTOMERS, Customer, ("name", "email"), _customer))
register(
    Source(
        "kirim.accounts", WhatsAppAccount, ("phone_number",), _account,
        gone=GONE | Q(phone_number=None) | Q(customer=None) | Q(customer__vanished_at__isnull=False),
        owner="customer", owner_resource=CUSTOMERS,
    )
)  # fmt: skip
register(
    Source(
        "apideck.customers", SupportCustomer, ("first_name", "last_name", "company_name", "payload"),
        _support_customer, gone=GONE | erased_here(),
    )
)  # fmt: skip
register(Source("layercake.contacts", Contact, ("display_name", "email", "phone", "company"), _contact))
register(Source("layercake.organizations", Organization, ("name", "payload"), _organization))
