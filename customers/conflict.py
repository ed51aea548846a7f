"""A customer that was changed at Kirim since its form was opened: what differs, and choosing between the two."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from django import forms
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.admin.doing import VerbForm
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from customers.metadata import check

YOURS, THEIRS = "yours", "theirs"
LABELS = {"name": _("Name"), "email": _("E-mail"), "metadata": _("Metadata")}
_ABSENT = object()


@dataclass(frozen=True)
class Line:
    """One member, or one key of the metadata, that is not the same in both."""

    member: str
    key: str | None
    before: Any
    theirs: Any
    yours: Any

    @property
    def label(self) -> Text:
        """The member for people."""
        return LABELS[self.member] if self.key is None else f"{LABELS[self.member]}: {self.key}"

    @property
    def preset(self) -> str:
        """The side that changed it, where only one did."""
        if _is_same(self.before, self.theirs):
            return YOURS
        return THEIRS if _is_same(self.before, self.yours) else ""

    @property
    def before_shown(self) -> str:
        """How it was."""
        return _shown(self.before, self._is_quoted)

    @property
    def theirs_shown(self) -> str:
        """How it is at the remote."""
        return _shown(self.theirs, self._is_quoted)

    @property
    def yours_shown(self) -> str:
        """How it was typed."""
        return _shown(self.yours, self._is_quoted)

    @property
    def _is_quoted(self) -> bool:
        """Whether only quotes tell the two apart, as with the text 12 and the number."""
        return _shown(self.theirs) == _shown(self.yours)


class Seen(msgspec.Struct, frozen=True):
    """The members by name: as the form began, as they are at the remote now, and those that were typed anew."""

    before: dict[str, Any]
    theirs: dict[str, Any]
    yours: dict[str, Any]

    def lines(self) -> list[Line]:
        """What differs between theirs and yours; metadata key by key."""
        return [line for member in LABELS if member in self.yours for line in self._lines_of(member)]

    def chosen(self, choices: Sequence[str]) -> dict[str, Any]:
        """The members as they shall be, given the side of each line."""
        wanted = {member: self.theirs[member] for member in self.yours}
        for line, side in zip(self.lines(), choices, strict=True):
            if side == YOURS:
                wanted[line.member] = line.yours if line.key is None else _with_key(wanted[line.member], line)
        return {member: value if value != {} else None for member, value in wanted.items()}

    def _lines_of(self, member: str) -> Iterator[Line]:
        before, theirs, yours = (side.get(member) for side in (self.before, self.theirs, self.yours))
        if member != "metadata":
            if not is_same(theirs, yours):
                yield Line(member, None, before, theirs, yours)
            return
        for key in sorted((theirs or {}).keys() | (yours or {}).keys()):
            values = [(side or {}).get(key, _ABSENT) for side in (before, theirs, yours)]
            if not _is_same(*values[1:]):
                yield Line(member, key, *values)


class ConflictForm(VerbForm):
    """One choice a line. ``seen`` travels along; it is only compared, and what is sent is checked by the service."""

    seen_json = forms.CharField(widget=forms.HiddenInput, strip=False)

    def __init__(self, *args: Any, seen: Seen | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.seen = seen or _seen_in(self.data.get("seen_json", ""))
        self.lines = self.seen.lines() if self.seen else []
        if self.seen:
            self.initial["seen_json"] = _json(self.seen)
        for place, line in enumerate(self.lines):
            self.fields[f"choice-{place}"] = forms.ChoiceField(
                label=line.label,
                choices=[(THEIRS, pgettext_lazy("value", "theirs")), (YOURS, pgettext_lazy("value", "yours"))],
                error_messages={"required": _("Choose one."), "invalid_choice": _("Choose one.")},
            )
            self.initial[f"choice-{place}"] = line.preset

    def clean(self) -> None:
        if self.seen is None:
            raise forms.ValidationError(
                _("The form came back damaged. Nothing was sent; open the customer and edit again.")
            )
        if not self.errors and (metadata := self.wanted().get("metadata")):
            try:
                check(metadata)
            except ValueError as error:
                told = gettext("The metadata cannot be put together so: {error}").format(error=error)
                raise forms.ValidationError(told) from None

    def rows(self) -> list[tuple[Line, forms.BoundField]]:
        """The lines, each with its choice."""
        return [(line, self[f"choice-{place}"]) for place, line in enumerate(self.lines)]

    def wanted(self) -> dict[str, Any]:
        """The members as they shall be. Only of a valid form."""
        assert self.seen is not None  # noqa: S101  a form without is not valid
        return self.seen.chosen([self.cleaned_data[f"choice-{place}"] for place in range(len(self.lines))])


def _with_key(metadata: Any, line: Line) -> dict[str, Any]:
    others = {key: value for key, value in (metadata or {}).items() if key != line.key}
    return others if line.yours is _ABSENT else {**others, cast(str, line.key): line.yours}


def _is_same(one: Any, other: Any) -> bool:
    return one is other if _ABSENT in (one, other) else is_same(one, other)


def _shown(value: Any, is_quoted: bool = False) -> str:
    if value is _ABSENT:
        return gettext("(not there)")
    if value is None and not is_quoted:
        return gettext("(empty)")
    return value if isinstance(value, str) and not is_quoted else json.dumps(value, ensure_ascii=False, indent=2)


def _json(seen: Seen) -> str:
    return msgspec.json.encode(seen).decode()


def _seen_in(text: str) -> Seen | None:
    try:
        seen = msgspec.json.decode(text, type=Seen)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
    return seen if _is_whole(seen) else None


def _is_whole(seen: Seen) -> bool:
    """Whether each member is there that is compared, with a value that it may have."""
    sides: list[Mapping[str, Any]] = [seen.before, seen.theirs, seen.yours]
    kinds = {"name": str, "email": str | None, "metadata": dict | None}
    return all(
        member in kinds and all(member in side and isinstance(side[member], kinds[member]) for side in sides)
        for member in seen.yours
    )
