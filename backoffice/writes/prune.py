"""Deleting writes and bulk actions that are past their time. What still needs a person stays, whatever its age."""

from datetime import datetime

from django.db.models import Exists, OuterRef, Q

from backoffice.models import BulkAction, RemoteWrite
from backoffice.pruning import delete_in_parts

State = RemoteWrite.State


def prune_writes(before: datetime) -> None:
    """Delete writes that were settled, and bulk actions that ended, before then.

    Kept are those of unknown end, those that failed and were not dismissed (but for follow-ups, which nobody sends any
    more by then), those whose secret was lost, and what these follow: a follow-up whose first half is forgotten would
    look like a write of its own.
    """
    done = Q(state=State.CONFIRMED, secret_lost=False) | Q(state=State.REFUSED) | Q(state=State.FAILED)
    still_needed = Q(state=State.FAILED, follows=None, dismissed_at=None)
    old = RemoteWrite.objects.filter(done, settled_at__lt=before).exclude(still_needed)
    is_followed = Exists(RemoteWrite.objects.filter(follows=OuterRef("pk")))
    delete_in_parts(old.filter(follows__isnull=False))
    delete_in_parts(old.exclude(is_followed))
    has_writes = Exists(RemoteWrite.objects.filter(bulk=OuterRef("pk")))
    delete_in_parts(BulkAction.objects.filter(ended_at__lt=before).exclude(has_writes))
