"""What can be done with parcels, as their pages tell it."""

from backoffice.admin.deeds import Deed
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


def _packable(verb: str, shipment: Shipment) -> str:
    return ""  # the form itself says why not: it knows which pieces are left


NEW_PARCEL = Deed(
    CREATE_PARCEL,
    (
        "The pieces count as packed; what is left can go into another parcel.",
        "Sizes may stay empty. The pack screen does the same by scanning.",
    ),
    "has a new parcel.", _packable, NewParcelForm, of=Shipment,
)  # fmt: skip

DEEDS = (
    Deed(UPDATE_PARCEL, ("Only what is changed is sent.",), "was changed at Afosto.", why_not, ParcelForm),
    Deed(
        ADD_PIECES, ("Pieces of its shipment that are in no parcel yet.",), "holds these pieces.", why_not,
        PiecesInForm,
    ),
    Deed(
        REMOVE_PIECES, ("They are left to be packed again.",), "no longer holds these pieces.", why_not,
        PiecesOutForm,
    ),
    Deed(
        REQUEST_LABEL,
        (
            "The carrier makes the label, which may cost money; a second one is never asked for by itself.",
            "It takes some seconds. The page follows by itself; a request that is under way is joined.",
        ),
        "gets its label.", why_not,
    ),
    Deed(
        REQUEST_SLIP, ("Afosto makes the packing slip. It takes some seconds, and the page follows by itself.",),
        "gets its packing slip.", why_not,
    ),
    Deed(
        MARK_IN_TRANSIT,
        ("The carrier has it: nothing can be put in or taken out any more, and it gets no other label.",),
        "is in transit.", why_not,
    ),
    Deed(FINISH_PARCEL, ("Nothing is left to be done about it.",), "is finished.", why_not),
    Deed(
        DELETE_PARCEL,
        ("This is final: the parcel is gone, with its label.", "Its pieces are left to be packed again."),
        "is deleted at Afosto.", why_not, DeleteParcelForm,
    ),
)  # fmt: skip
