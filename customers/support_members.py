"""The members of a support customer as they are sent: which there are, what each may hold, when two say the same."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.records import Record, RecordError
from backoffice.texts import Text
from customers.apideck import WRITABLE, SupportCustomerRecord
from customers.apideck.records import AddressRecord, BankAccountRecord, EmailRecord, PhoneRecord

Members = Mapping[str, Any]
ITEMS: Mapping[str, type[Record]] = {
    "addresses": AddressRecord, "phone_numbers": PhoneRecord, "emails": EmailRecord,
}  # fmt: skip
"""Members that are lists, and the record of one item."""
BANK = "bank_accounts"
VERSION = "row_version"
TEXTS = ("company_name", "first_name", "last_name", "notes", "tax_number", "currency", "status")
NAMES = ("first_name", "last_name", "company_name")
_NEVER_NULL = {"emails": ("id", "type"), "phone_numbers": ("type",), "addresses": ("type",)}


class _Sent(SupportCustomerRecord, frozen=True, kw_only=True):
    """What is sent has no id."""

    id: str = ""


def problems_in(members: Members) -> dict[str, Text]:
    """What is wrong with members to be sent, a sentence each, by member; none where they can be sent."""
    problems = {name: _cannot_be_set(name) for name in members.keys() - WRITABLE}
    for name, value in members.items():
        if name in problems:
            continue
        if problem := _problem(name, value):
            problems[name] = problem
    return problems


def sendable(members: Members) -> dict[str, Any]:
    """The members as the contract lets them be sent: no unknown members inside, no null where none is allowed."""
    return {name: _sendable(name, value) for name, value in members.items()}


def agrees(wanted: Any, there: Any) -> bool:
    """Whether what is there says all that was wanted, whatever more it says: ids that the remote gave and the like.

    An item's version is not compared, as every change gives it another.
    """
    if isinstance(wanted, Mapping):
        members = there if isinstance(there, Mapping) else {}
        return all(agrees(value, members.get(name)) for name, value in wanted.items() if name != VERSION)
    if isinstance(wanted, list):
        others = there if isinstance(there, list) else []
        return len(wanted) == len(others) and all(map(agrees, wanted, others))
    return bool(_or_none(wanted) == _or_none(there)) and isinstance(wanted, bool) == isinstance(there, bool)


def merged(name: str, value: Any, there: Any) -> Any:
    """A member to be sent, with what only the remote knows of it: each item's version, the rest of the bank account.

    Args:
        there: the member as a fresh read shows it.
    """
    if name == BANK and isinstance(value, Mapping):
        return {**(there if isinstance(there, Mapping) else {}), **value}
    if name not in ITEMS or not isinstance(value, list) or not isinstance(there, list):
        return value
    versions = {
        item.get("id"): item[VERSION]
        for item in there
        if isinstance(item, dict) and item.get("id") and item.get(VERSION)
    }
    return [{**item, VERSION: versions[item["id"]]} if item.get("id") in versions else item for item in value]


def _or_none(value: Any) -> Any:
    return None if value in ("", [], {}) else value


def _problem(name: str, value: Any) -> Text:
    if value is None and name in {*ITEMS, BANK}:
        return _("it cannot be null; an empty list or empty members clear it")
    if name in ITEMS and isinstance(value, list):
        for item in value:
            if not isinstance(item, dict):
                return _("each of its items must be an object")
            if unknown := sorted(item.keys() - ITEMS[name].members()):
                return _unknown_inside(unknown)
            if any(item.get(needed) == "" for needed in ITEMS[name].required()):
                members = ", ".join(sorted(ITEMS[name].required()))
                return format_lazy(_("{members} must not be empty"), members=members)
    if name == BANK and isinstance(value, dict) and (unknown := sorted(value.keys() - BankAccountRecord.members())):
        return _unknown_inside(unknown)
    try:
        record = _Sent.read(msgspec.json.encode({name: value}))
    except (RecordError, TypeError, ValueError) as error:
        return str(error)
    return _unknown_word(record, name)


def _unknown_inside(members: Sequence[str]) -> Text:
    return format_lazy(_("the contract knows no {members} in it"), members=", ".join(members))


def _unknown_word(record: SupportCustomerRecord, name: str) -> Text:
    """A word that an enumeration of the contract does not name must not be written, whatever the remote shows."""
    value = getattr(record, name)
    parts: Sequence[Record] = value if isinstance(value, list) else [value] if isinstance(value, Record) else []
    wanted = [(name, value, record.words[name])] if name in record.words else []
    wanted += [(word, getattr(part, word), words) for part in parts for word, words in part.words.items()]
    wanted += [("currency", part.currency, record.words["currency"]) for part in parts if name == BANK]  # type: ignore[attr-defined]
    for word, said, words in wanted:
        if said is not None and said not in words:
            return format_lazy(_("the contract knows no {word} {value}"), word=word, value=repr(said[:60]))
    return ""


def _sendable(name: str, value: Any) -> Any:
    if name == BANK and isinstance(value, Mapping):
        return {key: item for key, item in value.items() if key in BankAccountRecord.members()}
    if name not in ITEMS or not isinstance(value, list):
        return value
    known, never_null = ITEMS[name].members(), _NEVER_NULL[name]
    return [
        {key: part for key, part in item.items() if key in known and not (part is None and key in never_null)}
        for item in value
    ]


def _cannot_be_set(name: str) -> Text:
    if name in SupportCustomerRecord.members():
        return _("Apideck sets it by itself")
    return _("the contract knows no such member")
