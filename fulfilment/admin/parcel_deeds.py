"""What can be done with parcels, as their pages tell it."""

from django.utils.translation import gettext_lazy as _

from backoffice.admin.deeds import Deed
from backoffice.texts import Text
from fulfilment.forms.parcels import DeleteParcelForm, NewParcelForm, ParcelForm, PiecesInForm, PiecesOutForm
from fulfilment.models import Shipment
from fulfilment.services.parcel_rules import why_not
from fulfilment.verbs.parcels import (
    ADD_PIECES,
    CREATE_PARCEL,
    DELETE_PARCEL,
    FINISH_PARCEL,
    MARK_IN_TRANSIT,
    REMOVE_PIECES,
    REQUEST_LABEL,
    REQUEST_SLIP,
    UPDATE_PARCEL,
)


def _packable(verb: str, shipment: Shipment) -> Text:
    return ""  # the form itself says why not: it knows which pieces are left


NEW_PARCEL = Deed(
    CREATE_PARCEL,
    (
        _("The pieces count as packed; what is left can go into another parcel."),
        _("Sizes may stay empty. The pack screen does the same by scanning."),
    ),
    _("has a new parcel."), _packable, NewParcelForm, of=Shipment,
)  # fmt: skip

DEEDS = (
    Deed(UPDATE_PARCEL, (_("Only what is changed is sent."),), _("was changed at Afosto."), why_not, ParcelForm),
    Deed(
        ADD_PIECES, (_("Pieces of its shipment that are in no parcel yet."),), _("holds these pieces."), why_not,
        PiecesInForm,
    ),
    Deed(
        REMOVE_PIECES, (_("They are left to be packed again."),), _("no longer holds these pieces."), why_not,
        PiecesOutForm,
    ),
    Deed(
        REQUEST_LABEL,
        (
            _("The carrier makes the label, which may cost money; a second one is never asked for by itself."),
            _("It takes some seconds. The page follows by itself; a request that is under way is joined."),
        ),
        _("gets its label."), why_not,
    ),
    Deed(
        REQUEST_SLIP, (_("Afosto makes the packing slip. It takes some seconds, and the page follows by itself."),),
        _("gets its packing slip."), why_not,
    ),
    Deed(
        MARK_IN_TRANSIT,
        (_("The carrier has it: nothing can be put in or taken out any more, and it gets no other label."),),
        _("is in transit."), why_not,
    ),
    Deed(FINISH_PARCEL, (_("Nothing is left to be done about it."),), _("is finished."), why_not),
    Deed(
        DELETE_PARCEL,
        (_("This is final: the parcel is gone, with its label."), _("Its pieces are left to be packed again.")),
        _("is deleted at Afosto."), why_not, DeleteParcelForm,
    ),
)  # fmt: skip
