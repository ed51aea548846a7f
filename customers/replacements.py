"""Replacing a setup link: a new one is made, then the old one is revoked. Half done is the first without the second."""

from collections.abc import Iterable
from contextlib import suppress

from django.db import DatabaseError
from django.db.models import Exists, OuterRef, Q, QuerySet

from backoffice.client import PERSON
from backoffice.errors import WriteIsSettled
from backoffice.models import RemoteWrite
from backoffice.writes.carry_out import carry_out, renew
from backoffice.writes.plan import Actor, plan
from customers.models import Customer, SetupLink
from customers.services import NewLink, SetupLinkService
from customers.services.links import revocation_id
from customers.states import usable_links
from customers.verbs.kirim import LINK, REPLACE_LINK_PERMISSION, REVOKE_LINK

State = RemoteWrite.State


def plan_revocation(link: SetupLink, creation: RemoteWrite, actor: Actor) -> RemoteWrite:
    """The revocation that follows a replacement's create; planned with it, so that it is never forgotten."""
    revocation, _ = plan(
        REVOKE_LINK,
        actor,
        id=revocation_id(creation.pk),
        remote_id=link.remote_id,
        owner_remote_id=link.customer_remote_id,
        reason=creation.reason,
        follows=creation,
        permission=REPLACE_LINK_PERMISSION,
    )
    return revocation


def replace(
    service: SetupLinkService, customer: Customer, link: SetupLink, creation: RemoteWrite, actor: Actor
) -> NewLink:
    """Carry out a planned replacement, first or once more after its create failed. Raises as the service's ``create``.

    A link that nobody can use any more is not revoked: there is nothing to revoke. The new one's URL counts as lost
    until the caller has shown it, which comes after the revocation.
    """
    revocation = revocation_of(creation)
    if revocation is None:
        return service.create(customer, creation)
    if revocation.state == State.PLANNED:
        return service.replace(link, creation, revocation, lambda new: keep_lost(creation))
    new = service.create(customer, creation)
    keep_lost(creation)
    try:
        renew(revocation, actor, REPLACE_LINK_PERMISSION)
    except WriteIsSettled:
        return new  # half done, or somebody else finished it: the revocation's row tells
    service.finish(revocation)
    return new


def resume(revocation: RemoteWrite, actor: Actor) -> None:
    """Send the revocation of a half-done replacement again. Raises NotAllowed, WriteIsSettled."""
    renew(revocation, actor, REPLACE_LINK_PERMISSION)
    carry_out(revocation, PERSON, lambda api: SetupLinkService(api).finish(revocation))
    revocation.refresh_from_db()


def open_revocation(link: SetupLink) -> RemoteWrite | None:
    """The revocation of an earlier replacement of the link, where it waits for its end; ``follows`` is its create.

    Where that is confirmed the replacement is half done. Where it has no end either, a new link may have been made.
    """
    revocations = RemoteWrite.objects.filter(target=LINK, verb="revoke", remote_id=link.remote_id)
    waiting = revocations.exclude(follows=None).exclude(state__in=[State.CONFIRMED, State.REFUSED])
    is_over = Q(follows__state__in=[State.REFUSED, State.FAILED])  # no new link was made
    return waiting.exclude(is_over).select_related("follows").first()


def half_done() -> QuerySet[RemoteWrite]:
    """The revocations that are missing: their new link is there, and the old one can still be used."""
    old = SetupLink.objects.filter(usable_links(), remote_id=OuterRef("remote_id"))
    revocations = RemoteWrite.objects.filter(target=LINK, verb="revoke", follows__state=State.CONFIRMED)
    is_open = [State.FAILED, State.REFUSED, State.UNKNOWN]
    return revocations.filter(Exists(old), state__in=is_open).select_related("follows")


def half_done_of(links: Iterable[SetupLink]) -> dict[str, RemoteWrite]:
    """The missing revocations of these links, by the old link's remote id. One query."""
    ids = [link.remote_id for link in links]
    return {write.remote_id: write for write in half_done().filter(remote_id__in=ids).order_by("planned_at")}


def keep_lost(creation: RemoteWrite, is_lost: bool = True) -> None:
    """Write down that the new link's URL is lost, as it is for whoever ends before showing it; or that it was shown.

    A database that fails now is no reason to swallow what nobody can ask for again.
    """
    with suppress(DatabaseError):
        RemoteWrite.objects.filter(pk=creation.pk).update(secret_lost=is_lost)


def lost_secrets(links: Iterable[SetupLink]) -> set[str]:
    """Remote ids of those links whose URL was in a lost answer, so that nobody has it. One query."""
    ids = [link.remote_id for link in links]
    lost = RemoteWrite.objects.filter(target=LINK, verb="create", secret_lost=True, remote_id__in=ids)
    return set(lost.values_list("remote_id", flat=True))


def revocation_of(creation: RemoteWrite) -> RemoteWrite | None:
    """The revocation that follows a replacement's create; None where nothing was to be revoked."""
    return RemoteWrite.objects.filter(pk=revocation_id(creation.pk)).first()
