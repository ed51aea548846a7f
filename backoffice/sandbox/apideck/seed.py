"""The customers a new support desk starts with, the same for the same seed and clock."""

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import chain, islice
from random import Random
from typing import TYPE_CHECKING, Any

from backoffice.sandbox.clock import stamp
from backoffice.sandbox.documents import Body
from backoffice.sandbox.known import LOOKALIKES, Known, strangers
from backoffice.sandbox.spelling import plain, written_company, written_email, written_phone

if TYPE_CHECKING:
    from backoffice.sandbox.apideck.state import Apideck

_SPAN_DAYS = 600
_STRANGERS = 3  # of ten
_STATUSES = ["active"] * 84 + ["archived"] * 6 + ["unknown"] * 2 + ["gdpr-erasure-request"] + [None] * 7
_NOTES = (
    "Prefers mail.",
    "Call before noon.",
    "VIP\nTwo lines.",
    "Speaks Français & Deutsch",
    "<script>alert(1)</script>",
)


def fill(apideck: "Apideck", *, count: int, known: Iterable[Known]) -> None:
    """Fill an empty one, in batches: memory does not grow with the number. Call it in a transaction."""
    if count:
        bodies = _Desk(apideck).customers(count, known)
        while batch := list(islice(bodies, 2_000)):
            apideck.customers.add_all(batch)


class _Desk:
    def __init__(self, apideck: "Apideck") -> None:
        self._apideck, self._rng = apideck, Random(f"{apideck.seed}/apideck")  # noqa: S311  made-up data

    def customers(self, count: int, known: Iterable[Known]) -> Iterator[Body]:
        """All of them, and one that states nothing but its id."""
        others = strangers(self._rng, count * _STRANGERS // 10, "desk.example")
        for its in chain(known, others):
            yield self._customer(its)
        for its in islice(LOOKALIKES, count):
            yield self._customer(its, is_plain=True)
        yield {"id": self._apideck.customers.new()["id"]}

    def _customer(self, its: Known, *, is_plain: bool = False) -> Body:
        """Somebody as this desk writes them; ``is_plain``: spelt as they are, with the status that they have."""
        rng = self._rng
        created = self._apideck.now() - timedelta(days=rng.random() * _SPAN_DAYS)
        status = its.status if is_plain or its.status != "active" else rng.choice(_STATUSES)
        changed = created + (self._apideck.now() - created) * rng.random()
        return self._apideck.customers.new(
            created_at=created,
            updated_at=stamp(changed) if rng.random() < 0.9 else None,
            company_name=its.company and (its.company if is_plain else written_company(rng, its.company)),
            **self._names(its, is_plain),
            individual=its.is_person if rng.random() < 0.9 else None,
            addresses=self._addresses(its),
            notes=rng.choice(_NOTES) if rng.random() < 0.25 else None,
            phone_numbers=self._phones(its, is_plain),
            emails=self._emails(its, is_plain),
            status=status,
            **(self._money(its) if rng.random() < 0.4 else {}),
        )

    def _names(self, its: Known, is_plain: bool) -> dict[str, str | None]:
        way = 1.0 if is_plain else self._rng.random()
        if way < 0.1 and its.family:
            return {"first_name": None, "last_name": f"{its.family}, {its.given}"}
        if way < 0.3:
            return {"first_name": plain(its.given) or None, "last_name": plain(its.family) or None}
        return {"first_name": its.given or None, "last_name": its.family or None}

    def _emails(self, its: Known, is_plain: bool) -> list[Body]:
        if not its.email:
            return []
        first = its.email if is_plain else written_email(self._rng, its.email)
        emails = [{"email": first, "type": "primary"}]
        if self._rng.random() < 0.15:
            emails.append({"email": f"billing@{its.email.partition('@')[2]}", "type": "billing"})
        return emails

    def _phones(self, its: Known, is_plain: bool) -> list[Body]:
        """The number in one piece however written, or in its parts."""
        if not its.phone:
            return []
        if is_plain or self._rng.random() < 0.3:
            return [{"country_code": its.phone[1:3], "area_code": None, "number": its.phone[3:], "type": "mobile"}]
        parts = {"country_code": None, "area_code": None, "extension": None}
        return [{**parts, "number": written_phone(self._rng, its.phone), "type": "work"}]

    def _addresses(self, its: Known) -> list[Body]:
        if not its.street:
            return []
        return [
            {
                "type": "billing",
                "line1": f"{its.street} {its.house}",
                "line2": None,
                "street_number": its.house,
                "city": its.city,
                "postal_code": its.postal_code,
                "country": its.country,
                "latitude": "52.2551",
                "longitude": "6.1604",
                "contact_name": f"{its.given} {its.family}",
                "row_version": f"{self._rng.randrange(1, 9)}-{self._rng.randrange(1, 9)}",
            }
        ]

    def _money(self, its: Known) -> dict[str, Any]:
        digits = f"{self._rng.randrange(10**10):010}"
        account = {
            "account_number": digits,
            "account_name": its.company or f"{its.given} {its.family}",
            "account_type": "bank_account",
            "iban": _iban("NL", f"SAND{digits}"),
            "bic": "SANDNL2A",
            "bank_code": "SAND",
            "currency": "EUR",
        }
        return {"tax_number": f"NL{digits[:9]}B01", "currency": "EUR", "bank_accounts": account}


def _iban(country: str, account: str) -> str:
    """With the check digits that belong to it."""
    number = "".join(str(int(sign, 36)) for sign in f"{account}{country}00")
    return f"{country}{98 - int(number) % 97:02}{account}"
