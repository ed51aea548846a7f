"""Contacts of the CRM: read, create, update, delete, and looking for what became of those."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice.badges import in_words
from backoffice.errors import RemoteError, RemoteNotFound
from backoffice.models import RemoteWrite
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause, is_same
from backoffice.texts import Text, written
from backoffice.writes.outcomes import as_it_is, compared, refuse_if_moved
from backoffice.writes.sending import note_unlike, send, settle
from backoffice.writes.verbs import Look
from customers import crm_words
from customers.layercake import LayercakeAPI
from customers.models import Contact
from customers.services import crm
from customers.services.crm import GONE, LABEL, Kind, State, member, refuse_gone

MEMBERS = ("displayName", "email", "phone", "company", "customFields")
"""What is written, as the contract calls it."""
ARCHIVED = ("archived", "deleted")  # what a contact may be called that was removed and is there still
KIND = Kind(
    "layercake.contacts",
    "contact",
    ("email", "displayName"),
    {"email": "email", "displayName": "display_name"},
    lambda api, text: api.search_contacts(text),
)


def why_not(verb: str, contact: Contact) -> Text:
    """Why a verb cannot be done to a contact as it is here, in a sentence; "" when it can."""
    return format_lazy(GONE, who=pgettext_lazy("contact", "It")) if contact.vanished_at is not None else ""


@dataclass(frozen=True)
class ContactService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: LayercakeAPI

    def fetch(self, remote_id: str, cause: Cause = BY_HAND) -> Contact:
        """Mirror one by its id. Source: ``GET /api/v1/crm/contacts/{contactId}``. Raises as ``single.fetch``."""
        contact = crm.fetch(KIND, self.api, remote_id, cause)
        assert isinstance(contact, Contact)  # noqa: S101  the resource's own model
        return contact

    def refresh(self, contact: Contact) -> Contact:
        """Read a mirrored contact again. Raises as ``fetch``."""
        return self.fetch(contact.remote_id)

    # -- changing something -------------------------------------------------------------------------------------------

    def create(self, write: RemoteWrite) -> Contact | None:
        """Create one. ``write.sends``: of ``MEMBERS``, displayName at least. Source: ``POST /api/v1/crm/contacts``.

        Raises RemoteError: the write says what is known. A create is never repeated after a lost answer.
        """
        made: Contact | None = crm.create(KIND, self.api, write, self.api.create_contact)
        return made

    def update(self, contact: Contact, write: RemoteWrite) -> Contact:
        """Change members of a contact. Sources: ``GET`` and ``PATCH /api/v1/crm/contacts/{contactId}``.

        Args:
            write: ``sends`` are the members to set ("" empties a text; customFields whole, as nobody says whether they
                merge), ``before`` the same members as the person saw them; what is not in there overwrites.

        Raises:
            NotInThisState: it is gone; nothing was sent.
            ChangedMeanwhile: somebody changed one of these members to something else since; nothing was sent.
            RemoteError: the write says what is known.
        """
        fresh = crm.fresh_of(KIND, self.api, contact)
        there = {name: member(name, fresh) for name in write.sends}
        refuse_if_moved(contact, LABEL, there, write.sends, write.before)
        changes = {name: value for name, value in write.sends.items() if not is_same(value, there[name])}
        if not changes:
            return as_it_is(contact, write)
        call = self.api.update_contact
        send(write, lambda attempts: call(contact.remote_id, changes, attempts), before=there)
        try:
            changed = self.fetch(contact.remote_id, Cause(write=write))
        except RemoteError:  # the next sync brings it
            contact.refresh_from_db()
            return contact
        note_unlike(write, {name: member(name, changed.payload) for name in changes})
        return changed

    def delete(self, contact: Contact, write: RemoteWrite) -> Contact:
        """Remove a contact. Source: ``DELETE /api/v1/crm/contacts/{contactId}``, and a read after it.

        Published words say that it is only archived: the read tells. 404 on a repeat is what was wanted.
        Raises NotInThisState (nothing was sent), RemoteError.
        """
        refuse_gone(contact)
        call = self.api.delete_contact
        try:
            send(write, lambda attempts: call(contact.remote_id, attempts), before={"status": contact.status})
        except RemoteNotFound:
            if not settle(
                write, State.CONFIRMED, remark=_("An earlier request of it had done it."), status=write.status
            ):
                raise
        with suppress(RemoteError):  # the next sync finds out
            there = self._note_gone(contact.remote_id, write)
            if there is not None and there.get("status") not in ARCHIVED:
                told = format_lazy(
                    _("{label} took it but still shows the contact as {status}."), label=LABEL, status=_status_in(there)
                )
                RemoteWrite.objects.filter(pk=write.pk).update(remark=written(told)[:500])
        contact.refresh_from_db()
        return contact

    # -- looking ------------------------------------------------------------------------------------------------------

    def look_for_created(self, write: RemoteWrite, is_late: bool) -> Look:
        """Sources: ``GET /api/v1/crm/contacts``, also with ``search``."""
        return crm.look_for_created(KIND, self.api, write, is_late)

    def look_for_changed(self, write: RemoteWrite, is_late: bool) -> Look:
        """Compare the contact with what was sent. Source: ``GET /api/v1/crm/contacts/{contactId}``."""
        try:
            payload = self.fetch(write.remote_id, Cause(write=write)).payload
        except RemoteNotFound:
            return Look(State.UNKNOWN, format_lazy(_("{label} no longer knows the contact."), label=LABEL))
        there = {name: member(name, payload) for name in write.sends}
        return compared(LABEL, there, write.sends, write.before, is_late)

    def look_for_deleted(self, write: RemoteWrite, is_late: bool) -> Look:
        """Source: ``GET /api/v1/crm/contacts/{contactId}``."""
        payload = self._note_gone(write.remote_id, write)
        if payload is None:
            return Look(State.CONFIRMED, format_lazy(_("{label} no longer knows it."), label=LABEL))
        status = payload.get("status")
        if status in ARCHIVED and status != write.before.get("status"):
            told = format_lazy(_("{label} shows it as {status}."), label=LABEL, status=_status_in(payload))
            return Look(State.CONFIRMED, told)
        state = State.FAILED if is_late and status == write.before.get("status") else State.UNKNOWN
        told = format_lazy(_("{label} still shows it as {status}."), label=LABEL, status=_status_in(payload))
        return Look(state, told)

    def _note_gone(self, remote_id: str, write: RemoteWrite) -> Mapping[str, Any] | None:
        """Read what was to be removed: its payload where it is there, None where its row is marked as gone."""
        asked_at = timezone.now()
        try:
            payload: Mapping[str, Any] = self.fetch(remote_id, Cause(write=write)).payload
        except RemoteNotFound:
            single.mark_gone(KIND.resource, remote_id, asked_at, Cause(write=write))
            return None
        return payload


def _status_in(payload: Mapping[str, Any]) -> Text:
    """How L4YERCAK3 calls a contact's state, within a sentence."""
    status = payload.get("status")
    return in_words(str(status), crm_words.CONTACT) if status else _("it was")
