"""Erasing what is kept here of a support customer whose erasure Apideck asks for, or who is gone there.

Nothing is sent.

What was personal is blanked wherever it is kept: the row, its history, writes about it, what was rejected of it, the
keys by which it is compared, files of lists. The audit stays: that there were writes and changes, of which members,
when and by whom.

What people wrote down about the linked customer is not of the record, so it stays unless whoever erases says otherwise.
"""

from functools import partial
from typing import Any

import msgspec
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, exports
from backoffice.errors import NotInThisState
from backoffice.models import BulkAction, BulkItem, RejectedRecord, RemoteWrite, RowChange, WriteAttempt
from backoffice.pasted import without_secrets
from backoffice.records import read_members
from backoffice.sync.store import digest_of
from backoffice.texts import Text, written
from backoffice.writes.plan import Actor
from customers.apideck import ERASURE, SupportCustomerRecord
from customers.identity.refresh import refresh_row
from customers.models import Customer, CustomerNote, IdentityLink, SupportCustomer
from customers.models.support import ERASED
from customers.services.support import CUSTOMERS
from customers.sync.support import erased_body

ERASE = "customers.erase_supportcustomer"
SEE_NOTES = "customers.view_customernote"
TARGET = "support_customer"
EXPORTED_IN = (
    "customers.supportcustomer", "backoffice.rowchange", "backoffice.rejectedrecord", "backoffice.remotewrite",
    "backoffice.bulkitem", "backoffice.bulkaction", "backoffice.auditentry",
)  # fmt: skip
"""Lists whose files may hold something of a support customer."""
FILES_GONE = _("Deleted, as something that it may hold was erased meanwhile. Export the list again.")
State = RemoteWrite.State


def why_not_erasable(customer: SupportCustomer) -> Text:
    """Why the copy cannot be erased, in a sentence; "" where it can."""
    if customer.is_erased:
        return _("It was erased already.")
    if customer.status != ERASURE and customer.vanished_at is None:
        would_be_back = _("Apideck does not show it as {status}, so the next sync would bring it back.")
        return format_lazy(would_be_back, status=ERASURE)
    if _writes(customer.remote_id).filter(state__in=[State.PLANNED, State.SENT, State.UNKNOWN]).exists():
        return _("A write about it has no end yet, and could not be looked for any more. Settle that one first.")
    return ""


def linked_customers(customer: SupportCustomer) -> QuerySet[Customer]:
    """Kirim's customers that a person confirmed to be the same, by their ids; they stay as they are."""
    confirmed = IdentityLink.objects.filter(resource=CUSTOMERS, record_id=customer.pk)
    linked = confirmed.filter(state=IdentityLink.State.CONFIRMED).values("customer")
    return Customer.objects.filter(pk__in=linked).order_by("remote_id")


def notes_about(customer: SupportCustomer) -> QuerySet[CustomerNote]:
    """The notes on those customers that may be about the person, as far as they were not blanked before."""
    return CustomerNote.objects.filter(customer__in=linked_customers(customer)).exclude(text=ERASED)


def erase(customer: SupportCustomer, actor: Actor, reason: str, *, with_notes: bool = False) -> int:
    """Erase the copy; how many notes were blanked.

    Args:
        with_notes: blank the notes on the linked customers too; it takes the permission to see them.

    Raises NotAllowed, NotInThisState; then nothing is erased.
    """
    actor.check(ERASE)
    if with_notes:
        actor.check(SEE_NOTES)
    blanked = 0
    with transaction.atomic():
        row = SupportCustomer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer.pk)
        if why := why_not_erasable(row):
            raise NotInThisState(format_lazy(_("{remote_id} is not erased. {why}"), remote_id=row.remote_id, why=why))
        _blank_row(row)
        row.erased_at, row.erased_by, row.erase_reason = timezone.now(), actor.user, without_secrets(reason)
        row.save()
        _blank_traces(row.remote_id)
        transaction.on_commit(partial(exports.withdraw, EXPORTED_IN, written(FILES_GONE)))
        audit.note(
            "erase", user=actor.user, door=actor.door, kind=TARGET, remote_id=row.remote_id, upstream="apideck",
            reason=reason,
        )  # fmt: skip
        if with_notes:
            blanked = notes_about(row).update(text=ERASED, edited_at=timezone.now())
    customer.refresh_from_db()
    refresh_row(CUSTOMERS, customer.pk)
    return blanked


def _blank_row(row: SupportCustomer) -> None:
    """The row as a sync would make it of what may be kept; so the next one finds nothing to change."""
    body = erased_body(row.remote_id, row.status)
    record = SupportCustomerRecord.read(body)
    values: dict[str, Any] = {
        **SupportCustomer.values_from(record),
        "payload": read_members(body),
        "payload_hash": bytes.fromhex(digest_of(SupportCustomerRecord, body)),
        "synced_at": timezone.now(),  # a page that was asked for before this does not bring it back
        "text_cleaned": False,
    }
    for name, value in values.items():
        setattr(row, name, value)


def _blank_traces(remote_id: str) -> None:
    blank = msgspec.json.encode(ERASED).decode()
    changes = RowChange.objects.filter(resource=CUSTOMERS, remote_id=remote_id).exclude(member="vanished_at")
    changes.filter(before__isnull=False).update(before=blank)
    changes.filter(after__isnull=False).update(after=blank)
    RejectedRecord.objects.filter(resource=CUSTOMERS, remote_id=remote_id).update(payload=blank, reason=ERASED)
    selected = BulkItem.objects.filter(bulk__target=TARGET, remote_id=remote_id)
    selected.update(name="")
    selected.exclude(error="").update(error=ERASED)
    WriteAttempt.objects.filter(write__in=_writes(remote_id)).exclude(error="").update(error=ERASED)
    for write in _writes(remote_id):
        write.sends, write.before = dict.fromkeys(write.sends, ERASED), dict.fromkeys(write.before, ERASED)
        write.field_errors = dict.fromkeys(write.field_errors, ERASED)
        blanked = ("error", "remark", "reason")
        for name in blanked:
            setattr(write, name, ERASED if getattr(write, name) else "")
        write.save(update_fields=["sends", "before", "field_errors", *blanked])
    # Of a bulk action that it was a row of, the reason and the search may name it.
    bulks = list(selected.values_list("bulk", flat=True))
    BulkAction.objects.filter(pk__in=bulks).update(selection=ERASED)
    BulkAction.objects.filter(pk__in=bulks).exclude(reason="").update(reason=ERASED)
    of_pairs = Q(verb__startswith="identity_", owner_remote_id=remote_id, detail__startswith=f"{CUSTOMERS}:")
    audit.erase(TARGET, remote_id, of_pairs | Q(bulk_id__in=bulks))


def _writes(remote_id: str) -> Any:
    return RemoteWrite.objects.filter(target=TARGET, remote_id=remote_id)
