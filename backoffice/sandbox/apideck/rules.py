"""What a customer in a request's body may be, as the contract limits it."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from backoffice.sandbox.apideck.refusal import invalid
from backoffice.sandbox.checks import (
    Check,
    Member,
    email_address,
    flag,
    list_of,
    object_of,
    one_of,
    problems_with,
    text,
)

STATUSES = ("active", "archived", "gdpr-erasure-request", "unknown")
ADDRESS_TYPES = ("primary", "secondary", "home", "office", "shipping", "billing", "other")
PHONE_TYPES = (
    *("primary", "secondary", "home", "work", "office", "mobile", "assistant", "fax", "direct-dial-in", "personal"),
    "other",
)
EMAIL_TYPES = ("primary", "secondary", "work", "personal", "billing", "other")
ACCOUNT_TYPES = ("bank_account", "credit_card", "other")
READ_ONLY = ("id", "updated_by", "created_by", "updated_at", "created_at")
CURRENCIES = frozenset(
    """
    UNKNOWN_CURRENCY AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BOV BRL BSD BTN BWP BYR
    BZD CAD CDF CHE CHF CHW CLF CLP CNY COP COU CRC CUC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS
    GIP GMD GNF GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IQD IRR ISK JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK
    LBP LKR LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRO MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD OMR
    PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLL SOS SRD SSP STD SVC SYP SZL THB TJS
    TMT TND TOP TRC TRY TTD TWD TZS UAH UGX USD USN USS UYI UYU UZS VEF VND VUV WST XAF XAG XAU XBA XBB XBC XBD XCD XDR
    XOF XPD XPF XPT XTS XXX YER ZAR ZMK ZMW BTC ETH
    """.split()
)

_ANY_TEXT = text(0, 10_000)
_OPTIONAL_TEXT = Member(_ANY_TEXT, nullable=True)
_closed = partial(object_of, closed=True)


def _currency(value: Any) -> str | None:
    is_one = isinstance(value, str) and value in CURRENCIES
    return None if is_one else "must be a currency code"


CURRENCY = Member(_currency, nullable=True)
_ADDRESS_TEXTS = (
    *("id", "string", "name", "line1", "line2", "line3", "line4", "street_number", "city", "state", "postal_code"),
    *("country", "latitude", "longitude", "county", "contact_name", "salutation", "phone_number", "fax", "email"),
    *("website", "row_version"),
)
ADDRESS: Check = _closed({"type": Member(one_of(*ADDRESS_TYPES)), **dict.fromkeys(_ADDRESS_TEXTS, _OPTIONAL_TEXT)})
PHONE: Check = _closed(
    {
        **dict.fromkeys(("id", "country_code", "area_code", "extension"), _OPTIONAL_TEXT),
        "number": Member(text(1, 10_000), required=True),
        "type": Member(one_of(*PHONE_TYPES)),
    }
)
EMAIL: Check = _closed(
    {
        "id": Member(_ANY_TEXT),
        "email": Member(email_address(255), required=True),
        "type": Member(one_of(*EMAIL_TYPES)),
    }
)
_ACCOUNT_TEXTS = ("account_number", "account_name", "iban", "bic", "bsb_number", "branch_identifier", "bank_code")
BANK_ACCOUNT: Check = _closed(
    {
        **dict.fromkeys(_ACCOUNT_TEXTS, _OPTIONAL_TEXT),
        "account_type": Member(one_of(*ACCOUNT_TYPES), nullable=True),
        "currency": CURRENCY,
    }
)
CUSTOMER = {
    "company_name": _OPTIONAL_TEXT,
    "first_name": _OPTIONAL_TEXT,
    "last_name": _OPTIONAL_TEXT,
    "individual": Member(flag, nullable=True),
    "addresses": Member(list_of(ADDRESS)),
    "notes": _OPTIONAL_TEXT,
    "phone_numbers": Member(list_of(PHONE)),
    "emails": Member(list_of(EMAIL)),
    "tax_number": _OPTIONAL_TEXT,
    "currency": CURRENCY,
    "bank_accounts": Member(BANK_ACCOUNT),
    "status": Member(one_of(*STATUSES), nullable=True),
}


def allowed_members(body: Mapping[str, Any]) -> dict[str, Any]:
    """``body``, checked. Raises Refusal (400) with each member that is wrong, read-only or unknown."""
    problems = [(name, "is read-only") for name in READ_ONLY if name in body]
    problems += [(name, "is unknown") for name in body if name not in CUSTOMER and name not in READ_ONLY]
    problems += problems_with(body, CUSTOMER)
    if problems:
        raise invalid(*problems)
    return dict(body)
