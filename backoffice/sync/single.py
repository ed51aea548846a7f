"""Taking what was read beside a sweep: one object, or all that hang on one."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice import audit, limits, upstreams
from backoffice.client import ReadsFirst
from backoffice.errors import NotAllowed, RemoteContractError, RemoteNotFound
from backoffice.mirror import MirrorModel
from backoffice.records import id_in
from backoffice.sync import references, rejected
from backoffice.sync.changes import BY_HAND, Cause, Changes
from backoffice.sync.resource import RESOURCES, Batch, Resource
from backoffice.sync.store import Store
from backoffice.sync.tally import Met, Tally


def fetch(resource_name: str, api: Any, remote_id: str, cause: Cause) -> MirrorModel:
    """Mirror one object by its id, with the resource's own read. Source: the resource's ``endpoint``.

    A body that was asked for earlier than the stored one changes nothing; safe to repeat.

    Raises:
        RemoteNotFound: the remote knows no such object. Nothing is changed here: what becomes of a row that we have is
            settled by the next complete sync.
        RemoteContractError: the answer cannot be taken; it is among the rejected records, a stored row stays.
        RemoteError: the remote cannot be asked now.
        NotAllowed: it was mirrored, but lies beyond the limits of whoever asked.
    """
    resource = RESOURCES[resource_name]
    meta = resource.model._meta
    if api.leaves_out(resource.endpoint):
        return _as_it_is_here(resource, remote_id)
    try:
        batch = resource.look(api, remote_id)
    except RemoteNotFound as error:
        label = upstreams.UPSTREAMS[resource.upstream].label
        told = gettext("{label} knows no {noun} {id}")
        reason = told.format(label=label, noun=meta.verbose_name, id=repr(remote_id))
        raise RemoteNotFound(error.endpoint, reason, error.status, error.request_id) from error
    answered = id_in(batch.rows[0], resource.key)
    if answered not in {remote_id, ""}:
        raise RemoteContractError(
            resource.endpoint, f"answered with another {meta.verbose_name_raw}; nothing was stored"
        )
    return keep(resource_name, remote_id if answered else "", batch, cause)


def _as_it_is_here(resource: Resource, remote_id: str) -> MirrorModel:
    """For a preview, which reads nothing. Raises ReadsFirst where too little of the object is here."""
    row: MirrorModel | None = resource.model._default_manager.filter(remote_id=remote_id).first()
    if row is None or (resource.decides_by_detail and getattr(row, "detail", None) is None):
        raise ReadsFirst(resource.endpoint)
    return row


def keep(resource_name: str, remote_id: str, batch: Batch, cause: Cause) -> MirrorModel:
    """Store the body of one object; its row. Raises RemoteContractError, as ``fetch``.

    Args:
        remote_id: the object's; "" where the body has none that can be read.
    """
    take(resource_name, batch, cause)
    resource = RESOURCES[resource_name]
    row: MirrorModel | None = resource.model._base_manager.filter(remote_id=remote_id).first()
    problem = rejected.reason_of(resource_name, remote_id) if remote_id else "it has no usable id"
    if row is None or problem:
        raise RemoteContractError(resource.endpoint, f"the answer cannot be taken, see rejected records: {problem}")
    if not resource.model._default_manager.filter(pk=row.pk).exists():
        told = _("The {noun} {id} lies beyond the {limits} that you work with.")
        noun = resource.model._meta.verbose_name
        raise NotAllowed(format_lazy(told, noun=noun, id=repr(remote_id), limits=limits.in_words()))
    return row


@limits.everything()
def mark_gone(resource_name: str, remote_id: str, asked_at: datetime, cause: Cause) -> None:
    """Mark a row as vanished, because a read that was asked for after we had it removed found nothing."""
    changes = Changes(resource_name, cause)
    with transaction.atomic():
        rows = RESOURCES[resource_name].model._default_manager
        living = rows.filter(remote_id=remote_id, vanished_at=None, synced_at__lte=asked_at)
        if living.update(vanished_at=timezone.now()):
            changes.keep(changes.vanishing([remote_id]))


@limits.everything()
def take(resource_name: str, batch: Batch, cause: Cause) -> None:
    """Store the rows of ``batch`` in one transaction. A body older than the stored one changes nothing.

    What cannot be taken is among the rejected records. Raises RemoteContractError where only that part of a single read
    cannot be kept that the list does not tell.
    """
    resource = RESOURCES[resource_name]
    store = Store(resource, cause)
    with transaction.atomic():
        tally = store.take([batch], Met(), Tally())
        resource.batches_stored([batch])
        if tally.created:  # only a row that was not here can be what others have named all along
            references.resolve(resource.model)
        if cause == BY_HAND:
            ids = [""] if batch.owner else filter(None, (id_in(row, resource.key) for row in batch.rows))
            audit.note_read(resource_name, ids, batch.owner)
    for remote_id, error in store.unkept().items():
        if not store.is_rejected(remote_id):
            raise error
