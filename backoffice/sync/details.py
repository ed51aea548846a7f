"""Single reads that tell more than a list's row: the row's shape is cut out of them, the whole is kept beside it."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import structlog
from django.db import DatabaseError, OperationalError, transaction
from django.db.models import Q

from backoffice.errors import RemoteContractError
from backoffice.logs import redact
from backoffice.mirror import DetailedModel
from backoffice.records import RecordError, id_in, read_members
from backoffice.sync.changes import is_same
from backoffice.sync.resource import Batch, Resource

log = structlog.get_logger(__name__)


def as_rows(resource: Resource, batch: Batch) -> tuple[Batch, dict[str, int]]:
    """The same objects in the list's shape, as far as it can be told from the single read and the stored row.

    Those that say in that shape just what is stored stand beside it, remote ids with primary keys: their stored bytes
    are the remote's own, and stay.
    """
    ids = [id_in(body, resource.key) for body in batch.rows]
    living = resource.model._default_manager.filter(remote_id__in=ids)
    stored = {row[0]: row[1:] for row in living.values_list("remote_id", "pk", "payload", "vanished_at")}
    rows: list[bytes] = []
    equal: dict[str, int] = {}
    for id, body in zip(ids, batch.rows, strict=True):
        pk, payload, vanished_at = stored.get(id, (0, None, None))
        shape = resource.record.storable(resource.list_shape(body, payload))
        if pk and vanished_at is None and _says(shape, payload):
            equal[id] = pk
        else:
            rows.append(shape)
    return replace(batch, rows=rows, is_detail=False), equal


def _says(body: bytes, payload: Any) -> bool:
    try:
        return is_same(read_members(body), payload)
    except RecordError:
        return False


def keep(resource: Resource, batches: Iterable[Batch]) -> dict[str, RemoteContractError]:
    """Keep the whole single reads beside their rows, unless a later one is here.

    Call it inside the transaction that stored the rows. Answers why those that cannot be kept are not, by remote id.
    """
    record, model = resource.detail, resource.model
    unkept: dict[str, RemoteContractError] = {}
    if record is None or not issubclass(model, DetailedModel):
        return unkept
    for batch in batches:
        for body in map(record.storable, batch.rows):
            remote_id = id_in(body, resource.key)
            if not remote_id:
                continue  # its row is rejected for it
            older = Q(detail_at=None) | Q(detail_at__lte=batch.sent_at)
            try:
                values = model.detail_values_from(record.read(body)) | {"detail": read_members(body)}
                with transaction.atomic():  # what the database refuses costs this one only
                    model._default_manager.filter(older, remote_id=remote_id).update(detail_at=batch.sent_at, **values)
            except OperationalError:
                raise  # the database is in trouble, not a row
            except (DatabaseError, ValueError, OverflowError) as error:
                told = error if isinstance(error, RecordError) else f"the database refuses it ({type(error).__name__})"
                reason = redact(str(told))[:200]
                log.warning("single read not kept", resource=resource.name, remote_id=remote_id, reason=reason)
                unkept[remote_id] = RemoteContractError(f"Reading {remote_id} of {resource.name}", reason)
    return unkept
