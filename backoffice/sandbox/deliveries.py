"""Events on their way in a table: written down with the change that they tell of, kept until they are over."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from backoffice.sandbox.clock import Clock, milliseconds
from backoffice.sandbox.outbox import AT_ONCE, Outbox, Told
from backoffice.sandbox.storage import Row, Storage, insert_into
from backoffice.sandbox.switches import Switches

_TABLE = """
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, target TEXT NOT NULL, event_id TEXT NOT NULL, type TEXT NOT NULL,
    body TEXT NOT NULL, tries INTEGER NOT NULL DEFAULT 0, due_ms INTEGER NOT NULL
);
"""
_INSERT = insert_into("deliveries", ("target", "event_id", "type", "body", "due_ms"))


class Deliveries(Outbox):
    """What is still to be told, once for each target. A restart goes on where the last run stopped.

    Args:
        pauses_s: after each try that was in vain, before the next; after the last one it is given up.
    """

    def __init__(self, storage: Storage, now: Clock, switches: Switches, pauses_s: Sequence[int]) -> None:
        super().__init__(switches)
        self._storage, self._now, self._pauses_s = storage, now, pauses_s
        storage.create(_TABLE)

    def pending(self) -> list[Row]:
        """What is not delivered yet, the oldest first: ``target event_id type body tries due_ms``."""
        return self._storage.select("deliveries")

    def write_down(self, targets: Iterable[str], event_id: str, type: str, body: str) -> None:
        """Keep an event for these. Call it in the transaction of what it tells of."""
        now = milliseconds(self._now())
        self._storage.run_many(_INSERT, [(target, event_id, type, body, now) for target in targets])
        self.news.set()

    def forget(self, target: str) -> None:
        """Whatever is still to be told to this one never is."""
        self._storage.run("DELETE FROM deliveries WHERE target = ?", (target,))

    def move(self, target: str, to: str) -> None:
        """Whatever is still to be told to this one is told to another instead."""
        self._storage.update("deliveries", ("target", target), {"target": to})

    def due(self) -> list[Row]:
        """What is to be tried now."""
        sql = "SELECT * FROM deliveries WHERE due_ms <= ? ORDER BY seq LIMIT ?"
        return self._storage.rows(sql, (milliseconds(self._now()), AT_ONCE))

    def settle(self, row: Row, told: Told) -> None:
        """Forget what is over or was tried for the last time; the rest is tried again after a pause."""
        tries = row["tries"] + 1
        if told.is_over or tries > len(self._pauses_s):
            self._storage.run("DELETE FROM deliveries WHERE seq = ?", (row["seq"],))
            return
        due_ms = milliseconds(self._now() + timedelta(seconds=self._pauses_s[tries - 1]))
        self._storage.update("deliveries", ("seq", row["seq"]), {"tries": tries, "due_ms": due_ms})
