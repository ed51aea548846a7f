"""The values that a column has, in a time that grows with how many there are and not with the table."""

from typing import Any

from django.db import connection
from django.db.models import Model


def values_of(model: type[Model], column: str, most: int) -> list[Any]:
    """Up to ``most`` of the values of an indexed column, in its order, without null.

    One query, and a step of the index for each; DISTINCT would read the whole index.
    """
    quote = connection.ops.quote_name
    field = model._meta.get_field(column)
    name, table = quote(str(field.column)), quote(model._meta.db_table)  # type: ignore[union-attr]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH RECURSIVE met(value) AS (SELECT * FROM (SELECT MIN({name}) FROM {table}) AS first "  # noqa: S608
            f"UNION ALL SELECT (SELECT MIN({name}) FROM {table} WHERE {name} > met.value) FROM met "
            "WHERE met.value IS NOT NULL) SELECT value FROM met WHERE value IS NOT NULL LIMIT %s",
            [most],
        )
        return [row[0] for row in cursor.fetchall()]
