"""Everything this Kirim knows, and what happens in it without a call of ours."""

from random import Random
from typing import Any

from backoffice.sandbox.clock import Clock
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.kirim import accounts, customers, events, links, seed, subscriptions
from backoffice.sandbox.kirim.accounts import AccountBody, Accounts, SyncBody
from backoffice.sandbox.kirim.assumptions import OWNER_SUSPENDED_CODE
from backoffice.sandbox.kirim.customers import Customers
from backoffice.sandbox.kirim.events import Events
from backoffice.sandbox.kirim.links import NewLinkBody, SetupLinks
from backoffice.sandbox.kirim.names import invent_name
from backoffice.sandbox.kirim.refusal import Refusal
from backoffice.sandbox.kirim.subscriptions import Subscriptions
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switches

_SIGNUP_CHANCE = 0.5  # that, in a tick, a waiting customer finishes signing up
_NEW_CUSTOMER_CHANCE = 0.2  # that, in a tick, somebody else in the organization adds a customer with a link


class Kirim:
    """The state: ``customers``, ``links``, ``accounts``, ``subscriptions`` and ``events``, and what ties them together.

    A storage that was filled before is taken as it is (not ``is_new``); ``seed_number`` and ``count`` say nothing then.
    """

    def __init__(
        self,
        storage: Storage,
        switches: Switches,
        *,
        seed_number: int,
        count: int,
        now: Clock,
        lists_archived: bool,
    ) -> None:
        self.storage, self.now = storage, now
        storage.create(customers.TABLE + links.TABLE + accounts.TABLE + subscriptions.TABLE + events.TABLE)
        with storage.transaction():
            self.is_new = storage.note("seed") is None
            if self.is_new:
                seed.fill(storage, seed=seed_number, count=count, now=now())
                storage.set_note("seed", seed_number)
        storage.create(customers.INDEXES + links.INDEXES + accounts.INDEXES)  # faster after the rows than before
        self.seed = storage.note("seed") or 0
        ids = IdSource(storage, self.seed)
        self.events = Events(storage, ids, now, switches)
        self.customers = Customers(storage, ids, now, self.events, lists_archived=lists_archived)
        self.links = SetupLinks(storage, ids, now, self.events)
        self.accounts = Accounts(storage, ids, now)
        self.subscriptions = Subscriptions(storage, ids, now)

    def create_link(self, customer_id: str, **members: Any) -> NewLinkBody:
        """Create a setup link by the API's rules. Raises Refusal (404, or archived)."""
        with self.storage.transaction():
            self.customers.get_writable(customer_id)
            return self.links.add(customer_id, **members)

    def complete_onboarding(self, link_id: str) -> AccountBody:
        """Do what a customer does with the link: an account is connected, the link consumed, a pending owner active.

        Raises:
            Refusal: 404; 409 unless the link is active.
        """
        with self.storage.transaction():
            link = self.links.consume(link_id)
            customer = self.customers.get(link["customer_id"])
            if customer["status"] == "pending":
                customer = self.customers.change(customer["id"], status="active")
            account = self.accounts.connect(customer["id"], name=customer["name"])
            self.events.emit("customer.onboarded", customer)
            return account

    def sync_templates(self, phone_number_id: str) -> SyncBody:
        """Sync templates by the API's rules. Raises Refusal (404; 422 while the owner is suspended or archived)."""
        with self.storage.transaction():
            owner = self.accounts.get(phone_number_id)["customer_id"]
            if owner and self.customers.get(owner)["status"] in {"suspended", "archived"}:
                raise Refusal(422, "The owner of the account is suspended or archived.", code=OWNER_SUSPENDED_CODE)
            return self.accounts.sync_templates(phone_number_id)

    def waiting_links(self) -> list[str]:
        """Ids of the active links of pending customers, oldest first."""
        rows = self.storage.rows(
            "SELECT l.id FROM setup_links l JOIN customers c ON c.id = l.customer_id "
            "WHERE l.status = 'active' AND c.status = 'pending' ORDER BY l.seq"
        )
        return [row["id"] for row in rows]

    def tick(self) -> None:
        """Let a moment of life pass: links run out, a waiting customer signs up, a new one comes.

        What happens depends on the seed and on how many ticks there were, not on the clock.
        """
        with self.storage.transaction():
            rng = Random(f"{self.seed}/tick/{self.storage.count_up('ticks')}")  # noqa: S311  made-up life
            self.links.expire_due()
            if rng.random() < _SIGNUP_CHANCE and (waiting := self.waiting_links()):
                self.complete_onboarding(rng.choice(waiting))
            if rng.random() < _NEW_CUSTOMER_CHANCE:
                customer = self.customers.add(invent_name(rng), email=f"hello@new-{rng.randrange(10**6)}.example")
                self.links.add(customer["id"])
