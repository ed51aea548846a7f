"""WhatsApp accounts: read those of a customer again, and let Kirim read an account's templates at Meta."""

from dataclasses import dataclass

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND, Cause
from backoffice.sync.resource import Batch
from backoffice.texts import Text, number_lazy, written
from backoffice.writes.sending import send
from backoffice.writes.verbs import Look
from customers.kirim import KirimAPI, TemplateCounts
from customers.models import Customer, WhatsAppAccount

ACCOUNTS = "kirim.accounts"
MAX_PAGES = 100
State = RemoteWrite.State


@dataclass(frozen=True)
class AccountService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: KirimAPI

    def refresh(self, customer: Customer, cause: Cause = BY_HAND) -> None:
        """Read the accounts of a customer again. Source: ``GET /accounts?customer_id=``.

        Those without a number have no id and are left to the next sync. Absence proves nothing. Raises RemoteError;
        pages read before the error stay.
        """
        cursor: str | None = None
        for _page in range(MAX_PAGES):
            page = self.api.list_accounts_of(customer.remote_id, cursor)
            single.take(ACCOUNTS, Batch(page.rows, page.sent_at), cause)
            cursor = page.next_cursor
            if page.is_last or cursor is None:
                return

    def sync_templates(self, account: WhatsAppAccount, write: RemoteWrite) -> TemplateCounts:
        """Let Kirim read the account's templates at Meta. Source: ``POST /{phone_number_id}/templates/sync``.

        Raises NotInThisState (no number yet; nothing was sent), RemoteError.
        """
        why = why_no_templates(account)
        if why:
            raise NotInThisState(format_lazy(_("{why} Nothing was sent."), why=why))
        id = account.phone_number_id or ""
        counts = send(write, lambda attempts: self.api.sync_templates(id, attempts), lambda counts: None)
        told = format_lazy(
            _("{synced} templates: {created} new, {updated} changed."),
            synced=number_lazy(counts.synced), created=number_lazy(counts.created), updated=number_lazy(counts.updated),
        )  # fmt: skip
        RemoteWrite.objects.filter(pk=write.pk).update(remark=written(told))
        write.refresh_from_db()
        return counts

    def look_for_synced(self, write: RemoteWrite, is_late: bool) -> Look:
        """There is no reading of templates; a later sync of the same account did the same work."""
        later = RemoteWrite.objects.filter(
            target=write.target, verb=write.verb, remote_id=write.remote_id, state=State.CONFIRMED,
            sent_at__gte=write.sent_at or write.planned_at,
        )  # fmt: skip
        if later.exists():
            return Look(State.CONFIRMED, _("A later sync of the same account was confirmed."))
        told = _("Kirim does not tell. Sync the templates again: it is safe, and settles this one.")
        return Look(State.UNKNOWN, told)


def why_no_templates(account: WhatsAppAccount) -> Text:
    """Why the account's templates cannot be synced, in a sentence; "" when they can."""
    if account.vanished_at is not None:
        return _("The account is gone at Kirim.")
    if not account.phone_number_id:
        return _("The account has no phone number id yet: its onboarding is not finished.")
    return ""
