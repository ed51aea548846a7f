"""Reading the audit: which entries a person may see, and what verbs are called."""

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q, QuerySet

from backoffice import limits
from backoffice.access import readable_resources
from backoffice.audit import VERBS_HERE, kind_of, targets_of
from backoffice.models import AuditEntry, words
from backoffice.sync.resource import RESOURCES
from backoffice.writes.verbs import VERBS


def visible_entries(user: User | AnonymousUser | None) -> QuerySet[AuditEntry]:
    """The entries that the person may see, newest first; all for the operator (None).

    Not those about mirrored objects that the person may not see.
    """
    entries = AuditEntry.objects.all()
    if user is None:
        return entries
    if not user.has_perm("backoffice.view_auditentry"):
        return entries.none()
    closed = RESOURCES.keys() - set(readable_resources(user))
    kinds = {kind for name in closed for kind in (kind_of(name), *targets_of(name))}
    return entries.filter(_within(user)).exclude(kind__in=kinds) if kinds else entries.filter(_within(user))


def _within(user: User | AnonymousUser) -> Q:
    """Entries about objects within the limits of whoever is held, and the person's own.

    What is about no mirrored object, as a bulk action or an export, may tell of any: others' are left out then.
    """
    if not limits.in_words():
        return Q()
    within = Q(actor=user.pk) | Q(kind__in={kind for name in RESOURCES for kind in (kind_of(name), *targets_of(name))})
    for name, resource in RESOURCES.items():
        if limits.narrowing(resource.model):
            ids = resource.model._default_manager.values("remote_id")
            of_kind = Q(kind__in={kind_of(name), *targets_of(name)})
            within &= ~of_kind | Q(remote_id__in=ids) | Q(actor=user.pk)
    return within


def verbs_in_words() -> dict[str, str]:
    """All verbs that entries may tell of, with their words for people."""
    return {name: verb_in_words(name) for name in (*VERBS_HERE, *(name for _, name in VERBS))}


def verb_in_words(verb: str) -> str:
    """A verb for people: "Sign in", "Sync templates"."""
    own = VERBS_HERE.get(verb)
    return str(own) if own else words.verb(verb)
