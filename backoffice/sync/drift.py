"""Drift: what a remote says that its contract does not know. Told to people, never a reason to refuse a record."""

from typing import Any

from django.db.models import F
from django.utils import timezone

from backoffice.models import Drift
from backoffice.records import Record
from backoffice.sync.resource import Resource

MAX_KEPT = 200  # per resource; a remote that invents members without end fills no table


class DriftCount:
    """Counts unknown members and words in the records of one resource that are new or changed."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource.name
        self._known = resource.record.members()
        self._words = resource.record.words
        self._met: dict[tuple[str, str], tuple[int, str]] = {}

    def note(self, remote_id: str, members: dict[str, Any], record: Record) -> None:
        """Look at one record."""
        for name in members.keys() - self._known:
            self._count(Drift.Kind.MEMBER, name, remote_id)
        for name, words in self._words.items():
            word = getattr(record, name)
            if word is not None and word not in words:
                self._count(Drift.Kind.WORD, f"{name}={word}", remote_id)

    def keep(self) -> None:
        """Write down what was met since the last time, and start anew."""
        met = self._met
        self.forget()
        rows = Drift.objects.filter(resource=self._resource)
        for (kind, name), (count, remote_id) in met.items():
            seen = {"last_seen_at": timezone.now(), "sample_remote_id": remote_id}
            known = rows.filter(kind=kind, name=name).update(count=F("count") + count, **seen)
            if not known and rows.count() < MAX_KEPT:
                Drift.objects.get_or_create(
                    resource=self._resource, kind=kind, name=name, defaults={"count": count, **seen}
                )

    def forget(self) -> None:
        """Start anew."""
        self._met = {}

    def _count(self, kind: str, name: str, remote_id: str) -> None:
        if len(self._met) >= MAX_KEPT and (kind, name[:255]) not in self._met:
            return
        count, _ = self._met.get((kind, name[:255]), (0, ""))
        self._met[kind, name[:255]] = count + 1, remote_id
