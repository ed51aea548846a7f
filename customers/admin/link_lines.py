"""A setup link in a line, and the marks that tell what a person should know of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import freshness, times, upstreams
from backoffice.badges import badge, word
from customers import states
from customers.models import Customer, SetupLink
from customers.replacements import half_done_of, lost_secrets
from customers.services.links import why_no_link
from customers.verbs.kirim import CREATE_LINK, REPLACE_LINK_PERMISSION, REVOKE_LINK

SECRET_LOST = _("The answer that held its URL was lost, so nobody has it. Replace or revoke it.")
HALF_DONE = _("A new link replaced it, but it was not revoked: both can be used.")
EATEN = _("It is used up, but its customer is still pending: probably a mail scanner or a chat preview opened it.")


@dataclass(frozen=True)
class LinkLine:
    """A setup link as the customer's page shows it."""

    link: SetupLink
    state: SafeString
    ends: Any
    consumed: Any
    marks: list[SafeString]
    may_be_revoked: bool


def link_section(request: HttpRequest, customer: Customer, links: Iterable[SetupLink]) -> dict[str, Any]:
    """What the part ``customers/parts/_links.html`` shows: the links, and what the person may do with them."""
    links = list(links)
    for link in links:
        link.customer = customer
    marks = marks_of(links)
    user = request.user
    off = why_no_link(customer) or upstreams.why_off("kirim")
    return {
        "links": [link_line(link, marks.get(link.remote_id, [])) for link in links],
        "read": customer.links_read_at,
        "customer": customer,
        "may_create": user.has_perm(CREATE_LINK.permission),
        "may_replace": user.has_perm(REPLACE_LINK_PERMISSION) and not off,
        "may_revoke": user.has_perm(REVOKE_LINK.permission) and not upstreams.why_off("kirim"),
        "off": off,
    }


def link_line(link: SetupLink, marks: list[SafeString]) -> LinkLine:
    """One setup link."""
    return LinkLine(
        link,
        word(states.link_state(link), states.LINK),
        link_ends(link),
        times.at(link.consumed_at),
        marks,
        states.is_usable(link),
    )


def link_ends(link: SetupLink) -> Any:
    """When the link ends or ended: "in 3 h", with the exact time on hover; only the time where it no longer matters."""
    return times.ago(link.expires_at) if link.status == "active" else times.at(link.expires_at)


def marks_of(links: Iterable[SetupLink]) -> dict[str, list[SafeString]]:
    """What is wrong with each of these links (with their customers), by remote id. Three queries."""
    links = list(links)
    if not links:
        return {}
    lost, halves = lost_secrets(links), half_done_of(links)
    swept_from = freshness.swept_from_of(Customer)
    return {link.remote_id: list(_marks(link, lost, halves, swept_from)) for link in links}


def _marks(link: SetupLink, lost: Any, halves: Any, swept_from: Any) -> Iterable[SafeString]:
    if link.remote_id in lost and states.is_usable(link):
        yield badge(gettext("secret lost"), "bad", SECRET_LOST)
    if link.remote_id in halves:
        yield badge(gettext("not revoked yet"), "bad", HALF_DONE)
    if states.was_eaten(link, swept_from):
        yield badge(gettext("used without signing up"), "warn", EATEN)
