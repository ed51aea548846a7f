"""Setup links: create, replace, change the redirects, revoke, and looking for what became of those.

The URL of a new link is in Kirim's answer only. It is handed to the caller and kept nowhere.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.badges import in_words
from backoffice.errors import NotInThisState, RemoteConflict, RemoteContractError, RemoteError, WriteIsSettled
from backoffice.models import RemoteWrite
from backoffice.records import id_in
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause, is_same
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.texts import Text, written
from backoffice.writes.sending import note_unlike, send, settle, settle_unsent
from backoffice.writes.verbs import Look
from customers import states
from customers.kirim import ARCHIVED, KirimAPI, NewSetupLink
from customers.models import Customer, SetupLink
from customers.redirects import why_refused
from customers.states import link_state

LINKS = "kirim.setup_links"
NEWEST = 50  # so many links of a customer can be listed
LEAST_HOURS, MOST_HOURS = 1, 720  # that a link can be used for, as in the contract
REPLACES = "replaces"  # in a creation's ``before``: the id of the link that the new one takes the place of
REDIRECTS = ("success_redirect_url", "failure_redirect_url")
State = RemoteWrite.State


@dataclass(frozen=True)
class NewLink:
    """A link that was just created. ``setup_url`` is for one page or one line of output."""

    link: SetupLink
    setup_url: str = field(repr=False)


def revocation_id(creation: UUID) -> UUID:
    """The id of the write that revokes the old link, where ``creation`` made the one that replaces it."""
    return uuid5(creation, "revoke")


@dataclass(frozen=True)
class SetupLinkService:
    """Called by pages and commands, with a client that has their patience."""

    api: KirimAPI

    def create(self, customer: Customer, write: RemoteWrite) -> NewLink:
        """Create a link. Sources: ``GET`` and ``POST /customers/{id}/setup_links``.

        ``write.sends``: expires_in_hours (1 to 720), success_redirect_url, failure_redirect_url; each may be missing.
        The links there are listed just before, so that a lost one can be told from them.

        Raises:
            NotInThisState: the customer is archived or gone, or a redirect is not allowed here; nothing was sent.
            RemoteError: the write says what is known. It is never repeated after a lost answer.
        """
        _refuse_customer(customer)
        _refuse_redirects(write.sends)
        there = self.refresh_of(customer.remote_id)

        def keep(new: NewSetupLink) -> str:
            single.take(LINKS, Batch([new.body], new.sent_at), Cause(write=write))
            return new.id

        new = send(
            write,
            lambda attempts: self.api.create_setup_link(customer.remote_id, write.sends, attempts),
            keep,
            before={**write.before, "link_ids": there},
        )
        link = SetupLink.objects.filter(remote_id=new.id).first()
        if link is None:
            RemoteWrite.objects.filter(pk=write.pk).update(secret_lost=True)
            raise RemoteContractError("POST /customers/{id}/setup_links", "done, but the answer cannot be kept")
        return NewLink(link, new.setup_url)

    def replace(
        self,
        link: SetupLink,
        write: RemoteWrite,
        revocation: RemoteWrite,
        hand_over: Callable[[NewLink], None] = lambda new: None,
    ) -> NewLink:
        """Create a new link, then revoke the old one: that order leaves the customer with a link whatever happens.

        ``revocation`` follows ``write`` and is carried out once that is confirmed; its own row says how it ended, and
        a replacement whose revocation is not confirmed is half done. Raises as ``create``.

        Args:
            hand_over: shows the new link, before the old one is revoked; if it raises, the old one stays.
        """
        customer = _customer_of(link)
        try:
            new = self.create(customer, write)
        finally:
            write.refresh_from_db()
            forgo(write, revocation)
        hand_over(new)
        self.finish(revocation)
        return new

    def finish(self, revocation: RemoteWrite) -> None:
        """The second half of a replacement. Raises nothing that Kirim says: the revocation's row tells."""
        try:
            self.revoke(SetupLink.objects.get(remote_id=revocation.remote_id), revocation)
        except (NotInThisState, RemoteError, WriteIsSettled) as error:
            revocation.refresh_from_db()
            if revocation.state == State.PLANNED and not isinstance(error, WriteIsSettled):
                settle_unsent(revocation, error)

    def update_redirects(self, link: SetupLink, write: RemoteWrite) -> SetupLink:
        """Change where the browser goes after signing up. Source: ``PATCH /customers/{id}/setup_links/{link_id}``.

        ``write.sends``: success_redirect_url, failure_redirect_url; null clears. Raises NotInThisState, RemoteError;
        after a 409 the links are read again and the write says what became of this one: an earlier request of it may
        have changed the redirects before the link came to its end.
        """
        _refuse_redirects(write.sends)
        _refuse_inactive(link, _("redirects can be changed only while it is active"))

        def keep(answer: tuple[bytes, datetime]) -> None:
            single.take(LINKS, Batch([answer[0]], answer[1]), Cause(write=write))

        before = {name: getattr(link, name) for name in write.sends}
        owner, call = link.customer_remote_id, self.api.update_setup_link
        try:
            send(write, lambda attempts: call(owner, link.remote_id, write.sends, attempts), keep, before=before)
        except RemoteConflict:
            self._explain_conflict(link, write)
            if write.state != State.CONFIRMED:
                raise
        link.refresh_from_db()
        note_unlike(write, {name: getattr(link, name) for name in write.sends})
        return link

    def revoke(self, link: SetupLink, write: RemoteWrite) -> SetupLink:
        """Revoke. Source: ``DELETE /customers/{id}/setup_links/{link_id}``; then the links are read again.

        Raises NotInThisState, RemoteError. After a 409 the list tells: *revoked* after a repeat means that an earlier
        request did it.
        """
        _refuse_inactive(link, _("there is nothing to revoke"))
        owner, call = link.customer_remote_id, self.api.revoke_setup_link
        before = {"status": link.status}
        try:
            send(write, lambda attempts: call(owner, link.remote_id, attempts), lambda answer: None, before=before)
        except RemoteConflict:
            self._explain_conflict(link, write)
            if write.state != State.CONFIRMED:
                raise
        else:
            self._refresh_after(link, write)
        link.refresh_from_db()
        return link

    def refresh_of(self, customer_remote_id: str, cause: Cause = BY_HAND) -> list[str]:
        """Read a customer's 50 newest links again; their ids. Source: ``GET /customers/{id}/setup_links``."""
        if self.api.leaves_out("GET /customers/{id}/setup_links"):
            here = SetupLink.objects.filter(customer_remote_id=customer_remote_id)
            return list(here.values_list("remote_id", flat=True))
        batch = RESOURCES[LINKS].read_owned(self.api, customer_remote_id)
        single.take(LINKS, batch, cause)
        return [remote_id for row in batch.rows if (remote_id := id_in(row))]

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Find the link that the write made: not among those that were there before, nor another write's."""
        customer_id = write.owner_remote_id
        listed = self.refresh_of(customer_id, Cause(write=write))
        others = RemoteWrite.objects.filter(target="setup_link", verb="create", owner_remote_id=customer_id)
        taken = set(others.exclude(remote_id="").exclude(pk=write.pk).values_list("remote_id", flat=True))
        new = [remote_id for remote_id in listed if remote_id not in taken | set(write.before.get("link_ids", []))]
        candidates = list(SetupLink.objects.filter(remote_id__in=new, customer_remote_id=customer_id))
        rivals = list(others.filter(state=State.UNKNOWN).exclude(pk=write.pk))
        found = [link for link in candidates if _fits(link, write)] or [
            link for link in candidates if not any(_fits(link, rival) for rival in rivals)
        ]
        if found and others.filter(state=State.SENT).exclude(pk=write.pk).exists():
            told = _("Another link of this customer is being created right now; we look again.")
            return Look(State.UNKNOWN, told)
        if found:
            link = min(found, key=lambda link: link.remote_created_at or timezone.now())
            told = _("Found at Kirim as …{ending}. Its URL was in the lost answer only: replace or revoke it.")
            found_as = format_lazy(told, ending=link.token_last4)
            return Look(State.CONFIRMED, found_as, link.remote_id, secret_lost=True)
        if not is_late:
            return Look(State.UNKNOWN, _("There is no new link at Kirim yet; it is looked for again in a minute."))
        if len(listed) >= NEWEST and not set(listed) & set(write.before.get("link_ids", [])):
            return Look(State.UNKNOWN, _("So many links were made since that Kirim no longer lists all of them."))
        return Look(State.FAILED, _("Kirim made no link: its list shows no new one."))

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the link with what was sent."""
        link = self._listed(write)
        if link is None:
            return Look(State.UNKNOWN, _("Kirim no longer lists the link."))
        there = {name: getattr(link, name) for name in write.sends}
        if is_same(there, write.sends):
            return Look(State.CONFIRMED, _("Kirim shows what was sent."))
        if is_late and is_same(there, write.before):
            return Look(State.FAILED, _("Kirim shows the redirects that were there before."))
        return Look(State.UNKNOWN, _("Kirim shows other redirects than were sent."))

    def look_for_revoked(self, write: RemoteWrite, is_late: bool) -> Look:
        """See what state the link has."""
        link = self._listed(write)
        if link is None:
            return Look(State.UNKNOWN, _("Kirim no longer lists the link."))
        if link.status == "revoked":
            return Look(State.CONFIRMED, _("Kirim shows it as revoked."))
        if link.status != "active":
            return Look(State.FAILED, format_lazy(_("It was not revoked: {end}."), end=_end_of(link)))
        if is_late:
            return Look(State.FAILED, _("Kirim still shows it as active."))
        return Look(State.UNKNOWN, _("Kirim still shows it as active; it is looked at again in a minute."))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _listed(self, write: RemoteWrite) -> SetupLink | None:
        listed = self.refresh_of(write.owner_remote_id, Cause(write=write))
        return SetupLink.objects.filter(remote_id=write.remote_id).first() if write.remote_id in listed else None

    def _explain_conflict(self, link: SetupLink, write: RemoteWrite) -> None:
        """After a 409: read the links again, and say in the write what became of this one."""
        before = write.state
        self._refresh_after(link, write)
        link.refresh_from_db()
        if before == State.UNKNOWN and _shows(link, write):
            settle(write, State.CONFIRMED, remark=_("An earlier request of it had done it."), status=write.status)
        elif link.status != "active":
            told = format_lazy(_("Nothing was changed: {end}."), end=_end_of(link))
            if not settle(write, State.REFUSED, error=told, status=write.status, request_id=write.request_id):
                RemoteWrite.objects.filter(pk=write.pk).update(error=written(told))
                write.refresh_from_db()

    def _refresh_after(self, link: SetupLink, write: RemoteWrite) -> None:
        """Read the customer's links again; where that does not work now, the next sync does."""
        try:
            self.refresh_of(link.customer_remote_id, Cause(write=write))
        except RemoteError:
            return


