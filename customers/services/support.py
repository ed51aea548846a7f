"""Support customers: read, create, update, delete, and looking for what became of those."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db.models import Max
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice import upstreams
from backoffice.errors import (
    NotInThisState,
    RemoteError,
    RemoteNotFound,
    RemoteUnsupported,
)
from backoffice.models import RemoteWrite
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause, is_same
from backoffice.texts import Text, joined_lazy, written
from backoffice.writes.outcomes import refuse_if_moved
from backoffice.writes.sending import lost_before, send, settle
from backoffice.writes.verbs import Look
from customers.apideck import ApideckAPI
from customers.models import SupportCustomer, UnsupportedOperation
from customers.models.support import ERASED
from customers.services import support_search
from customers.support_members import agrees, merged, problems_in, sendable

CUSTOMERS = "apideck.customers"
OPERATIONS: Mapping[str, tuple[str, ...]] = {
    "fetch": ("one",), "refresh": ("one",), "create": ("add",), "update": ("update", "one"), "delete": ("delete",),
}  # fmt: skip
"""What Apideck calls that which a verb needs; an edit is compared with a fresh read before it is sent."""
_SAID = {
    "one": _(
        "The connected service said on {said} that it cannot read a customer by itself; it is offered again on {again}."
    ),
    "add": _("The connected service said on {said} that it cannot create customers; it is offered again on {again}."),
    "update": _(
        "The connected service said on {said} that it cannot change customers; it is offered again on {again}."
    ),
    "delete": _(
        "The connected service said on {said} that it cannot delete customers; it is offered again on {again}."
    ),
}
State = RemoteWrite.State
Values = dict[str, Any]


@dataclass(frozen=True)
class SupportCustomerService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: ApideckAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> SupportCustomer:
        """Mirror one customer by its id. Raises as ``single.fetch``, RemoteUnsupported.

        Source: ``GET /customer-support/customers/{id}``.
        """
        self._keep_private(remote_id)
        with _remembering("one"):
            customer = single.fetch(CUSTOMERS, self.api, remote_id, cause)
        assert isinstance(customer, SupportCustomer)  # noqa: S101  the resource's own model
        self.api.keep_private(customer.payload)
        return customer

    def refresh(self, customer: SupportCustomer) -> SupportCustomer:
        """Read a mirrored customer again. As ``fetch``."""
        return self.fetch(customer.remote_id)

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> SupportCustomer | None:
        """Create a customer, and read it, as the answer tells its id only; None where it cannot be read now.

        ``write.sends``: members of the contract. Sources: ``POST`` and ``GET /customer-support/customers``.

        Raises NotInThisState (nothing was sent); RemoteError: the write says what is known. A create is never repeated
        after a lost answer.
        """
        members = _checked(write)
        if lost_before(write):
            found = support_search.look(self.api, write)
            if found.remote_id:
                remark = _("An earlier try had made it after all.")
                settle(write, State.CONFIRMED, remark=remark, remote_id=found.remote_id)
                return SupportCustomer.objects.filter(remote_id=found.remote_id).first()
        newest = SupportCustomer.objects.aggregate(newest=Max("pk"))["newest"] or 0
        with _remembering("add"):
            call = self.api.create_customer
            remote_id = send(
                write, lambda attempts: call(members, attempts), str, before={support_search.NEWEST: newest}
            )
        return self._read_after(remote_id, write)

    def update(self, customer: SupportCustomer, write: RemoteWrite) -> SupportCustomer:
        """Change members of a customer. Sources: ``GET`` and ``PATCH /customer-support/customers/{id}``.

        Lists are sent whole and replaced, the bank account is completed from a fresh read.

        Args:
            write: ``sends`` are the members to set, ``before`` the same members as the person saw them; a member that
                is not in ``before`` overwrites whatever is there.

        Raises:
            NotInThisState: gone, erased here, or a member that cannot be set so; nothing was sent.
            ChangedMeanwhile: somebody changed one of these members to something else since; nothing was sent.
            RemoteError: the write says what is known.
        """
        _refuse_unless_may("update", customer)
        wanted = _checked(write)
        fresh = self.fetch(customer.remote_id, Cause(write=write)).payload
        there = {name: fresh.get(name) for name in wanted}
        wanted = sendable({name: merged(name, value, there[name]) for name, value in wanted.items()})
        refuse_if_moved(customer, "Apideck", there, wanted, write.before, agrees)
        changes = {
            name: value for name, value in wanted.items() if not is_same(sendable({name: there[name]})[name], value)
        }
        if not changes:
            settle(write, State.CONFIRMED, remark=_("Apideck had it so already; nothing was sent."))
            return self._as_it_is(customer)
        with _remembering("update"):
            call = self.api.update_customer
            send(write, lambda attempts: call(customer.remote_id, changes, attempts), lambda answer: None, before=there)
        self._read_after(customer.remote_id, write)
        return self._as_it_is(customer)

    def delete(self, customer: SupportCustomer, write: RemoteWrite) -> SupportCustomer:
        """Delete it for good; a read that finds nothing any more marks the row as vanished.

        Sources: ``DELETE`` and ``GET /customer-support/customers/{id}``. Raises NotInThisState (nothing was sent),
        RemoteError: RemoteNotFound where it was not there before.
        """
        _refuse_unless_may("delete", customer)
        self._keep_private(customer.remote_id)
        try:
            with _remembering("delete"):
                call = self.api.delete_customer
                send(write, lambda attempts: call(customer.remote_id, attempts), lambda answer: None)
        except RemoteNotFound:
            if self._is_gone(customer.remote_id, write) and write.state == State.UNKNOWN:
                told = _("An earlier request of it was not answered and did it: the repeat found nothing.")
                settle(write, State.CONFIRMED, was=State.UNKNOWN, remark=told)
            if write.state != State.CONFIRMED:
                raise
        else:
            if not self._is_gone(customer.remote_id, write):
                told = _("Apideck took it, but it cannot be told yet that it is gone; the next sync tells.")
                RemoteWrite.objects.filter(pk=write.pk).update(remark=written(told))
        return self._as_it_is(customer)

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare what was sent with all customers, once the send's deadline is over (``support_search``).

        Source: ``GET /customer-support/customers``, all pages.
        """
        if not is_late:
            return Look(State.UNKNOWN, _("Apideck has no search: all of its customers are read in a minute."))
        return support_search.look(self.api, write)

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the customer with what was sent.

        Source: ``GET /customer-support/customers/{id}``; all pages of the list where the service cannot read one.
        """
        try:
            fresh = self._found(write.remote_id, Cause(write=write)).payload
        except RemoteNotFound:
            return Look(State.UNKNOWN, _("Apideck no longer knows the customer."))
        wanted = sendable(write.sends)
        differing = [name for name in sorted(wanted) if not agrees(wanted[name], fresh.get(name))]
        if not differing:
            return Look(State.CONFIRMED, _("Apideck shows what was sent."))
        told = ", ".join(differing)  # no values: not everyone who sees the write may see them
        if is_late and all(is_same(fresh.get(name), write.before.get(name)) for name in differing):
            return Look(State.FAILED, format_lazy(_("Apideck shows what was there before: {told}."), told=told))
        return Look(State.UNKNOWN, format_lazy(_("Apideck shows something else than was sent: {told}."), told=told))

    def look_for_deleted(self, write: RemoteWrite, is_late: bool) -> Look:
        """A customer that is not there any more was deleted. Sources: as ``look_for_changed``."""
        if self._is_gone(write.remote_id, write):
            return Look(State.CONFIRMED, _("Apideck no longer has the customer."))
        if is_late:
            return Look(State.FAILED, _("Apideck still has the customer."))
        return Look(State.UNKNOWN, _("Apideck still has the customer so far."))

    # -- parts --------------------------------------------------------------------------------------------------------

    def _keep_private(self, remote_id: str) -> None:
        """What is kept here of the customer and not everyone may see stands in no error that quotes it."""
        for payload in SupportCustomer.objects.filter(remote_id=remote_id).values_list("payload", flat=True):
            self.api.keep_private(payload)

    def _read_after(self, remote_id: str, write: RemoteWrite) -> SupportCustomer | None:
        """What a change made of it; the write says where that is something else. None where it cannot be read now."""
        try:
            fresh = self.fetch(remote_id, Cause(write=write))
        except RemoteError:
            told = _("It could not be read afterwards; the next sync brings it.")
            RemoteWrite.objects.filter(pk=write.pk).update(remark=written(told))
            return None
        wanted = sendable(write.sends)
        unlike = [name for name in sorted(wanted) if not agrees(wanted[name], fresh.payload.get(name))]
        if unlike and write.state == State.CONFIRMED:
            told = format_lazy(
                _("Apideck took it but shows something else than was sent: {told}."), told=", ".join(unlike)
            )
            RemoteWrite.objects.filter(pk=write.pk).update(remark=written(told))
        return fresh

    def _is_gone(self, remote_id: str, write: RemoteWrite) -> bool:
        """Whether a read finds it no more; its row is then marked. False also where it cannot be read now."""
        asked_at, cause = timezone.now(), Cause(write=write)
        try:
            if write.state == State.UNKNOWN:
                self._found(remote_id, cause)
            else:
                self.fetch(remote_id, cause)
        except RemoteNotFound:
            single.mark_gone(CUSTOMERS, remote_id, asked_at, cause)
            return True
        except RemoteError:
            if write.state == State.UNKNOWN:
                raise  # whoever looks has to know that nothing was seen
        return False

    def _found(self, remote_id: str, cause: Cause) -> SupportCustomer:
        """The customer as it is now, for whoever looks and has the time to read them all. Raises as ``fetch``."""
        try:
            return self.fetch(remote_id, cause)
        except RemoteUnsupported:
            return support_search.find(self.api, remote_id, cause)

    def _as_it_is(self, customer: SupportCustomer) -> SupportCustomer:
        customer.refresh_from_db()
        return customer


def why_not(verb: str, customer: SupportCustomer) -> Text:
    """Why a verb is not offered for a customer as it is here, in a sentence; "" when it is."""
    return _hindrance(verb, customer, pgettext_lazy("customer", "It")) or why_unsupported(verb)


def why_unsupported(verb: str) -> Text:
    """When the connected service said that it cannot do this, in a sentence; "" where it did not, or long ago."""
    for told in UnsupportedOperation.still_told(upstreams.identity("apideck")):
        if told.operation in OPERATIONS[verb]:
            again = told.told_at + UnsupportedOperation.OFFERED_AGAIN_AFTER
            return format_lazy(_SAID[told.operation], said=f"{told.told_at:%Y-%m-%d}", again=f"{again:%Y-%m-%d}")
    return ""


def _hindrance(verb: str, customer: SupportCustomer, who: Text) -> Text:
    """Why not, in a sentence about ``who``; "" where nothing is in the way."""
    if customer.vanished_at is not None:
        return format_lazy(_("{who} is gone at Apideck."), who=who)
    if verb == "update" and customer.is_erased:
        return format_lazy(_("{who} was erased here, as Apideck asks for its erasure."), who=who)
    return ""


def _refuse_unless_may(verb: str, customer: SupportCustomer) -> None:
    if hindrance := _hindrance(verb, customer, str(customer)):
        raise NotInThisState(format_lazy(_("{why} Nothing was sent."), why=hindrance))


def _checked(write: RemoteWrite) -> Values:
    if write.sends and all(value == ERASED for value in write.sends.values()):
        raise NotInThisState(_("What was to be sent was erased here meanwhile. Nothing was sent."))
    if problems := problems_in(write.sends):
        told = [format_lazy("{name}: {why}", name=name, why=problems[name]) for name in sorted(problems)]
        raise NotInThisState(
            format_lazy(_("It cannot be sent so: {told}. Nothing was sent."), told=joined_lazy(told, "; "))
        )
    return sendable(write.sends)


@contextmanager
def _remembering(operation: str) -> Iterator[None]:
    """Keeps in mind that the connected service cannot do this; forgets it once it did."""
    here = UnsupportedOperation.objects.filter(identity=upstreams.identity("apideck"), operation=operation)
    try:
        yield
    except RemoteUnsupported:
        identity, now = upstreams.identity("apideck"), timezone.now()
        UnsupportedOperation.objects.update_or_create(identity=identity, operation=operation, defaults={"told_at": now})
        raise
    here.delete()
