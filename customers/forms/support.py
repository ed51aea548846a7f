"""The form of a support customer: names, lists as rows, and, for those who may see it, tax number and bank account."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from backoffice.admin.deed_forms import PLAIN, Column, DeedForm, FinalForm
from backoffice.badges import in_words
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from customers import states
from customers.apideck import WRITABLE
from customers.apideck.currencies import CURRENCIES
from customers.apideck.records import ACCOUNT_TYPES, ADDRESS_TYPES, EMAIL_TYPES, PHONE_TYPES, STATUSES
from customers.forms.support_items import ItemsField, as_row, began, kept
from customers.support_members import BANK, ITEMS, TEXTS, problems_in

INDIVIDUAL = {"": None, "true": True, "false": False}
BANK_PREFIX = "bank_"
BANK_LABELS: Mapping[str, Text] = {
    "account_name": _("Account holder"), "iban": "IBAN", "bic": "BIC", "account_number": _("Account number"),
    "account_type": _("Kind of account"), "bank_code": _("Bank code"), "branch_identifier": _("Branch"),
    "bsb_number": _("BSB number"), "currency": _("Currency of the account"),
}  # fmt: skip


def _text(**kwargs: Any) -> forms.CharField:
    return forms.CharField(required=False, max_length=600, widget=UnfoldAdminTextInputWidget(attrs=PLAIN), **kwargs)


class SupportForm(DeedForm):
    """A new customer, or one that is edited; what is left as it was is not sent."""

    base_type = dict[str, Any]
    needs_change = True

    first_name, last_name, company_name = (
        _text(label=_("First name")),
        _text(label=_("Last name")),
        _text(label=_("Company")),
    )
    individual = forms.ChoiceField(
        label=_("It is"), required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", _("not told")), ("true", _("a person")), ("false", _("a company"))],
    )  # fmt: skip
    status = forms.ChoiceField(label=_("State"), required=False, widget=UnfoldAdminSelectWidget)
    currency = _text(label=_("Currency"), help_text=_("Three letters, as EUR."))
    notes = forms.CharField(
        label=_("Notes"), required=False, max_length=20_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    emails = ItemsField(_("E-mails"), (Column("email", _("E-mail")), Column("type", _("Kind"))), EMAIL_TYPES)
    phone_numbers = ItemsField(
        _("Phone numbers"),
        (
            Column("country_code", _("Country code")), Column("area_code", _("Area code")),
            Column("number", _("Number")), Column("extension", _("Extension")), Column("type", _("Kind")),
        ),
        PHONE_TYPES,
    )  # fmt: skip
    addresses = ItemsField(
        _("Addresses"),
        (
            Column("type", _("Kind")), Column("name", _("Name")), Column("line1", _("Line 1")),
            Column("line2", _("Line 2")), Column("street_number", _("House number")),
            Column("postal_code", _("Postal code")), Column("city", _("City")),
            Column("state", _("State or province")), Column("country", _("Country, as BE")),
        ),
        ADDRESS_TYPES,
    )  # fmt: skip
    tax_number = _text(label=_("Tax number"))

    def __init__(self, *args: Any, row: Any, hidden: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        self.hidden = hidden
        super().__init__(*args, row=row, **kwargs)
        self.problems: dict[str, dict[int, Text]] = {}
        for name in hidden & self.fields.keys():
            del self.fields[name]
        if BANK not in hidden:
            for member, label in BANK_LABELS.items():
                self.fields[f"{BANK_PREFIX}{member}"] = _text(label=label)
        words: list[tuple[str, Text]] = [("", _("not told"))]
        words += [(word, in_words(word, states.SUPPORT)) for word in STATUSES]
        if (now := self.base.get("status")) and now not in STATUSES:
            words.append((now, gettext("{word} (as it is; nobody can set it)").format(word=now[:60])))
        cast(forms.ChoiceField, self.fields["status"]).choices = words
        for name, value in _as_initial(self.base).items():
            self.initial.setdefault(name, value)

    @classmethod
    def rearranged(cls, data: Any, how: str, **wanted: Any) -> "SupportForm":
        """The form with a row more ("add:emails") or less ("remove:emails:2") and all else as typed."""
        form = cls(data, **wanted)
        typed = {name: field.widget.value_from_datadict(data, {}, name) for name, field in form.fields.items()}
        what, _, rest = how.partition(":")
        name, _, number = rest.partition(":")
        if name in ITEMS and what == "add":
            typed[name] = [*typed[name], {}]
        if name in ITEMS and what == "remove" and number.isdecimal():
            typed[name] = [row for place, row in enumerate(typed[name]) if place != int(number)]
        shown = cls(initial=typed, **wanted)
        shown.base = form.base
        shown._carry()
        return shown

    def now(self) -> dict[str, Any]:
        payload = self.row.payload if self.row is not None else {}
        return {name: payload.get(name) for name in sorted(WRITABLE - self.hidden)}

    def sends(self) -> dict[str, Any]:
        return {name: value for name, value in self._values().items() if not is_same(value, self.base.get(name))}

    def before(self) -> dict[str, Any]:
        return {} if self.row is None else {name: self.base.get(name) for name in self.sends()}

    def clean(self) -> None:
        super().clean()
        if self.errors:
            return
        if self.row is None and not self.sends():
            raise ValidationError(_("Type at least a name."))
        for name, problem in problems_in(self.sends()).items():
            self.add_error(self.field_of(name), gettext("It cannot be sent so: {problem}.").format(problem=problem))

    def clean_currency(self) -> str:
        return self._known_currency("currency", self.base.get("currency"))

    def field_of(self, member: str) -> str:
        name = member.partition(".")[0].partition("[")[0].partition("/")[0]
        return f"{BANK_PREFIX}iban" if name == BANK else name

    def tell_conflict(self, write: RemoteWrite) -> None:
        """Say at the fields what somebody else made of the members that this form was to change."""
        theirs = self.now()
        for name, value in write.sends.items():
            before, there = write.before.get(name), theirs.get(name)
            if not is_same(before, there) and not is_same(value, there):
                told = gettext(
                    "Somebody changed it at Apideck meanwhile: it was {before}, and is {there} now. "
                    "What you typed replaces that if you send it again."
                )
                self.add_error(self.field_of(name), told.format(before=_told(before), there=_told(there)))

    # -- for the template ---------------------------------------------------------------------------------------------

    @property
    def apart(self) -> list[forms.BoundField]:
        return []

    @property
    def plain_fields(self) -> list[forms.BoundField]:
        return [self["reason"]]

    @property
    def name_fields(self) -> list[forms.BoundField]:
        """What is drawn first."""
        return [self[name] for name in ("first_name", "last_name", "company_name", "individual", "status", "currency")]

    @property
    def bank_fields(self) -> list[forms.BoundField]:
        """The bank account, member by member; none where it is hidden."""
        return [self[name] for name in self.fields if name.startswith(BANK_PREFIX)]

    @property
    def item_fields(self) -> list[forms.BoundField]:
        """The lists, each with its rows and an empty one."""
        fields = []
        for name in ITEMS:
            bound, field = self[name], cast(ItemsField, self.fields[name])
            field.draw(bound.value() or [], self.problems.get(name, {}))
            fields.append(bound)
        return fields

    # -- reading what was typed ---------------------------------------------------------------------------------------

    def _clean_fields(self) -> None:
        super()._clean_fields()  # type: ignore[misc]  # Django's own hook, where the fields have been read
        for name in ITEMS:
            if name in self.cleaned_data:
                self._check_items(name)
        if BANK not in self.hidden:
            self._check_bank()

    def _check_items(self, name: str) -> None:
        """Marks the rows that cannot be sent; places are counted as they are drawn, without empty rows."""
        field = cast(ItemsField, self.fields[name])
        problems: dict[int, Text] = {}
        needed = next(iter(ITEMS[name].required()), "")
        for place, row in enumerate(self.cleaned_data[name]):
            before = began(row)
            if needed and not row.get(needed):
                is_email = needed == "email"
                problems[place] = _("It needs an e-mail address.") if is_email else _("It needs a number.")
            elif row.get("type") not in {"", *field.words, before.get("type")}:
                problems[place] = gettext("Kind is one of: {words}.").format(words=", ".join(field.words))
            elif name == "emails" and row["email"] != before.get("email") and not _is_email(row["email"]):
                problems[place] = _("This is no e-mail address.")
        if problems:
            self.problems[name] = problems
            data = cast(Any, self.data).copy()
            for column in field.columns:  # empty rows are left out, so that the places are those of the marked rows
                values = [row.get(column.name, "") for row in self.cleaned_data[name]]
                data.setlist(f"{name}-{column.name}", values)
            self.data = data
            self.add_error(name, _("Look at the rows that are marked."))

    def _check_bank(self) -> None:
        before = self.base.get(BANK) or {}
        kind = self.cleaned_data.get(f"{BANK_PREFIX}account_type", "")
        if kind not in {"", *ACCOUNT_TYPES, before.get("account_type")}:
            told = gettext("It is one of: {words}.").format(words=", ".join(ACCOUNT_TYPES))
            self.add_error(f"{BANK_PREFIX}account_type", told)
        try:
            known = self._known_currency(f"{BANK_PREFIX}currency", before.get("currency"))
            self.cleaned_data[f"{BANK_PREFIX}currency"] = known
        except ValidationError as error:
            self.add_error(f"{BANK_PREFIX}currency", error)

    def _known_currency(self, field: str, before: str | None) -> str:
        typed: str = self.cleaned_data.get(field, "")
        if typed == (before or "") or typed.upper() in {"", *CURRENCIES}:
            return typed if typed == before else typed.upper()
        raise ValidationError(_("There is no such currency. Codes have three letters, as EUR."))

    def _values(self) -> dict[str, Any]:
        """The members as they were typed; exactly as they began where nothing was typed."""
        typed = self.cleaned_data
        values: dict[str, Any] = {}
        for name in TEXTS:
            if name in self.fields:
                values[name] = kept(typed.get(name, ""), self.base.get(name))
        values["individual"] = INDIVIDUAL[typed.get("individual", "")]
        for name in ITEMS:
            field = cast(ItemsField, self.fields[name])
            items = [field.item(row) for row in typed.get(name, [])]
            values[name] = items if items or self.base.get(name) else self.base.get(name)
        if BANK not in self.hidden:
            values[BANK] = self._bank()
        return values

    def _bank(self) -> Any:
        before = self.base.get(BANK)
        account = dict(before or {})
        for member in BANK_LABELS:
            typed = self.cleaned_data.get(f"{BANK_PREFIX}{member}", "")
            if typed or account.get(member):
                account[member] = kept(typed, account.get(member))
        return account if account != (before or {}) else before


class DeleteForm(FinalForm):
    """Deleting is for good."""

    sure = _("Yes, delete it for good")
    why = _("Say why it is deleted.")


class EraseForm(FinalForm):
    """Erasing the copy here is for good as well."""

    sure = _("Yes, erase what is kept here of it")
    why = _("Say why it is erased.")
    with_notes = forms.BooleanField(
        label=_("Blank the notes on the linked customer too"), required=False, widget=UnfoldBooleanWidget
    )

    def __init__(self, *args: Any, notes: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not notes:
            del self.fields["with_notes"]
        self.order_fields(["with_notes", "is_sure", "reason"])


def _as_initial(base: Mapping[str, Any]) -> dict[str, Any]:
    """The members as the fields show them."""
    initial: dict[str, Any] = {name: base.get(name) or "" for name in TEXTS}
    initial["individual"] = next(word for word, value in INDIVIDUAL.items() if value is base.get("individual"))
    for name in ITEMS:
        initial[name] = [as_row(item) for item in base.get(name) or []]
    account = base.get(BANK) or {}
    return initial | {f"{BANK_PREFIX}{member}": account.get(member) or "" for member in BANK_LABELS}


def _told(value: Any) -> str:
    if value in (None, "", [], {}):
        return gettext("empty")
    text = value if isinstance(value, str) else ", ".join(_parts(value))
    return gettext("“{text}”").format(text=text[:200])


def _parts(value: Any) -> Iterable[str]:
    """The texts inside a member, less ids."""
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in {"id", "row_version"}:
                yield from _parts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _parts(item)
    elif value is not None:
        yield str(value)


def _is_email(text: str) -> bool:
    try:
        validate_email(text)
    except ValidationError:
        return False
    return True
