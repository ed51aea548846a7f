"""The section "Same person elsewhere" on the page of every record that has keys, in whatever app it stands."""

from collections.abc import Iterable
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from backoffice.access import readable_resources
from backoffice.admin import live
from backoffice.admin.mirror import MORE_SECTIONS, MORE_TRACES
from backoffice.admin.readonly import Section
from customers.identity.links import links_of
from customers.identity.sources import CUSTOMERS, others
from customers.identitypage.compare import cards

SHOWN = 20


def same_person(request: HttpRequest, resource: str, row: Any) -> Iterable[Section]:
    """The links of a record; none for who may not see links, or on a page of what has no keys."""
    if not _has_keys(resource) or not request.user.has_perm("customers.view_identitylink"):
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


def traces(resource: str, row: Any) -> Iterable[live.Trace]:
    """What was suggested and decided about the record."""
    if _has_keys(resource):
        yield live.trace("same person", links_of(resource, row.pk), "decided_at")


def _has_keys(resource: str) -> bool:
    return resource in {CUSTOMERS, *others()}


MORE_SECTIONS.append(same_person)
MORE_TRACES.append(traces)
