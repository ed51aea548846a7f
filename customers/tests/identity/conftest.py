"""People who are in several systems, as syncs would have mirrored them."""

from itertools import count

import pytest
from django.utils import timezone

from customers.identity import match
from customers.identity.refresh import refresh
from customers.models import Contact, Customer, IdentityLink, Organization, SupportCustomer, WhatsAppAccount
from fulfilment.models import Recipient

_NUMBER = count(1)


class People:
    """Adds and changes mirrored rows; each change has a payload hash of its own, as the sync engine gives it."""

    def customer(self, name: str = "Toko Melati", email: str | None = None, phone: str | None = None) -> Customer:
        customer = self._add(Customer, name=name, email=email, status="active", team_id="t")
        if phone:
            self.account(customer, phone)
        return customer

    def account(self, customer: Customer | None, phone: str) -> WhatsAppAccount:
        return self._add(WhatsAppAccount, phone_number=phone, customer=customer, status="connected")

    def support(self, name: str = "", *emails: str, phones: tuple = (), country: str = "") -> SupportCustomer:
        payload = {
            "emails": [{"email": email} for email in emails],
            "phone_numbers": list(phones),
            "addresses": [{"country": country}] if country else None,
        }
        return self._add(SupportCustomer, name=name, first_name=name, payload=payload)

    def contact(self, name: str = "", email: str = "", phone: str = "", **values: object) -> Contact:
        return self._add(Contact, display_name=name, email=email, phone=phone, **values)

    def organization(self, name: str = "", **own: object) -> Organization:
        return self._add(Organization, name=name, payload={"customProperties": own})

    def recipient(self, name: str = "", email: str = "", phone: str = "", country: str = "") -> Recipient:
        return self._add(Recipient, family_name=name, email=email, phone=phone, country_code=country)

    def change(self, row, **values):
        values.setdefault("payload_hash", next(_NUMBER).to_bytes(16, "big"))
        type(row)._default_manager.filter(pk=row.pk).update(**values)
        row.refresh_from_db()
        return row

    def gone(self, row):
        return self.change(row, vanished_at=timezone.now(), payload_hash=bytes(row.payload_hash))

    def suggest(self) -> match.Suggested:
        refresh()
        return match.suggest()

    def link(self, customer: Customer, record: object) -> IdentityLink | None:
        return IdentityLink.objects.filter(customer=customer, remote_id=record.remote_id).first()

    def _add(self, model, **values):
        number = next(_NUMBER)
        values = {"payload": {}, "remote_id": f"{model.__name__.lower()}-{number}", **values}
        return model._default_manager.create(
            payload_hash=number.to_bytes(16, "big"), synced_at=timezone.now(), **values
        )


@pytest.fixture
def people(db: None) -> People:
    """Nobody yet."""
    return People()
