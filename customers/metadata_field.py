"""Metadata on a form: rows of key, kind and value, or one JSON text. What was typed stays as it was typed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext as _

from customers.metadata import REFERENCE, check, parsed, value_of

TEXT, JSON = "text", "json"
MAX_ROWS = 100  # more are edited as JSON: a form takes 1,000 fields at most
SPARE_ROWS = 2
_UNTYPABLE = re.compile(r"[\x00-\x1f\x7f]")  # what a one-line input drops without a word


@dataclass(frozen=True)
class Row:
    """One key. ``kind`` tells whether the value is that text, or JSON."""

    key: str = ""
    kind: str = TEXT
    value: str = ""

    @property
    def is_empty(self) -> bool:
        """Whether nothing was typed in it."""
        return not self.key and not self.value.strip()


@dataclass(frozen=True)
class Typed:
    """What stands in the form: the rows, or the text where it ``is_json``."""

    rows: tuple[Row, ...] = ()
    text: str = ""
    is_json: bool = False

    @classmethod
    def of(cls, metadata: Mapping[str, Any] | None, *, is_json: bool = False) -> "Typed":
        """Metadata as it is, ready to be edited; as JSON where rows cannot hold it."""
        if is_json or not fits_rows(metadata):
            return cls(text="" if metadata is None else _shown(metadata, indent=2), is_json=True)
        return cls(tuple(_row(key, value) for key, value in (metadata or {}).items()))

    def rearranged(self, how: str, base: Mapping[str, Any] | None) -> "Typed":
        """The same with a row more ("add") or less ("remove:2"), or in the other form ("json", "rows").

        ``base`` as for ``read``. Raises FormError where it cannot be read for that.
        """
        if how == "add":
            return Typed((*self.rows, *[Row()] * (self._spare + 1)))
        if how == JSON and not self.is_json:
            return Typed.of(self.read(base), is_json=True)
        if how == "rows" and self.is_json:
            metadata = self.read(base)
            if not fits_rows(metadata):
                raise FormError(_("Rows cannot hold this metadata: too many keys, or keys with odd characters."))
            return Typed.of(metadata)
        name, _colon, number = how.partition(":")
        if name == "remove" and number.isdecimal():
            return Typed(tuple(row for place, row in enumerate(self.rows) if place != int(number)))
        return self

    def read(self, base: Mapping[str, Any] | None) -> dict[str, Any] | None:
        """The metadata; None where there is none. Values of ``base`` that were not touched stay as they are.

        Raises FormError.
        """
        if self.is_json:
            try:
                return (parsed(self.text) or None) if self.text.strip() else None
            except ValueError as error:
                raise FormError(str(error)) from None
        return self._read_rows(base or {})

    def as_data(self, name: str) -> list[tuple[str, str]]:
        """The inputs of the field ``name`` that would give this."""
        rows = [(f"{name}-{part}", getattr(row, part)) for row in self.rows for part in ("key", "kind", "value")]
        return [(f"{name}-as", JSON if self.is_json else "rows"), (f"{name}-text", self.text), *rows]

    @property
    def _spare(self) -> int:
        return sum(row.is_empty for row in self.rows)

    def with_spare_rows(self) -> tuple[Row, ...]:
        """The rows, with empty ones at the end for a browser without scripts."""
        return (*self.rows, *[Row()] * max(0, SPARE_ROWS - self._spare))

    def _read_rows(self, base: Mapping[str, Any]) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        problems: dict[int, str] = {}
        for place, row in enumerate(self.rows):
            if row.is_empty:
                continue
            key = row.key if row.key in base else row.key.strip()
            try:
                if key in found:
                    raise ValueError(_("This key stands here already; each key may stand once."))
                found[key] = _value(key, row, base)
            except ValueError as error:
                problems[place] = str(error)
        if problems:
            raise FormError(_("Look at the rows that are marked."), problems)
        if found:
            try:
                check(found)
            except ValueError as error:
                raise FormError(str(error)) from None
        return found or None


class FormError(ValueError):
    """What was typed is no metadata. ``rows``: sentences by the place of the row."""

    def __init__(self, sentence: str, rows: Mapping[int, str] | None = None) -> None:
        super().__init__(sentence)
        self.rows = dict(rows or {})


class MetadataInput(forms.Widget):
    """Takes the inputs of ``customers/parts/_metadata_field.html`` together. A template draws them, not this widget."""

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Typed:
        if not isinstance(data, MultiValueDict):
            return Typed()
        columns = [data.getlist(f"{name}-{column}") for column in ("key", "kind", "value")]
        rows = [Row(key, JSON if kind == JSON else TEXT, value) for key, kind, value in zip(*columns, strict=False)]
        return Typed(tuple(rows), data.get(f"{name}-text", ""), data.get(f"{name}-as") == JSON)


class MetadataField(forms.Field):
    """Gives what was typed, as ``Typed``: reading it takes the values it began with, which only the form knows."""

    widget = MetadataInput


def fits_rows(metadata: Mapping[str, Any] | None) -> bool:
    """Whether rows can hold the metadata without changing a key."""
    keys = list(metadata or {})
    return len(keys) <= MAX_ROWS and all(key.strip() and not _UNTYPABLE.search(key) for key in keys)


def as_typed(text: str) -> str:
    """Text as a browser sends it back untouched, whatever ends its lines."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _row(key: str, value: Any) -> Row:
    return Row(key, TEXT, value) if isinstance(value, str) else Row(key, JSON, _shown(value))


def _value(key: str, row: Row, base: Mapping[str, Any]) -> Any:
    if not key:
        raise ValueError(_("This value needs a key."))
    if key == REFERENCE:
        raise ValueError(_("{key} is the back office's own key; it is kept by itself.").format(key=REFERENCE))
    if row.kind == JSON:
        if not row.value.strip():
            raise ValueError(_('Type JSON, such as 12, true, null or ["a", "b"]; or choose Text.'))
        return value_of(row.value)
    before = base.get(key)
    typed = as_typed(row.value)
    return before if isinstance(before, str) and as_typed(before) == typed else typed


def _shown(value: Any, indent: int | None = None) -> str:
    return json.dumps(value, ensure_ascii=False, indent=indent)
