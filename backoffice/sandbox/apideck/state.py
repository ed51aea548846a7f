"""Everything this Apideck knows, and what happens in it without a call of ours."""

from collections.abc import Iterable
from dataclasses import dataclass

from backoffice.sandbox.allowance import Allowance
from backoffice.sandbox.apideck import life, seed
from backoffice.sandbox.apideck.assumptions import CALLS_PER_MINUTE
from backoffice.sandbox.apideck.connection import Connection, Events
from backoffice.sandbox.apideck.customers import Customers
from backoffice.sandbox.apideck.refusal import Refusal
from backoffice.sandbox.clock import Clock
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.known import Known
from backoffice.sandbox.storage import Storage
from backoffice.sandbox.switches import Switches


@dataclass(frozen=True)
class Keys:
    """Who may call, for whom, and where the calls lead."""

    api_key: str = "apideck-sandbox-key"
    app_id: str = "apideck-sandbox-app"
    consumer_id: str = "tenant-7"
    service_id: str = "kustomer"


class Apideck:
    """The state: ``customers``, the ``connection`` to their service, its ``events``, and the ``calls`` it takes.

    A storage that was filled before is taken as it is (not ``is_new``), whatever ``seed_number``, ``count`` and
    ``known`` say.

    Args:
        count: about how many customers it starts with.
        known: people and businesses that other systems know too; some of the customers are these.
    """

    def __init__(
        self,
        storage: Storage,
        switches: Switches,
        *,
        keys: Keys,
        seed_number: int,
        count: int,
        known: Iterable[Known],
        now: Clock,
    ) -> None:
        self.storage, self.switches, self.now, self.api_key = storage, switches, now, keys.api_key
        self.is_new = storage.note("seed") is None
        self.seed = seed_number if self.is_new else storage.note("seed") or 0
        ids = IdSource(storage, self.seed)
        self.events = Events(storage, ids, now, switches, keys.api_key)
        self.customers = Customers(storage, ids, now)
        self.connection = Connection(
            storage, self.events, app_id=keys.app_id, consumer_id=keys.consumer_id, service_id=keys.service_id
        )
        self.calls = Allowance(CALLS_PER_MINUTE, now)
        with storage.transaction():
            if self.is_new:
                seed.fill(self, count=count, known=known)
                storage.set_note("seed", seed_number)

    def check(self, consumer_id: str, service_id: str) -> None:
        """Raise Refusal unless this consumer's connection to this service can be called."""
        its = self.connection
        if (consumer_id, service_id) != (its.consumer_id, its.service_id):
            raise Refusal(404, "ConnectionNotFoundError", f"{consumer_id} has no connection to {service_id}.")
        its.check()

    def tick(self) -> None:
        """Let a moment of life pass: customers come and change, and rarely something befalls the connection.

        What happens depends on the seed and on how many ticks there were, not on the clock.
        """
        with self.storage.transaction():
            life.live(self)
