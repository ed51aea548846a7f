"""Forms of locations: a new one, its name, its walking order, what lies where."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from backoffice.admin.deed_forms import PLAIN, Column, DeedForm, RowsField, RowsForm
from backoffice.models import RemoteWrite
from backoffice.texts import Text
from fulfilment.models import Location

MAX_NAME_CHARS = 255
UNREAD = _("Its shelves were not read yet. Refresh it from Afosto first.")


class NewLocationForm(DeedForm):
    """A new location. Its address is one that Afosto has."""

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_CHARS,
        error_messages={"required": _("A location needs a name.")},
        widget=UnfoldAdminTextInputWidget(attrs=PLAIN),
    )
    address_id = forms.CharField(
        label=_("Address"),
        max_length=MAX_NAME_CHARS,
        help_text=_("The id of an address at Afosto. Those of the other locations are offered."),
        error_messages={"required": _("Type the id of its address.")},
        widget=UnfoldAdminTextInputWidget(attrs={**PLAIN, "list": "known-addresses"}),
    )
    field_order = ("write_id", "again", "name", "address_id", "reason")

    def sends(self) -> dict[str, Any]:
        return {"name": self.cleaned_data["name"], "address_id": self.cleaned_data["address_id"]}

    @property
    def addresses(self) -> list[tuple[str, str]]:
        """The addresses that are known, each with the location that has it."""
        rows = Location.objects.exclude(address_remote_id="").values_list("address_remote_id", "name")
        return list(rows[:100])


class RenameForm(DeedForm):
    """Another name of a location."""

    base_type = str
    needs_change = True

    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_NAME_CHARS,
        error_messages={"required": _("A location needs a name.")},
        widget=UnfoldAdminTextInputWidget(attrs=PLAIN),
    )
    field_order = ("write_id", "again", "base_json", "name", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("name", self.base)

    def now(self) -> str:
        name: str = self.row.name
        return name

    def sends(self) -> dict[str, Any]:
        name = self.cleaned_data["name"]
        return {"name": name} if name != self.base else {}

    def before(self) -> dict[str, Any]:
        return {"name": self.base}


class WalkOrderForm(DeedForm):
    """In which order the shelves are walked past: one code a line."""

    base_type = list[str]
    needs_change = True

    positions = forms.CharField(
        label=_("Shelves, one a line, in walking order"),
        help_text=_("Move the lines. All shelves have to stand here, each once."),
        error_messages={"required": _("All shelves have to stand here.")},
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 20, "spellcheck": "false"}),
    )
    field_order = ("write_id", "again", "base_json", "positions", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("positions", "\n".join(self.base))

    @classmethod
    def why_none(cls, row: Any) -> Text:
        return "" if codes_of(row) else UNREAD

    def now(self) -> list[str]:
        return codes_of(self.row)

    def clean_positions(self) -> list[str]:
        codes = [line.strip() for line in self.cleaned_data["positions"].splitlines() if line.strip()]
        double = sorted({code for code in codes if codes.count(code) > 1}) if len(codes) != len(set(codes)) else []
        missing, unknown = sorted(set(self.base) - set(codes)), sorted(set(codes) - set(self.base))
        told = [
            str(format_lazy(sentence, shelves=f"{', '.join(found[:5])}{' …' if len(found) > 5 else ''}"))
            for sentence, found in (
                (_("Missing: {shelves}."), missing),
                (_("No shelf here: {shelves}."), unknown),
                (_("Twice: {shelves}."), double),
            )
            if found
        ]
        if told:
            raise forms.ValidationError(" ".join(told))
        return codes

    def sends(self) -> dict[str, Any]:
        codes = self.cleaned_data["positions"]
        return {"positions": codes} if codes != self.base else {}

    def before(self) -> dict[str, Any]:
        return {"positions": self.base}


class SkusForm(RowsForm):
    """On which shelves SKUs lie. What is not named here stays where it is."""

    items = RowsField(
        _("SKUs"),
        (Column("sku", _("SKU")), Column("position", _("Shelf"))),
        css="bo-two",
        help_text=_("Only the SKUs that are typed here are sent; all others stay where they are."),
    )
    field_order = ("write_id", "again", "items", "reason")

    def clean_items(self) -> list[dict[str, str]]:
        rows: list[dict[str, str]] = self.cleaned_data["items"]
        shelves = set(codes_of(self.row))
        problems: dict[str, Text] = {}
        for place, row in enumerate(rows):
            if not row["sku"]:
                problems[""] = _("This row needs an SKU.")
            elif not row["position"]:
                problems[row["sku"]] = _("Type the shelf that it lies on.")
            elif shelves and row["position"] not in shelves:
                problems[row["sku"]] = _("This location has no such shelf.")
            elif any(row["sku"] == other["sku"] for other in rows[:place]):
                problems[row["sku"]] = _("This SKU stands here already.")
        self.problems = problems
        if problems:
            raise forms.ValidationError(_("Look at the rows that are marked."))
        if not rows:
            raise forms.ValidationError(_("Type at least one SKU and its shelf."))
        return rows

    def sends(self) -> dict[str, Any]:
        return {"skus": self.cleaned_data["items"]}

    def tell_refusal(self, write: RemoteWrite) -> None:
        others = [f"{path}: {sentence}." for path, sentence in write.field_errors.items()]
        self.add_error(None, " ".join([write.error, *others]))


def shelves_of(location: Location) -> list[Mapping[str, Any]]:
    """The shelves of a location in walking order, as they were read last."""
    stored = location.positions if isinstance(location.positions, list) else []
    return [shelf for shelf in stored if isinstance(shelf, dict) and isinstance(shelf.get("code"), str)]


def codes_of(location: Location) -> list[str]:
    """The codes of its shelves in walking order."""
    return [str(shelf["code"]) for shelf in shelves_of(location)]