def forgo(creation: RemoteWrite, revocation: RemoteWrite) -> None:
    """Give the second half of a replacement its end where the first ended without a new link to hand over."""
    if creation.state == State.REFUSED:
        told = _("The new link was not made, so the old one stays.")
        settle(revocation, State.REFUSED, was=State.PLANNED, error=told)
    elif creation.state in {State.FAILED, State.UNKNOWN}:
        told = _("Nothing was sent: there was no new link to hand over, so the old one stays.")
        settle(revocation, State.FAILED, was=State.PLANNED, error=told)


def _customer_of(link: SetupLink) -> Customer:
    if link.customer is None:
        raise _nothing_sent(why_no_link(None))
    return link.customer


def why_no_link(customer: Customer | None) -> Text:
    """Why a customer gets no new setup link, in a sentence; "" when it does."""
    if customer is None:
        return _("The customer of this link is not mirrored here. Fetch it first.")
    if customer.vanished_at is not None:
        return format_lazy(_("{who} is gone at Kirim."), who=str(customer))
    if customer.status == ARCHIVED:
        return format_lazy(_("{who} is archived, and an archived customer gets no setup link."), who=str(customer))
    return ""


def why_inactive(link: SetupLink) -> Text:
    """Why a link can be neither revoked nor changed any more, in a sentence; "" while it is active."""
    over = _over(link)
    return format_lazy("{over}.", over=over) if over else ""


