"""Support customers whose erasure Apideck asks for and whose copy here was not erased yet."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from backoffice.needs.section import SHOWN, Kind, Person, register
from customers.apideck import ERASURE
from customers.models import SupportCustomer
from customers.models.support import erased_here
from customers.services.erasure import ERASE

MEANING = _(
    "Apideck shows these customers as requests for erasure. Erase what is kept here of them; who did it and when stays "
    "in the history."
)


def asked_for(person: Person) -> QuerySet[SupportCustomer] | None:
    """Those that wait, for whoever may erase them."""
    if not person.has_perms(["customers.view_supportcustomer", ERASE]):
        return None
    return SupportCustomer.objects.filter(status=ERASURE).exclude(erased_here())


def _parts(person: Person) -> Mapping[str, Any]:
    rows = asked_for(person)
    return {"customers": [] if rows is None else rows.defer("payload", "search_text")[:SHOWN]}


register(
    Kind(
        "erasures", 40, _("Requests for erasure"), MEANING, _("Support customers who are to be erased"), _("See who"),
        "customers/support/parts/_needs_erasure.html", asked_for, _parts,
    ),
)  # fmt: skip
