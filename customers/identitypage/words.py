"""Links as pages tell them: their state, how strong they are, and what speaks for and against them."""

from collections.abc import Iterator

from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext, pgettext, pgettext_lazy

from backoffice.badges import Vocabulary, badge, word
from backoffice.sync.resource import RESOURCES
from backoffice.upstreams import UPSTREAMS
from customers.identity.match import FAIR, STRONG
from customers.models import IdentityDecision, IdentityLink
from customers.services.identity import kind_of

STATES = Vocabulary(
    {"suggested": "info", "confirmed": "good", "rejected": "dull"},
    {state.value: state.label for state in IdentityLink.State},
)
STRENGTHS = {
    "strong": pgettext_lazy("suggestion", "Strong"),
    "fair": pgettext_lazy("suggestion", "Fair"),
    "weak": pgettext_lazy("suggestion", "Weak"),
}
_STRENGTHS = Vocabulary(
    {"strong": "good", "fair": "info", "weak": "warn"},
    {
        "strong": pgettext_lazy("suggestion", "strong"),
        "fair": pgettext_lazy("suggestion", "fair"),
        "weak": pgettext_lazy("suggestion", "weak"),
    },
)


def called(pair: IdentityLink | IdentityDecision) -> str:
    """The record beside the customer by its name; by its id where it is not here, or not for who acts."""
    resource = RESOURCES.get(pair.resource)
    rows = resource.model._default_manager.filter(remote_id=pair.remote_id) if resource else None
    row = rows.defer("payload").first() if rows is not None else None
    return str(row) if row is not None else pair.remote_id


def state(link: IdentityLink) -> SafeString:
    """Its state as a label."""
    return word(link.state, STATES)


def strength(link: IdentityLink) -> str:
    """A key of ``STRENGTHS``."""
    return "strong" if link.score >= STRONG else "fair" if link.score >= FAIR else "weak"


def strength_badge(link: IdentityLink) -> SafeString:
    """The same as a label."""
    return word(strength(link), _STRENGTHS)


def system(resource: str) -> str:
    """A resource as people call it: "Apideck support customer"."""
    label, kind = UPSTREAMS[RESOURCES[resource].upstream].label, kind_of(resource)
    return pgettext("a kind of record of a system", "{label} {kind}").format(label=label, kind=kind)


def proof(link: IdentityLink) -> Iterator[SafeString]:
    """What speaks for it and against it, a label each."""
    for by, same, shared in (
        (link.email_shared, gettext("same e-mail"), gettext("same e-mail, shared by {count}")),
        (link.phone_shared, gettext("same phone"), gettext("same phone, shared by {count}")),
    ):
        if by is not None and by > 1:
            title = ngettext(
                "{count} record of one system has this value, so it may be a family's or have been used anew.",
                "{count} records of one system have this value, so it may be a family's or have been used anew.",
                by,
            )
            yield badge(shared.format(count=by), "warn", title.format(count=by))
        elif by is not None:
            yield badge(same, "good")
    if link.names:
        yield badge(link.get_names_display(), "good" if link.names == IdentityLink.Names.SAME else "warn")
    if not link.evidence:
        yield badge(gettext("linked by hand"), "dull")
