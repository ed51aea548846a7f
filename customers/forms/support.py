"""The form of a support customer: names, lists as rows, and, for those who may see it, tax number and bank account."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from backoffice.admin.deed_forms import PLAIN, Column, DeedForm, FinalForm
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from customers.apideck import WRITABLE
from customers.apideck.currencies import CURRENCIES
from customers.apideck.records import ACCOUNT_TYPES, ADDRESS_TYPES, EMAIL_TYPES, PHONE_TYPES, STATUSES
from customers.forms.support_items import ItemsField, as_row, began, kept
from customers.support_members import BANK, ITEMS, TEXTS, problems_in

INDIVIDUAL = {"": None, "true": True, "false": False}
BANK_PREFIX = "bank_"
BANK_LABELS = {
    "account_name": "Account holder", "iban": "IBAN", "bic": "BIC", "account_number": "Account number",
    "account_type": "Kind of account", "bank_code": "Bank code", "branch_identifier": "Branch",
    "bsb_number": "BSB number", "currency": "Currency of the account",
}  # fmt: skip


def _text(label: str, **kwargs: Any) -> forms.CharField:
    return forms.CharField(
        label=label, required=False, max_length=600, widget=UnfoldAdminTextInputWidget(attrs=PLAIN), **kwargs
    )


class SupportForm(DeedForm):
    """A new customer, or one that is edited; what is left as it was is not sent."""

    base_type = dict[str, Any]
    needs_change = True

    first_name, last_name, company_name = _text("First name"), _text("Last name"), _text("Company")
    individual = forms.ChoiceField(
        label="It is", required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", "not told"), ("true", "a person"), ("false", "a company")],
    )  # fmt: skip
    status = forms.ChoiceField(label="State", required=False, widget=UnfoldAdminSelectWidget)
    currency = _text("Currency", help_text="Three letters, as EUR.")
    notes = forms.CharField(
        label="Notes", required=False, max_length=20_000, widget=UnfoldAdminTextareaWidget(attrs={"rows": 3})
    )
    emails = ItemsField("E-mails", (Column("email", "E-mail"), Column("type", "Kind")), EMAIL_TYPES)
    phone_numbers = ItemsField(
        "Phone numbers",
        (
            Column("country_code", "Country code"), Column("area_code", "Area code"), Column("number", "Number"),
            Column("extension", "Extension"), Column("type", "Kind"),
        ),
        PHONE_TYPES,
    )  # fmt: skip
    addresses = ItemsField(
        "Addresses",
        (
            Column("type", "Kind"), Column("name", "Name"), Column("line1", "Line 1"), Column("line2", "Line 2"),
            Column("street_number", "House number"), Column("postal_code", "Postal code"), Column("city", "City"),
            Column("state", "State or province"), Column("country", "Country, as BE"),
        ),
        ADDRESS_TYPES,
    )  # fmt: skip
    tax_number = _text("Tax number")

    def __init__(self, *args: Any, row: Any, hidden: frozenset[str] = frozenset(), **kwargs: Any) -> None:
        self.hidden = hidden
        super().__init__(*args, row=row, **kwargs)
        self.problems: dict[str, dict[int, str]] = {}
        for name in hidden & self.fields.keys():
            del self.fields[name]
        if BANK not in hidden:
            for member, label in BANK_LABELS.items():
                self.fields[f"{BANK_PREFIX}{member}"] = _text(label)
        words = [("", "not told"), *((word, word) for word in STATUSES)]
        if (now := self.base.get("status")) and now not in STATUSES:
            words.append((now, f"{now[:60]} (as it is; nobody can set it)"))
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
            raise ValidationError("Type at least a name.")
        for name, problem in problems_in(self.sends()).items():
            self.add_error(self.field_of(name), f"It cannot be sent so: {problem}.")

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
                told = f"Somebody changed it at Apideck meanwhile: it was {_told(before)}, and is {_told(there)} now."
                self.add_error(self.field_of(name), f"{told} What you typed replaces that if you send it again.")

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
        field, problems = cast(ItemsField, self.fields[name]), {}
        needed = next(iter(ITEMS[name].required()), "")
        for place, row in enumerate(self.cleaned_data[name]):
            before = began(row)
            if needed and not row.get(needed):
                problems[place] = "It needs an e-mail address." if needed == "email" else "It needs a number."
            elif row.get("type") not in {"", *field.words, before.get("type")}:
                problems[place] = f"Kind is one of: {', '.join(field.words)}."
            elif name == "emails" and row["email"] != before.get("email") and not _is_email(row["email"]):
                problems[place] = "This is no e-mail address."
        if problems:
            self.problems[name] = problems
            data = cast(Any, self.data).copy()
            for column in field.columns:  # empty rows are left out, so that the places are those of the marked rows
                values = [row.get(column.name, "") for row in self.cleaned_data[name]]
                data.setlist(f"{name}-{column.name}", values)
            self.data = data
            self.add_error(name, "Look at the rows that are marked.")

    def _check_bank(self) -> None:
        before = self.base.get(BANK) or {}
        kind = self.cleaned_data.get(f"{BANK_PREFIX}account_type", "")
        if kind not in {"", *ACCOUNT_TYPES, before.get("account_type")}:
            self.add_error(f"{BANK_PREFIX}account_type", f"It is one of: {', '.join(ACCOUNT_TYPES)}.")
        try:
            known = self._known_currency(f"{BANK_PREFIX}currency", before.get("currency"))
            self.cleaned_data[f"{BANK_PREFIX}currency"] = known
        except ValidationError as error:
            self.add_error(f"{BANK_PREFIX}currency", error)

    def _known_currency(self, field: str, before: str | None) -> str:
        typed: str = self.cleaned_data.get(field, "")
        if typed == (before or "") or typed.upper() in {"", *CURRENCIES}:
            return typed if typed == before else typed.upper()
        raise ValidationError("There is no such currency. Codes have three letters, as EUR.")

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

    sure = "Yes, delete it for good"
    why = "Say why it is deleted."


class EraseForm(FinalForm):
    """Erasing the copy here is for good as well."""

    sure = "Yes, erase what is kept here of it"
    why = "Say why it is erased."
    with_notes = forms.BooleanField(
        label="Blank the notes on the linked customer too", required=False, widget=UnfoldBooleanWidget
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
        return "empty"
    text = value if isinstance(value, str) else ", ".join(_parts(value))
    return f"“{text[:200]}”"


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
