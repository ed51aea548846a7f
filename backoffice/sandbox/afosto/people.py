"""Bodies of contacts, addresses and orders, as new ones look."""

from typing import Any

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.goods import Person
from backoffice.sandbox.afosto.records import Records

CHANNEL = "a1ce074d-9e1d-4188-b74a-2c99b9df0fc7"
_CLIENT = "f3811fe7-453a-44de-8aa4-8d0dc37e63b1"
_COUNTRY_CALLS = {"NL": "+31", "BE": "+32", "DE": "+49", "FR": "+33"}


def new_address(records: Records, person: Person) -> Body:
    """An address as the single read states it; kept."""
    lines = {"thoroughfare": person.street, "premise_number": person.house, "premise_number_suffix": None}
    place = {"postal_code": person.postal_code, "locality": person.city, "country_code": person.country}
    body = {
        "id": records.ids.uuid(),
        "country_code": person.country,
        "administrative_area": None,
        "locality": person.city,
        "dependent_locality": None,
        "postal_code": person.postal_code,
        "sorting_code": None,
        "address_line_1": f"{person.street} {person.house}",
        "address_line_2": None,
        **lines,
        "organisation": person.organisation,
        "given_name": person.given,
        "additional_name": person.infix,
        "family_name": person.family,
        "geo_location": {
            "lat": 53.2171,
            "long": 6.5665,
            "box": {
                "north_east": {"lat": 53.2172, "long": 6.5667},
                "south_west": {"lat": 53.217, "long": 6.5663},
            },
            "is_precise": True,
            "address": {**lines, **place, "administrative_area": person.city},
        },
        "created_at": records.moment(),
    }
    return records.addresses.add(body)


def new_contact(records: Records, person: Person, email: str, *, is_guest: bool = False) -> Body:
    """A contact with an address for everything; both are kept."""
    moment = records.moment()
    address = {name: value for name, value in new_address(records, person).items() if name != "geo_location"}
    addresses = {"primary": address, "secondary": []}
    phones = _phones(records, person, moment)
    company = _organisation(records, person, addresses, phones) if person.organisation else None
    return records.contacts.add(
        {
            "id": records.ids.uuid(),
            "version": records.ids.uuid(),
            "email": email,
            "is_guest": is_guest,
            "audience": "default",
            "tags": [] if is_guest else ["newsletter"],
            "given_name": person.given,
            "additional_name": person.infix,
            "family_name": person.family,
            "organisations": {"primary": company} if company else {},
            "billing": addresses,
            "shipping": addresses,
            "phone_numbers": phones,
            "metadata": {},
            "created_at": moment,
            "updated_at": moment,
            "deleted_at": None,
        }
    )


def new_order(records: Records, contact: Body, source: Body, method_id: str | None, amount: int) -> Body:
    """An order of a contact, paid and to be sent; kept.

    Args:
        source: the location that it is sent from.
        amount: in cents.
    """
    moment = records.moment()
    number = records.number("SO", 10_400)
    address_id, calculation = contact["shipping"]["primary"]["id"], records.ids.uuid()
    company = contact["organisations"].get("primary")
    return records.orders.add(
        {
            "id": records.ids.uuid(),
            "number": number,
            "state": {
                "is_locked": True,
                "is_accepted": True,
                "is_confirmed": True,
                "is_finished": False,
                "is_canceled": False,
                "type": "order",
                "flow": [],
                "progress": {"allocation": "done", "fulfilment": "open", "billing": "open"},
            },
            "settings": {
                "contact": {"id": contact["id"], "version": contact["version"]},
                **({"organisation": {"id": company["id"], "version": company["version"]}} if company else {}),
                "phone_number_id": contact["phone_numbers"]["primary"]["id"],
                "coupons": [],
                "due_at": moment[:10],
                "return_url": "https://shop.example.com/thanks",
                "billing": {
                    "address_id": contact["billing"]["primary"]["id"],
                    "method_code": "ideal",
                    "issuer_code": "",
                    "provider_code": "mollie",
                },
                "shipping": {
                    "address_id": address_id,
                    "source_address_id": source["address_id"],
                    "method_id": method_id,
                    "spid": "",
                    "window": {"from": 900, "to": 1200, "delivery_at": moment[:10], "code": "morning"},
                    "is_split_allowed": True,
                },
            },
            "processing": {name: "auto" for name in ("confirm", "allocation", "fulfilment", "capture")},
            "acceptances": [
                {
                    "id": records.ids.uuid(),
                    "amount": amount,
                    "is_prepaid": True,
                    "is_settlement": False,
                    "is_paid": True,
                    "calculation_id": calculation,
                    "transaction_secret": f"tx_{records.ids.hex(24)}",
                    "created_at": moment,
                    "accepted_at": moment,
                }
            ],
            "calculations": [
                {
                    "id": calculation,
                    "reference": number,
                    "currency": "EUR",
                    "client_id": _CLIENT,
                    "channel_id": CHANNEL,
                    "amount": amount,
                    "is_valid": True,
                    "is_accepted": True,
                    "is_confirmed": True,
                    "expires_at": None,
                }
            ],
            "client_id": _CLIENT,
            "channel_id": CHANNEL,
            "tags": ["web"],
            "stack_id": records.ids.uuid(),
            "type": "order",
            "last_accepted_at": moment,
            "last_confirmed_at": moment,
            "last_canceled_at": None,
            "created_at": moment,
            "updated_at": moment,
        }
    )


def _phones(records: Records, person: Person, moment: str) -> dict[str, Any]:
    digits = records.ids.digits(8)
    number = {
        "id": records.ids.uuid(),
        "country_code": person.country,
        "number": f"{_COUNTRY_CALLS[person.country]}6{digits}",
        "national": f"06 {digits}",
        "type": "mobile",
        "created_at": moment,
    }
    return {"primary": number, "secondary": []}


def _organisation(records: Records, person: Person, addresses: Body, phones: Body) -> Body:
    moment = records.moment()
    return {
        "id": records.ids.uuid(),
        "version": records.ids.uuid(),
        "name": person.organisation,
        "file_id": None,
        "coc_number": records.ids.digits(8),
        "account_manager": None,
        "administration": {"email": "administratie@example.com"},
        "tags": ["b2b"],
        "metadata": {},
        "registrations": [],
        "payment_settings": {},
        "phone_numbers": phones,
        "billing": addresses,
        "shipping": addresses,
        "created_at": moment,
        "updated_at": moment,
        "deleted_at": None,
    }
