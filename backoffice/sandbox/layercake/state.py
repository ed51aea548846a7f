"""Everything this L4YERCAK3 knows, and what happens in it without a call of ours."""

from collections.abc import Iterable
from dataclasses import dataclass

from backoffice.sandbox.allowance import Allowance
from backoffice.sandbox.clock import Clock, milliseconds
from backoffice.sandbox.documents import Body
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.known import Known
from backoffice.sandbox.layercake import life, seed
from backoffice.sandbox.layercake.assumptions import PLAN, REQUESTS_PER_MINUTE
from backoffice.sandbox.layercake.events import Events
from backoffice.sandbox.layercake.habits import Habits
from backoffice.sandbox.layercake.objects import Companies, Contacts, Invoices, Transactions, payment_of
from backoffice.sandbox.layercake.refusal import Refusal
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switches


@dataclass(frozen=True)
class Tenant:
    """Who may call, and for which tenant."""

    api_key: str = "layercake-sandbox-key"
    organization_id: str = "org_sandbox"


class Layercake:
    """The state: ``contacts organizations invoices transactions``, ``events`` with their webhooks, and the ``habits``.

    A storage that was filled before is taken as it is (not ``is_new``), whatever ``seed_number``, ``count`` and
    ``known`` say.

    Args:
        count: about how many contacts it starts with.
        known: people and businesses that other systems know too; most of the contacts are these.
    """

    most_contacts: int | None = None  # how many the plan allows

    def __init__(
        self,
        storage: Storage,
        switches: Switches,
        *,
        tenant: Tenant,
        seed_number: int,
        count: int,
        known: Iterable[Known],
        now: Clock,
    ) -> None:
        self.storage, self.switches, self.now = storage, switches, now
        self.api_key, self.organization_id = tenant.api_key, tenant.organization_id
        self.is_new = storage.note("seed") is None
        self.seed = seed_number if self.is_new else storage.note("seed") or 0
        ids = IdSource(storage, self.seed)
        self.events = Events(storage, ids, now, switches, tenant.organization_id)
        self.contacts = Contacts(storage, ids, now, self.events)
        self.organizations = Companies(storage, ids, now, self.events)
        self.invoices = Invoices(storage, ids, now, self.events)
        self.transactions = Transactions(storage, ids, now, self.events)
        self.calls, self.habits = Allowance(REQUESTS_PER_MINUTE[PLAN], now), Habits()
        with storage.transaction():
            if self.is_new:
                seed.fill(self, count=count, known=known)
                storage.set_note("seed", seed_number)

    def check_room(self) -> None:
        """Raise Refusal (429, not to be repeated) where the plan allows no more contacts."""
        if self.most_contacts is not None and len(self.contacts) >= self.most_contacts:
            raise Refusal(429, "RESOURCE_LIMIT")

    def pay(self, invoice_id: str) -> Body:
        """An invoice is paid in full: it says so; answers the transaction that paid it. Raises Refusal (404)."""
        with self.storage.transaction():
            invoice, moment = self.invoices.get(invoice_id), milliseconds(self.now())
            total = invoice["customProperties"]["total"]
            self.invoices.change(invoice_id, status="paid", paidAmount=total, paidAt=moment)
            return self.transactions.create(**payment_of(invoice))

    def tick(self) -> None:
        """Let a moment of life pass: contacts come and change, invoices are sent, paid or fall overdue.

        What happens depends on the seed and on how many ticks there were; falling overdue on the clock too.
        """
        with self.storage.transaction():
            life.live(self)
