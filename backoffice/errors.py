"""Every way a remote API can fail us, and every way we refuse by ourselves.

RemoteError
├── RemoteUnavailable    try again later; what it means for a write differs:
│   ├── RemoteNotReached     no connection, TLS, breaker, off: nothing was sent (TLS is never retried)
│   ├── RemoteLimited        429: not done; ``retry_at`` where the remote named a time
│   └── RemoteAnswerLost     timeout, cut answer, 5xx: outcome unknown
├── RemoteRejected       any other 4xx: our request is wrong   do not retry
│   ├── RemoteAuthFailed     401, 402, 403: our key, our plan; the whole upstream stops
│   ├── RemoteNotFound       404, 410
│   └── RemoteConflict       409
└── RemoteContractError  an answer the contract does not allow   do not retry, tell a developer

BackofficeError
├── NotConfigured        a variable is missing, or the upstream is off
├── UpstreamChanged      the configuration names another upstream than the one mirrored here
├── NotAllowed           the person may not do this
└── NotFound             no such row in the mirror
"""

from datetime import datetime


class RemoteError(Exception):
    """Base class. ``str(error)`` is safe to show to staff: no token, no payload."""

    def __init__(self, endpoint: str, reason: str, status: int | None = None, request_id: str = "") -> None:
        super().__init__(endpoint, reason, status, request_id)  # all of them, so that Celery can pickle the error
        self.endpoint = endpoint  # as in the contract, "GET /customers/{id}"
        self.reason = reason
        self.status = status  # None when there was no answer
        self.request_id = request_id  # the remote's own reference, "" when it gave none

    def __str__(self) -> str:
        reference = f" (request {self.request_id})" if self.request_id else ""
        return f"{self.endpoint}: {self.reason}{reference}"


class RemoteUnavailable(RemoteError):
    """Not now; later perhaps."""


class RemoteNotReached(RemoteUnavailable):
    """Nothing was sent: no connection, or we did not try."""

    tls = False  # a certificate we do not trust is never tried again


class RemoteLimited(RemoteUnavailable):
    """429. Nothing was done; ``retry_at`` (aware) says when the remote will listen, if it said so."""

    retry_at: datetime | None = None


class RemoteAnswerLost(RemoteUnavailable):
    """The request went out and no whole answer came back."""


class RemoteRejected(RemoteError):
    """The remote said no and will say so again."""


class RemoteAuthFailed(RemoteRejected):
    """Our key or our plan is refused: no call to this upstream will do better."""


class RemoteNotFound(RemoteRejected):
    """There is no such object (any more)."""


class RemoteConflict(RemoteRejected):
    """The object is in a state that forbids the call."""


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


class NotFound(BackofficeError):
    """No such row in the mirror."""
