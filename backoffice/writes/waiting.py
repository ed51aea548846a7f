"""Which writes wait for a person."""

from collections.abc import Callable, Mapping
from datetime import timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.writes.settle import SENT_AT_MOST
from backoffice.writes.verbs import VERBS, WriteVerb

TOLD_FOR = timedelta(days=7)  # a refusal needs nobody's hand, so it goes away by itself
State = RemoteWrite.State


def unknown() -> Q:
    """Nobody knows whether they were done: *unknown*, or *sent* by a process that must be gone by now."""
    return Q(state=State.UNKNOWN) | Q(state=State.SENT, sent_at__lt=timezone.now() - SENT_AT_MOST)


def failed() -> Q:
    """Not done: *failed*, or *planned* by a process that must be gone by now.

    Left out is what follows another write: by itself it may undo what that one has not yet put in its place. So is what
    can be sent only from its own page, once it was done there.
    """
    alone = {"dismissed_at": None, "follows": None}  # in each branch: where it stands decides which index serves it
    not_done = Q(state=State.FAILED, **alone)
    never_sent = Q(state=State.PLANNED, waits_since__lt=timezone.now() - SENT_AT_MOST, **alone)
    return (not_done | never_sent) & ~(_with_secret() & _is_done_for_the_same_owner())


def refused() -> Q:
    """Refused in the last days, and not done after all by doing the same to the same object once more."""
    fresh = Q(follows=None, state=State.REFUSED, dismissed_at=None, settled_at__gte=timezone.now() - TOLD_FOR)
    on_the_same = Q(~Q(remote_id=""), Exists(_done_later().filter(remote_id=OuterRef("remote_id"))))
    return fresh & ~(Q(bulk=None) & (on_the_same | _is_done_for_the_same_owner()))


KINDS: Mapping[str, Callable[[], Q]] = {"unknown": unknown, "failed": failed, "refused": refused}
"""All of them by name."""


def _done_later() -> QuerySet[RemoteWrite]:
    """Later writes of the same verb that were done."""
    same = RemoteWrite.objects.filter(target=OuterRef("target"), verb=OuterRef("verb"))
    return same.filter(state=State.CONFIRMED, planned_at__gt=OuterRef("planned_at"))


def _is_done_for_the_same_owner() -> Q:
    """They were to make something that hangs on a record, and such a one was made for it later."""
    later = _done_later().filter(owner_remote_id=OuterRef("owner_remote_id"))
    return Q(~Q(owner_remote_id=""), Exists(later), remote_id="")


def _with_secret() -> Q:
    verbs = [verb for verb in VERBS.values() if isinstance(verb, WriteVerb) and verb.has_secret]
    of_these = Q(pk__in=[])
    for verb in verbs:
        of_these |= Q(target=verb.target, verb=verb.name)
    return of_these
