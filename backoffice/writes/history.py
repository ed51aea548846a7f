"""The writes that a person may see: those to objects whose mirror they may see."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from backoffice.access import readable_resources
from backoffice.models import RemoteWrite
from backoffice.writes.verbs import VERBS


def visible_writes(user: User | AnonymousUser | None) -> QuerySet[RemoteWrite]:
    """The writes that the person may see, newest first; all for the operator (None)."""
    writes = RemoteWrite.objects.select_related("actor")
    if user is None:
        return writes
    if not user.has_perm("backoffice.view_remotewrite"):
        return writes.none()
    return writes.filter(target__in=visible_targets(user))


def visible_targets(user: User | AnonymousUser) -> set[str]:
    """The kinds of objects, as verbs name them, whose mirrored rows the person may see."""
    readable = set(readable_resources(user))
    return {target for (target, _), verb in VERBS.items() if verb.resource in readable}


def writes_about(resource: str, remote_id: str) -> Q:
    """Writes to one object that the resource mirrors, and to what hangs on it."""
    targets = {target for (target, _), verb in VERBS.items() if verb.resource == resource}
    return Q(target__in=targets, remote_id=remote_id) | Q(owner_remote_id=remote_id)
