"""Forms of shipments: method, backorders, overage, missing pieces, cancelling."""

from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from backoffice.admin.deed_forms import Column, DeedForm, FinalForm, RowsField, RowsForm
from backoffice.models import RemoteWrite
from backoffice.texts import Text
from fulfilment.forms.pieces import PiecesField
from fulfilment.models import ShippingMethod
from fulfilment.pieces import Piece, contents_of
from fulfilment.services.corrections import changed_lines, lines_of, name_of

UNREAD = _("Its pieces were not read yet. Refresh it from Afosto first.")
MAX_QUANTITY = 1_000_000


class MethodForm(DeedForm):
    """How a shipment travels."""

    base_type = str
    needs_change = True

    method_id = forms.ChoiceField(
        label=_("Method"), widget=UnfoldAdminSelectWidget, error_messages={"required": _("Choose a method.")}
    )
    field_order = ("write_id", "again", "base_json", "method_id", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        is_offered = Q(vanished_at=None, is_enabled=True) | Q(remote_id=self.base)
        methods = ShippingMethod.objects.filter(is_offered).only("remote_id", "name", "label", "carrier_code")
        choices: list[tuple[str, Text]] = [(method.remote_id, _named(method)) for method in methods]
        if self.base and self.base not in dict(choices):
            choices.insert(0, (self.base, format_lazy(_("{method}, not mirrored here"), method=self.base)))
        self.fields["method_id"].choices = [("", _("Choose a method")), *choices]  # type: ignore[attr-defined]
        self.initial.setdefault("method_id", self.base)

    def now(self) -> str:
        method_id: str = self.row.method_remote_id
        return method_id

    def sends(self) -> dict[str, Any]:
        wanted = self.cleaned_data["method_id"]
        return {"method_id": wanted} if wanted != self.base else {}

    def before(self) -> dict[str, Any]:
        return {"method_id": self.base}


class CorrectionsForm(RowsForm):
    """Lines of SKUs with their quantities, in place of those that there are."""

    base_type = list[dict[str, Any]]
    needs_change = True
    kind: ClassVar[str]

    items = RowsField(
        _("Lines"),
        (
            Column("sku", _("SKU")),
            Column("quantity", pgettext_lazy("how many", "Number"), is_number=True),
            Column("position", _("Shelf, if it matters")),
        ),
        help_text=_("A line that is removed is taken out at Afosto; lines that others change meanwhile stay."),
    )
    field_order = ("write_id", "again", "base_json", "items", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("items", [_as_row(line) for line in self.base])

    @classmethod
    def why_none(cls, row: Any) -> Text:
        return "" if contents_of(row).is_known else UNREAD

    def now(self) -> list[dict[str, Any]]:
        return lines_of(self.row, self.kind)

    def clean_items(self) -> list[dict[str, Any]]:
        lines: list[dict[str, Any]] = []
        problems: dict[str, Text] = {}
        for row in self.cleaned_data["items"]:
            line = {"sku": row["sku"], "quantity": _quantity(row["quantity"])}
            line |= {"position": row["position"]} if row["position"] else {}
            if not row["sku"]:
                problems[""] = _("This line needs an SKU.")
            elif not line["quantity"]:
                problems[row["sku"]] = _("Type how many: a whole number from 1 on.")
            elif name_of(line) in map(name_of, lines):
                problems[row["sku"]] = _("This SKU stands here already. Put it into one line.")
            lines.append(line)
        self.problems = problems
        if problems:
            raise forms.ValidationError(_("Look at the rows that are marked."))
        return lines

    def sends(self) -> dict[str, Any]:
        changed = changed_lines(self.base, self.cleaned_data["items"])
        return {"items": changed} if changed else {}

    def before(self) -> dict[str, Any]:
        return {"items": self.base}

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Complaints about a line, which Afosto counts from 0, stand at its row."""
        sent = write.sends.get("items", [])
        at_rows: dict[str, str] = {}
        others = []
        for path, sentence in write.field_errors.items():
            number = next((part for part in path.replace("[", ".").replace("]", "").split(".") if part.isdecimal()), "")
            if number and int(number) < len(sent):
                at_rows[str(sent[int(number)].get("sku", ""))] = f"Afosto: {sentence}."
            else:
                others.append(f"{path}: {sentence}.")
        self.mark(at_rows)
        self.add_error(None, " ".join([write.error, *others]))


class BackordersForm(CorrectionsForm):
    """What is delivered later."""

    kind = "backorders"


class OverageForm(CorrectionsForm):
    """What there is too much of."""

    kind = "overage"


class MissingForm(DeedForm):
    """Which pieces were not found. Those in a parcel are not offered."""

    base_type = list[str]
    needs_change = True

    items = PiecesField(label=_("Pieces that are missing"), required=False)
    field_order = ("write_id", "again", "base_json", "items", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].offer(_loose(self.row))  # type: ignore[attr-defined]
        self.initial.setdefault("items", self.base)

    @classmethod
    def why_none(cls, row: Any) -> Text:
        if not contents_of(row).is_known:
            return UNREAD
        return "" if _loose(row) else _("All of its pieces are in parcels.")

    def now(self) -> list[str]:
        return [piece.id for piece in _loose(self.row) if piece.is_missing]

    def sends(self) -> dict[str, Any]:
        wanted, before = set(self.cleaned_data["items"]), set(self.base)
        offered = dict(self.fields["items"].choices)  # type: ignore[attr-defined]
        changed = [id for id in offered if (id in wanted) != (id in before)]
        return {"items": [{"id": id, "is_missing": id in wanted} for id in changed]} if changed else {}


class CancelShipmentForm(FinalForm):
    """Cancelling a shipment."""

    sure = _("Yes, cancel the shipment for good")
    why = _("Say why it is cancelled.")


def _loose(shipment: Any) -> list[Piece]:
    return [piece for piece in contents_of(shipment).pieces if not piece.is_boxed]


def _named(method: ShippingMethod) -> str:
    return f"{method} ({method.carrier_code})" if method.carrier_code else str(method)


def _as_row(line: dict[str, Any]) -> dict[str, str]:
    return {name: str(line.get(name, "")) for name in ("sku", "quantity", "position")}


def _quantity(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 7 and int(text) <= MAX_QUANTITY else 0
