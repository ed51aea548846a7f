"""Contacts from a file of comma-separated values: what would be created, what is here already, what is wrong.

Columns: ``display_name`` (or ``name``), ``email``, ``phone``, ``company``, ``custom_fields`` (a JSON object), and
``custom:<name>`` for one custom field. The pages and the command read files here, and only here.
"""

import csv
import io
import json
import re
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, ngettext_lazy

from backoffice.bulk.freeze import Row, digest_of
from backoffice.export import cell
from backoffice.texts import number, number_lazy, written
from customers.creations import Creation, open_creations
from customers.models import Contact
from customers.services.crm import bare
from customers.verbs.crm import CREATE_CONTACT

MAX_BYTES = 1024 * 1024
MAX_ROWS = 5_000
MAX_CHARS = 255
CUSTOM = "custom:"
_MEMBER_OF: Mapping[str, str] = {
    "display_name": "displayName", "displayname": "displayName", "name": "displayName", "email": "email",
    "e-mail": "email", "phone": "phone", "company": "company", "custom_fields": "customFields",
    "customfields": "customFields",
}  # fmt: skip
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX and ODS, XLS
_SEPARATOR = re.compile(r"sep=([,;\t|])", re.IGNORECASE)  # how Excel is told in a file's first line
_IGNORED = frozenset({"state", "error"})  # what our own file of rows that failed says of them


class NotReadable(ValueError):
    """The file as a whole cannot be taken; the text is a sentence."""


@dataclass(frozen=True)
class Problem:
    """What is wrong with a row. ``number`` is its line's place in the file, the heading being 1."""

    number: int
    sentence: str


@dataclass(frozen=True)
class Plan:
    """What a file comes to."""

    rows: Sequence[Row]  # to be created
    here: Sequence[tuple[int, str, Contact]]  # row number, e-mail and who has it
    under_way: Sequence[tuple[int, str, Creation]]  # row number, who, and what creates that one already
    problems: Sequence[Problem]

    @property
    def digest(self) -> str:
        """Of what would be created: a confirmation is of these rows and no others."""
        return digest_of(row.mark for row in self.rows)

    @property
    def selection(self) -> str:
        """What is to be created, as a bulk action names it."""
        count = len(self.rows)
        told = ngettext_lazy("{count} contact from a file", "{count} contacts from a file", count)
        return written(format_lazy(told, count=number_lazy(count)))

    @property
    def in_words(self) -> str:
        """How many rows there are of each kind, in a sentence; what is none is left out."""
        new, here, under_way, wrong = map(len, (self.rows, self.here, self.under_way, self.problems))
        counts = [
            (new, ngettext("{count} would be created", "{count} would be created", new)),
            (
                here,
                ngettext(
                    "{count} here already by their e-mail and left alone",
                    "{count} here already by their e-mail and left alone",
                    here,
                ),
            ),
            (
                under_way,
                ngettext(
                    "{count} being created already and left alone",
                    "{count} being created already and left alone",
                    under_way,
                ),
            ),
            (wrong, ngettext("{count} cannot be taken", "{count} cannot be taken", wrong)),
        ]
        told = ", ".join(words.format(count=number(count)) for count, words in counts if count)
        return f"{told}." if told else _("There is no row below the first line.")


