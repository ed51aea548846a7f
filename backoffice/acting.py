"""Who acts, for code that is not told: the person of the page or of the command that is under way."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.contrib.auth.models import User


@dataclass
class Acting:
    """Somebody at one of the doors. No user: the operator of the machine, or at a page nobody who is signed in."""

    door: str  # a word of ``AuditEntry.Door``
    find: Callable[[], User | None] = lambda: None
    noted: set[object] = field(default_factory=set)
    """What was noted of this click already and needs no second entry."""

    @property
    def user(self) -> User | None:
        """The person, looked up only where it matters."""
        return self.find()


_current: ContextVar[Acting | None] = ContextVar("acting", default=None)


def current() -> Acting | None:
    """Who acts here; None where nobody does, as in what the schedule starts."""
    return _current.get()


@contextmanager
def acting(door: str, find: Callable[[], User | None] = lambda: None) -> Iterator[Acting]:
    """What is done inside is done by this person through this door."""
    who = Acting(door, find)
    before = _current.set(who)
    try:
        yield who
    finally:
        _current.reset(before)


def become(user: User) -> None:
    """From now on the command that is under way acts as this person."""
    if who := current():
        who.find = lambda: user
