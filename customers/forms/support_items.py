"""Lists of a support customer as rows to type: each row knows which item it began as and keeps what it hides."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from backoffice.admin.deed_forms import Column, RowsField
from backoffice.texts import Text

AT = "at"
"""The column that says, as JSON, which item a row began as; hidden, and empty for a new one."""
SPARE_ROWS = 1


@dataclass(frozen=True)
class ShownItem:
    """One item of a list as it is drawn."""

    at: str
    cells: list[tuple[Column, str]]
    problem: Text


class ItemsField(RowsField):
    """Rows of one of the member's lists. ``shown`` is what a template draws."""

    template = "customers/support/parts/_items.html"

    def __init__(self, label: Text, columns: Iterable[Column], words: Iterable[str], **kwargs: Any) -> None:
        super().__init__(label, (Column(AT, ""), *columns), css="bo-items", **kwargs)
        self.words = tuple(words)  # what a type may be
        self.shown: list[ShownItem] = []

    def clean(self, value: Any) -> list[dict[str, str]]:
        return [row for row in super().clean(value) if any(text for name, text in row.items() if name != AT)]

    def draw(self, rows: Sequence[Mapping[str, str]], problems: Mapping[int, Text]) -> None:
        """Show these rows, each with what is wrong with it, and an empty one."""
        spare = max(0, SPARE_ROWS - sum(not any(row.values()) for row in rows))
        self.shown = [
            ShownItem(
                row.get(AT, ""),
                [(column, row.get(column.name, "")) for column in self.columns if column.name != AT],
                problems.get(place, ""),
            )
            for place, row in enumerate([*rows, *[{}] * spare])
        ]

    def item(self, row: Mapping[str, str]) -> dict[str, Any]:
        """The item that a row stands for: all that it had, and what was typed of it."""
        item = began(row)
        for column in self.columns:
            typed = row.get(column.name, "")
            if column.name != AT and (typed or item.get(column.name)):
                item[column.name] = kept(typed, item.get(column.name))
        return item


def began(row: Mapping[str, str]) -> dict[str, Any]:
    """The item that a row began as; what came back damaged is as good as a new one, and is judged like one."""
    try:
        item = json.loads(row.get(AT) or "{}")
    except (ValueError, RecursionError):
        return {}
    return item if isinstance(item, dict) else {}


def as_row(item: Any) -> dict[str, str]:
    """An item as a row to begin with."""
    members = item if isinstance(item, dict) else {}
    return {AT: json.dumps(members), **{name: str(value) for name, value in members.items() if value is not None}}


def kept(typed: str, before: Any) -> str | None:
    """What was typed; null for nothing, and what was there where it looks just the same."""
    is_same_text = _plain(typed) == _plain(str(before or ""))
    return before if is_same_text else typed or None


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n").strip()
