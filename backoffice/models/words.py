"""What rows keep as names of code, as their reader says it: kinds of objects, and verbs.

They are kept in English, with underscores. The catalogues know their words from where they are declared: kinds from
models' names, verbs from their buttons and from the list of what the audit tells.
"""

from django.utils import translation
from django.utils.translation import gettext_noop, pgettext

from backoffice.texts import number

NAMED_NOWHERE_ELSE = (
    gettext_noop("account"), gettext_noop("accounts"), gettext_noop("schedule"), gettext_noop("list"),
    gettext_noop("page"), gettext_noop("command"), gettext_noop("user"), gettext_noop("group"),
    gettext_noop("order"), gettext_noop("team"), gettext_noop("note"),
    gettext_noop("afosto subscription"), gettext_noop("layercake subscription"), gettext_noop("webhook subscription"),
)  # fmt: skip
"""Kinds that are no model's name."""
ON_NO_BUTTON = (
    gettext_noop("Create"), gettext_noop("Update"), gettext_noop("Delete"), gettext_noop("Update redirects"),
    gettext_noop("Mark handled"), gettext_noop("Set walk order"), gettext_noop("Set skus"),
    gettext_noop("Remove pieces"), gettext_noop("Request slip"), gettext_noop("Mark in transit"),
    gettext_noop("Set method"), gettext_noop("Take default positions"), gettext_noop("Set backorders"),
    gettext_noop("Set overage"), gettext_noop("Set missing"),
)  # fmt: skip
"""Verbs whose button says it in other words."""


def noun(kind: str) -> str:
    """A kind of object: "setup link" for ``setup_link``; "" for none."""
    words = kind.replace("_", " ")
    return translation.gettext(words) if words else ""


def counted(kind: str, count: int) -> str:
    """How many of a kind: "1 customer", "1,234 customers"."""
    words = kind.replace("_", " ") + ("" if count == 1 else "s")
    return pgettext("how many of what", "{count} {things}").format(
        count=number(count), things=translation.gettext(words)
    )


def verb(name: str) -> str:
    """A verb as a button says it: "Sync templates" for ``sync_templates``."""
    return translation.gettext(name.replace("_", " ").capitalize())


def deed(name: str, *objects: str) -> str:
    """What is done to what: "suspend customer cus_01", as far as that is known."""
    plain = name.replace("_", " ")
    said = verb(name)
    told = pgettext("what is done, to what", "{verb} {objects}")
    return told.format(
        verb=plain if said == plain.capitalize() else said, objects=" ".join(filter(None, objects))
    ).strip()
