"""Which rows that belong to a resource a person may see: those of the mirrored models that the person may see."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db.models import Q

from backoffice import audit, limits
from backoffice.sync.resource import RESOURCES, Resource


def readable_resources(user: User | AnonymousUser) -> list[str]:
    """The resources whose mirrored rows the person may see."""
    return [name for name, resource in RESOURCES.items() if user.has_perm(_permission("view", resource))]


def about_readable(user: User | AnonymousUser) -> Q:
    """Rows with ``resource`` and ``remote_id`` about records that the person may see, and that are within the limits of
    whoever is held."""
    about = Q(resource__in=readable_resources(user))
    for name, resource in RESOURCES.items():
        if limits.narrowing(resource.model):
            ids = resource.model._default_manager.values("remote_id")
            about &= ~Q(resource=name) | Q(remote_id__in=ids)
    return about


def may_see_payload(user: User | AnonymousUser, resource: str) -> bool:
    """Whether the person may see raw payloads of that resource."""
    known = RESOURCES.get(resource)
    return known is not None and user.has_perm(_permission("view_payload", known))


def hidden_members(user: User | AnonymousUser | None, resource: str) -> frozenset[str]:
    """The members of that resource's records that the person may not see; none for the operator (None)."""
    known = RESOURCES.get(resource)
    if known is None or user is None or not known.record.masked or user.has_perm(_permission("view_masked", known)):
        return frozenset()
    return known.record.masked


def note_seen(user: User | AnonymousUser | None, resource: str, remote_id: str, *shown: Mapping[str, Any]) -> None:
    """Say in the audit that masked members among those ``shown`` were shown, where the person may see them.

    Called wherever members are shown whole. Empty ones say nothing; of a record once a click.
    """
    known = RESOURCES.get(resource)
    if known and known.record.masked and not hidden_members(user, resource):
        names = {name for members in shown for name in known.record.masked if members.get(name)}
        audit.note_masked(user if isinstance(user, User) else None, resource, remote_id, names)


def _permission(verb: str, resource: Resource) -> str:
    meta = resource.model._meta
    return f"{meta.app_label}.{verb}_{meta.model_name}"
