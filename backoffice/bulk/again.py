"""What a person can do with a bulk action that was confirmed: cancel the rows that wait, send the failed ones again."""

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice import audit
from backoffice.bulk.outcome import verb_of
from backoffice.bulk.run import finish
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.texts import number, written
from backoffice.writes.plan import Actor, allow

State = BulkItem.State
STILL_UNKNOWN = _("Nobody can say yet whether it was done; we look by ourselves.")


def cancel(bulk: BulkAction, user: User | None) -> int:
    """The rows that wait are not done any more; how many those were. What is in hand ends normally.

    Raises NotAllowed where the person may not do the verb.
    """
    allow(verb_of(bulk), Actor(user, RemoteWrite.Door.BULK))
    now = timezone.now()
    waiting = bulk.items.filter(state=State.WAITING)
    unknown = RemoteWrite.objects.filter(pk=OuterRef("pk"), state=RemoteWrite.State.UNKNOWN)
    with transaction.atomic():
        _hold(bulk)
        BulkAction.objects.filter(pk=bulk.pk, ended_at=None).update(cancel_requested_at=now)
        # These only waited to be looked for: they may well be done.
        waiting.filter(Exists(unknown)).update(state=State.UNKNOWN, error=written(STILL_UNKNOWN), ended_at=now)
        count = waiting.update(state=State.CANCELLED, ended_at=now)
        _note("bulk_cancel", bulk, user, count)
    finish(bulk)
    bulk.refresh_from_db()
    return count


def retry(bulk: BulkAction, user: User | None) -> int:
    """Let the *failed* rows wait once more, and those *unknown*, which are looked for first; how many those are.

    From then on it is done in this person's name (None: the operator's). The caller hands it to whoever carries it out.
    Raises NotAllowed.
    """
    allow(verb_of(bulk), Actor(user, RemoteWrite.Door.BULK))
    again = Q(state=State.FAILED) | Q(state=State.UNKNOWN)
    with transaction.atomic():
        _hold(bulk)
        count = bulk.items.filter(again).update(state=State.WAITING, error="", claimed_at=None, ended_at=None)
        if count:
            BulkAction.objects.filter(pk=bulk.pk).update(
                state=BulkAction.State.QUEUED,
                actor=user,
                ended_at=None,
                cancel_requested_at=None,
                heartbeat_at=timezone.now(),
            )
            _note("bulk_retry", bulk, user, count)
    bulk.refresh_from_db()
    return count


def _note(verb: str, bulk: BulkAction, user: User | None, count: int) -> None:
    rows = written(lazy(_rows, str)(count))
    audit.entry_of_bulk(verb, bulk, user=user, door=RemoteWrite.Door.BULK, detail=rows).save()


def _rows(count: int) -> str:
    return ngettext("{count} row", "{count} rows", count).format(count=number(count))


def _hold(bulk: BulkAction) -> None:
    """Inside a transaction: two people's clicks on the same bulk action come one after the other."""
    BulkAction.objects.select_for_update().get(pk=bulk.pk)
