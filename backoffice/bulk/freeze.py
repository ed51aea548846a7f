"""Freezing: what a person confirmed is written down as ids, whole or not at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid4

import msgspec
from django.contrib.auth.models import User
from django.db import connection, transaction

from backoffice import audit, correlation
from backoffice.models import BulkAction, BulkItem, RemoteWrite
from backoffice.pasted import without_secrets
from backoffice.sync.changes import is_same
from backoffice.sync.sql import Table
from backoffice.texts import Text, written
from backoffice.writes.plan import Actor, allow
from backoffice.writes.verbs import Verb

MAX_ROWS = 100_000
OPEN = (BulkAction.State.QUEUED, BulkAction.State.RUNNING)


@dataclass(frozen=True)
class Row:
    """One selected object, or one to be made, which has no id yet."""

    remote_id: str
    name: str
    sends: Mapping[str, Any] = field(default_factory=dict)
    """Members that this row sends beside those of all."""

    @property
    def mark(self) -> str:
        """What tells it from the others of its selection."""
        return self.remote_id or msgspec.json.encode(self.sends, order="sorted").decode()


def digest_of(remote_ids: Iterable[str]) -> str:
    """The same for the same set of ids, however the list was sorted."""
    digest = blake2b(digest_size=16)
    for remote_id in sorted(remote_ids):
        digest.update(remote_id.encode("utf-8", "replace") + b"\n")
    return digest.hexdigest()


def freeze(
    verb: Verb,
    user: User | None,
    *,
    id: UUID,
    rows: Sequence[Row],
    words: Text,
    reason: str,
    sends: Mapping[str, Any] | None = None,
) -> tuple[BulkAction, bool]:
    """Write down a confirmed selection in the order of its list; the bulk action, and whether it is new.

    The same ``id`` again, and the same verb over the very same rows while that is still going on, give the one that is
    there: nothing is done twice.

    Args:
        id: of the confirmation form.
        user: None: the operator.
        words: the selection as people would say it.
        sends: the members that each row sends, beside those that the verb always sends.

    Raises:
        NotAllowed: nothing is written down.
    """
    allow(verb, Actor(user, RemoteWrite.Door.BULK))
    digest = digest_of(row.mark for row in rows)
    wanted = {
        "verb": verb.name,
        "target": verb.target,
        "total": len(rows),
        "selection": written(words),
        "digest": digest,
        "reason": without_secrets(reason),
        "sends": dict(sends or {}),
        "actor": user,
        "correlation_id": correlation.current(),
    }
    with transaction.atomic(durable=True):
        _one_after_another(digest)
        going_on = BulkAction.objects.filter(verb=verb.name, target=verb.target, digest=digest, state__in=OPEN)
        twin = next((bulk for bulk in going_on if is_same(bulk.sends, wanted["sends"])), None)
        if twin is not None and twin.pk != id:
            return twin, False
        bulk, is_new = BulkAction.objects.get_or_create(pk=id, defaults=wanted)
        if is_new:
            _keep(bulk, rows)
            audit.entry_of_bulk("bulk", bulk, user=user, door=RemoteWrite.Door.BULK, reason=bulk.reason).save()
    return bulk, is_new


def _keep(bulk: BulkAction, rows: Sequence[Row]) -> None:
    """Insert the rows in their order. Through model objects it took three times as long."""
    key = BulkItem._meta.pk
    waiting = BulkItem.State.WAITING.value
    bulk_key = key.get_db_prep_save(bulk.pk, connection)
    table = Table(BulkItem)
    as_json = table.converter("sends") or str
    values = [
        (
            key.get_db_prep_save(uuid4(), connection),
            bulk_key,
            position,
            row.remote_id,
            row.name[:255],
            as_json(row.sends),
            waiting,
            "",
        )
        for position, row in enumerate(rows, 1)
    ]
    table.insert(("id", "bulk", "position", "remote_id", "name", "sends", "state", "error"), values)


def _one_after_another(digest: str) -> None:
    """Two who confirm the same rows at once come here one after the other, so that the second meets the first's.

    SQLite has one writer at a time anyway.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [int(digest[:15], 16)])
