"""Dismissing: a person has seen how a write ended, and it needs nobody any more. Its row stays as it is."""

from django.db.models import QuerySet
from django.utils import timezone

from backoffice.models import RemoteWrite
from backoffice.writes.plan import Actor
from backoffice.writes.verbs import verb_of

State = RemoteWrite.State
DISMISSIBLE = (State.FAILED, State.REFUSED)


def dismiss(writes: QuerySet[RemoteWrite], actor: Actor) -> int:
    """Dismiss those of ``writes`` that failed or were refused; how many. Takes the permission of each one's verb.

    Raises NotAllowed; then none is dismissed.
    """
    seen = writes.filter(state__in=DISMISSIBLE, dismissed_at=None).select_related(None).order_by()
    for target, verb in seen.values_list("target", "verb").distinct():
        actor.check(verb_of(RemoteWrite(target=target, verb=verb)).permission)
    return seen.update(dismissed_at=timezone.now(), dismissed_by=actor.user)
