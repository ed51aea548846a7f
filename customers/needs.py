"""Setup links that need a person: those whose URL nobody has, and those whose replacement is half done."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import User
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.models import RemoteWrite
from backoffice.needs.section import SHOWN, Kind, Person, register
from backoffice.writelines import write_lines
from backoffice.writes.plan import may
from customers.models import Customer, SetupLink
from customers.replacements import half_done
from customers.services.links import MOST_HOURS
from customers.states import usable_links
from customers.verbs.kirim import LINK, REPLACE_LINK_PERMISSION, REVOKE_LINK

State = RemoteWrite.State
Rows = Callable[[Person], QuerySet[RemoteWrite] | None]
LONGEST_LIFE = timedelta(hours=MOST_HOURS)  # of a link: what is not mirrored here is over by then

LOST = _(
    "Kirim made these links, but the answer with the URL was lost, and it is told once: nobody has it. Replace the "
    "link to get one that can be handed over, or revoke it."
)
HALF_DONE = _(
    "A new link was made, but the old one was not revoked, so both can be used. Finish the replacement, or dismiss it "
    "where the old link may live on until it ends."
)


def lost_links(person: Person) -> QuerySet[RemoteWrite] | None:
    """Creates whose URL was lost and whose link can still be used, as far as is known here."""
    here = SetupLink.objects.filter(remote_id=OuterRef("remote_id"))
    # Settled by hand: nobody said which link it made. Once its customer's links were read it is among them.
    read = Customer.objects.filter(remote_id=OuterRef("owner_remote_id"), links_read_at__gt=OuterRef("settled_at"))
    may_live = Q(~Exists(here), ~Q(Exists(read), remote_id=""), settled_at__gte=timezone.now() - LONGEST_LIFE)
    lost = RemoteWrite.objects.filter(target=LINK, verb="create", secret_lost=True)
    open_ones = lost.filter(Q(Exists(here.filter(usable_links()))) | may_live)
    return open_ones.select_related("actor", "follows") if _may_see(person) else None


def missing_revocations(person: Person) -> QuerySet[RemoteWrite] | None:
    """Revocations that are to complete a replacement. Those of unknown end are looked for first, as any such write."""
    missing = half_done().filter(state__in=[State.FAILED, State.REFUSED], dismissed_at=None)
    return missing.select_related("actor", "follows") if _may_see(person) else None


def _may_see(person: Person) -> bool:
    return person.has_perms(["backoffice.view_remotewrite", "customers.view_setuplink"])


def _parts(rows: Rows) -> Callable[[Person], Mapping[str, Any]]:
    def parts(person: Person) -> Mapping[str, Any]:
        writes = rows(person)
        return {
            "writes": [] if writes is None else write_lines(person, writes[:SHOWN]),
            "may_replace": isinstance(person, User) and may(person, REPLACE_LINK_PERMISSION),
            "may_revoke": isinstance(person, User) and may(person, REVOKE_LINK.permission),
        }

    return parts


register(
    Kind(
        "links-lost",
        20,
        _("Setup links whose URL is lost"),
        LOST,
        _("Setup links whose URL nobody has"),
        _("See them"),
        "customers/parts/_needs_lost.html",
        lost_links,
        _parts(lost_links),
    ),
    Kind(
        "links-half-done",
        30,
        _("Half-done replacements"),
        HALF_DONE,
        _("Setup links whose replacement is half done"),
        _("Finish them"),
        "customers/parts/_needs_half_done.html",
        missing_revocations,
        _parts(missing_revocations),
    ),
)
