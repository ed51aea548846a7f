"""Erasing what is kept here of a support customer whose erasure Apideck asks for. Nothing is sent.

What was personal is blanked wherever it is kept: the row, its history, writes about it, what was rejected of it, files
of lists. The audit stays: that there were writes and changes, of which members, when and by whom.
"""

from functools import partial
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from backoffice import exports
from backoffice.errors import NotInThisState
from backoffice.models import BulkItem, RejectedRecord, RemoteWrite, RowChange, WriteAttempt
from backoffice.pasted import without_secrets
from backoffice.records import read_members
from backoffice.sync.store import digest_of
from backoffice.writes.plan import Actor
from customers.apideck import ERASURE, SupportCustomerRecord
from customers.models import SupportCustomer
from customers.services.support import CUSTOMERS
from customers.sync.support import erased_body

ERASE = "customers.erase_supportcustomer"
ERASED = "(erased)"
TARGET = "support_customer"
EXPORTED_IN = (
    "customers.supportcustomer", "backoffice.rowchange", "backoffice.rejectedrecord", "backoffice.remotewrite",
    "backoffice.bulkitem", "backoffice.bulkaction",
)  # fmt: skip
"""Lists whose files may hold something of a support customer."""
FILES_GONE = "Deleted, as something that it may hold was erased meanwhile. Export the list again."
State = RemoteWrite.State


def why_not_erasable(customer: SupportCustomer) -> str:
    """Why the copy cannot be erased, in a sentence; "" where it can."""
    if customer.is_erased:
        return "It was erased already."
    if customer.status != ERASURE:
        return f"Apideck does not show it as {ERASURE}, so the next sync would bring it back."
    if _writes(customer.remote_id).filter(state__in=[State.PLANNED, State.SENT, State.UNKNOWN]).exists():
        return "A write about it has no end yet, and could not be looked for any more. Settle that one first."
    return ""


def erase(customer: SupportCustomer, actor: Actor, reason: str) -> None:
    """Erase the copy. Raises NotAllowed, NotInThisState; then nothing is erased."""
    actor.check(ERASE)
    with transaction.atomic():
        row = SupportCustomer.objects.select_for_update(no_key=True, of=("self",)).get(pk=customer.pk)
        if why := why_not_erasable(row):
            raise NotInThisState(f"{row.remote_id} is not erased. {why}")
        _blank_row(row)
        row.erased_at, row.erased_by, row.erase_reason = timezone.now(), actor.user, without_secrets(reason)
        row.save()
        _blank_traces(row.remote_id)
        transaction.on_commit(partial(exports.withdraw, EXPORTED_IN, FILES_GONE))
    customer.refresh_from_db()


def _blank_row(row: SupportCustomer) -> None:
    """The row as a sync would make it of what may be kept; so the next one finds nothing to change."""
    body = erased_body(row.remote_id)
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
        write.error, write.remark = (ERASED if text else "" for text in (write.error, write.remark))
        write.save(update_fields=["sends", "before", "field_errors", "error", "remark"])


def _writes(remote_id: str) -> Any:
    return RemoteWrite.objects.filter(target=TARGET, remote_id=remote_id)
