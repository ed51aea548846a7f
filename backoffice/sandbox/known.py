"""People and businesses that more than one of the upstreams knows.

The systems were filled by different hands: what Kirim and Afosto were seeded with is found again in the support desk
and in the CRM, most of it in both, spelt differently (spelling.py). Beside them are the groups that an eager matcher
would join or part wrongly.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.kirim.state import Kirim
from backoffice.sandbox.spelling import plain

_AT_ONCE = 2_000
_GIVEN = (
    "Ana",
    "Luc",
    "Siti",
    "Rizal",
    "Jan",
    "Marta",
    "Ümit",
    "Zoë",
    "Piotr",
    "Noémie",
    "Hiro",
    "Aisha",
    "Björn",
    "Eva",
)
_FAMILY = (
    *("Peeters", "Martin", "Wibowo", "Hartono", "de Boer", "Nowak", "Yıldız", "Çelik", "Lefèvre", "Tanaka", "Núñez"),
    *("Lindström", "O'Brien", "van der Veen", "Smith", "García"),
)
_PLACES = (
    ("Rue Haute", "1000", "Brussels", "BE"),
    ("Brink", "7411BR", "Deventer", "NL"),
    ("Markt", "20095", "Hamburg", "DE"),
)
_CALLS = {"BE": "+32", "NL": "+31", "DE": "+49"}


@dataclass(frozen=True)
class Known:
    """Somebody, for themselves or for a business, as one of the systems has them."""

    given: str = ""
    family: str = ""
    company: str | None = None
    email: str | None = None
    phone: str | None = None  # +31612345678
    street: str = ""
    house: str = ""
    postal_code: str = ""
    city: str = ""
    country: str = ""  # ISO 3166-1 alpha-2
    status: str = "active"  # or "archived", "gdpr-erasure-request"

    @property
    def is_person(self) -> bool:
        """Whether they stand for themselves."""
        return self.company is None


def of_kirim(kirim: Kirim, rests: tuple[int, ...]) -> Iterator[Known]:
    """Of every five customers those at these places (0 to 4), with the number of their account where they have one."""
    places = ", ".join(map(str, rests))
    sql = (
        "SELECT c.seq, c.name, c.email, c.status, (SELECT phone_number FROM accounts WHERE customer_id = c.id "  # noqa: S608  numbers
        f"AND phone_number IS NOT NULL) AS phone FROM customers c WHERE c.seq > ? AND c.seq % 5 IN ({places}) "
        "ORDER BY c.seq LIMIT ?"
    )
    seq = 0
    while rows := kirim.storage.rows(sql, (seq, _AT_ONCE)):
        seq = rows[-1]["seq"]
        for row in rows:
            rng = Random(f"contact of {row['seq']}")  # noqa: S311  made-up data, the same for every system
            status = "archived" if row["status"] == "archived" else "active"
            names = {"given": rng.choice(_GIVEN), "family": rng.choice(_FAMILY)}
            yield Known(**names, company=row["name"], email=row["email"], phone=row["phone"], status=status)


def of_afosto(afosto: Afosto, rests: tuple[int, ...]) -> Iterator[Known]:
    """Of every five contacts those at these places (0 to 4)."""
    for number, contact in enumerate(afosto.contacts):
        if number % 5 in rests:
            address, company = contact["shipping"]["primary"], contact["organisations"].get("primary")
            yield Known(
                given=contact["given_name"],
                family=" ".join(filter(None, (contact["additional_name"], contact["family_name"]))),
                company=company and company["name"],
                email=contact["email"],
                phone=contact["phone_numbers"]["primary"]["number"],
                street=address["thoroughfare"],
                house=str(address["premise_number"]),
                postal_code=address["postal_code"],
                city=address["locality"],
                country=address["country_code"],
            )


def strangers(rng: Random, count: int, domain: str) -> Iterator[Known]:
    """People that only one system knows; their addresses are of its ``domain``."""
    for number in range(count):
        street, postal_code, city, country = rng.choice(_PLACES)
        given, family = rng.choice(_GIVEN), rng.choice(_FAMILY)
        yield Known(
            given=given,
            family=family,
            company=f"{family.title()} & Co" if number % 4 == 0 else None,
            email=f"{plain(given[:1]).lower()}{number}@{domain}" if number % 9 else None,
            phone=f"{_CALLS[country]}6{rng.randrange(10**7, 10**8)}" if number % 3 else None,
            street=street,
            house=str(rng.randrange(1, 200)),
            postal_code=postal_code,
            city=city,
            country=country,
        )


_FAMILY_MAIL, _OLD_NUMBER = "familie.jansen@example.com", "+31612345678"
LOOKALIKES = (
    Known("Piet", "Jansen", email=_FAMILY_MAIL, phone="+31611111111", country="NL"),  # two people, one mailbox
    Known("Marijke", "Jansen", email=_FAMILY_MAIL, phone="+31622222222", country="NL"),
    Known(
        "Tess", "Vermeulen", email="tess@vermeulen.example", phone=_OLD_NUMBER, country="NL"
    ),  # a number given out anew
    Known("Murat", "Şahin", email="murat.sahin@example.com", phone=_OLD_NUMBER, country="NL"),
    Known(
        "Jan", "de Boer", email="jan.deboer@noord.example", phone="+31633333333", country="NL"
    ),  # one name, two people
    Known("Jan", "de Boer", email="jdb1987@zuid.example", phone="+31644444444", country="BE"),
    Known("Anneke", "Jansen", email="anneke.j@example.org", phone="+31655555555", country="NL"),  # Afosto's is another
    Known("Gone", "Gardener", email="gone@garden.example", phone="+31666666666", country="NL", status="archived"),
    Known("Vera", "Vergeten", email="vera@privacy.example", phone="+31677777777", status="gdpr-erasure-request"),
    Known("<b>Bold</b>", '=HYPERLINK("https://evil.example")', email="bold@example.com", company="@SUM(1+1)"),
    Known("Zero\u200bWidth", "Right\u202eLeft\u202c", email="zero@example.com", phone="+31688888888"),
    Known(company="No Mail, No Phone"),
)
