"""What stands above the columns of exported files."""

from django.utils import translation
from django.utils.translation import gettext_noop

WORDS = (
    gettext_noop("accepted at"), gettext_noop("address remote id"), gettext_noop("archived at"), gettext_noop("by"),
    gettext_noop("client name"), gettext_noop("client remote id"), gettext_noop("company name"),
    gettext_noop("consumed at"), gettext_noop("created at"), gettext_noop("customer email"),
    gettext_noop("customer name"), gettext_noop("customer remote id"), gettext_noop("deleted at"),
    gettext_noop("delivery during"), gettext_noop("display name"), gettext_noop("dry"), gettext_noop("due date"),
    gettext_noop("email"), gettext_noop("entry"), gettext_noop("erased at"), gettext_noop("expected at"),
    gettext_noop("expires at"), gettext_noop("failure redirect url"), gettext_noop("finished at"),
    gettext_noop("first name"), gettext_noop("height"), gettext_noop("id"), gettext_noop("in transit at"),
    gettext_noop("individual"), gettext_noop("invoice number"), gettext_noop("invoice remote id"),
    gettext_noop("is carrier location"), gettext_noop("is configured"), gettext_noop("is disabled"),
    gettext_noop("is enabled"), gettext_noop("is guest"), gettext_noop("is outbound"), gettext_noop("job"),
    gettext_noop("last name"), gettext_noop("length"), gettext_noop("list remote id"),
    gettext_noop("location remote id"), gettext_noop("max weight"), gettext_noop("method remote id"),
    gettext_noop("order id"), gettext_noop("organisation"), gettext_noop("paid at"), gettext_noop("paid minor units"),
    gettext_noop("parcel remote id"), gettext_noop("phone number"), gettext_noop("phone number id"),
    gettext_noop("positions at"), gettext_noop("postal code"), gettext_noop("provider"),
    gettext_noop("recipient remote id"), gettext_noop("requested at"), gettext_noop("requested by"),
    gettext_noop("rows"), gettext_noop("sample"), gettext_noop("ship at"), gettext_noop("shipment remote id"),
    gettext_noop("sub"), gettext_noop("subtotal minor units"), gettext_noop("subtype"),
    gettext_noop("success redirect url"), gettext_noop("synced at"), gettext_noop("tags"),
    gettext_noop("tax minor units"), gettext_noop("team id"), gettext_noop("token last4"),
    gettext_noop("total minor units"), gettext_noop("tracking code"), gettext_noop("tracking url"),
    gettext_noop("trigger"), gettext_noop("type"), gettext_noop("updated at"), gettext_noop("vanished at"),
    gettext_noop("width"),
)  # fmt: skip
"""Those that no model declares as a field's name; the others are in the catalogues from there."""


def heading(header: str) -> str:
    """A column's name as its reader says it; the name itself, as scripts read it, where the reader reads English."""
    words = header.replace("_", " ")
    said = translation.gettext(words)
    return header if said == words else said
