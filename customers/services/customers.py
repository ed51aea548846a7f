"""Customers: read, create, update, suspend, activate, archive, and looking for what became of those."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.badges import in_words
from backoffice.errors import (
    NotInThisState,
    RemoteContractError,
    RemoteError,
    RemoteNotFound,
)
from backoffice.models import RemoteWrite
from backoffice.records import id_in
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause, is_same
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.texts import Text, written
from backoffice.writes.outcomes import refuse_if_moved
from backoffice.writes.sending import lost_before, members_in_words, note_unlike, send, settle
from backoffice.writes.verbs import Look
from customers import states
from customers.kirim import ARCHIVED, CustomerRecord, KirimAPI
from customers.metadata import REFERENCE, reference_in, visible, with_reference
from customers.models import Customer
from customers.services.links import SetupLinkService

GONE = _("{who} is gone at Kirim.")
CUSTOMERS = "kirim.customers"
MAY_BE = {
    "update": frozenset({"pending", "active", "suspended"}),
    "suspend": frozenset({"pending", "active"}),
    "activate": frozenset({"pending", "suspended"}),
}
"""The states in which a verb can be done; those that are not here can be done in all but *archived*."""
State = RemoteWrite.State


@dataclass(frozen=True)
class CustomerService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: KirimAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Customer:
        """Mirror one customer by its id, with its accounts. Raises as ``single.fetch``.

        Source: ``GET /customers/{id}``.
        """
        customer = single.fetch(CUSTOMERS, self.api, remote_id, cause)
        assert isinstance(customer, Customer)  # noqa: S101  the resource's own model
        return customer

    def refresh(self, customer: Customer) -> Customer:
        """Read a mirrored customer and its 50 newest setup links again.

        Sources: ``GET /customers/{id}``, ``GET /customers/{id}/setup_links``. Raises as ``fetch``; what was read before
        the error stays.
        """
        fresh = self.fetch(customer.remote_id)
        SetupLinkService(self.api).refresh_of(fresh.remote_id)
        fresh.refresh_from_db()
        return fresh

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> Customer:
        """Create a customer and mirror the answer. Source: ``POST /customers``.

        ``write.sends``: name, email, metadata, team_id, none of them null. The id of the write goes along in the
        metadata, so that the customer can be found where the answer is lost.

        Raises:
            RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        if lost_before(write) and (found := self._search(write)):
            settle(write, State.CONFIRMED, remark=_("An earlier try had made it after all."), remote_id=found)
            return _mirrored(found)
        metadata = with_reference(write.sends.get("metadata"), str(write.pk))
        members = {**write.sends, "metadata": metadata}

        def keep(answer: tuple[bytes, datetime]) -> str:
            single.take(CUSTOMERS, Batch([answer[0]], answer[1]), Cause(write=write))
            return id_in(answer[0])

        body, _sent_at = send(write, lambda attempts: self.api.create_customer(members, attempts), keep)
        return _mirrored(id_in(body))

    def update(self, customer: Customer, write: RemoteWrite) -> Customer:
        """Change members of a customer. Sources: ``GET`` and ``PATCH /customers/{id}``.

        Args:
            write: ``sends`` are the members to set (name, email, metadata; null clears the latter two), ``before`` the
                same members as the person saw them; a member that is not in ``before`` overwrites whatever is there.

        Raises:
            NotInThisState: archived, gone, or in a state that is not known here.
            ChangedMeanwhile: somebody changed one of these members to something else since; nothing was sent.
            RemoteError: the write says what is known.
        """
        _refuse_unless_may("update", customer)
        fresh = self._read(customer)
        wanted = _wanted(write)
        there = {name: _seen(name, fresh) for name in wanted}
        refuse_if_moved(customer, "Kirim", there, wanted, write.before)
        changes = {name: value for name, value in wanted.items() if not is_same(value, there[name])}
        if not changes:
            settle(write, State.CONFIRMED, remark=_("Kirim had it so already; nothing was sent."))
            return self.fetch(customer.remote_id)
        if "metadata" in changes:
            changes["metadata"] = with_reference(changes["metadata"], reference_in(fresh.get("metadata")))
        changed = self._patch(customer, write, changes, before=there)
        note_unlike(write, {name: _seen(name, changed.payload) for name in changes})
        return changed

    def suspend(self, customer: Customer, write: RemoteWrite) -> Customer:
        """Suspend a pending or active customer. Source: ``PATCH /customers/{id}``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        _refuse_unless_may("suspend", customer)
        suspended = self._patch(customer, write, write.sends, before={"status": customer.status})
        note_unlike(write, {"status": suspended.status})
        return suspended

    def activate(self, customer: Customer, write: RemoteWrite) -> Customer:
        """Lift a suspension (or activate a pending customer). Source: ``PATCH /customers/{id}``, and a read after it.

        Kirim takes the change but may go on suspending until its dashboard lifts it: the read tells whether it took.
        Raises NotInThisState (nothing was sent), RemoteError.
        """
        _refuse_unless_may("activate", customer)
        self._patch(customer, write, write.sends, before={"status": customer.status})
        fresh = self._read_after(customer, write)
        if fresh.status != "active":
            remark = format_lazy(
                _("Kirim took it but still shows {status}; its dashboard may have to lift the suspension."),
                status=_called(fresh.status),
            )
            RemoteWrite.objects.filter(pk=write.pk).update(remark=written(remark)[:500])
        return fresh

    def archive(self, customer: Customer, write: RemoteWrite) -> Customer:
        """Archive, for good: nothing is erased and accounts keep pointing at it. Source: ``DELETE /customers/{id}``.

        Raises NotInThisState (nothing was sent), RemoteError.
        """
        _refuse_unless_may("archive", customer)
        before = {"status": customer.status}
        send(write, lambda attempts: self.api.archive_customer(customer.remote_id, attempts), before=before)
        return self._read_after(customer, write)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Find the customer that carries the write's id: in the mirror, by search, else in a whole sweep.

        Only a sweep begun after the send's deadline that reached its stated end proves it absent. Sources:
        ``GET /customers``, also with ``search`` and with ``status=archived``.
        """
        mirrored = Customer.objects.filter(**{f"metadata__{REFERENCE}": str(write.pk)}).first()
        remote_id = mirrored.remote_id if mirrored else self._search(write)
        if not remote_id and is_late:
            remote_id = self._sweep(write)
        if remote_id:
            return Look(
                State.CONFIRMED, format_lazy(_("Found at Kirim as {remote_id}."), remote_id=remote_id), remote_id
            )
        if is_late:
            none = _("Kirim has no such customer: all of them were read, and it is not among them.")
            return Look(State.FAILED, none)
        return Look(State.UNKNOWN, _("Kirim's search does not find it yet; it is looked for again in a minute."))

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the customer with what was sent. Source: ``GET /customers/{id}``."""
        try:
            fresh = self._read(Customer.objects.get(remote_id=write.remote_id), Cause(write=write))
        except RemoteNotFound:
            return Look(State.UNKNOWN, _("Kirim no longer knows the customer."))
        wanted = _wanted(write)
        there = {name: _seen(name, fresh) for name in wanted}
        if is_same(there, wanted):
            return Look(State.CONFIRMED, _("Kirim shows what was sent."))
        differing = [name for name in sorted(there) if not is_same(there[name], wanted[name])]
        told = members_in_words(differing, there)
        if is_late and all(is_same(there[name], write.before.get(name)) for name in differing):
            return Look(State.FAILED, format_lazy(_("Kirim shows what was there before: {told}."), told=told))
        return Look(State.UNKNOWN, format_lazy(_("Kirim shows something else than was sent: {told}."), told=told))

    def look_for_archived(self, write: RemoteWrite, is_late: bool) -> Look:
        """Source: ``GET /customers/{id}``."""
        try:
            fresh = self._read(Customer.objects.get(remote_id=write.remote_id), Cause(write=write))
        except RemoteNotFound:
            return Look(State.UNKNOWN, _("Kirim no longer knows the customer."))
        if fresh.get("status") == ARCHIVED or fresh.get("archived_at"):
            return Look(State.CONFIRMED, _("Kirim shows it as archived."))
        status = _called(str(fresh.get("status")))
        if is_late:
            return Look(State.FAILED, format_lazy(_("Kirim shows it as {status}."), status=status))
        return Look(State.UNKNOWN, format_lazy(_("Kirim shows it as {status} so far."), status=status))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _patch(
        self, customer: Customer, write: RemoteWrite, changes: dict[str, Any], before: dict[str, Any]
    ) -> Customer:
        def keep(answer: tuple[bytes, datetime]) -> None:
            single.take(CUSTOMERS, Batch([answer[0]], answer[1]), Cause(write=write))

        call = self.api.update_customer
        _, sent_at = send(write, lambda attempts: call(customer.remote_id, changes, attempts), keep, before=before)
        customer.refresh_from_db()
        # A body asked for while our change was under way may be older than it, and yet have been taken for newer.
        return self._read_after(customer, write) if customer.synced_at > sent_at else customer

    def _read(self, customer: Customer, cause: Cause = BY_HAND) -> dict[str, Any]:
        """The customer as Kirim states it now, mirrored on the way. Raises NotInThisState where it is gone here."""
        if customer.vanished_at is not None:
            raise _nothing_sent(format_lazy(GONE, who=str(customer)))
        return dict(self.fetch(customer.remote_id, cause).payload)

    def _read_after(self, customer: Customer, write: RemoteWrite) -> Customer:
        """The customer read again; as it is here where that does not work now: the next sync brings it."""
        try:
            return self.fetch(customer.remote_id, Cause(write=write))
        except RemoteError:
            customer.refresh_from_db()
            return customer

    def _search(self, write: RemoteWrite) -> str:
        """The id of the customer that carries the write's id, as far as Kirim's search shows it; "" for none."""
        for text in filter(None, (write.sends.get("email"), write.sends.get("name"))):
            for page in self.api.search_customers(text):
                if found := _adopt(write, page.rows, page.sent_at):
                    return found
        return ""

    def _sweep(self, write: RemoteWrite) -> str:
        """The same, among all customers. Raises RemoteError where the list does not reach its stated end."""
        for stream in RESOURCES[CUSTOMERS].streams(self.api, full=True, checkpoint=None):
            for batch in stream:
                if found := _adopt(write, batch.rows, batch.sent_at):
                    return found
        return ""


def _adopt(write: RemoteWrite, rows: Iterable[bytes], sent_at: datetime) -> str:
    """Mirror the row that carries the write's id; its id. The bytes are searched, as it may be unreadable to us."""
    mark = str(write.pk).encode()
    for row in rows:
        if mark in row and (remote_id := id_in(row)):
            single.take(CUSTOMERS, Batch([row], sent_at), Cause(write=write))
            return remote_id
    return ""


