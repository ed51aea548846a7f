"""What stands above the columns of exported files."""

from django.utils import translation
from django.utils.translation import gettext_noop

NO_FIELDS_NAME = (
    gettext_noop("by"), gettext_noop("client name"), gettext_noop("created at"), gettext_noop("customer email"),
    gettext_noop("customer name"), gettext_noop("display name"), gettext_noop("dry"), gettext_noop("due date"),
    gettext_noop("entry"), gettext_noop("invoice number"), gettext_noop("is carrier location"), gettext_noop("job"),
    gettext_noop("paid minor units"), gettext_noop("parcel remote id"), gettext_noop("recipient remote id"),
    gettext_noop("rows"), gettext_noop("sample"), gettext_noop("subtotal minor units"), gettext_noop("subtype"),
    gettext_noop("tax minor units"), gettext_noop("team id"), gettext_noop("token last4"),
    gettext_noop("total minor units"), gettext_noop("trigger"), gettext_noop("updated at"),
)  # fmt: skip
"""Those of them that are no field's name; the others are in the catalogues from where the models declare them."""


def heading(header: str) -> str:
    """A column's name as its reader says it; the name itself, as scripts read it, where the reader reads English."""
    words = header.replace("_", " ")
    said = translation.gettext(words)
    return header if said == words else said
