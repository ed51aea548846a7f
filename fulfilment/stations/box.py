"""The open box of the pack screen as a form: which pieces are in it, and what it weighs and measures."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.admin.doing import VerbForm
from backoffice.models import RemoteWrite
from backoffice.texts import number_lazy
from fulfilment.models import Parcel
from fulfilment.pieces import Piece
from fulfilment.verbs.parcels import CREATE_PARCEL

SIZES = ("weight", "length", "width", "height")
MOST = 1_000_000
LATELY = timedelta(days=30)
UNDER_WAY = (RemoteWrite.State.PLANNED, RemoteWrite.State.SENT, RemoteWrite.State.UNKNOWN)


def _size(**kwargs: Any) -> forms.IntegerField:
    at_most = format_lazy(_("At most {count}."), count=number_lazy(MOST))
    told = {"invalid": _("Type a whole number."), "min_value": _("At least 1."), "max_value": at_most}
    return forms.IntegerField(required=False, min_value=1, max_value=MOST, error_messages=told, **kwargs)


class BoxForm(VerbForm):
    """Pieces that are gone, or packed meanwhile, are no choices any more: they fall out of the box."""

    weight = _size(label=_("Weight, g"))
    length = _size(label=_("Length, cm"))
    width = _size(label=_("Width, cm"))
    height = _size(label=_("Height, cm"))

    def __init__(
        self, left: Sequence[Piece], data: QueryDict | None = None, sizes: Mapping[str, Any] | None = None
    ) -> None:
        """
        Args:
            left: the pieces that can go into a box.
            sizes: to begin with, by the names of ``SIZES``.
        """
        super().__init__(data, initial=dict(sizes or {}))
        self.left = left
        asked = set(data.getlist("piece")) if data is not None else set()
        self.in_box = {piece.id for piece in left if piece.id in asked}

    def put_in(self, piece: str) -> None:
        """Put one more piece into the box."""
        self.in_box.add(piece)

    def put_all_in(self) -> None:
        """Put all that is left into the box."""
        self.in_box = {piece.id for piece in self.left}

    def clean(self) -> dict[str, Any]:
        found: dict[str, Any] = super().clean() or self.cleaned_data
        if not self.in_box:
            raise forms.ValidationError(
                _("Nothing is in the box: scan or tick what you put into it. Nothing was sent.")
            )
        return found

    def sends(self, shipment_id: str) -> dict[str, Any]:
        """What a valid form asks for; sizes that are left empty are not sent."""
        items = [piece.id for piece in self.left if piece.id in self.in_box]
        sizes = {name: value for name in SIZES if (value := self.cleaned_data[name])}
        return {"shipment_id": shipment_id, "item_ids": items, **sizes}

    @property
    def sizes(self) -> list[forms.BoundField]:
        """The fields of weight and size."""
        return [self[name] for name in SIZES]

    def tell_refusal(self, write: RemoteWrite) -> None:
        super().tell_refusal(write)
        for name, words in write.field_errors.items():
            self.add_error(name if name in SIZES else None, words if name in SIZES else f"{name}: {words}")


def in_hand(shipment_id: str) -> set[str]:
    """The pieces of a shipment for which a parcel is under way, or may have been made: no other box takes them."""
    writes = RemoteWrite.objects.filter(
        target=CREATE_PARCEL.target, verb=CREATE_PARCEL.name, state__in=UNDER_WAY, sends__shipment_id=shipment_id
    )
    return {id for sends in writes.values_list("sends", flat=True) for id in sends.get("item_ids", [])}


def sizes_of_last(shipment_id: str, user_id: int | None) -> dict[str, Any]:
    """Weight and size of the shipment's last parcel, else of the last one that the person packed anywhere."""
    last = Parcel.objects.filter(shipment_remote_id=shipment_id, vanished_at=None).first()
    if last is not None:
        return {name: getattr(last, name) or None for name in SIZES}  # Afosto says 0 of what nobody measured
    packed = RemoteWrite.objects.filter(
        target=CREATE_PARCEL.target,
        verb=CREATE_PARCEL.name,
        actor=user_id,
        state=RemoteWrite.State.CONFIRMED,
        planned_at__gte=timezone.now() - LATELY,
    )
    sends = packed.values_list("sends", flat=True).first()
    return {name: (sends or {}).get(name) for name in SIZES}
