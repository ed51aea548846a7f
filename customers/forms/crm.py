"""Forms of the CRM: a contact, a customer company."""

import json
from collections.abc import Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanWidget

from backoffice.admin.deed_forms import PLAIN, Column, DeedForm, FinalForm, Row, RowsField, RowsForm
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from customers.services.contacts import MEMBERS
from customers.services.crm import member
from customers.services.organizations import MEMBERS as ORGANIZATION_MEMBERS

MAX_CHARS = 255  # the contract names no limit
ANOTHER = _("It is another one: create it all the same")


def text_field(**more: Any) -> forms.CharField:
    """One line of text; ``more`` as the field takes it."""
    attrs = {**PLAIN, **more.pop("attrs", {})}
    widget = UnfoldAdminTextInputWidget(attrs=attrs)
    return forms.CharField(required=False, max_length=MAX_CHARS, widget=widget, **more)


class ContactForm(RowsForm):
    """What creating and editing have in common: the members by their names in the contract."""

    base_type = dict[str, Any]
    is_plain_first = True

    displayName = text_field(label=_("Name"))
    email = text_field(label=_("E-mail"), attrs={"inputmode": "email"})
    phone = text_field(label=_("Phone"), attrs={"inputmode": "tel"})
    company = text_field(label=_("Company"))
    items = RowsField(
        _("Custom fields"),
        [Column("name", _("Name")), Column("value", _("Value"))],
        css="bo-two",
        help_text=_("They are sent whole. A value that is no text is shown as JSON, and stays unless it is changed."),
    )
    field_order = ("write_id", "again", "base_json", "displayName", "email", "phone", "company", "items", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in MEMBERS:
            self.initial.setdefault(name, self.base.get(name))
        self.initial.setdefault("items", _rows(self.base.get("customFields")))

    def now(self) -> dict[str, Any]:
        payload = {} if self.row is None else self.row.payload
        return {name: member(name, payload) for name in MEMBERS}

    def clean_displayName(self) -> str:  # noqa: N802  the contract's name
        name: str = self.cleaned_data["displayName"]
        if not name and (self.row is None or self.base["displayName"]):
            raise forms.ValidationError(_("A contact needs a name."))
        return name

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if email and email != self.base["email"]:
            try:
                validate_email(email)
            except ValidationError:
                raise forms.ValidationError(_("This is no e-mail address.")) from None
        return email

    def clean_items(self) -> dict[str, Any]:
        before, fields, problems = self.base["customFields"], dict[str, Any](), dict[str, Text]()
        for row in cast("list[Row]", self.cleaned_data["items"]):
            name = row["name"]
            if not name:
                problems[""] = _("It has a value but no name.")
            elif name in fields:
                problems[name] = _("The name is there twice.")
            fields[name] = before[name] if _shown(before.get(name)) == row["value"] and name in before else row["value"]
        self.problems = problems
        if problems:
            raise forms.ValidationError(_("Look at the rows that are marked."))
        return fields

    def field_of(self, member: str) -> str:
        return "items" if member.startswith("customFields") else member

    def sends(self) -> dict[str, Any]:
        values = {**self.cleaned_data, "customFields": self.cleaned_data["items"]}
        return {name: values[name] for name in MEMBERS if not is_same(values[name], self.base[name])}

    def before(self) -> dict[str, Any]:
        return {name: self.base[name] for name in self.sends()}


class NewContactForm(ContactForm):
    """A new contact. Members that are left empty are not sent."""

    is_another = forms.BooleanField(label=ANOTHER, required=False, widget=UnfoldBooleanWidget)

    def before(self) -> dict[str, Any]:
        return {}


class EditContactForm(ContactForm):
    """A contact as it is mirrored here."""

    needs_change = True

    def tell_refusal(self, write: RemoteWrite) -> None:
        """Where somebody changed it meanwhile, say at each field what is there now; the next submission means that."""
        theirs = {} if write.status is not None else self.now()
        moved = [name for name in write.before if name in theirs and not is_same(theirs[name], write.before[name])]
        for name in moved:
            told = gettext("L4YERCAK3 has {value} by now. Send again to put yours in its place.")
            self.add_error(self.field_of(name), told.format(value=_shown(theirs[name]) or gettext("nothing")))
        super().tell_refusal(write)


class DeleteContactForm(FinalForm):
    """Deleting is asked twice and wants a reason."""

    sure = _("Yes, delete it at L4YERCAK3")
    why = _("Say why it is deleted.")
    field_order = ("write_id", "again", "reason", "is_sure")


class NewOrganizationForm(DeedForm):
    """A new customer company. Members that are left empty are not sent. Nothing can change it from here later."""

    name = text_field(label=_("Name"))
    website = text_field(label=_("Website"), attrs={"inputmode": "url"}, help_text="https://…")
    industry = text_field(label=_("Industry"))
    taxId = text_field(label=_("Tax id"))
    is_another = forms.BooleanField(label=ANOTHER, required=False, widget=UnfoldBooleanWidget)
    field_order = ("write_id", "again", "name", "website", "industry", "taxId", "reason", "is_another")

    def clean_name(self) -> str:
        name: str = self.cleaned_data["name"]
        if not name:
            raise forms.ValidationError(_("An organization needs a name."))
        return name

    def sends(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in ORGANIZATION_MEMBERS if self.cleaned_data[name]}


def _rows(fields: Mapping[str, Any] | None) -> list[Row]:
    return [{"name": name, "value": _shown(value)} for name, value in (fields or {}).items()]


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
