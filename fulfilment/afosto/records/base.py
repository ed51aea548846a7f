"""What all records of Afosto share."""

from typing import Any, Self

import msgspec

from backoffice.records import Record, RecordError, read_members


class AfostoRecord(Record, frozen=True, kw_only=True):
    """Base of what Afosto answers with."""

    @classmethod
    def read(cls, row: bytes) -> Self:
        """The same as of any record; an empty text counts as absent where no text is expected."""
        try:
            return super().read(row)
        except RecordError:
            if b'""' not in row:
                raise
            return super().read(msgspec.json.encode(_less_empty_texts(read_members(row))))


def _less_empty_texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _less_empty_texts(item) for name, item in value.items() if item != ""}
    return [_less_empty_texts(item) for item in value] if isinstance(value, list) else value


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of what stands inside a record."""
