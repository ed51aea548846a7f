"""The customers a new sandbox starts with: two years of business, the same for the same seed and clock."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Any

from backoffice.sandbox.clock import milliseconds
from backoffice.sandbox.ids import ulid
from backoffice.sandbox.kirim import accounts, customers, links
from backoffice.sandbox.kirim.assumptions import DEFAULT_TEAM
from backoffice.sandbox.kirim.customers import searched_text, stored_metadata
from backoffice.sandbox.kirim.names import CORNERS, Corner, invent_name
from backoffice.sandbox.storage import Storage

_HOUR = 3_600_000  # milliseconds
_DAY = 24 * _HOUR
_WEEK = 7 * _DAY
_SPAN = timedelta(days=730)
_BATCH = 5_000  # customers written at once: memory does not grow with their number
_TEAMS = [DEFAULT_TEAM, DEFAULT_TEAM, DEFAULT_TEAM, "team_asia", "team_emea"]
_STATUSES = ["active"] * 62 + ["pending"] * 18 + ["suspended"] * 9 + ["archived"] * 11
_ACCOUNT_STATUSES = ["connected"] * 86 + ["disconnected"] * 7 + ["degraded"] * 6 + ["restricted"]
_FIRST_NUMBER_ID = 106_540_352_000_000
_FIRST_NUMBER = 6_281_200_000_000


def fill(storage: Storage, *, seed: int, count: int, now: datetime) -> None:
    """Write ``count`` customers with their accounts and links, and three accounts of the organization itself."""
    filler = _Filler(Random(seed), milliseconds(now))  # noqa: S311  made-up data
    if count:
        filler.add_organization_accounts()
    for position, (created, corner) in enumerate(_plan(filler.rng, count, now), start=1):
        filler.add_customer(created, corner)
        if position % _BATCH == 0:
            filler.write(storage)
    filler.write(storage)


def _plan(rng: Random, count: int, now: datetime) -> Iterator[tuple[int, Corner | None]]:
    """When each customer was created (ms, oldest first), with the corner cases spread evenly among them."""
    start, end = milliseconds(now - _SPAN), milliseconds(now)
    step = max(1, count // len(CORNERS))
    for position, offset in enumerate(sorted(rng.random() for _ in range(count))):
        number, between = divmod(position, step)
        yield start + int(offset * (end - start)), CORNERS[number] if not between and number < len(CORNERS) else None


@dataclass
class _Filler:
    """Collects rows for the three tables."""

    rng: Random
    now: int  # ms
    customers: list[tuple[Any, ...]] = field(default_factory=list)
    accounts: list[tuple[Any, ...]] = field(default_factory=list)
    links: list[tuple[Any, ...]] = field(default_factory=list)
    numbers: int = 0  # phone numbers given out

    def write(self, storage: Storage) -> None:
        """Store what was collected, and forget it."""
        storage.run_many(customers.INSERT, self.customers)
        storage.run_many(accounts.INSERT, self.accounts)
        storage.run_many(links.INSERT, self.links)
        self.customers, self.accounts, self.links = [], [], []

    def add_organization_accounts(self) -> None:
        """Accounts without an owner: one that works, one that does not, one without a number yet."""
        for name, status in (("Head office", "connected"), ("Old hotline", "disconnected"), (None, "onboarding")):
            self._add_account(None, name, status, self.now - 700 * _DAY)

    def add_customer(self, created: int, corner: Corner | None) -> None:
        """One customer with its accounts and links, ordinary unless a ``corner`` says what it is."""
        corner = corner or self._ordinary()
        customer_id = self._id("cus_", created)
        changed = created + int(self.rng.random() * (self.now - created))
        archived_at = _stamp(changed) if corner.status == "archived" else None
        kept = None if corner.metadata is None else stored_metadata(corner.metadata)
        searched = searched_text(corner.name, corner.email, corner.metadata)
        moments = (archived_at, self.rng.choice(_TEAMS), _stamp(created), _stamp(changed))
        self.customers.append((customer_id, corner.name, corner.email, corner.status, kept, *moments, searched))
        for status in corner.accounts:
            self._add_account(customer_id, corner.name, status, changed)
        self._add_links(customer_id, corner.links, created)

    def _ordinary(self) -> Corner:
        rng = self.rng
        name, status, number = invent_name(rng), rng.choice(_STATUSES), rng.randrange(10_000, 1_000_000)
        chance = rng.random()
        if status == "pending":
            connected = ["onboarding"] if chance < 0.3 else []
            made = ["expired"] * (chance < 0.4) + ["active"] * (chance < 0.7)
        else:
            connected = rng.choices(_ACCOUNT_STATUSES, k=2 if chance < 0.08 else 1)
            made = ["revoked"] * (chance < 0.1) + ["expired"] * (0.1 < chance < 0.25) + ["consumed"]
        email = None if rng.random() < 0.12 else f"{rng.choice(('owner', 'info', 'hello'))}@shop-{number}.example"
        return Corner(name, status, email, _metadata(rng, number), connected, made)

    def _add_account(self, customer_id: str | None, name: str | None, status: str, onboarded: int) -> None:
        if status == "onboarding":
            self.accounts.append((None, None, None, status, customer_id, None))
            return
        self.numbers += 1
        number_id, number = str(_FIRST_NUMBER_ID + self.numbers * 37), f"+{_FIRST_NUMBER + self.numbers * 13}"
        self.accounts.append((number_id, number, name, status, customer_id, _stamp(onboarded)))

    def _add_links(self, customer_id: str, statuses: list[str], customer_created: int) -> None:
        """Links from the oldest to the newest: active ones from the last days, the others from before those."""
        finished = sum(status != "active" for status in statuses)
        for number, status in enumerate(statuses):
            if status == "active":
                created = max(customer_created, self.now - int((1 - self.rng.random()) * 2 * _DAY))
            else:
                latest = max(customer_created, self.now - _WEEK - _DAY)
                created = customer_created + (latest - customer_created) * number // (finished + 1)
            self._add_link(customer_id, status, created)

    def _add_link(self, customer_id: str, status: str, created: int) -> None:
        rng = self.rng
        expires = created + _WEEK
        if status == "expired" and expires > self.now:  # of a customer of this week: it was given an hour
            expires = min(created + _HOUR, self.now)
        consumed_at = _stamp(min(created + int(rng.random() * _DAY), self.now)) if status == "consumed" else None
        success = "https://app.example.com/whatsapp/done" if rng.random() < 0.6 else None
        failure = "https://app.example.com/whatsapp/failed?retry=1" if rng.random() < 0.3 else None
        secret = rng.randbytes(32).hex()  # a hash without a token: nobody ever had it
        self.links.append(
            (
                self._id("csl_", created),
                customer_id,
                status,
                f"{rng.getrandbits(16):04x}",
                _stamp(expires),
                consumed_at,
                success,
                failure,
                _stamp(created),
                secret,
            )
        )

    def _id(self, prefix: str, at: int) -> str:
        return ulid(prefix, at, self.rng.getrandbits(80))


def _stamp(at: int) -> str:
    """As clock.stamp, from milliseconds and twice as fast: a big sandbox needs a million."""
    day, milliseconds_of_day = divmod(at, _DAY)
    second, millisecond = divmod(milliseconds_of_day, 1000)
    return f"{_date(day)}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{millisecond:03}Z"


@lru_cache(maxsize=2048)
def _date(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _metadata(rng: Random, number: int) -> dict[str, Any] | None:
    """What callers keep in ordinary metadata: mostly a reference, at times more, at times nothing."""
    chance = rng.random()
    if chance < 0.2:
        return None
    if chance < 0.7:
        return {"external_ref": f"crm-{number}"}
    if chance < 0.85:
        return {"external_ref": f"crm-{number}", "plan": rng.choice(("free", "basic", "pro")), "seats": number % 50}
    return {"address": {"city": rng.choice(("Bandung", "Köln", "東京")), "zip": str(number)}, "vip": number % 2 == 0}
