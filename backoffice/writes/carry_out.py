"""From a door to a service and back: whatever comes of a write stands in its row, so doors only read the row."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import audit, limits, upstreams
from backoffice.badges import in_words
from backoffice.client import Patience, RemoteClient
from backoffice.correlation import correlated
from backoffice.errors import BackofficeError, NotConfigured, RemoteError, WriteIsSettled
from backoffice.models import RemoteWrite
from backoffice.writes.plan import Actor, check_within
from backoffice.writes.sending import settle, settle_unsent
from backoffice.writes.verbs import verb_of

T = TypeVar("T")
State = RemoteWrite.State


def carry_out(
    write: RemoteWrite,
    patience: Patience,
    work: Callable[[Any], T] | None = None,
    api: RemoteClient | None = None,
) -> T | None:
    """Do a planned write; what the service answered, None where it did not come to that.

    Raises nothing that the remote or the rules say: the write's row tells how it ended.

    Args:
        work: the service's verb, given a client; by default the one that the write's verb registered.
        api: a client to use and to leave open, for many writes one after another.
    """
    verb = verb_of(write)
    try:
        with correlated(write.correlation_id), limits.everything():
            if api is not None:
                return (work or _registered(write))(api)
            with verb.client(patience) as own:
                return (work or _registered(write))(own)
    except WriteIsSettled:
        write.refresh_from_db()
    except NotConfigured as error:
        told = format_lazy(_("Nothing was sent. {told}"), told=error)
        settle(write, State.FAILED, was=State.PLANNED, error=told)
    except (RemoteError, BackofficeError) as error:
        write.refresh_from_db()
        if write.state == State.PLANNED:
            settle_unsent(write, error)
    return None


def _registered(write: RemoteWrite) -> Callable[[Any], Any]:
    return lambda api: verb_of(write).carry_out(api, write)


def renew(write: RemoteWrite, actor: Actor, permission: str = "") -> None:
    """Make a *failed* write ready to be sent again, as a new attempt on the same write.

    Raises NotAllowed where the person may not, WriteIsSettled where it is not failed: nothing is sent blindly; nor is
    what follows another write that is not confirmed, as revoking a link that has no new one yet.
    """
    actor.check(permission or verb_of(write).permission)
    check_within(verb_of(write), actor, write.remote_id, write.owner_remote_id)
    if write.follows and write.follows.state != State.CONFIRMED:
        told = _("It follows write {id}, which is {state}. Nothing was sent.")
        raise WriteIsSettled(format_lazy(told, id=write.follows.pk, state=in_words(write.follows.state)))
    if write.identity != upstreams.identity(write.upstream):
        told = _("It was meant for {installation}, which is not configured now. Nothing was sent.")
        raise WriteIsSettled(format_lazy(told, installation=write.identity))
    anew = {"waits_since": timezone.now(), "settled_at": None, "looks": 0, "dismissed_at": None, "dismissed_by": None}
    values = {"state": State.PLANNED, "error": "", **anew}
    with transaction.atomic(durable=True):
        is_ours = RemoteWrite.objects.filter(pk=write.pk, state=State.FAILED).update(**values)
        if is_ours:
            audit.note_done_with("send_again", [write], actor.user, actor.door, outcome=State.PLANNED)
    write.refresh_from_db()
    if not is_ours:
        told = _("It is {state}; only what is proven not done (failed) can be sent again.")
        raise WriteIsSettled(format_lazy(told, state=in_words(write.state)))
