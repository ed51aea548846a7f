"""What handling lists take in which state, and which shipments can make one: the rules of every door."""

from collections.abc import Iterable, Sequence

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.texts import Text, joined_lazy
from fulfilment.models import HandlingList, Shipment
from fulfilment.services.hindrances import (
    IT,
    cancelled,
    cancelled_already,
    finished,
    gone,
    in_transit,
    refused,
)

MOST_TOLD = 5


def why_not(verb: str, handling_list: HandlingList) -> Text:
    """Why a verb cannot be done to a list as it is here, in a sentence; "" when it can. The services' own rule."""
    return _hindrance(verb, handling_list, IT)


def why_not_listable(shipment: Shipment) -> Text:
    """Why a shipment cannot go on a new list, in a sentence; "" when it can. The services' own rule."""
    return _listing_hindrance(shipment, IT)


def why_not_together(shipments: Sequence[Shipment]) -> Text:
    """Why shipments that can be listed cannot be on one list, in a sentence; "" when they can."""
    if len({shipment.is_outbound for shipment in shipments}) > 1:
        return _("Some of the shipments go out and some come in: a list is either for picking or for sorting.")
    if len({shipment.location_remote_id for shipment in shipments}) > 1:
        return _("The shipments are of different locations: a list is walked at one.")
    return ""


def _hindrance(verb: str, handling_list: HandlingList, it: Text) -> Text:
    """The sentence about the list, which it calls ``it``."""
    if verb == "refresh":
        return ""
    if handling_list.vanished_at is not None:
        return gone(it)
    if handling_list.is_cancelled:
        return cancelled_already(it) if verb == "delete" else cancelled(it)
    if handling_list.is_finished:
        return finished(it)
    if verb == "release" and not handling_list.is_on_hold:
        return format_lazy(_("{it} is not on hold."), it=it)
    if verb == "hold" and handling_list.is_on_hold:
        return format_lazy(_("{it} is on hold already."), it=it)
    if verb == "mark_handled" and handling_list.is_on_hold:
        return format_lazy(_("{it} is on hold: release it first."), it=it)
    return ""


def _listing_hindrance(shipment: Shipment, it: Text) -> Text:
    if shipment.vanished_at is not None:
        return gone(it)
    if shipment.is_canceled:
        return cancelled(it)
    if shipment.is_finished:
        return finished(it)
    if shipment.is_in_transit:
        return in_transit(it)
    if shipment.is_listed or shipment.list_remote_id:
        return format_lazy(_("{it} is on a list already."), it=it)
    return ""


def _named(shipment: Shipment) -> Text:
    return format_lazy(_("Shipment {shipment}"), shipment=shipment)


def refuse_unless_may(verb: str, handling_list: HandlingList) -> None:
    """Raises NotInThisState."""
    if hindrance := _hindrance(verb, handling_list, format_lazy(_("List {list}"), list=handling_list)):
        raise refused(hindrance)


def refuse_unless_listable(shipments: Sequence[Shipment]) -> None:
    """Raises NotInThisState where they cannot make a new list."""
    if not shipments:
        raise refused(_("A list takes at least one shipment."))
    reasons = [hindrance for its in shipments if (hindrance := _listing_hindrance(its, _named(its)))]
    if len(reasons) > MOST_TOLD:
        more = format_lazy(_("And {count} more."), count=len(reasons) - MOST_TOLD)
        raise refused(joined_lazy([*reasons[:MOST_TOLD], more], " "))
    if told := joined_lazy(reasons, " ") if reasons else why_not_together(shipments):
        raise refused(told)


def refuse_strangers(handling_list: HandlingList, wanted: Iterable[str], there: dict[str, bool]) -> None:
    """Raises NotInThisState for pieces that are not among those ``there``."""
    if strangers := [id for id in wanted if id not in there]:
        told = _("List {list} has no piece {pieces}.")
        raise refused(format_lazy(told, list=handling_list, pieces=", ".join(strangers[:MOST_TOLD])))