def _refuse_customer(customer: Customer) -> None:
    if why := why_no_link(customer):
        raise _nothing_sent(why)


def _nothing_sent(why: Text) -> NotInThisState:
    return NotInThisState(format_lazy(_("{why} Nothing was sent."), why=why))


def _refuse_redirects(members: Mapping[str, Any]) -> None:
    for name in REDIRECTS:
        if members.get(name) and (why := why_refused(members[name])):
            told = _("{member}: {why} Nothing was sent.")
            raise NotInThisState(format_lazy(told, member=_called(name), why=why))


def _called(member: str) -> Text:
    """A member within a sentence."""
    return SetupLink._meta.get_field(member).verbose_name  # type: ignore[union-attr]


def _refuse_inactive(link: SetupLink, why: Text) -> None:
    if over := _over(link):
        raise NotInThisState(format_lazy(_("{over}; {why}. Nothing was sent."), over=over, why=why))


def _over(link: SetupLink) -> Text:
    """Why a link is not active any more, as a sentence begins with it; "" while it is."""
    if link.vanished_at is not None:
        return _("Kirim no longer lists it")
    if link_state(link) == "active":
        return ""
    state, moment = _ended(link)
    told = _("It was {state} already, on {moment}") if moment else _("It was {state} already")
    return format_lazy(told, state=state, moment=moment)


def _end_of(link: SetupLink) -> Text:
    """How the link came to its end, as a sentence ends with it: "it was consumed already, on 2026-11-25 14:02 UTC"."""
    state, moment = _ended(link)
    told = _("it was {state} already, on {moment}") if moment else _("it was {state} already")
    return format_lazy(told, state=state, moment=moment)


def _ended(link: SetupLink) -> tuple[Text, str]:
    """The state of a link for people, and the moment of its end where that is known, else ""."""
    state = link_state(link)
    moment = {"consumed": link.consumed_at, "expired": link.expires_at}.get(state)
    return in_words(state, states.LINK), f"{moment:%Y-%m-%d %H:%M} UTC" if moment else ""


def _shows(link: SetupLink, write: RemoteWrite) -> bool:
    """Whether the link is as the write wanted it."""
    if write.verb == "revoke":
        return link.status == "revoked"
    return is_same({name: getattr(link, name) for name in write.sends}, write.sends)


def _fits(link: SetupLink, write: RemoteWrite) -> bool:
    """Whether the link has what the write asked for."""
    hours = write.sends.get("expires_in_hours")
    lifetime = link.expires_at - (link.remote_created_at or link.expires_at)
    has_lifetime = hours is None or abs(lifetime - timedelta(hours=hours)) < timedelta(minutes=1)
    return has_lifetime and all(getattr(link, name) == write.sends.get(name) for name in REDIRECTS)
