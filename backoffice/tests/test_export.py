"""The one writer of CSV and XLSX."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook

from backoffice.export import cell, csv_answer, xlsx_answer

HOSTILE = ["=1+1", "+49301234", "-2", "@SUM(A1)", "\tx", "\rx", "\x00=cmd", "\nx", "＝1+1", "＋1", "－1", "＠x"]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_spreadsheet_takes_for_a_formula_is_disarmed(text):
    assert cell(text) == "'" + text.replace("\x00", "")


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (True, "yes"),
        (-3, -3),
        ("plain = text", "plain = text"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "2026-01-02T03:04:05+0000"),
        ("bell\x07", "bell"),
    ],
)
def test_everything_else_stays_what_it_is(value, shown):
    assert cell(value) == shown


def test_csv_and_xlsx_hold_the_same_disarmed_cells():
    rows = [[text, 1] for text in HOSTILE]
    csv = b"".join(csv_answer("list", ["name", "n"], rows).streaming_content).decode()
    assert csv.startswith("name,n\r\n'=1+1,1\r\n'+49301234,1\r\n")
    sheet = load_workbook(BytesIO(xlsx_answer("list", ["name", "n"], rows).content)).active
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)][:4] == [
        "'=1+1",
        "'+49301234",
        "'-2",
        "'@SUM(A1)",
    ]


def test_files_are_not_cached_and_have_names_of_our_own():
    answer = csv_answer("customer", ["a"], [])
    assert answer["Cache-Control"] == "no-store"
    assert answer["Content-Disposition"].startswith('attachment; filename="customer-')
