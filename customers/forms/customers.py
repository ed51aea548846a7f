"""Forms of the customers app."""

import json
import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, cast

import msgspec
from django import forms
from django.http import QueryDict
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from backoffice.admin.doing import ReasonForm, VerbForm
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.texts import number
from customers.metadata import fits, visible
from customers.metadata_field import FormError, MetadataField, Row, Typed
from customers.models import Customer

MAX_CHARS = {"name": 200, "email": 255, "team_id": 64}  # as in the contract
MEMBERS = ("name", "email", "metadata")
_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class CustomerForm(VerbForm):
    """What creating and editing have in common. ``base`` is what the form began with."""

    name = forms.CharField(
        label=_("Name"),
        required=False,  # said by the form itself, in its own words
        help_text=_("Up to 200 characters."),
        widget=UnfoldAdminTextInputWidget(attrs={**_PLAIN, "aria-required": "true"}),
    )
    email = forms.CharField(
        label=_("E-mail"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={**_PLAIN, "inputmode": "email"}),
    )
    metadata = MetadataField(label=_("Metadata"), required=False)

    base: Mapping[str, Any]
    metadata_error: FormError | None = None

    @classmethod
    def rearranged(cls, data: Any, how: str, **wanted: Any) -> "CustomerForm":
        """The form with its metadata rearranged (``Typed.rearranged``) and all else as typed; nothing is judged yet."""
        form = cls(data, **wanted)
        typed = {name: field.widget.value_from_datadict(data, {}, name) for name, field in form.fields.items()}
        problem = None
        if "metadata" in typed:
            try:
                typed["metadata"] = typed["metadata"].rearranged(how, form.base["metadata"])
            except FormError as error:
                problem = error
        shown = cls(initial=typed, **wanted)
        shown.begin_with(form.base)
        shown.metadata_error = problem
        return shown

    def begin_with(self, base: Mapping[str, Any]) -> None:
        """Compare with ``base`` from now on."""
        self.base = base

    def sends(self) -> dict[str, Any]:
        """The members to send: what differs from ``base``. Only of a valid form."""
        values = {name: self.cleaned_data[name] for name in MEMBERS if name in self.base}
        return {name: value for name, value in values.items() if not is_same(value, self.base[name])}

    def clean_name(self) -> str:
        name = self._kept("name")
        if not name and not (self.base["name"] == "" and self.is_edit):
            raise forms.ValidationError(_("A customer needs a name."))
        return name or ""

    def clean_email(self) -> str | None:
        email = self._kept("email")
        return None if email == "" and self.base["email"] else email  # emptied: cleared at the remote

    def clean_metadata(self) -> dict[str, Any] | None:
        base = self.base["metadata"]
        try:
            return cast(Typed, self.cleaned_data["metadata"]).read(base)
        except FormError as error:
            self.metadata_error = error
            raise forms.ValidationError(str(error)) from None

    @property
    def is_edit(self) -> bool:
        """Whether there is a customer already."""
        return False

    def metadata_rows(self) -> list[tuple[Row, str]]:
        """The rows to show, each with what is wrong with it."""
        rows = cast(Typed, self["metadata"].value()).with_spare_rows()
        problems = self.metadata_error.rows if self.metadata_error else {}
        return [(row, problems.get(place, "")) for place, row in enumerate(rows)]

    def metadata_problem(self) -> str:
        """What is wrong with the metadata as a whole."""
        if self.metadata_error:
            return str(self.metadata_error)
        return " ".join(str(error) for error in self.errors.get("metadata", []))

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Put what the remote refused at the fields that it names; all else above them."""
        rows: dict[int, str] = {}
        others = []
        for path, sentence in write.field_errors.items():
            member, _, inside = path.strip("/").replace("/", ".").partition(".")
            if member == "metadata" and inside and self._mark_row(rows, inside, sentence):
                continue
            if member in self.fields and member in MAX_CHARS.keys() | {"metadata"}:
                self.add_error(member, f"Kirim: {inside + ': ' if inside else ''}{sentence}.")
            else:
                others.append(f"{path}: {sentence}")
        if rows:
            self.metadata_error = FormError(gettext("Kirim refused the rows that are marked."), rows)
            self.add_error("metadata", str(self.metadata_error))
        self.add_error(None, " ".join([write.error, *others]))

    def _mark_row(self, rows: dict[int, str], key: str, sentence: str) -> bool:
        typed = cast(Typed, self["metadata"].value())
        for place, row in enumerate(() if typed.is_json else typed.rows):
            if row.key.strip() == key:
                rows[place] = f"Kirim: {sentence}."
                return True
        return False

    def _kept(self, name: str) -> str | None:
        """What was typed; the value that the form began with where it was not touched, whatever that may be."""
        before = cast("str | None", self.base[name])
        typed = str(self.cleaned_data[name])
        if _as_input(typed) == _as_input(before or ""):
            return before
        if len(typed) > MAX_CHARS[name]:
            raise forms.ValidationError(_too_long(len(typed), MAX_CHARS[name]))
        return typed


class CreateForm(CustomerForm):
    """A new customer. Members that are left empty are not sent."""

    base = {"name": "", "email": None, "metadata": None}

    team_id = forms.CharField(
        label=_("Team"),
        required=False,
        help_text=_(
            "The id of the team it belongs to. Empty: the team that Kirim chooses. It cannot be changed later."
        ),
        widget=UnfoldAdminTextInputWidget(attrs={**_PLAIN, "list": "known-teams"}),
    )
    is_another = forms.BooleanField(
        label=_("It is another customer: create it all the same"), required=False, widget=UnfoldBooleanWidget
    )

    field_order = ("name", "email", "team_id", "metadata")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("metadata", Typed())

    def clean_team_id(self) -> str:
        team_id: str = self.cleaned_data["team_id"]
        if len(team_id) > MAX_CHARS["team_id"]:
            raise forms.ValidationError(_too_long(len(team_id), MAX_CHARS["team_id"]))
        return team_id

    def sends(self) -> dict[str, Any]:
        team_id = self.cleaned_data["team_id"]
        return {**super().sends(), **({"team_id": team_id} if team_id else {})}


class EditForm(CustomerForm):
    """A customer as it is mirrored here; ``base`` travels along, so that a change by somebody else is noticed."""

    base_json = forms.CharField(widget=forms.HiddenInput, required=False, strip=False)

    def __init__(self, *args: Any, customer: Customer, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        here = base_of(customer)
        carried = _base_in(self.data.get("base_json", "")) if self.is_bound else here
        self.is_damaged = carried is None
        self.begin_with(here if carried is None else carried)

    @property
    def is_edit(self) -> bool:
        return True

    def begin_with(self, base: Mapping[str, Any]) -> None:
        super().begin_with(base)
        self.initial = {"name": base["name"], "email": base["email"] or "", **self.initial, "base_json": _json(base)}
        if "metadata" in base:
            self.fields["metadata"] = deepcopy(self.base_fields["metadata"])
            self.initial.setdefault("metadata", Typed.of(base["metadata"]))
        else:
            self.fields.pop("metadata", None)
        if self.is_bound:
            data = cast(QueryDict, self.data).copy()
            data["base_json"] = _json(base)
            self.data = data

    def clean(self) -> None:
        if self.is_damaged:
            raise forms.ValidationError(
                _("The form came back damaged, so it is compared with what is here now. Look at it and save again.")
            )

    def before(self) -> dict[str, Any]:
        """What the members that are sent were when the form was opened."""
        return {name: self.base[name] for name in self.sends()}


class ArchiveForm(ReasonForm):
    """Archiving is for good, so it is asked twice and wants a reason."""

    is_sure = forms.BooleanField(
        label=_("Yes, archive it for good"),
        widget=UnfoldBooleanWidget,
        error_messages={"required": _("Tick this: archiving cannot be undone.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, is_required=True, **kwargs)
        self.fields["reason"].error_messages["required"] = _("Say why it is archived.")


def base_of(customer: Customer) -> dict[str, Any]:
    """What an edit begins with. Metadata that is too large to be edited here is left out, and so stays as it is."""
    base: dict[str, Any] = {"name": customer.name, "email": customer.email}
    metadata = visible(customer.metadata)
    return {**base, "metadata": metadata} if fits(metadata) else base


class _Base(msgspec.Struct):
    name: str
    email: str | None
    metadata: dict[str, Any] | None | msgspec.UnsetType = msgspec.UNSET


def _base_in(text: str) -> dict[str, Any] | None:
    try:
        return cast("dict[str, Any]", msgspec.to_builtins(msgspec.json.decode(text, type=_Base)))
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return None


def _json(value: Any) -> str:
    return json.dumps(value)


def _too_long(count: int, most: int) -> str:
    told = gettext("It has {count} characters; {most} are allowed.")
    return told.format(count=number(count), most=number(most))


def _as_input(text: str) -> str:
    """Text as a one-line input sends it back."""
    return re.sub(r"[\r\n]", "", text).strip()
