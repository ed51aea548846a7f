"""Where keys are read: a registry. Other apps add theirs when Django starts.

The customers of Kirim are one side of every pair, all other resources the other.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from backoffice.mirror import GONE, MirrorModel
from customers.identity import normal
from customers.models.identity import IdentityKey

Kind = IdentityKey.Kind
Key = tuple[str, str]
"""Kind and normalized value."""

CUSTOMERS = "kirim.customers"


@dataclass(frozen=True)
class Source:
    """A mirrored model whose rows have keys."""

    resource: str
    model: type[MirrorModel]
    columns: tuple[str, ...]
    """Those that ``read`` looks at."""
    read: Callable[[Any], Iterable[Key | None]]
    """The keys of a row; None for what is no key."""
    gone: Q = GONE
    """Rows that have no keys, whatever they hold."""
    owner: str = ""
    """The reference to the record whose keys they are, where that is not the row itself."""
    owner_resource: str = ""

    @property
    def holder(self) -> str:
        """The resource of the records whose keys are read here."""
        return self.owner_resource or self.resource

    def keys(self, row: Any) -> set[Key]:
        """The keys of a row, each once."""
        return {key for key in self.read(row) if key}


SOURCES: dict[str, Source] = {}


def register(source: Source) -> None:
    """Make a source known. Owners come before those that belong to them."""
    SOURCES[source.resource] = source


def others() -> list[str]:
    """The resources that customers are compared with."""
    return [name for name, source in SOURCES.items() if source.holder == name and name != CUSTOMERS]


def email(text: str | None) -> Key | None:
    """A key of an e-mail address."""
    value = normal.email(text)
    return (Kind.EMAIL.value, value) if value else None


def phone(text: str | None, country: str | None = None) -> Key | None:
    """A key of a phone number; see ``normal.phone``."""
    value = normal.phone(text, country)
    return (Kind.PHONE.value, value) if value else None


def name(*parts: str | None) -> Key | None:
    """A key of a name in its parts."""
    value = normal.name(" ".join(filter(None, parts)))
    return (Kind.NAME.value, value) if value else None
