"""Every way a remote API can fail us, and every way we refuse by ourselves.

RemoteError
├── RemoteUnavailable    try again later, at ``retry_at`` where the remote named a time; for a write it matters which:
│   ├── RemoteNotReached     no connection, TLS, breaker, off: nothing was sent (TLS is never retried)
│   ├── RemoteLimited        429: not done
│   └── RemoteAnswerLost     timeout, cut answer, 5xx: outcome unknown
├── RemoteRejected       any other 4xx: our request is wrong   do not retry
│   ├── RemoteAuthFailed     401, 402, 403: our key or plan does not do; after 401 and 402 the whole upstream stops
│   ├── RemoteNotFound       404, 410
│   ├── RemoteConflict       409
│   ├── RemoteUnconnected    the remote stands before another system, and its connection to that one does not work
│   └── RemoteUnsupported    that other system cannot do this at all, whatever is asked
└── RemoteContractError  an answer the contract does not allow   do not retry, tell a developer

BackofficeError
├── NotConfigured        a variable is missing, or the upstream is off
├── UpstreamChanged      the configuration names another upstream than the one mirrored here
├── NotAllowed           the person may not do this
├── NotInThisState       the state of the object forbids the verb
├── ChangedMeanwhile     the remote object is no longer as the person saw it
├── WriteIsSettled       a write may not be sent (any more)
└── NotFound             no such row in the mirror
"""

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from backoffice.texts import Text


class RemoteError(Exception):
    """Base class. ``str(error)`` is safe to show to staff: no token, no payload."""

    def __init__(self, endpoint: str, reason: str, status: int | None = None, request_id: str = "") -> None:
        super().__init__(endpoint, reason, status, request_id)  # all of them, so that Celery can pickle the error
        self.endpoint = endpoint  # as in the contract, "GET /customers/{id}"
        self.reason = reason
        self.status = status  # None when there was no answer
        self.request_id = request_id  # the remote's own reference, "" when it gave none
        self.code = ""  # the remote's own word for the kind of error, "" when it gave none

    @property
    def is_for_all(self) -> bool:
        """Whether no other call to this upstream would do better now."""
        return False

    def __str__(self) -> str:
        reference = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.endpoint}: {self.reason}{reference}"


class RemoteUnavailable(RemoteError):
    """Not now; later perhaps."""

    retry_at: datetime | None = None  # aware; when the remote will listen, if it said so

    @property
    def is_for_all(self) -> bool:
        return self.retry_at is not None

    def __str__(self) -> str:
        later = f", and not before {self.retry_at:%Y-%m-%d %H:%M:%S} UTC" if self.retry_at else ""
        return f"{super().__str__()}{later}"


class RemoteNotReached(RemoteUnavailable):
    """Nothing was sent: no connection, or we did not try."""

    tls = False  # a certificate we do not trust is never tried again

    @property
    def is_for_all(self) -> bool:
        return True


class RemoteLimited(RemoteUnavailable):
    """429. Nothing was done."""


class RemoteAnswerLost(RemoteUnavailable):
    """The request went out and no whole answer came back."""


class RemoteRejected(RemoteError):
    """The remote said no and will say so again."""

    fields: Mapping[str, str] = MappingProxyType({})
    """What is wrong, by member of the request as the remote names it."""


class RemoteAuthFailed(RemoteRejected):
    """Our key or our plan is refused."""

    @property
    def is_for_all(self) -> bool:
        return self.status != 403  # that one may be about the one object


class RemoteNotFound(RemoteRejected):
    """There is no such object (any more)."""


class RemoteConflict(RemoteRejected):
    """The object is in a state that forbids the call."""


class RemoteUnconnected(RemoteRejected):
    """The remote passes our calls on to another system, and its connection to that one does not work."""

    @property
    def is_for_all(self) -> bool:
        return True


class RemoteUnsupported(RemoteRejected):
    """The system behind the remote cannot do this, now or later."""


class RemoteContractError(RemoteError):
    """The answer is not one the contract allows."""


class BackofficeError(Exception):
    """Our own refusal. ``str(error)`` is a whole sentence for staff."""


class NotConfigured(BackofficeError):
    """A variable is missing, so the upstream is off."""


class UpstreamChanged(BackofficeError):
    """The configuration names another upstream than the one whose records are mirrored here."""


class NotAllowed(BackofficeError):
    """The person lacks the permission."""


class NotInThisState(BackofficeError):
    """The state of the object forbids the verb. Nothing was sent."""


class ChangedMeanwhile(BackofficeError):
    """The remote object is no longer as the person saw it. Nothing was sent."""

    def __init__(self, sentence: Text, before: Mapping[str, object], theirs: Mapping[str, object]) -> None:
        super().__init__(sentence)
        self.before, self.theirs = before, theirs  # the members that differ, by name


class WriteIsSettled(BackofficeError):
    """The write was settled, or taken by somebody else, so this request of it must not go out."""


class NotFound(BackofficeError):
    """No such row in the mirror."""
