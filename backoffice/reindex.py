"""Columns and tables that are derived from what is mirrored: filled anew for all rows, and whom else that concerns.

Syncs keep them by themselves; this is for after a bulk load, or an upgrade that derives them otherwise.
"""

from collections.abc import Callable, Iterator

import msgspec
from django.db import transaction

from backoffice.mirror import MirrorModel
from backoffice.records import RecordError
from backoffice.sync.resource import RESOURCES, Resource

CHUNK = 1000
SEARCH = "search_text"

INDEXES: dict[str, Callable[[], int]] = {}
"""What the apps derive besides, by a word for people; each fills its own and says of how many rows."""


def searchable() -> list[Resource]:
    """The resources whose rows have a text to be searched."""
    return [one for one in RESOURCES.values() if any(field.name == SEARCH for field in one.model._meta.fields)]


def fill_search(resource: Resource) -> int:
    """Derive the search text of all rows from their payloads; how many were otherwise.

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
    rows = model._default_manager.select_for_update(no_key=True).filter(pk__in=keys).order_by("pk")
    changed = []
    for row in rows.only("pk", "payload", SEARCH):
        try:
            record = resource.record.read(msgspec.json.encode(row.payload))
            text = model.values_from(record).get(SEARCH, getattr(row, SEARCH))
        except (RecordError, ValueError, OverflowError):
            continue
        if text != getattr(row, SEARCH):
            setattr(row, SEARCH, text)
            changed.append(row)
    model._default_manager.bulk_update(changed, [SEARCH], batch_size=200)
    return len(changed)
