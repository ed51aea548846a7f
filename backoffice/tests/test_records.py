"""From remote bytes to rows we dare to keep (FAULTS 16-25, 60)."""

import json
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backoffice.records import MAX_ROW_BYTES, REPLACEMENT, Record, RecordError, clean_json, read_members


class Plain(Record, frozen=True, kw_only=True):
    id: str
    name: str | None


class WithSecret(Record, frozen=True, kw_only=True):
    secrets: ClassVar = frozenset({"token"})

    id: str


def test_required_members_are_required_and_unknown_ones_ignored() -> None:
    assert Plain.read(b'{"id": "1", "name": null, "pk": 7, "_state": {}, "class": "x"}') == Plain(id="1", name=None)
    for bad in (b'{"id": "1"}', b'{"id": 1, "name": "x"}', b'{"id": "1", "name": {}}', b"[]", b"null", b'"x"'):
        with pytest.raises(RecordError):
            Plain.read(bad)


def test_a_record_error_says_which_member_is_wrong() -> None:
    with pytest.raises(RecordError, match=r"\$\.name"):
        Plain.read(b'{"id": "1", "name": 5}')


def test_secret_members_are_gone_from_what_is_stored() -> None:
    stored = WithSecret.storable(b'{"id": "1", "token": "s3cret", "other": [1]}')
    assert json.loads(stored) == {"id": "1", "other": [1]}
    for unreadable in (b'{"id": "1", "token": "s3cret"', b'["s3cret"]', b'"s3cret"'):
        assert b"s3cret" not in WithSecret.storable(unreadable)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb'{"name": "a\u0000b"}', f"a{REPLACEMENT}b"),
        (rb'{"name": "a\ud800b"}', f"a{REPLACEMENT}b"),
        (rb'{"name": "a\udc00b"}', f"a{REPLACEMENT}b"),
        (rb'{"name": "a\ud83d\ude00b"}', "a😀b"),
        (rb'{"name": "a\\u0000b"}', "a\\u0000b"),
        (b'{"name": "a\xed\xa0\x80b"}', f"a{REPLACEMENT * 3}b"),
        (b'{"name": "a\xffb"}', f"a{REPLACEMENT}b"),
        ('{"name": "naïve 東京"}'.encode(), "naïve 東京"),
    ],
)
def test_what_no_database_keeps_is_replaced_and_the_rest_stays(body: bytes, expected: str) -> None:
    assert json.loads(clean_json(body))["name"] == expected


def test_names_of_members_are_cleaned_too() -> None:
    assert json.loads(clean_json(rb'{"a\u0000": {"b\ud800": [1, null, true, 1.5]}}')) == {
        f"a{REPLACEMENT}": {f"b{REPLACEMENT}": [1, None, True, 1.5]}
    }


@pytest.mark.parametrize("body", [rb'{"a": NaN, "b": "\u0000"}', rb'{"a": "\u0000"', rb"\u0000"])
def test_what_is_not_json_stays_an_error_on_the_slow_way(body: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its text is Python's own
        clean_json(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(codec="utf-8"), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@given(JSON, st.booleans())
def test_clean_text_comes_through_unharmed_however_it_is_escaped(value: Any, escaped: bool) -> None:
    cleaned = json.loads(clean_json(json.dumps(value, ensure_ascii=escaped).encode("utf-8", "surrogatepass")))
    assert "\x00" not in json.dumps(cleaned, ensure_ascii=False)
    if "\\u0000" not in json.dumps(value):
        assert cleaned == value


@given(st.text(st.characters(), max_size=30))
def test_no_text_at_all_leaves_anything_a_database_refuses(text: str) -> None:
    body = json.dumps({"name": text}).encode()
    name = msgspec.json.decode(clean_json(body))["name"]
    assert "\x00" not in name
    name.encode("utf-8")  # a lone surrogate could not be encoded


def test_a_row_that_is_too_large_or_no_object_is_refused() -> None:
    with pytest.raises(RecordError, match="larger"):
        read_members(b'{"x": "' + b"y" * MAX_ROW_BYTES + b'"}')
    with pytest.raises(RecordError, match="object"):
        read_members(b"[1]")
    with pytest.raises(RecordError):
        read_members(b'{"x": ' + b"9" * 5000 + b"}")


def test_the_fingerprint_changes_with_the_definition() -> None:
    assert Plain.fingerprint() != WithSecret.fingerprint()
    assert len(Plain.fingerprint()) == 16


def test_numbers_come_through_cleaning_as_they_are() -> None:
    body = rb'{"a": "\u0000", "big": ' + b"9" * 5000 + b', "huge": 1e999, "exact": 1.10}'
    cleaned = clean_json(body)
    assert b"9" * 5000 in cleaned
    assert b'"huge":1e999' in cleaned
    assert b'"exact":1.10' in cleaned
