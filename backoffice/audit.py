"""Noting in the audit who did what. Called where deeds pass: where writes are planned and end.

An entry is one INSERT, in the transaction that is open there anyway: what is rolled back was not done, and its entry
goes with it. Whoever is not told who acts takes it from ``backoffice.acting``.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.apps import apps
from django.contrib.auth.models import User
from django.db.models import Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import lazystr
from django.utils.translation import gettext_lazy as _

from backoffice import correlation
from backoffice.acting import acting, current
from backoffice.mirror import MirrorModel
from backoffice.models import AuditEntry, BulkAction, RemoteWrite
from backoffice.models.audit import ERASED
from backoffice.pasted import without_secrets
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, written
from backoffice.writes.verbs import VERBS, verb_of

Outcome, Door = AuditEntry.Outcome, AuditEntry.Door
OPERATOR, NOBODY, ITSELF = "the operator", "nobody signed in", "by itself"

VERBS_HERE: dict[str, Text] = {
    "sign_in": _("Sign in"),
    "sign_out": _("Sign out"),
    "open_page": _("Open a page"),
    "command": _("Run a command"),
    "add": _("Add"),
    "change": _("Change"),
    "remove": _("Delete here"),
    "export": _("Export"),
    "see_masked": _("See masked members"),
    "reveal": _("Show a secret once"),
    "read_again": _("Read again"),
    "send_again": _("Send again"),
    "settle_by_hand": _("Settle by hand"),
    "dismiss": _("Dismiss"),
    "bulk": _("Confirm a bulk action"),
    "bulk_cancel": _("Cancel a bulk action"),
    "bulk_retry": _("Retry a bulk action"),
    "sync": _("Ask for a sync"),
    "sync_stop": _("Stop a sync"),
    "sync_accept": _("Approve a held run"),
    "retry_rejected": _("Retry a rejected record"),
    "replay": _("Replay a delivery"),
    "accept_upstream": _("Accept an upstream"),
}
"""The verbs beside those of writes, with their words for people. Apps add theirs with ``register``."""
KINDS_HERE: set[str] = {
    "user", "group", "schedule", "list", "page", "command", "run", "bulk_action", "delivery", "drift", "upstream",
}  # fmt: skip
"""The kinds beside those of mirrored objects."""


def register(verbs: Mapping[str, Text], kinds: Iterable[str] = ()) -> None:
    """Make an app's own verbs and kinds known."""
    VERBS_HERE.update(verbs)
    KINDS_HERE.update(kinds)


def entry(
    verb: str,
    *,
    user: User | None = None,
    door: str = "",
    kind: str = "",
    label: Text = "",
    reason: Text = "",
    detail: Text = "",
    **members: Any,
) -> AuditEntry:
    """An entry that is not added yet; of several, add all with one INSERT (``AuditEntry.objects.bulk_create``).

    Args:
        user, door: who acts; what is not told is taken from whoever acts here.
        label, reason, detail: kept without the secrets that people paste into them, and cut to what is kept.
        members: as the model's columns.
    """
    if not door:
        who = current()
        user = user or (who.user if who else None)
        door = who.door if who else Door.PAGE if user else Door.ITSELF
    names = {Door.PAGE: NOBODY, Door.ITSELF: ITSELF}
    return AuditEntry(
        verb=verb,
        actor=user,
        actor_name=user.get_username() if user else names.get(Door(door), OPERATOR),
        door=door,
        kind=kind,
        label=without_secrets(written(label))[:255],
        reason=without_secrets(written(reason)),
        detail=without_secrets(written(detail))[:500],
        correlation_id=members.pop("correlation_id", "") or correlation.current(),
        **members,
    )


def note(verb: str, **told: Any) -> None:
    """Add one entry; see ``entry``."""
    entry(verb, **told).save()


# -- writes -----------------------------------------------------------------------------------------------------------


def note_write(write: RemoteWrite, label: Text | None = None) -> None:
    """That a write was planned, or how it ended; by the person whose write it is.

    Args:
        label: what its object is called; looked up where it is not known.
    """
    _entry_of_write(
        write.verb, write, label, user=write.actor, door=write.door, outcome=write.state, reason=write.reason,
        request_id=write.request_id, correlation_id=write.correlation_id,
    ).save()  # fmt: skip


def _entry_of_write(verb: str, write: RemoteWrite, label: Text | None = None, **told: Any) -> AuditEntry:
    return entry(
        verb, upstream=write.upstream, kind=write.target, remote_id=write.remote_id, write_id=write.pk,
        owner_remote_id=write.owner_remote_id, bulk_id=write.bulk_id,
        label=label_of(verb_of(write).resource, write.remote_id) if label is None else label, **told,
    )  # fmt: skip


def note_done_with(verb: str, writes: Iterable[RemoteWrite], user: User | None, door: str, **told: Any) -> None:
    """What a person did with writes that are there: sent them again, settled or dismissed them. In one transaction."""
    entries = (_entry_of_write(verb, write, user=user, door=door, **told) for write in writes)
    AuditEntry.objects.bulk_create(entries)


