"""Dismissing: a person has seen how a write ended, and it needs nobody any more. Its row stays as it is."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from backoffice import audit
from backoffice.models import RemoteWrite
from backoffice.writes.plan import Actor
from backoffice.writes.verbs import verb_of

State = RemoteWrite.State
DISMISSIBLE = (State.FAILED, State.REFUSED)
AT_ONCE = 500


def dismiss(writes: QuerySet[RemoteWrite], actor: Actor) -> int:
    """Dismiss those of ``writes`` that failed or were refused; how many. Takes the permission of each one's verb.

    Raises NotAllowed; then none is dismissed.
    """
    seen = writes.filter(state__in=DISMISSIBLE, dismissed_at=None).select_related(None).order_by()
    for target, verb in seen.values_list("target", "verb").distinct():
        actor.check(verb_of(RemoteWrite(target=target, verb=verb)).permission)
    count = 0
    with transaction.atomic():
        while some := list(seen.select_for_update(of=("self",))[:AT_ONCE]):
            rows = RemoteWrite.objects.filter(pk__in=[write.pk for write in some])
            count += rows.update(dismissed_at=timezone.now(), dismissed_by=actor.user)
            audit.note_done_with("dismiss", some, actor.user, actor.door, label="")
    return count
