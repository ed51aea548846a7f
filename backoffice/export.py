"""The one writer of CSV and XLSX. What a spreadsheet would take for a formula is disarmed here."""

import csv
import re
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook
from tablib import Dataset

MAX_XLSX_ROWS = 50_000  # it is built in memory; CSV is streamed and has no limit
MOST_AT_ONCE = 10_000  # rows of a list that are written while the person waits; more go to the workers
MAX_CELL_CHARS = 32_767  # what a spreadsheet's cell holds
ROWS_A_CHUNK = 500
MOST_SHEET_ROWS = 1_048_575  # what a sheet holds besides its header

About = Sequence[tuple[str, Any]]
"""What a file says of itself before its rows: labels and values."""


class TooManyRows(Exception):
    """More rows than a sheet holds."""


_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")  # no spreadsheet can hold these
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # the wide ones where people write with them


def cell(value: Any) -> Any:
    """A value as it may stand in a spreadsheet: numbers as they are, times in UTC, text that is never a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return pgettext("in a cell of a file", "yes") if value else pgettext("in a cell of a file", "no")
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


def write_csv(path: Path, about: About, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """Write a CSV file row by row into the file that is there; how many rows. What it is stands before the header."""
    count = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerows(_disarmed(about))
        lines.writerows([[], [cell(header) for header in headers]])
        for row in rows:
            lines.writerow([cell(value) for value in row])
            count += 1
    return count


def write_xlsx(path: Path, about: About, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    """The same as an XLSX file, its rows kept on disk meanwhile; what it is stands on a sheet "About".

    Raises TooManyRows.
    """
    count = 0
    with _temporary_files_beside(path):
        book = Workbook(write_only=True)
        sheet = book.create_sheet(_("Rows"))
        try:
            for row in chain([headers], rows):
                if count > MOST_SHEET_ROWS:
                    raise TooManyRows
                sheet.append([cell(value) for value in row])
                count += 1
        except BaseException:
            sheet.close()  # it has a file of its own open
            raise
        told = book.create_sheet(_("About"))
        for line in _disarmed(about):
            told.append(line)
        book.save(path)
    return count - 1  # less the header


@contextmanager
def _temporary_files_beside(path: Path) -> Iterator[None]:
    """The sheets' own files lie in a folder beside the file, where what a killed worker leaves is found and deleted."""
    before = tempfile.tempdir
    with tempfile.TemporaryDirectory(prefix="sheets.", dir=path.parent) as folder:
        tempfile.tempdir = folder
        try:
            yield
        finally:
            tempfile.tempdir = before


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