@dataclass
class _Read:
    """A row on its way."""

    number: int
    sends: dict[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    @property
    def email(self) -> str:
        """As it is compared."""
        return bare(self.sends.get("email"))

    @property
    def key(self) -> str:
        """By what it is known among creations."""
        return _key(self.sends)


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8, or the UTF-16 that spreadsheets call Unicode text. Raises NotReadable.

    Which of the older encodings another text is in nobody can tell, and a guess would garble names for good.
    """
    if len(content) > MAX_BYTES:
        raise NotReadable(_("It is larger than {size} KiB. Split it.").format(size=number(MAX_BYTES // 1024)))
    if content.startswith(_WORKBOOKS):
        raise NotReadable(_("It is a spreadsheet's workbook, not a CSV file. Open it there and save it as CSV UTF-8."))
    try:
        return content.decode("utf-16" if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) else "utf-8-sig")
    except UnicodeDecodeError:
        raise NotReadable(_("It is not UTF-8 text. Save it as CSV UTF-8.")) from None


def planned(text: str) -> Plan:
    """Read a file and compare it with the mirror. Sends nothing. Raises NotReadable."""
    read = list(_rows(text))
    emails = {row.email for row in read} - {""}
    known = Contact.objects.filter(vanished_at=None).alias(lower=Lower("email")).filter(lower__in=emails)
    by_email = {contact.email.lower(): contact for contact in known.defer("payload", "search_text")}
    creations = {_key(creation.sends): creation for creation in open_creations(CREATE_CONTACT)}
    rows, here, under_way, problems, met = [], [], [], [], dict[str, int]()
    for row in read:
        if row.email and row.email in met:
            row.problems.append(_("it has the e-mail of row {row}").format(row=met[row.email]))
        elif row.email:
            met[row.email] = row.number
        if row.problems:
            problems.append(Problem(row.number, f"{'; '.join(row.problems)}."))
        elif row.email in by_email:
            here.append((row.number, row.sends["email"], by_email[row.email]))
        elif row.key in creations:
            under_way.append((row.number, row.sends.get("email") or row.sends["displayName"], creations[row.key]))
        else:
            rows.append(Row("", row.sends["displayName"], row.sends))
    return Plan(rows, here, under_way, problems)


def _rows(text: str) -> Iterator[_Read]:
    if "\x00" in text:
        raise NotReadable(_("It holds null characters, so it is no text."))
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first, _newline, rest = text.partition("\n")
    stated = _SEPARATOR.fullmatch(first.strip())
    text, above = (rest, 1) if stated else (text, 0)
    delimiter = stated[1] if stated else max(",;\t|", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    try:
        members = _members([name.strip() for name in next(lines, [])])
        for count, cells in enumerate(lines, 1):
            if count > MAX_ROWS:
                raise NotReadable(_("It has more than {count} rows. Split it.").format(count=number(MAX_ROWS)))
            if any(part.strip() for part in cells):
                yield _read(above + count + 1, members, cells)
    except csv.Error as error:
        told = _("Line {line} cannot be read: {error}.").format(line=above + lines.line_num, error=error)
        raise NotReadable(told) from None


def _members(heading: Sequence[str]) -> list[str]:
    """The member of each column. Raises NotReadable."""
    members = []
    for name in heading:
        if not name:
            members.append("")
            continue
        is_custom = name.lower().startswith(CUSTOM) and len(name) > len(CUSTOM)
        member = name if is_custom or name.lower() in _IGNORED else _MEMBER_OF.get(name.lower(), "")
        if not member:
            told = _(
                "The first line has a column {column}. Columns are display_name, email, phone, company, custom_fields "
                "and custom:<name>."
            )
            raise NotReadable(told.format(column=repr(name[:60])))
        if member in members:
            raise NotReadable(_("The first line has the column {column} twice.").format(column=repr(name[:60])))
        members.append(member)
    if "displayName" not in members:
        raise NotReadable(_("The first line names the columns, and display_name has to be among them."))
    return members


def _read(place: int, members: Sequence[str], cells: Sequence[str]) -> _Read:
    row, custom = _Read(place), dict[str, Any]()
    if len(cells) > len(members):
        told = _("it has {cells} cells, the first line {columns}")
        row.problems.append(told.format(cells=len(cells), columns=len(members)))
    for member, part in zip(members, cells, strict=False):
        value = _plain(part.strip())
        if not value or member.lower() in _IGNORED:
            continue
        if not member:
            told = _("{value} stands in a column without a name")
            row.problems.append(told.format(value=repr(value[:60])))
            continue
        if member == "customFields":
            custom |= _object(row, value)
        elif len(value) > MAX_CHARS:
            told = _("{member} has {count} characters; {most} are allowed")
            row.problems.append(told.format(member=member, count=number(len(value)), most=number(MAX_CHARS)))
        elif member.lower().startswith(CUSTOM):
            custom[member[len(CUSTOM) :]] = value
        else:
            row.sends[member] = value
    if custom:
        row.sends["customFields"] = custom
    if not row.sends.get("displayName"):
        row.problems.append(_("it has no name"))
    if row.sends.get("email"):
        try:
            validate_email(row.sends["email"])
        except ValidationError:
            row.problems.append(_("{value} is no e-mail address").format(value=repr(row.sends["email"][:60])))
    return row


def _key(sends: Mapping[str, Any]) -> str:
    """By what a creation is known: its e-mail, else all that is sent."""
    return bare(sends.get("email")) or Row("", "", sends).mark


def _object(row: _Read, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if isinstance(value, dict):
        return value
    row.problems.append(_("custom_fields is no JSON object"))
    return {}


def _plain(text: str) -> str:
    """A cell without the sign by which our own files keep a spreadsheet from taking it for a formula."""
    return text[1:] if text.startswith("'") and cell(text[1:]) == text else text