def label_of(resource: str, remote_id: str) -> str:
    """What a mirrored object is called now; "" where it is not here. One query."""
    if not remote_id:
        return ""
    row = RESOURCES[resource].model._base_manager.filter(remote_id=remote_id).defer("payload").first()
    return written(lazystr(row)) if row else ""


def entry_of_bulk(verb: str, bulk: BulkAction, **told: Any) -> AuditEntry:
    """An entry about a bulk action as a whole. Its rows are entries of their own; how it was selected is not kept."""
    return entry(
        verb, kind="bulk_action", remote_id=str(bulk.pk), bulk_id=bulk.pk, label=lazystr(bulk),
        upstream=VERBS[bulk.target, bulk.verb].upstream, **told,
    )  # fmt: skip


# -- mirrored objects -------------------------------------------------------------------------------------------------


def kind_of(resource: str) -> str:
    """The kind of object that a resource mirrors, as commands name it: "setup_link"."""
    own = RESOURCES[resource].model._meta.verbose_name_raw.replace(" ", "_")
    return next((target for target in targets_of(resource) if own.endswith(target)), own)


def targets_of(resource: str) -> list[str]:
    """The kinds of objects that verbs reach by that resource."""
    return sorted({target for (target, _), verb in VERBS.items() if verb.resource == resource})


def kinds() -> list[str]:
    """All kinds that entries are about."""
    return sorted({target for target, _ in VERBS} | {kind_of(name) for name in RESOURCES} | KINDS_HERE)


def about(resource: str, remote_id: str) -> Q:
    """Entries about one mirrored object, and about what hangs on it."""
    return Q(kind__in={kind_of(resource), *targets_of(resource)}, remote_id=remote_id) | Q(owner_remote_id=remote_id)


def note_mirrored(verb: str, resource: str, remote_id: str, **told: Any) -> None:
    """Add one entry about a mirrored object."""
    named = {"kind": kind_of(resource), "remote_id": remote_id, "upstream": RESOURCES[resource].upstream}
    note(verb, **{**named, "label": label_of(resource, remote_id), **told})


def note_read(resource: str, remote_ids: Iterable[str], owner_remote_id: str = "") -> None:
    """That somebody read objects again by hand, or all that hang on one. What nobody asked for is not noted."""
    who = current()
    if who is None:
        return
    for remote_id in dict.fromkeys(remote_ids):
        read = ("read", resource, remote_id, owner_remote_id)
        if read not in who.noted:  # a click reads some objects twice
            who.noted.add(read)
            note_mirrored("read_again", resource, remote_id, owner_remote_id=owner_remote_id)


def note_masked(user: User | None, resource: str, remote_id: str, names: Iterable[str]) -> None:
    """That masked members were shown to somebody who may see them: which, never what is in them. Once a click."""
    who = current()
    told = sorted(names)
    seen = ("masked", resource, remote_id)
    if not told or (who and seen in who.noted):
        return
    if who:
        who.noted.add(seen)
    note_mirrored("see_masked", resource, remote_id, detail=", ".join(told), user=user)


def erase(kind: str, remote_id: str, also: Q) -> None:
    """Blank what may be personal in the entries about an object: labels and reasons. The entries stay.

    Args:
        also: entries about others whose reasons may name it.
    """
    its = Q(kind=kind, remote_id=remote_id)
    AuditEntry._base_manager.filter(its).exclude(label="").update(label=ERASED)
    AuditEntry._base_manager.filter(its | also).exclude(reason="").update(reason=ERASED)


def note_list(label: str, detail: Text) -> None:
    """That whoever acts here took a list as a file."""
    note("export", kind="list", label=label, detail=detail)


# -- doors ------------------------------------------------------------------------------------------------------------


def middleware(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """A request is done by who is signed in. What that person was not allowed is noted, whichever page said no."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        with acting(Door.PAGE, lambda: _person(request)):
            response = answer(request)
            if response.status_code == 403 and (user := _person(request)):
                _note_denied(request, user)
            return response

    return answered


def _person(request: HttpRequest) -> User | None:
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def _note_denied(request: HttpRequest, user: User) -> None:
    found = _asked_for(request)
    told = {"user": user, "door": Door.PAGE, "outcome": Outcome.DENIED, "detail": f"{request.method} {request.path}"}
    if found is None:
        note("open_page", kind="page", **told)
    else:
        resource, remote_id = found
        note_mirrored("open_page", resource, remote_id, **told)


def _asked_for(request: HttpRequest) -> tuple[str, str] | None:
    """The mirrored object whose page in the admin was asked for: its resource and remote id."""
    match request.path.strip("/").split("/"):
        case ["admin", app, model_name, pk, *_] if pk.isascii() and pk.isdigit() and len(pk) < 19:
            try:
                model = apps.get_model(app, model_name)
            except LookupError:
                return None
            resource = next((name for name, known in RESOURCES.items() if known.model is model), None)
            if resource is None or not issubclass(model, MirrorModel):
                return None
            remote_id = model._base_manager.filter(pk=int(pk)).values_list("remote_id", flat=True).first()
            return (resource, remote_id) if remote_id else None
    return None
