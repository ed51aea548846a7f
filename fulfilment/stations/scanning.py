"""What a scan can be, and what became of it. Pure: no query, no request."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")
MAX_CHARS = 200
JOINTS = ("", " ", "+", "/", "|", ":", ";", "-", "_", ",")
"""What may stand between a position and a SKU where both are in one code."""


class Verdict(StrEnum):
    """How a scan is taken."""

    TAKEN = "taken"  # it is what was expected
    NOTED = "noted"  # right, and nothing to send: the shelf of the line
    AGAIN = "again"  # done already, and no harm
    WRONG = "wrong"  # stop


@dataclass(frozen=True)
class Codes:
    """What can be scanned for one kind of thing."""

    sku: str
    position: str

    def names(self) -> Iterable[str]:
        """The SKU, alone and with its position before it; nothing where there is no SKU."""
        if self.sku:
            yield self.sku
        if self.sku and self.position:
            yield from (f"{self.position}{joint}{self.sku}" for joint in JOINTS)


def cleaned(scan: str) -> str:
    """A scan without what scanners and people put around it; "" for nothing."""
    return " ".join("".join(char if char.isprintable() else " " for char in scan[:MAX_CHARS]).split())


def among(scan: str, things: Sequence[T], codes: Callable[[T], Iterable[str]]) -> list[T]:
    """The things that a scan can mean.

    Letters count as they are; only where nothing is spelt so, capital and small ones are alike, as with Caps Lock on.
    """
    exact = [thing for thing in things if scan in codes(thing)]
    if exact:
        return exact
    folded = scan.casefold()
    return [thing for thing in things if any(code.casefold() == folded for code in codes(thing))]
