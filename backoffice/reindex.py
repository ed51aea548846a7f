"""Columns and tables that are derived from what is mirrored: filled anew for all rows, and whom else that concerns.

Syncs keep them by themselves; this is for after a bulk load, or an upgrade that derives them otherwise.
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from django.db import transaction

from backoffice.mirror import MirrorModel
from backoffice.records import RecordError
from backoffice.sync.resource import RESOURCES, Resource
from backoffice.textindex import column_of

CHUNK = 1000

INDEXES: dict[str, Callable[[], int]] = {}
"""What the apps derive besides, by a word for people; each fills its own and says of how many rows."""


def searchable() -> list[Resource]:
    """The resources whose rows have a text to be searched."""
    return [resource for resource in RESOURCES.values() if column_of(resource.model)]


def fill_search(resource: Resource) -> int:
    """Derive the search text of all rows from what was read of them; how many were otherwise.

    A row is written only where its text differs, and stays as it is where its payload cannot be read any more: the next
    sweep says why.
    """
    return sum(_fill(resource, part) for part in _parts(resource.model))


def _parts(model: type[MirrorModel]) -> Iterator[list[int]]:
    """Primary keys, some at a time."""
    last = 0
    while keys := list(model._default_manager.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        yield keys
        last = keys[-1]


@transaction.atomic
def _fill(resource: Resource, keys: list[int]) -> int:
    model = resource.model
    column = column_of(model)
    rows = model._default_manager.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    changed = []
    for row in rows.only("pk", "payload", column, *(["detail"] if resource.detail else [])):
        try:
            text = _derived(resource, row).get(column, getattr(row, column))
        except (RecordError, ValueError, OverflowError):
            continue
        if text != getattr(row, column):
            setattr(row, column, text)
            changed.append(row)
    model._default_manager.bulk_update(changed, [column], batch_size=200)
    return len(changed)


def _derived(resource: Resource, row: Any) -> dict[str, Any]:
    """The columns of a row, as they follow from its payload and its single read. Raises as reading them does."""
    values = row.values_from(resource.record.read(msgspec.json.encode(row.payload)))
    if resource.detail and row.detail:
        values |= row.detail_values_from(resource.detail.read(msgspec.json.encode(row.detail)))
    return dict(values)
