"""What the forms of verbs share: the row that they are about, what they began with, rows to type."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

import msgspec
from django import forms
from django.http import QueryDict
from django.utils.datastructures import MultiValueDict
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanWidget

from backoffice import upstreams
from backoffice.admin.doing import ReasonForm
from backoffice.models import RemoteWrite
from backoffice.texts import Text, number

PLAIN = {"autocomplete": "off", "spellcheck": "false"}
MAX_ROWS = 200
SPARE_ROWS = 2
DAMAGED = _("The form came back damaged, so it is compared with what is here now. Look at it and send it again.")

Row = dict[str, str]


class DeedForm(ReasonForm):
    """A verb that is done to one row. ``base`` is what the form began with, where it is compared with later."""

    base_type: ClassVar[Any] = None
    """The type of ``base``; None where nothing is compared."""
    is_plain_first: ClassVar[bool] = False
    """Whether what is drawn apart stands below the plain fields."""
    needs_change: ClassVar[bool] = False
    """Whether nothing is sent where the form is sent as it was opened."""
    base_json = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)

    def __init__(self, *args: Any, row: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row
        self.is_damaged = False
        if self.base_type is None:
            del self.fields["base_json"]
            return
        self.base = self.now()
        if self.is_bound:
            carried = _read(self.data.get("base_json", ""), self.base_type)
            self.is_damaged = carried is None
            self.base = self.base if carried is None else carried
        self._carry()

    @classmethod
    def why_none(cls, row: Any) -> Text:
        """Why the form cannot be shown for this row though the verb could be done, in a sentence."""
        return ""

    def now(self) -> Any:
        """What the form begins with: the row as it is here now."""
        return None

    def sends(self) -> dict[str, Any]:
        """The members to send, beside those of the verb. Only of a valid form."""
        return {}

    def before(self) -> dict[str, Any]:
        """The same members as the person saw them, where the verb compares."""
        return {}

    def field_of(self, member: str) -> str:
        """The field that stands for a member of what is sent; the member itself where none does."""
        return member

    def clean(self) -> None:
        if self.is_damaged:
            raise forms.ValidationError(DAMAGED)

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Put what the remote refused at the fields that it names; all else above them."""
        label, others = upstreams.UPSTREAMS[write.upstream].label, []
        for path, sentence in write.field_errors.items():
            field = self.field_of(path.strip("/"))
            if field in self.fields and not self.fields[field].widget.is_hidden:
                self.add_error(field, f"{label}: {sentence}.")
            else:
                others.append(f"{path}: {sentence}.")
        self.add_error(None, " ".join([write.error, *others]))

    def become_new(self, after: RemoteWrite) -> None:
        super().become_new(after)
        if self.base_type is not None:
            self.base = self.now()
            self._carry()

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        """The fields that are drawn one after another."""
        return [field for field in self.visible_fields() if not getattr(field.field, "is_drawn_apart", False)]

    @property
    def apart(self) -> list[forms.BoundField]:
        """The fields with a template of their own, above the others."""
        return [field for field in self.visible_fields() if getattr(field.field, "is_drawn_apart", False)]

    def _carry(self) -> None:
        text = json.dumps(self.base)
        self.initial["base_json"] = text
        if self.is_bound:
            data = cast(QueryDict, self.data).copy()
            data["base_json"] = text
            self.data = data


class FinalForm(DeedForm):
    """What cannot be undone is asked twice and wants a reason."""

    is_sure = forms.BooleanField(
        widget=UnfoldBooleanWidget, error_messages={"required": _("Tick this: it cannot be undone.")}
    )
    sure: ClassVar[Text]
    why: ClassVar[Text] = _("Say why.")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)
        self.fields["is_sure"].label = cast(str, self.sure)
        self.fields["reason"].error_messages["required"] = cast(str, self.why)


# -- rows to type -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """One input of each row."""

    name: str
    label: Text
    is_number: bool = False


@dataclass(frozen=True)
class ShownRow:
    """A row as it is drawn."""

    cells: list[tuple[Column, str]]
    problem: Text = ""


class RowsInput(forms.Widget):
    """Takes the inputs of ``admin/parts/_rows_field.html`` together. A template draws them."""

    columns: Sequence[Column] = ()

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> list[Row]:
        if not isinstance(data, MultiValueDict):
            return []
        values = [data.getlist(f"{name}-{column.name}") for column in self.columns]
        return [
            {column.name: cell for column, cell in zip(self.columns, cells, strict=True)}
            for cells in zip(*values, strict=False)
        ]


class RowsField(forms.Field):
    """Rows of text; empty ones count for nothing. ``clean`` gives those that hold something."""

    is_drawn_apart = True
    template = "admin/parts/_rows_field.html"

    def __init__(self, label: Text, columns: Sequence[Column], css: str = "", **kwargs: Any) -> None:
        widget = RowsInput()
        widget.columns = self.columns = columns
        self.css = css
        super().__init__(label=cast(str, label), required=False, widget=widget, **kwargs)

    def clean(self, value: Any) -> list[Row]:
        typed = [{name: text.strip() for name, text in row.items()} for row in value or []]
        if any("\x00" in text for row in typed for text in row.values()):
            raise forms.ValidationError(_("Null characters are not allowed."))
        kept = [row for row in typed if any(row.values())]
        if len(kept) > MAX_ROWS:
            told = _("There are {count} rows; {most} are allowed at once.")
            raise forms.ValidationError(told.format(count=number(len(kept)), most=number(MAX_ROWS)))
        return kept


class RowsForm(DeedForm):
    """A form with rows to type in the field ``items``."""

    problems: Mapping[str, Text] = {}
    """Sentences by what the row is about, its first column."""

    @classmethod
    def rearranged(cls, data: Any, how: str, **wanted: Any) -> "RowsForm":
        """The form with a row more ("add") or less ("remove:2") and all else as typed; nothing is judged yet."""
        form = cls(data, **wanted)
        typed = {name: field.widget.value_from_datadict(data, {}, name) for name, field in form.fields.items()}
        what, _, number = how.partition(":")
        rows = typed["items"]
        if what == "add":
            rows = [*rows, {}]
        if what == "remove" and number.isdecimal():
            rows = [row for place, row in enumerate(rows) if place != int(number)]
        return cls(initial={**typed, "items": rows}, **wanted)

    @property
    def rows(self) -> list[ShownRow]:
        """The rows to show, with empty ones at the end for a browser without scripts."""
        value = self["items"].value() or []
        spare = max(0, SPARE_ROWS - sum(not any(row.values()) for row in value))
        shown = [*value, *[{}] * spare]
        columns = cast(RowsField, self.fields["items"]).columns
        return [
            ShownRow(
                [(column, row.get(column.name, "")) for column in columns],
                self.problems.get(row.get(columns[0].name, "").strip(), ""),
            )
            for row in shown
        ]

    def mark(self, problems: Mapping[str, Text]) -> None:
        """Show sentences at the rows that they are about."""
        self.problems = problems
        if problems:
            self.add_error("items", _("Look at the rows that are marked."))


def _read(text: str, type: Any) -> Any:
    try:
        return msgspec.json.decode(text, type=type)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None
