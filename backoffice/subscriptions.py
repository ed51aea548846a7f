"""Our subscription to an upstream's webhooks, as commands see it; each app registers how its upstream does it."""

from collections.abc import Callable
from typing import Any, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from backoffice import upstreams
from backoffice.models import RemoteWrite
from backoffice.writes.plan import Actor

SUBSCRIBE = "backoffice.subscribe_upstreamstate"
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Console(Protocol):
    """What the command does for a subscriber."""

    def consent(self, question: str) -> None:
        """Ask whether that may be done. Raises what ends the command where it may not."""

    def carry_out(self, write: RemoteWrite, work: Callable[[Any], Any]) -> None:
        """Do a planned write with a client."""

    def hand_over(self, write: RemoteWrite, secret: str) -> None:
        """Print the signing secret that the answer of a creation shows this once; called inside its work."""

    def tell(self, write: RemoteWrite) -> None:
        """Print how a write ended."""


class Subscriber(Protocol):
    """How one upstream is subscribed to. Its methods raise RemoteError and BackofficeError."""

    @property
    def variable(self) -> str:
        """The setting that holds the signing secret."""

    def trouble(self) -> str:
        """What is not as it should be with our subscription, in a sentence; "" where nothing is. Only reads."""

    def put_right(self, actor: Actor, console: Console, *, replace: bool = False) -> bool:
        """Do what is needed, one write after another, up to the first that is not confirmed; whether anything was.

        Args:
            replace: another one takes the place of ours, whatever is to be said of it: so its signing secret changes.
        """


SUBSCRIBERS: dict[str, Subscriber] = {}
"""By upstream."""


def delivery_url(upstream: str) -> str:
    """Where the upstream is to deliver."""
    return f"{settings.PUBLIC_BASE_URL}/webhooks/{upstream}/"


def why_unreachable(upstream: str) -> str:
    """Why the upstream could never deliver to us, in a sentence with what to do; "" where it could."""
    url = urlsplit(settings.PUBLIC_BASE_URL)
    label = upstreams.UPSTREAMS[upstream].label
    if upstreams.identity(upstream) == upstreams.SANDBOX:
        return ""
    if url.hostname in LOOPBACK:
        told = _(
            "{label} cannot reach {address}, which only this machine knows. "
            "Set PUBLIC_BASE_URL to the https address that people type."
        )
    elif url.scheme != "https":
        told = _(
            "{address} is not https, so {label} would tell of your customers in the clear. "
            "Set PUBLIC_BASE_URL to the https address that people type."
        )
    else:
        return ""
    return told.format(label=label, address=settings.PUBLIC_BASE_URL)
