"""Bearer tokens for a server: given for client id and secret, good for an hour. Kept are their hashes."""

from hashlib import sha256

from backoffice.sandbox.afosto.assumptions import TOKEN_LIVES_S
from backoffice.sandbox.afosto.refusal import Refusal
from backoffice.sandbox.clock import Clock, milliseconds
from backoffice.sandbox.ids import IdSource
from backoffice.sandbox.storage import Storage, insert_into

TABLE = """
CREATE TABLE IF NOT EXISTS tokens (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, scope TEXT NOT NULL, ends_ms INTEGER NOT NULL
);
"""
_INSERT = insert_into("tokens", ("sha256", "scope", "ends_ms"))


class Tokens:
    """All tokens. ``lifetime_s`` of those to come may be set; a token's own clock is the sandbox's."""

    lifetime_s: float = TOKEN_LIVES_S

    def __init__(self, storage: Storage, ids: IdSource, now: Clock) -> None:
        self._storage, self._ids, self._now = storage, ids, now
        storage.create(TABLE)

    @property
    def issued(self) -> int:
        """How many were given out, ever."""
        return self._storage.note("tokens issued") or 0

    def issue(self, scope: str = "") -> str:
        """A new token.

        Args:
            scope: what it is good for, words with spaces between; empty: for everything.
        """
        with self._storage.transaction():
            self._storage.count_up("tokens issued")
            token = f"sandbox.{self._ids.hex(48)}.{self._ids.hex(16)}"
            ends_ms = milliseconds(self._now()) + int(self.lifetime_s * 1000)
            self._storage.run(_INSERT, (_hash(token), " ".join(scope.split()), ends_ms))
            return token

    def scope_of(self, token: str) -> str:
        """What a living token is good for. Raises Refusal (401)."""
        row = self._storage.row(
            "SELECT scope FROM tokens WHERE sha256 = ? AND ends_ms > ?", (_hash(token), milliseconds(self._now()))
        )
        if row is None:
            raise Refusal(401)
        return str(row["scope"])

    def revoke(self, token: str) -> None:
        """End the life of one."""
        self._storage.run("DELETE FROM tokens WHERE sha256 = ?", (_hash(token),))

    def revoke_all(self) -> None:
        """End the life of every one."""
        self._storage.run("DELETE FROM tokens")


def _hash(token: str) -> str:
    return sha256(token.encode()).hexdigest()
