"""The verbs: what staff can do to remote objects, registered by the apps when Django starts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Q

from backoffice.client import Patience, RemoteClient
from backoffice.models import RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text


@dataclass(frozen=True)
class Look:
    """What looking found: *confirmed* (with the id of what was made), *failed* (it is proven absent) or *unknown*."""

    state: RemoteWrite.State
    told: Text  # a sentence
    remote_id: str = ""
    secret_lost: bool = False


@dataclass(frozen=True)
class Verb:
    """One thing that can be done to one kind of object."""

    target: str  # the kind, as commands name it: "setup_link"
    name: str  # "update_redirects"
    label: Text  # on a button: "Suspend"
    permission: str  # "customers.suspend_customer"
    resource: str  # that mirrors the target, or by which it is reached and seen where it is not mirrored
    asks_reason: bool = False
    consequence: Text = ""
    """What doing it means for the object, in a sentence, where the label alone does not say it."""
    refuses: Q | None = None
    """Mirrored rows that we refuse by their state, as far as the mirror knows; the service has the last word."""

    @property
    def upstream(self) -> str:
        """The upstream it is done at."""
        return RESOURCES[self.resource].upstream

    def client(self, patience: Patience) -> RemoteClient:
        """A client for its upstream. Raises NotConfigured, UpstreamChanged."""
        return RESOURCES[self.resource].client(patience)


@dataclass(frozen=True)
class WriteVerb(Verb):
    """A verb that changes something at the remote."""

    sends: Mapping[str, Any] = field(default_factory=dict)
    """The members that it always sends."""
    carry_out: Callable[[Any, RemoteWrite], object] = lambda api, write: None
    """Do a planned write with a client, through the verb's service."""
    look: Callable[[Any, RemoteWrite, bool], Look] = lambda api, write, is_late: Look(RemoteWrite.State.UNKNOWN, "")
    """Find out whether it was done. Absence proves something only where ``is_late``: after the send's deadline.

    Never sends; what it reads is mirrored. Raises RemoteError.
    """
    has_secret: bool = False
    """Its answer is shown once, so it is sent only from a page or a command that can show it."""
    shows: str = ""
    """Where ``has_secret``: the answer's attribute that any command may print, once, under this name."""
    form: str = ""
    """The URL's name of its own page where ``has_secret``: of the key of the row that the object hangs on.

    With ``?again=<write>`` it begins with what a failed write was to send.
    """
    owner_resource: str = ""
    """The resource that mirrors what its objects hang on, if they do: "kirim.customers"."""


@dataclass(frozen=True)
class ReadVerb(Verb):
    """A verb that only reads at the remote, for bulk actions."""

    read: Callable[[Any, str], None] = lambda api, remote_id: None
    """Read one object again by its remote id. Raises RemoteError, BackofficeError."""


VERBS: dict[tuple[str, str], Verb] = {}
"""All verbs by target and name."""


def register(*verbs: Verb) -> None:
    """Make verbs known."""
    VERBS.update({(verb.target, verb.name): verb for verb in verbs})


def write_verb(target: str, name: str) -> WriteVerb:
    """A verb that changes something."""
    verb = VERBS[target, name]
    assert isinstance(verb, WriteVerb)  # noqa: S101  our own names
    return verb


def verb_of(write: RemoteWrite) -> WriteVerb:
    """The verb of a write."""
    return write_verb(write.target, write.verb)
