"""How differently people write the same e-mail address, phone number and name."""

import unicodedata
from random import Random

_LETTERS = str.maketrans({"ł": "l", "Ł": "L", "ß": "ss", "ø": "o", "Ø": "O", "ı": "i", "æ": "ae", "đ": "d"})
_LEGAL_FORMS = (" B.V.", " GmbH", " Ltd.", " Ltd")


def plain(text: str) -> str:
    """Without diacritics: Nunez for Núñez."""
    apart = unicodedata.normalize("NFKD", text.translate(_LETTERS))
    return unicodedata.normalize("NFC", "".join(mark for mark in apart if not unicodedata.combining(mark)))


def written_email(rng: Random, email: str) -> str:
    """The same mailbox: in capitals, with a tag, or as it is."""
    local, _, domain = email.partition("@")
    ways = (
        email,
        email,
        f"{local.capitalize()}@{domain}",
        email.upper(),
        f"{local}+{rng.choice(('shop', 'help'))}@{domain}",
    )
    return rng.choice(ways)


def padded(rng: Random, text: str) -> str:
    """Now and then with white space around it, as somebody pasted it."""
    return rng.choice((text, text, text, f" {text}", f"{text} ", f"{text}\t"))


def written_phone(rng: Random, number: str) -> str:
    """The same number, given as +31612345678: international in several ways, or national.

    Country codes have two digits here.
    """
    code, rest = number[1:3], number[3:]
    groups = f"{rest[:1]} {rest[1:5]} {rest[5:]}".strip()
    ways = (number, f"00{code}{rest}", f"+{code} (0){groups}", f"0{rest}", f"0{groups}", f"0{rest[:1]}-{rest[1:]}")
    return rng.choice(ways)


def written_company(rng: Random, name: str) -> str:
    """The same business: without its legal form or diacritics, in capitals, with a space too many."""
    short = name
    for form in _LEGAL_FORMS:
        short = short.removesuffix(form)
    return rng.choice((name, name, short, plain(name), name.upper(), name.replace(" ", "  ", 1)))


def written_person(rng: Random, given: str, family: str) -> str:
    """The same person in one line: the family name first, an initial, without diacritics or capitals."""
    whole = f"{given} {family}"
    ways = (whole, whole, f"{family}, {given}", f"{given[:1]}. {family}", plain(whole), whole.lower())
    return rng.choice(ways).strip()
