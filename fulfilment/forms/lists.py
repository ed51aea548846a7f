"""Forms of handling lists: assign, mark off, delete, and a new one of shipments."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Case, F, IntegerField, Value, When
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.admin.deed_forms import PLAIN, DeedForm, FinalForm
from backoffice.admin.doing import VerbForm
from backoffice.admin.selecting import ConfirmForm
from backoffice.models import RemoteWrite
from backoffice.texts import Text
from fulfilment.forms.pieces import PiecesField
from fulfilment.models import HandlingList, Picker, Shipment
from fulfilment.pieces import PickLine, Piece, pick_lines
from fulfilment.services.lists import why_not_listable, why_not_together

OTHER = ""
MAX_SUB_CHARS = 255
MAX_OFFERED = 100


def people() -> list[tuple[str, str]]:
    """Afosto's user ids with the names of our people."""
    pickers = Picker.objects.select_related("user").filter(user__is_active=True)
    return sorted(((picker.sub, str(picker)) for picker in pickers), key=lambda item: item[1].lower())


class AssignForm(DeedForm):
    """Whom a list is for: somebody that we know, or an id of Afosto's."""

    base_type = str

    person = forms.ChoiceField(label=_("Assign to"), required=False, widget=UnfoldAdminSelectWidget)
    other = forms.CharField(
        label=_("Or an Afosto user id"),
        required=False,
        max_length=MAX_SUB_CHARS,
        help_text=_("For somebody who is not among the pickers here."),
        widget=UnfoldAdminTextInputWidget(attrs=PLAIN),
    )
    field_order = ("write_id", "again", "base_json", "person", "other", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = people()
        self.fields["person"].choices = [(OTHER, _("Somebody else: type the id below")), *known]  # type: ignore[attr-defined]
        if self.base in dict(known):
            self.initial.setdefault("person", self.base)

    def now(self) -> str:
        sub: str = self.row.sub
        return sub

    def clean(self) -> None:
        super().clean()
        person, other = self.cleaned_data.get("person"), self.cleaned_data.get("other")
        if person and other:
            self.add_error("other", _("Choose a person or type an id, not both."))
        elif not person and not other and not self.errors:
            self.add_error("person", _("Choose a person, or type an id."))

    def sends(self) -> dict[str, Any]:
        return {"sub": self.cleaned_data["person"] or self.cleaned_data["other"]}

    def before(self) -> dict[str, Any]:
        return {"sub": self.base}

    def field_of(self, member: str) -> str:
        if member != "sub":
            return member
        return "person" if self.data.get("person") else "other"


class AssignManyForm(ConfirmForm):
    """Confirms that many lists go to one person."""

    own_fields = ("sub",)

    sub = forms.ChoiceField(label=_("Assign to"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["sub"].choices = [(OTHER, _("Choose a person")), *people()]  # type: ignore[attr-defined]
        self.fields["sub"].error_messages["required"] = _("Choose a person. Supervisors add people under Pickers.")

    @property
    def words(self) -> Text:
        sub = self.cleaned_data["sub"]
        return format_lazy(_(", for {person}"), person=dict(people()).get(sub, sub))


class MarkHandledForm(DeedForm):
    """Which pieces of a list are done."""

    items = PiecesField(label=_("Pieces that are done"))
    field_order = ("write_id", "again", "items", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["items"].offer(_left(self.row))  # type: ignore[attr-defined]

    @classmethod
    def why_none(cls, row: Any) -> Text:
        return "" if any(True for _ in _left(row)) else _("All of its pieces are handled or missing.")

    def sends(self) -> dict[str, Any]:
        return {"items": [{"id": id, "is_handled": True} for id in self.cleaned_data["items"]]}


class DeleteListForm(FinalForm):
    """Deleting a list."""

    sure = _("Yes, delete the list for good")
    why = _("Say why it is deleted.")


class NewListForm(VerbForm):
    """Shipments that are to be picked, or sorted, together."""

    shipments = forms.MultipleChoiceField(
        label=_("Shipments"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={
            "required": _("Choose at least one shipment."),
            "invalid_choice": _("One of these shipments can no longer go on a list. Look at them again."),
        },
    )
    due_at = forms.DateTimeField(
        label=_("Due"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={**PLAIN, "placeholder": "2026-12-24 15:00"}),
    )

    def __init__(self, *args: Any, chosen: Iterable[str] = (), **kwargs: Any) -> None:
        """``chosen``: remote ids of shipments that are offered first, and ticked."""
        super().__init__(*args, **kwargs)
        wanted = list(dict.fromkeys([*chosen, *(self.data.getlist("shipments") if self.is_bound else ())]))  # type: ignore[attr-defined]
        self.shown = _listable(wanted)
        self.fields["shipments"].choices = [(shipment.remote_id, str(shipment)) for shipment in self.shown]  # type: ignore[attr-defined]
        self.initial.setdefault("shipments", wanted)
        zone = timezone.get_current_timezone_name()
        self.fields["due_at"].help_text = format_lazy(
            _("Date and time in {zone}; empty for none. For people who look at the list."), zone=zone
        )

    def clean_due_at(self) -> datetime | None:
        due_at: datetime | None = self.cleaned_data["due_at"]
        if due_at and due_at < timezone.now():
            raise forms.ValidationError(_("This time is over. Type one that is to come, or none."))
        return due_at

    def clean_shipments(self) -> list[str]:
        chosen: list[str] = self.cleaned_data["shipments"]
        rows = [shipment for shipment in self.shown if shipment.remote_id in set(chosen)]
        told = [f"{shipment}: {why}" for shipment in rows if (why := why_not_listable(shipment))]
        if problem := " ".join(told) or why_not_together(rows):
            raise forms.ValidationError(problem)
        return chosen

    def sends(self) -> dict[str, Any]:
        """The members of the create. Only of a valid form."""
        due_at = self.cleaned_data["due_at"]
        shipments = [{"id": id} | self._label(id) for id in self.cleaned_data["shipments"]]
        return {"shipments": shipments} | ({"due_at": due_at.isoformat()} if due_at else {})

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Put what Afosto refused at the fields that it names; all else above them."""
        known = {shipment.remote_id: str(shipment) for shipment in self.shown}
        others = []
        for path, sentence in write.field_errors.items():
            if path in self.fields:
                self.add_error(path, f"Afosto: {sentence}.")
            else:
                others.append(f"{known.get(path, path)}: {sentence}.")
        self.add_error(None, " ".join([write.error, *others]))

    @property
    def lines(self) -> list[tuple[Shipment, bool, str]]:
        """The shipments that are offered, whether each is ticked, and the bin or cart that was typed for it."""
        ticked = set(self["shipments"].value() or ())
        return [(shipment, shipment.remote_id in ticked, self._typed(shipment.remote_id)) for shipment in self.shown]

    def _label(self, id: str) -> dict[str, str]:
        label = self._typed(id).replace("\x00", "").strip()[:100]
        return {"label": label} if label else {}

    def _typed(self, id: str) -> str:
        return str(self.data.get(f"label-{id}", "")) if self.is_bound else ""


def _left(handling_list: HandlingList) -> Iterable[Piece]:
    for line in pick_lines(handling_list):
        yield from (_piece(line, id) for id in line.left)


def _piece(line: PickLine, id: str) -> Piece:
    return Piece(
        id=id,
        sku=line.sku,
        description=line.description,
        position=line.position,
        reference=line.references.get(id, ""),
        is_listed=True,
    )


def _listable(chosen: list[str]) -> list[Shipment]:
    """Those that were chosen, and after them the next to be sent of those that are on no list."""
    is_chosen = Case(When(remote_id__in=chosen, then=Value(0)), default=Value(1), output_field=IntegerField())
    rows = Shipment.objects.filter(vanished_at=None).select_related("location", "contact", "method")
    open_ones = rows.filter(state="open", list_remote_id="", is_listed=False)
    found = (open_ones | rows.filter(remote_id__in=chosen)).annotate(later=is_chosen)
    ordered = found.order_by("later", F("ship_at").asc(nulls_last=True), "pk").defer("payload", "detail")
    return list(ordered[: max(MAX_OFFERED, len(chosen))])
