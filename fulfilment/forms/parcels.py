"""Forms of parcels: a new one, its size and tracking, pieces in and out, unpacking."""

from typing import Any, ClassVar

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from backoffice.admin.deed_forms import PLAIN, DeedForm, FinalForm
from backoffice.links import is_web_address
from backoffice.texts import Text
from fulfilment.forms.pieces import PiecesField
from fulfilment.models import Parcel, Shipment
from fulfilment.pieces import Piece, contents_of
from fulfilment.services.hindrances import IT, cancelled, finished, gone, in_transit

SIZES = ("weight", "length", "width", "height")
TEXTS = ("position", "tracking_code", "tracking_url")
MAX_GRAMS, MAX_CM = 1_000_000, 10_000
MAX_CHARS = 255
MAX_URL_CHARS = 2_000


class SizeField(forms.IntegerField):
    """A whole number of grams or centimetres."""

    def __init__(self, most: int, **kwargs: Any) -> None:
        widget = UnfoldAdminIntegerFieldWidget(attrs={"inputmode": "numeric", "min": 0, "max": most})
        super().__init__(required=False, min_value=0, max_value=most, widget=widget, **kwargs)


class SizedForm(DeedForm):
    """What a parcel weighs and measures."""

    weight = SizeField(MAX_GRAMS, label=_("Weight (g)"))
    length = SizeField(MAX_CM, label=_("Length (cm)"))
    width = SizeField(MAX_CM, label=_("Width (cm)"))
    height = SizeField(MAX_CM, label=_("Height (cm)"))


class NewParcelForm(SizedForm):
    """A new parcel with pieces of a shipment, which is the row. Sizes that are left empty are not sent."""

    item_ids = PiecesField(label=_("Pieces in the parcel"))
    field_order = ("write_id", "again", "item_ids", *SIZES, "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        left = contents_of(self.row).left_to_box
        self.fields["item_ids"].offer(left)  # type: ignore[attr-defined]
        self.initial.setdefault("item_ids", [piece.id for piece in left if piece.is_handled])

    @classmethod
    def why_none(cls, row: Any) -> Text:
        return why_no_parcel(row)

    def sends(self) -> dict[str, Any]:
        sizes = {name: self.cleaned_data[name] for name in SIZES if self.cleaned_data[name] is not None}
        return {"shipment_id": self.row.remote_id, "item_ids": self.cleaned_data["item_ids"], **sizes}


class ParcelForm(SizedForm):
    """Size, place and tracking of a parcel; what was changed is sent."""

    base_type = dict[str, int | str | None]
    needs_change = True

    position = forms.CharField(
        label=pgettext_lazy("of a parcel", "Place"),
        required=False,
        max_length=MAX_CHARS,
        help_text=_("Where it stands until it is fetched."),
        widget=UnfoldAdminTextInputWidget(attrs=PLAIN),
    )
    tracking_code = forms.CharField(
        label=_("Tracking code"), required=False, max_length=MAX_CHARS, widget=UnfoldAdminTextInputWidget(attrs=PLAIN)
    )
    tracking_url = forms.CharField(
        label=_("Tracking address"),
        required=False,
        max_length=MAX_URL_CHARS,
        help_text=_("It begins with https:// or http://."),
        widget=UnfoldAdminTextInputWidget(attrs={**PLAIN, "inputmode": "url"}),
    )
    field_order = ("write_id", "again", "base_json", *SIZES, *TEXTS, "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**self.base, **self.initial}

    def now(self) -> dict[str, Any]:
        return {name: getattr(self.row, name) for name in (*SIZES, *TEXTS)}

    def clean_tracking_url(self) -> str:
        url: str = self.cleaned_data["tracking_url"]
        if url and url != self.base.get("tracking_url") and not is_web_address(url):
            raise forms.ValidationError(_("This is no web address: it begins with https:// or http://."))
        return url

    def clean(self) -> None:
        super().clean()
        for name in SIZES:
            if name in self.cleaned_data and self.cleaned_data[name] is None and self.base.get(name) is not None:
                self.add_error(name, _("Afosto cannot take a number away. Type the right one."))

    def sends(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.base if self._is_changed(name)}

    def before(self) -> dict[str, Any]:
        return {name: value for name, value in self.base.items() if self._is_changed(name)}

    def _is_changed(self, name: str) -> bool:
        return bool(name in self.cleaned_data and self.cleaned_data[name] != self.base[name])


class PiecesInForm(DeedForm):
    """Pieces that are put into a parcel."""

    ids = PiecesField(label=_("Pieces to put in"))
    field_order = ("write_id", "again", "ids", "reason")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["ids"].offer(self.offered(self.row))  # type: ignore[attr-defined]

    @classmethod
    def offered(cls, parcel: Parcel) -> tuple[Piece, ...]:
        """The pieces to choose from."""
        return contents_of(parcel.shipment).left_to_box if parcel.shipment else ()

    @classmethod
    def why_none(cls, row: Any) -> Text:
        if row.shipment is None:
            return _("Its shipment is not mirrored here, so its pieces are not known.")
        if not contents_of(row.shipment).is_known:
            return _("The pieces of its shipment were not read yet. Refresh the shipment first.")
        return "" if cls.offered(row) else _("No piece of its shipment is left to be packed.")

    def sends(self) -> dict[str, Any]:
        return {"ids": self.cleaned_data["ids"]}


class PiecesOutForm(PiecesInForm):
    """Pieces that are taken out of a parcel."""

    ids = PiecesField(label=_("Pieces to take out"))

    @classmethod
    def offered(cls, parcel: Parcel) -> tuple[Piece, ...]:
        return pieces_in(parcel)

    @classmethod
    def why_none(cls, row: Any) -> Text:
        return "" if cls.offered(row) else _("No piece of it is known here. Refresh it from Afosto first.")


class DeleteParcelForm(FinalForm):
    """Unpacking a parcel."""

    sure: ClassVar = _("Yes, unpack and delete the parcel")
    why: ClassVar = _("Say why it is deleted.")


def pieces_in(parcel: Parcel) -> tuple[Piece, ...]:
    """The pieces of a parcel, as its own payload tells of them."""
    stored = parcel.payload.get("items") if isinstance(parcel.payload, dict) else None
    rows = [row for row in stored or [] if isinstance(row, dict) and isinstance(row.get("id"), str)]
    return tuple(
        Piece(
            id=row["id"],
            sku=str(row.get("sku") or ""),
            description=str(row.get("description") or ""),
            is_boxed=True,
            parcel_id=parcel.remote_id,
            parcel_number=parcel.number,
        )
        for row in rows
    )


def why_no_parcel(shipment: Shipment) -> Text:
    """Why no parcel can be packed from a shipment as it is here, in a sentence; "" when one can."""
    for is_so, hindrance in (
        (shipment.vanished_at is not None, gone),
        (shipment.is_canceled, cancelled),
        (shipment.is_finished, finished),
        (shipment.is_in_transit, in_transit),
    ):
        if is_so:
            return hindrance(IT)
    contents = contents_of(shipment)
    if not contents.is_known:
        return _("Its pieces were not read yet. Refresh it from Afosto first.")
    return "" if contents.left_to_box else _("All of its pieces are in parcels, or missing.")
