"""Drift: where a remote departs from its contract, told to people.

What a contract does not know is never a reason to refuse a record; a required member that is left out is one.
"""

from typing import Any

from django.db.models import F
from django.utils import timezone

from backoffice.models import Drift
from backoffice.records import Record, RecordError, read_members
from backoffice.sync.resource import Resource

MAX_KEPT = 200  # per resource; a remote that invents members without end fills no table


class DriftCount:
    """Counts what is unknown in the records of one resource that are new or changed, and what rejected ones lack."""

    def __init__(self, resource: Resource) -> None:
        self._resource = resource.name
        self._known = resource.record.members()
        self._required = resource.record.required()
        self._words = resource.record.words
        self._met: dict[tuple[str, str], tuple[int, str]] = {}

    def note(self, remote_id: str, members: dict[str, Any], record: Record) -> None:
        """Look at one record."""
        if not self._known.issuperset(members):  # so for every row that came: no set is made where nothing is unknown
            for name in members.keys() - self._known:
                self._count(Drift.Kind.MEMBER, name, remote_id)
        for name, words in self._words.items():
            word = getattr(record, name)
            if word is not None and word not in words:
                self._count(Drift.Kind.WORD, f"{name}={word}", remote_id)

    def note_rejected(self, remote_id: str, body: bytes) -> None:
        """Look at a record that could not be taken, for required members that it lacks."""
        try:
            members = read_members(body)
        except RecordError:
            return
        for name in self._required - members.keys():
            self._count(Drift.Kind.MISSING, name, remote_id)

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
