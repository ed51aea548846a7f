"""The writes that a person may see: those to objects whose mirror they may see."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from backoffice import limits
from backoffice.access import readable_resources
from backoffice.models import RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.writes.verbs import VERBS, WriteVerb


def visible_writes(user: User | AnonymousUser | None) -> QuerySet[RemoteWrite]:
    """The writes that the person may see, newest first; all for the operator (None)."""
    writes = RemoteWrite.objects.select_related("actor")
    if user is None:
        return writes
    if not user.has_perm("backoffice.view_remotewrite"):
        return writes.none()
    return writes.filter(_within(user), target__in=visible_targets(user))


def _within(user: User | AnonymousUser) -> Q:
    """Writes to objects within the limits of whoever is held, and the person's own."""
    within = Q()
    for (target, resource), owners in _limited_targets().items():
        named = Q(remote_id__in=RESOURCES[resource].model._default_manager.values("remote_id"))
        for owner in owners:
            named |= Q(owner_remote_id__in=RESOURCES[owner].model._default_manager.values("remote_id"))
        within &= ~Q(target=target) | named | Q(actor=user.pk)
    return within


def _limited_targets() -> dict[tuple[str, str], set[str]]:
    """The kinds of objects with the resource that mirrors them where that is limited for whoever is held, each with the
    resources of what its objects hang on."""
    targets: dict[tuple[str, str], set[str]] = {}
    for verb in VERBS.values():
        if limits.narrowing(RESOURCES[verb.resource].model):
            owners = targets.setdefault((verb.target, verb.resource), set())
            if isinstance(verb, WriteVerb) and verb.owner_resource:
                owners.add(verb.owner_resource)
    return targets


def visible_targets(user: User | AnonymousUser) -> set[str]:
    """The kinds of objects, as verbs name them, whose mirrored rows the person may see."""
    readable = set(readable_resources(user))
    return {target for (target, _), verb in VERBS.items() if verb.resource in readable}


def writes_about(resource: str, remote_id: str) -> Q:
    """Writes to one object that the resource mirrors, and to what hangs on it."""
    targets = {target for (target, _), verb in VERBS.items() if verb.resource == resource}
    return Q(target__in=targets, remote_id=remote_id) | Q(owner_remote_id=remote_id)
