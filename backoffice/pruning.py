"""Deleting many rows that are past their time, in parts, so that nobody else who writes waits for all of it."""

from typing import Any

from django.db.models import QuerySet

AT_ONCE = 1000


def delete_in_parts(rows: QuerySet[Any], at_once: int = AT_ONCE) -> None:
    """Delete ``rows`` in transactions of so many each. What no longer belongs to them meanwhile stays."""
    while keys := list(rows.order_by().values_list("pk", flat=True)[:at_once]):
        rows.filter(pk__in=keys).only("pk").delete()  # Django loads what others refer to; payloads need not come along
