"""Ids, tokens and secrets: unique, shaped like the real ones, and the same for the same seed."""

import base64
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from backoffice.sandbox.clock import milliseconds
from backoffice.sandbox.storage import Storage

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
_PAIRS = [first + second for first in ALPHABET for second in ALPHABET]
_LETTERS_AND_DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


def ulid(prefix: str, at_ms: int, randomness: int) -> str:
    """``prefix`` + 26 characters: 48 bits of time, 80 bits of ``randomness``."""
    bits = at_ms << 80 | randomness
    return prefix + "".join([_PAIRS[bits >> shift & 1023] for shift in range(120, -1, -10)])


def scrambled(seed: int, purpose: str, number: int, size: int) -> bytes:
    """``size`` bytes (up to 64) that look random and are the same every time."""
    return blake2b(f"{seed}/{purpose}/{number}".encode(), digest_size=size).digest()


def is_signing_secret(text: str) -> bool:
    """Whether a text is one: ``whsec_`` and 24 to 64 bytes in base64, as Standard Webhooks wants it."""
    try:
        return text.startswith("whsec_") and 24 <= len(base64.b64decode(text[6:], validate=True)) <= 64
    except ValueError:
        return False


class IdSource:
    """Makes ids one after another. How many it made is kept in the storage, so a restart repeats none."""

    def __init__(self, storage: Storage, seed: int) -> None:
        self._storage, self._seed = storage, seed

    def ulid(self, prefix: str, at: datetime) -> str:
        """An id such as ``cus_01J9ZK3M5N7P8Q2R4S6T8V0W1X``."""
        return ulid(prefix, milliseconds(at), int.from_bytes(self._bytes(10)))

    def digits(self, length: int) -> str:
        """A number id: ``length`` digits, the first not 0."""
        return str(10 ** (length - 1) + int.from_bytes(self._bytes(16)) % (9 * 10 ** (length - 1)))

    def uuid(self) -> str:
        """A random UUID (version 4)."""
        return str(UUID(bytes=self._bytes(16), version=4))

    def hex(self, length: int) -> str:
        """``length`` hexadecimal digits, an even number up to 128."""
        return self._bytes(length // 2).hex()

    def token(self) -> str:
        """A one-time token; letters and digits after a prefix that tells where it comes from."""
        return "sandbox-token-" + "".join(_LETTERS_AND_DIGITS[byte % 62] for byte in self._bytes(24))

    def signing_secret(self) -> str:
        """``whsec_`` + 32 bytes in base64."""
        return "whsec_" + base64.b64encode(self._bytes(32)).decode()

    def _bytes(self, size: int) -> bytes:
        return scrambled(self._seed, "ids", self._storage.count_up("ids"), size)
