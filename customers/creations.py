"""Creations in the CRM that may still come about: sent and without an end yet, or waiting in a bulk action.

L4YERCAK3 knows no idempotency key, so what is sent a second time meanwhile is there twice.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backoffice.models import BulkItem, RemoteWrite
from backoffice.writes.verbs import WriteVerb
from customers.services.crm import Kind, bare

_UNDER_WAY = (RemoteWrite.State.PLANNED, RemoteWrite.State.SENT, RemoteWrite.State.UNKNOWN)
_WAITING = (BulkItem.State.WAITING, BulkItem.State.RUNNING)


@dataclass(frozen=True)
class Creation:
    """One of them."""

    id: UUID  # of its write, which a row that waits does not have yet
    sends: Mapping[str, Any]
    bulk_id: UUID | None

    @property
    def command(self) -> str:
        """What shows an operator how it stands."""
        return f"manage.py bulk show {self.bulk_id}" if self.bulk_id else f"manage.py writes show {self.id}"

    def is_alike(self, kind: Kind, sends: Mapping[str, Any]) -> bool:
        """Whether it makes what ``sends`` would make once more, as far as that can be told."""
        return all(bare(self.sends.get(name)) == bare(sends.get(name)) for name in kind.identifying)


def open_creations(verb: WriteVerb) -> Iterator[Creation]:
    """All that are open, each once."""
    met = set()
    writes = RemoteWrite.objects.filter(target=verb.target, verb=verb.name, state__in=_UNDER_WAY)
    for id, sends, bulk_id in writes.values_list("pk", "sends", "bulk_id"):
        met.add(id)
        yield Creation(id, sends, bulk_id)
    rows = BulkItem.objects.filter(bulk__target=verb.target, bulk__verb=verb.name, state__in=_WAITING).order_by()
    for id, sends, bulk_id in rows.values_list("pk", "sends", "bulk_id"):
        if id not in met:
            yield Creation(id, sends, bulk_id)
