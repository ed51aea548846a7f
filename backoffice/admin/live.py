"""A record's page that is open follows its record: it asks for the page again, and gets it only where it would differ.

The script sends what it shows as a version. The answer is 204 where that still holds, else the page's content alone: a
message that waits for the person is for a page of its own, and the frame would show it here, where nobody sees it.
"""

from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Any

from django.db.models import Count, DateTimeField, Max, QuerySet, Value
from django.db.models.functions import Cast
from django.http import HttpRequest

VERSION_HEADER = "X-Record-Version"
WHOLE, CONTENT = "admin/base_site.html", "admin/parts/_content.html"
MOMENTS = 4  # that a trace can have

Trace = QuerySet[Any, dict[str, Any]]


def shown_version(request: HttpRequest) -> str:
    """The version that the open page shows; "" where this is not an open page that asks."""
    is_asked = request.method == "GET" and request.headers.get("HX-Request")
    return request.headers.get(VERSION_HEADER, "") if is_asked else ""


def trace(kind: str, rows: QuerySet[Any], *moments: str) -> Trace:
    """What changes with these rows: how many there are, and the latest of up to four moments of theirs."""
    none = Cast(Value(None), DateTimeField())  # PostgreSQL takes a bare NULL for text
    latest = {f"at_{n}": Max(moments[n]) if n < len(moments) else Max(none) for n in range(MOMENTS)}
    counted: Trace = rows.order_by().values(traced=Value(kind)).annotate(number=Count("pk"), **latest)
    return counted


def version_of(*told: Any, traces: Sequence[Trace] = ()) -> str:
    """A short text that changes with any of ``told`` and with any of the rows behind ``traces``: one query."""
    found: Iterable[dict[str, Any]] = traces[0].union(*traces[1:], all=True) if traces else ()
    lines = sorted(str(sorted(row.items())) for row in found)
    return blake2b(repr((told, lines)).encode(), digest_size=8).hexdigest()