def _mirrored(remote_id: str) -> Customer:
    """A customer that was just stored. Raises RemoteContractError where the store could not take it."""
    found = Customer.objects.filter(remote_id=remote_id).first()
    if found is None:
        raise RemoteContractError("POST /customers", "done, but the answer cannot be kept; see rejected records")
    return found


def why_not(verb: str, customer: Customer) -> Text:
    """Why a verb cannot be done to a customer as it is here, in a sentence; "" when it can. The services' own rule."""
    return _hindrance(verb, customer, pgettext_lazy("customer", "It"))


def _refuse_unless_may(verb: str, customer: Customer) -> None:
    if hindrance := _hindrance(verb, customer, str(customer)):
        raise _nothing_sent(hindrance)


def _nothing_sent(why: Text) -> NotInThisState:
    return NotInThisState(format_lazy(_("{why} Nothing was sent."), why=why))


def _hindrance(verb: str, customer: Customer, who: Text) -> Text:
    """Why not, in a sentence about ``who``; "" where nothing is in the way."""
    status = customer.status
    if customer.vanished_at is not None:
        return format_lazy(GONE, who=who)
    if status == ARCHIVED:
        final = _("{who} is archived, and that is final.")
        return format_lazy(_("{who} is archived already.") if verb == "archive" else final, who=who)
    if status in MAY_BE.get(verb, {status}):
        return ""
    if status in CustomerRecord.words["status"]:
        return format_lazy(_("{who} is {status} already."), who=who, status=_called(status))
    return format_lazy(_("{who} is in a state that is not known here ({status})."), who=who, status=status[:60])


def _called(status: str) -> Text:
    """A state within a sentence."""
    return in_words(status, states.CUSTOMER)


def _seen(name: str, customer: Mapping[str, Any]) -> Any:
    """A member as people see it: metadata without our own key."""
    value = customer.get(name)
    return visible(value) if name == "metadata" else value


def _wanted(write: RemoteWrite) -> dict[str, Any]:
    """The members that a write sets, as they are seen once they are set: empty metadata is none."""
    return {name: _seen(name, write.sends) for name in write.sends}
