"""Planning: who wants what done to which object, written down and committed before anything is sent."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import User
from django.db import transaction
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, correlation, limits, upstreams
from backoffice.access import hidden_members
from backoffice.errors import NotAllowed
from backoffice.models import BulkAction, RemoteWrite
from backoffice.pasted import without_secrets
from backoffice.sync.resource import RESOURCES
from backoffice.texts import together_lazy
from backoffice.writes.verbs import Verb, WriteVerb

MAX_REASON_CHARS = 1000


@dataclass(frozen=True)
class Actor:
    """Who acts, and through which door. No user: the operator of the machine, who may do everything."""

    user: User | None
    door: RemoteWrite.Door

    def check(self, permission: str) -> None:
        """Raises NotAllowed."""
        if self.user is not None and not may(self.user, permission):
            told = _("{user} may not do this: it takes {permission}. Nothing was sent.")
            raise NotAllowed(format_lazy(told, user=self.user, permission=permission))


def may(user: User, permission: str) -> bool:
    """Whether the person may; the same for every door."""
    return user.is_active and user.is_staff and user.has_perm(permission)


def allow(verb: Verb, actor: Actor) -> None:
    """Raises NotAllowed."""
    actor.check(verb.permission)


def plan(
    verb: WriteVerb, actor: Actor, *, id: UUID | None = None, label: str | None = None, **wanted: Any
) -> tuple[RemoteWrite, bool]:
    """Write down one intended change and commit it; the write, and whether it is new.

    The same ``id`` again is the same submission: it gives the write as it stands, which is not to be sent once more.

    Args:
        id: of the form, the bulk row or ``--write``; a new one where there is none.
        label: what the object is called, for the audit; looked up where it is not given.
        wanted: as ``columns_of``.

    Raises:
        NotAllowed: as ``columns_of``; nothing is written down.
        RuntimeError: inside a transaction, as what is rolled back was not written down.
    """
    columns = columns_of(verb, actor, **wanted)
    with transaction.atomic(durable=True):
        write, is_new = RemoteWrite.objects.get_or_create(pk=id or uuid4(), defaults=columns)
        if is_new:
            audit.note_write(write, label=label)
    return write, is_new


def columns_of(
    verb: WriteVerb,
    actor: Actor,
    *,
    remote_id: str = "",
    owner_remote_id: str = "",
    sends: Mapping[str, Any] | None = None,
    before: Mapping[str, Any] | None = None,
    reason: str = "",
    bulk: BulkAction | None = None,
    follows: RemoteWrite | None = None,
    permission: str = "",
) -> dict[str, Any]:
    """The columns of a write that the person may plan.

    Args:
        remote_id: the object; empty for a create.
        owner_remote_id: the record that the object hangs on, if any.
        sends: the members to send, beside those that the verb always sends.
        before: the same members as the person saw them, where the verb compares.
        reason: kept without the secrets that people paste into it.
        permission: instead of the verb's own.

    Raises NotAllowed, also where a member is to be sent that the person may not see, and where the object lies beyond
    the person's limits, or would lie there then.
    """
    actor.check(permission or verb.permission)
    _refuse_hidden(verb, actor, sends or {})
    check_within(verb, actor, remote_id, owner_remote_id)
    _refuse_beyond(verb, actor, sends or {}, is_new=not remote_id)
    return {
        "upstream": verb.upstream,
        "identity": upstreams.identity(verb.upstream),
        "target": verb.target,
        "verb": verb.name,
        "remote_id": remote_id,
        "owner_remote_id": owner_remote_id,
        "sends": {**verb.sends, **(sends or {})},
        "before": dict(before or {}),
        "reason": without_secrets(reason),
        "actor": actor.user,
        "door": actor.door,
        "correlation_id": correlation.current(),
        "bulk": bulk,
        "follows": follows,
    }


def check_within(verb: Verb, actor: Actor, remote_id: str, owner_remote_id: str = "") -> None:
    """Raises NotAllowed where the object, or what it hangs on, lies beyond the limits of the person."""
    named = [(verb.resource, remote_id)]
    if isinstance(verb, WriteVerb) and verb.owner_resource:
        named.append((verb.owner_resource, owner_remote_id))
    with limits.of(actor.user):
        for resource, id in named:
            model = RESOURCES[resource].model
            if id and limits.narrowing(model) and not model._default_manager.filter(remote_id=id).exists():
                told = _("{user} works with {limits}; this {noun} is not among them. Nothing was sent.")
                noun = model._meta.verbose_name
                raise NotAllowed(format_lazy(told, user=actor.user, limits=limits.in_words(), noun=noun))


def _refuse_beyond(verb: Verb, actor: Actor, sends: Mapping[str, Any], *, is_new: bool) -> None:
    """Nobody makes or moves something out of sight."""
    with limits.of(actor.user):
        if why := limits.why_not_sent(verb.target, sends, is_new=is_new):
            told = _("{user} may not do this: {why} Nothing was sent.")
            raise NotAllowed(format_lazy(told, user=actor.user, why=why))


def _refuse_hidden(verb: WriteVerb, actor: Actor, sends: Mapping[str, Any]) -> None:
    """Whoever may not see a member would not know what is replaced, and could find out by trying."""
    if hidden := sorted(hidden_members(actor.user, verb.resource) & sends.keys()):
        told = _("{user} may not see {members}, so cannot set it. Nothing was sent.")
        raise NotAllowed(format_lazy(told, user=actor.user, members=together_lazy(hidden)))
