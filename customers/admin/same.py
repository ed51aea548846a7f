"""The section "Same person elsewhere" on the page of every record that has keys, in whatever app it stands."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from backoffice.access import readable_resources
from backoffice.admin.mirror import MORE_SECTIONS
from backoffice.admin.readonly import Section
from customers.identity.links import links_of
from customers.identity.sources import CUSTOMERS, others
from customers.identitypage.compare import cards

SHOWN = 20


def same_person(request: HttpRequest, resource: str, row: Any) -> Iterable[Section]:
    """The links of a record; none for who may not see links, or on a page of what has no keys."""
    if resource not in {CUSTOMERS, *others()} or not request.user.has_perm("customers.view_identitylink"):
        return
    links = links_of(resource, row.pk)
    if resource == CUSTOMERS:
        links = links.filter(resource__in=readable_resources(request.user))
    listed = list(links.defer("customer__payload", "customer__detail")[: SHOWN + 1])
    part = {
        "cards": cards(request, listed[:SHOWN]),
        "is_customer": resource == CUSTOMERS,
        "here": request.path,
        "is_cut": len(listed) > SHOWN,
        "shown": SHOWN,
    }
    yield Section(_("Same person elsewhere"), "customers/identity/_section.html", part)


MORE_SECTIONS.append(same_person)
