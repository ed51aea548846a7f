"""A mirrored sandbox for each test: what three syncs leave behind is kept, and put into the next test's database."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from django.apps import apps
from django.db import transaction
from django.db.models import DateTimeField, Model
from django.utils import timezone

from backoffice.models import AuditEntry
from backoffice.sandbox import Sandbox
from customers.tests.kirim import sync

RESOURCES = ("kirim.customers", "kirim.accounts", "kirim.setup_links")
KEPT_FOR = timedelta(minutes=5)  # then a sandbox is filled anew, as its links grow old


@dataclass
class Clock:
    """The sandbox's: it stands while the sandbox is filled, so that each of them holds the same."""

    standing_at: datetime | None

    def __call__(self) -> datetime:
        return self.standing_at or timezone.now()


@dataclass(frozen=True)
class Reading:
    """All rows after syncs of a sandbox that was filled at some moment."""

    filled_at: datetime
    began_at: datetime
    ended_at: datetime
    rows: list[Model]

    def put(self) -> None:
        """Make the database what the syncs would make it now."""
        later = timezone.now() - self.ended_at
        with transaction.atomic():
            for model in {type(row): None for row in self.rows}:
                model._base_manager.bulk_create(
                    [self._moved(row, later) for row in self.rows if type(row) is model],
                )

    def _moved(self, row: Model, later: timedelta) -> Model:
        """The row with the moments at which we read; what Kirim says stays."""
        moved = copy(row)
        for column in row._meta.concrete_fields:
            at = getattr(row, column.attname) if isinstance(column, DateTimeField) else None
            if at and self.began_at <= at <= self.ended_at:
                setattr(moved, column.attname, at + later)
        return moved


Prepare = Callable[[Sandbox], object]
_kept: dict[tuple[int, Prepare | None], Reading] = {}


@contextmanager
def mirrored_sandbox(settings: Any, customers: int, prepare: Prepare | None = None) -> Iterator[Sandbox]:
    """A Kirim that keeps what is written to it, with switches for trouble, in front of the client; mirrored.

    Rows are taken from an earlier reading only where there are none yet that a sync would heed.

    Args:
        prepare: what is done at Kirim before the syncs.
    """
    kept = _kept.get((customers, prepare))
    if kept and (abs(timezone.now() - kept.filled_at) > KEPT_FOR or any(map(_rows, _models()))):
        kept = None
    clock = Clock(kept.filled_at if kept else timezone.now())
    with Sandbox(customers=customers, kirim_api_key=settings.KIRIM_API_KEY, now=clock) as sandbox:
        if prepare:
            prepare(sandbox)
        filled_at, clock.standing_at = clock(), None
        settings.KIRIM_BASE_URL = "http://127.0.0.1:9000/sandbox/kirim/v1"
        settings.REMOTE_TRANSPORT = httpx.WSGITransport(app=sandbox.wsgi)
        if kept:
            kept.put()
        else:
            is_clean, began_at = not any(map(_rows, _models())), timezone.now()
            for resource in RESOURCES:
                sync(resource)
            if is_clean:
                rows = [row for model in _models() for row in _rows(model)]
                _kept[customers, prepare] = Reading(filled_at, began_at, timezone.now(), rows)
        yield sandbox


def _models() -> list[type[Model]]:
    models = (model for app in ("backoffice", "customers") for model in apps.get_app_config(app).get_models())
    return [model for model in models if model is not AuditEntry]  # who signed in before is nothing that a sync heeds


def _rows(model: type[Model]) -> list[Model]:
    return list(model._base_manager.all())
