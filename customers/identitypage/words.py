"""Links as pages tell them: their state, how strong they are, and what speaks for and against them."""

from collections.abc import Iterator, Mapping

from django.utils.safestring import SafeString

from backoffice.badges import Tone, badge, word
from backoffice.sync.resource import RESOURCES
from backoffice.upstreams import UPSTREAMS
from customers.identity.match import FAIR, STRONG
from customers.models import IdentityLink
from customers.services.identity import kind_of

STATES: Mapping[str, Tone] = {"suggested": "info", "confirmed": "good", "rejected": "dull"}
STRENGTHS = {"strong": "Strong", "fair": "Fair", "weak": "Weak"}
_TONES: Mapping[str, Tone] = {"strong": "good", "fair": "info", "weak": "warn"}


def state(link: IdentityLink) -> SafeString:
    """Its state as a label."""
    return word(link.state, STATES)


def strength(link: IdentityLink) -> str:
    """A key of ``STRENGTHS``."""
    return "strong" if link.score >= STRONG else "fair" if link.score >= FAIR else "weak"


def strength_badge(link: IdentityLink) -> SafeString:
    """The same as a label."""
    return badge(strength(link), _TONES[strength(link)])


def system(resource: str) -> str:
    """A resource as people call it: "Apideck support customer"."""
    return f"{UPSTREAMS[RESOURCES[resource].upstream].label} {kind_of(resource)}"


def proof(link: IdentityLink) -> Iterator[SafeString]:
    """What speaks for it and against it, a label each."""
    for kind, by in (("e-mail", link.email_shared), ("phone", link.phone_shared)):
        if by is not None and by > 1:
            title = f"{by} records of one system have this value, so it may be a family's or have been used anew."
            yield badge(f"same {kind}, shared by {by}", "warn", title)
        elif by is not None:
            yield badge(f"same {kind}", "good")
    if link.names:
        yield badge(
            "same name" if link.names == IdentityLink.Names.SAME else "names differ",
            "good" if link.names == IdentityLink.Names.SAME else "warn",
        )
    if not link.evidence:
        yield badge("linked by hand", "dull")
