"""E-mail addresses, phone numbers and names, spelt so that two spellings of the same are equal. Pure.

What cannot be read as one is none: None is returned and no key is made of it.
"""

import re
import unicodedata

import phonenumbers
from django.conf import settings

MAX_EMAIL_CHARS = 254  # of any address that can be delivered to
MAX_PHONE_CHARS = 64
MAX_NAME_CHARS = 255
_WORD = re.compile(r"[^\W_]+")
_UNDIVIDED = str.maketrans({"ø": "o", "đ": "d", "ð": "d", "ł": "l", "æ": "ae", "œ": "oe", "þ": "th", "ı": "i"})
"""Letters that stay whole when marks are taken off, in lower case."""


def email(text: str | None) -> str | None:
    """An address in lower case, its domain in ASCII ("jan@xn--bcher-kva.example").

    What follows a "+" stays: whether jan+shop@ and jan@ are one mailbox is known to their provider only, and one that
    is wrong here would suggest strangers. Dots stay for the same reason.
    """
    local, at, domain = unicodedata.normalize("NFKC", (text or "").strip()).casefold().rpartition("@")
    domain = domain.rstrip(".")
    if not (at and local and "." in domain) or any(char.isspace() or char in '<>,;"@' for char in local + domain):
        return None
    try:
        address = f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError:  # an empty label, or one that is too long
        return None
    return address if len(address) <= MAX_EMAIL_CHARS else None


def phone(text: str | None, country: str | None = None) -> str | None:
    """A number in E.164 ("+31201234567"), with its extension where it has one ("+31201234567x12").

    Args:
        country: ISO 3166-1 alpha-2, in which a number without its country is read; else ``PHONE_REGION``.
    """
    text = (text or "").strip()
    if not text or len(text) > MAX_PHONE_CHARS:
        return None
    region = (country or "").strip().upper()
    if region not in phonenumbers.SUPPORTED_REGIONS:
        region = settings.PHONE_REGION
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    spelt = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{spelt}x{number.extension}" if number.extension else spelt


def name(text: str | None) -> str | None:
    """The words of a name in lower case, without marks, in alphabetical order: "José de Vries" is "de jose vries"."""
    folded = unicodedata.normalize("NFKD", (text or "")[: 4 * MAX_NAME_CHARS]).casefold().translate(_UNDIVIDED)
    words = _WORD.findall("".join(char for char in folded if not unicodedata.combining(char)))
    return " ".join(sorted(words))[:MAX_NAME_CHARS].rstrip() or None
