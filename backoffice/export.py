"""The one writer of CSV and XLSX. What a spreadsheet would take for a formula is disarmed here."""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from tablib import Dataset

MAX_XLSX_ROWS = 50_000  # it is built in memory; CSV is streamed and has no limit
MAX_CELL_CHARS = 32_767  # what a spreadsheet's cell holds
ROWS_A_CHUNK = 500
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no spreadsheet can hold these
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones where people write with them


def cell(value: Any) -> Any:
    """A value as it may stand in a spreadsheet: numbers as they are, times in UTC, text that is never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return value
    text = f"{value:%Y-%m-%dT%H:%M:%S%z}" if isinstance(value, datetime) else str(value)
    text = _NO_TEXT.sub("", text)[: MAX_CELL_CHARS - 1]
    return f"'{text}" if text.startswith(_FORMULA) else text


def csv_answer(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """A CSV file, streamed."""
    answer = StreamingHttpResponse(_csv(headers, rows), content_type="text/csv; charset=utf-8")
    return _as_file(answer, name, "csv")


def xlsx_answer(name: str, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> HttpResponseBase:
    """An XLSX file. Give it at most ``MAX_XLSX_ROWS`` rows."""
    data = Dataset(*_disarmed(rows), headers=[cell(header) for header in headers], title=name[:31])
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    return _as_file(HttpResponse(data.export("xlsx"), content_type=kind), name, "xlsx")


def _csv(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    yield str(Dataset([cell(header) for header in headers]).export("csv"))
    waiting = iter(rows)
    while chunk := list(islice(waiting, ROWS_A_CHUNK)):
        yield str(Dataset(*_disarmed(chunk)).export("csv"))


def _disarmed(rows: Iterable[Sequence[Any]]) -> list[list[Any]]:
    return [[cell(value) for value in row] for row in rows]


def _as_file(answer: HttpResponseBase, name: str, ending: str) -> HttpResponseBase:
    answer["Content-Disposition"] = f'attachment; filename="{name}-{timezone.now():%Y%m%d-%H%M}.{ending}"'
    answer["Cache-Control"] = "no-store"
    return answer
