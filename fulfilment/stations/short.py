"""The form of a short pick: fewer on the shelf than the list wants, or more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from backoffice.texts import Text, number
from backoffice.writes.verbs import WriteVerb
from fulfilment.afosto import CorrectionRecord
from fulfilment.pieces import Contents
from fulfilment.stations.pick import Stop
from fulfilment.verbs.shipments import SET_BACKORDERS, SET_MISSING, SET_OVERAGE

MOST = 9_999
_NUMBER = {"invalid": _("Type a whole number."), "min_value": _("Not less than nothing.")}


@dataclass(frozen=True)
class Wanted:
    """One write of a short pick."""

    verb: WriteVerb
    id: UUID
    sends: dict[str, Any]
    before: dict[str, Any]  # as the person saw it, so that nobody's change in between is overwritten
    done: Text


class ShortForm(forms.Form):
    """How many are missing, wanted later, or too many. Each that is filled in is a write of its own."""

    line = forms.CharField(widget=forms.HiddenInput)
    missing_id = forms.UUIDField(widget=forms.HiddenInput)
    backorder_id = forms.UUIDField(widget=forms.HiddenInput)
    overage_id = forms.UUIDField(widget=forms.HiddenInput)
    missing = forms.IntegerField(
        label=_("Missing"),
        required=False,
        min_value=0,
        help_text=_("Not found on the shelf. These pieces are not asked for any more."),
        error_messages=_NUMBER,
    )
    backorder = forms.IntegerField(
        label=_("Backorder"),
        required=False,
        min_value=0,
        max_value=MOST,
        help_text=_("To be sent later, when there is stock again."),
        error_messages=_NUMBER,
    )
    overage = forms.IntegerField(
        label=_("Overage"),
        required=False,
        min_value=0,
        max_value=MOST,
        help_text=_("More than the list wants lay there or came along."),
        error_messages=_NUMBER,
    )

    def __init__(self, stop: Stop, data: Any = None) -> None:
        super().__init__(data, initial={"line": stop.key, "missing": len(stop.left)})
        self.stop = stop
        for name in ("missing_id", "backorder_id", "overage_id"):
            self.initial[name] = uuid4()

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.errors and not any(found.get(name) for name in ("missing", "backorder", "overage")):
            raise forms.ValidationError(_("Say how many are missing, wanted later or too many. Nothing was sent."))
        if (found.get("missing") or 0) > len(self.stop.left):
            left = len(self.stop.left)
            told = ngettext("Only {count} of them are left to pick.", "Only {count} of them are left to pick.", left)
            self.add_error("missing", told.format(count=number(left)))
        return found

    def wanted(self, contents: Contents) -> Iterator[Wanted]:
        """The writes that a valid form asks for. Numbers add to what the shipment has already."""
        stop, found = self.stop, self.cleaned_data
        if found["missing"]:
            pieces = [{"id": id, "is_missing": True} for id in stop.left[: found["missing"]]]
            marked = format_lazy(_("{count} of {sku} marked as missing."), count=found["missing"], sku=stop.sku)
            yield Wanted(SET_MISSING, found["missing_id"], {"items": pieces}, {}, marked)
        for verb, name, so_far, told in (
            (SET_BACKORDERS, "backorder", contents.backorders, _("{count} of {sku} noted as backorder.")),
            (SET_OVERAGE, "overage", contents.overage, _("{count} of {sku} noted as overage.")),
        ):
            if many := found[name]:
                before = {"items": [_correction(stop, _noted(stop, so_far))]}
                sends = {"items": [_correction(stop, _noted(stop, so_far) + many)]}
                done = format_lazy(told, count=many, sku=stop.sku)
                yield Wanted(verb, found[f"{name}_id"], sends, before, done)


def _noted(stop: Stop, corrections: Iterable[CorrectionRecord]) -> int:
    """How many of them are noted already."""
    mine = [one for one in corrections if one.sku == stop.sku and stop.position in {"", one.position or ""}]
    return sum(one.quantity or 0 for one in mine)


def _correction(stop: Stop, quantity: int) -> dict[str, Any]:
    where = {"position": stop.position} if stop.position else {}
    return {"sku": stop.sku, "quantity": quantity, **where}
