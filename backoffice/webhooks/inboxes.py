"""What the kernel has to know of an upstream's deliveries, and the registry of all inboxes."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import Q

from backoffice.client import Patience, RemoteClient
from backoffice.sync.changes import Cause
from backoffice.texts import Text
from backoffice.webhooks.bodies import Members


class SignatureRefused(Exception):
    """The signature is missing, does not hold or is too old: nobody knows who sent this."""


class Ignored(Exception):
    """Nothing is to be done about this event. The text is a sentence that says why."""


class Unprocessable(Exception):
    """The delivery does not say what is to be read. The text is a sentence."""


@dataclass(frozen=True)
class Subject:
    """What a delivery is about: deliveries about the same object are processed together."""

    id: str  # the remote id of the object
    parts: frozenset[str]  # what of it is to be read again, in the words of its inbox
    resource: str = ""  # what it is a row of, where that is not the ``subject_resource`` of its inbox

    def __or__(self, other: "Subject") -> "Subject":
        """What to read for both."""
        return Subject(self.id, self.parts | other.parts, self.resource or other.resource)


class Inbox(ABC):
    """How one upstream signs and words its deliveries, and what they make us read again."""

    upstream: ClassVar[str]
    headers: ClassVar[tuple[str, ...]]
    """The headers that ``verify`` and ``identify`` are given; "" where one is missing."""
    secret_members: ClassVar[frozenset[str]] = frozenset()
    """Members that are taken out of a body, at any depth, before anything of it is kept."""
    events: ClassVar[tuple[str, ...]] = ()
    """The events that its contract names, for filters."""
    silent: ClassVar[Q] = Q(pk=None)
    """Changes of mirrored rows (``RowChange``) that no event of this upstream tells of, so only sweeps find them."""
    resources: ClassVar[tuple[tuple[str, str], ...]] = ()
    """Beginnings of event names and the resource that such events are about, the longest first."""

    subject_resource: ClassVar[str]
    """The resource that subjects are rows of, unless they say another."""
    untold: ClassVar[Text] = ""
    """What no event tells, as the end of a sentence: "that a setup link was revoked"."""

    is_quiet: ClassVar[bool] = False
    """Whether days without an event are normal."""
    by_hand: ClassVar[Text] = ""
    """What an operator does to subscribe, where there is no call for it: "register this address at ..."."""

    def trouble(self) -> Text:
        """What its events told that keeps the upstream from doing its work, in a sentence; "" where nothing does."""
        return ""

    @abstractmethod
    def is_open(self) -> bool:
        """Whether there is a secret to verify deliveries with."""

    @abstractmethod
    def to_do(self) -> Text:
        """What an operator has to do about the secrets: "set A"; "" when all is well."""

    @abstractmethod
    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        """Check the signature of the raw bytes, in constant time. Raises SignatureRefused."""

    @abstractmethod
    def identify(self, headers: Mapping[str, str], members: Members) -> tuple[str, str]:
        """The event's id and its name, "" where there is none."""

    @abstractmethod
    def subject(self, event: str, members: Members) -> Subject:
        """What a delivery is about. Raises Ignored, Unprocessable."""

    @abstractmethod
    def client(self, patience: Patience) -> RemoteClient:
        """A client for the upstream. Raises NotConfigured, UpstreamChanged."""

    @abstractmethod
    def read(self, api: Any, subject: Subject, cause: Cause) -> None:
        """Read the object again and store it. Raises RemoteError, BackofficeError."""


INBOXES: dict[str, Inbox] = {}
"""All inboxes by upstream."""


def register(inbox: type[Inbox]) -> type[Inbox]:
    """Class decorator: make an inbox known."""
    INBOXES[inbox.upstream] = inbox()
    return inbox
