"""The form of a short pick: fewer on the shelf than the list wants, or more."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from django import forms

from backoffice.writes.verbs import WriteVerb
from fulfilment.afosto import CorrectionRecord
from fulfilment.pieces import Contents
from fulfilment.stations.pick import Stop
from fulfilment.verbs.shipments import SET_BACKORDERS, SET_MISSING, SET_OVERAGE

MOST = 9_999
_NUMBER = {"invalid": "Type a whole number.", "min_value": "Not less than nothing."}


@dataclass(frozen=True)
class Wanted:
    """One write of a short pick."""

    verb: WriteVerb
    id: UUID
    sends: dict[str, Any]
    before: dict[str, Any]  # as the person saw it, so that nobody's change in between is overwritten
    done: str


class ShortForm(forms.Form):
    """How many are missing, wanted later, or too many. Each that is filled in is a write of its own."""

    line = forms.CharField(widget=forms.HiddenInput)
    missing_id = forms.UUIDField(widget=forms.HiddenInput)
    backorder_id = forms.UUIDField(widget=forms.HiddenInput)
    overage_id = forms.UUIDField(widget=forms.HiddenInput)
    missing = forms.IntegerField(
        label="Missing",
        required=False,
        min_value=0,
        help_text="Not found on the shelf. These pieces are not asked for any more.",
        error_messages=_NUMBER,
    )
    backorder = forms.IntegerField(
        label="Backorder",
        required=False,
        min_value=0,
        max_value=MOST,
        help_text="To be sent later, when there is stock again.",
        error_messages=_NUMBER,
    )
    overage = forms.IntegerField(
        label="Overage",
        required=False,
        min_value=0,
        max_value=MOST,
        help_text="More than the list wants lay there or came along.",
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
            raise forms.ValidationError("Say how many are missing, wanted later or too many. Nothing was sent.")
        if (found.get("missing") or 0) > len(self.stop.left):
            self.add_error("missing", f"Only {len(self.stop.left)} of them are left to pick.")
        return found

    def wanted(self, contents: Contents) -> Iterator[Wanted]:
        """The writes that a valid form asks for. Numbers add to what the shipment has already."""
        stop, found = self.stop, self.cleaned_data
        if found["missing"]:
            pieces = [{"id": id, "is_missing": True} for id in stop.left[: found["missing"]]]
            told = f"{found['missing']} of {stop.sku} marked as missing."
            yield Wanted(SET_MISSING, found["missing_id"], {"items": pieces}, {}, told)
        for verb, name, so_far in (
            (SET_BACKORDERS, "backorder", contents.backorders),
            (SET_OVERAGE, "overage", contents.overage),
        ):
            if number := found[name]:
                before = {"items": [_correction(stop, _noted(stop, so_far))]}
                sends = {"items": [_correction(stop, _noted(stop, so_far) + number)]}
                yield Wanted(verb, found[f"{name}_id"], sends, before, f"{number} of {stop.sku} noted as {name}.")


def _noted(stop: Stop, corrections: Iterable[CorrectionRecord]) -> int:
    """How many of them are noted already."""
    mine = [one for one in corrections if one.sku == stop.sku and stop.position in {"", one.position or ""}]
    return sum(one.quantity or 0 for one in mine)


def _correction(stop: Stop, quantity: int) -> dict[str, Any]:
    where = {"position": stop.position} if stop.position else {}
    return {"sku": stop.sku, "quantity": quantity, **where}
