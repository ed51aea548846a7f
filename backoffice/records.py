"""Records: one typed, frozen struct per answer shape, and the way from remote bytes to rows we dare to keep.

Remote text is untrusted. What no database keeps (NUL, lone surrogates, broken UTF-8) becomes U+FFFD here, on the way
in; what is secret is taken out here, before a payload, a hash or a rejected record is made.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b
from typing import Annotated, Any, ClassVar, NoReturn, Self

import msgspec

MAX_ROW_BYTES = 1024 * 1024
REPLACEMENT = "\ufffd"

# Escapes that can stand for NUL or a surrogate: rare, so only an answer that has one goes the slow way.
_SUSPECT = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)  # ValueError: broken UTF-8


Aware = Annotated[datetime, msgspec.Meta(tz=True)]
"""A moment. A remote time without a zone could be any of 26 moments, so it rejects its row."""


class RecordError(ValueError):
    """This one row cannot be taken; the text says why and is safe to show. The rest of its page can be."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all records. Required members are required, unknown ones ignored, unknown words kept as text."""

    secrets: ClassVar[frozenset[str]] = frozenset()
    """Top-level members that are never stored, hashed or logged."""
    masked: ClassVar[frozenset[str]] = frozenset()
    """Top-level members that are kept, and told only to people who may see them (``backoffice.masking``)."""
    words: ClassVar[Mapping[str, frozenset[str]]] = {}
    """Members whose values are an enumeration in the contract, with the words it names."""

    @classmethod
    def read(cls, row: bytes) -> Self:
        """Decode one object. Raises RecordError when a required member is missing or of another type."""
        try:
            return msgspec.json.decode(row, type=cls)
        except _UNREADABLE as error:
            raise RecordError(_in_short(error)) from None

    @classmethod
    def storable(cls, row: bytes) -> bytes:
        """``row`` less the secret members; ``null`` where nobody can tell which of it is secret."""
        if not cls.secrets:
            return row
        try:
            members = msgspec.json.decode(row)
        except _UNREADABLE:
            return b"null"
        if not isinstance(members, dict):
            return b"null"
        return msgspec.json.encode({name: value for name, value in members.items() if name not in cls.secrets})

    @classmethod
    def members(cls) -> frozenset[str]:
        """The remote's names of the members that this record knows."""
        return frozenset(field.encode_name for field in msgspec.structs.fields(cls))

    @classmethod
    def required(cls) -> frozenset[str]:
        """The remote's names of the members without which a row cannot be taken."""
        return frozenset(field.encode_name for field in msgspec.structs.fields(cls) if field.required)

    @classmethod
    def fingerprint(cls) -> bytes:
        """16 bytes that change with the record's definition, so that after an upgrade every row is read again."""
        return blake2b(repr(msgspec.inspect.type_info(cls)).encode(), digest_size=16).digest()


def read_members(row: bytes) -> dict[str, Any]:
    """All members of a row, known and unknown. Raises RecordError for what cannot be kept as it is."""
    if len(row) > MAX_ROW_BYTES:
        raise RecordError(f"the record is larger than {MAX_ROW_BYTES // 1024} KiB")
    try:
        members = msgspec.json.decode(row)
    except _UNREADABLE as error:
        raise RecordError(_in_short(error)) from None
    if not isinstance(members, dict):
        raise RecordError("an object was expected")
    return members


def id_in(row: bytes, key: str = "id") -> str:
    """The id of an object, its member ``key``; "" where it has none that can be read."""
    try:
        found = msgspec.json.decode(row, type=dict[str, msgspec.Raw])[key]
        return msgspec.json.decode(found, type=str)
    except (*_UNREADABLE, KeyError):
        return ""


def clean_json(body: bytes) -> bytes:
    """The same JSON with every character that no database keeps replaced by U+FFFD.

    Raises ValueError for what is not JSON, RecursionError for what is nested too deep.
    """
    if not _SUSPECT.search(body) and _is_utf8(body):
        return body
    text = body.decode("utf-8", "surrogateescape")  # broken bytes become lone surrogates, which are replaced below
    value = json.loads(text, parse_constant=_refuse, parse_float=_as_it_is, parse_int=_as_it_is)
    return msgspec.json.encode(_clean(value))


def _is_utf8(body: bytes) -> bool:
    try:
        return body.isascii() or bool(body.decode())
    except UnicodeDecodeError:
        return False


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return _UNSTORABLE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if isinstance(value, dict):
        return {_clean(name): _clean(item) for name, item in value.items()}
    return value


def _as_it_is(number: str) -> msgspec.Raw:
    """A number as the remote wrote it: whether it can be kept is decided row by row."""
    return msgspec.Raw(number.encode())


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _in_short(error: BaseException) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
