"""What handling lists take in which state, and which shipments can make one: the rules of every door."""

from collections.abc import Iterable, Sequence

from backoffice.errors import NotInThisState
from fulfilment.models import HandlingList, Shipment
from fulfilment.services.rereads import GONE


def why_not(verb: str, handling_list: HandlingList) -> str:
    """Why a verb cannot be done to a list as it is here, in a sentence; "" when it can. The services' own rule."""
    hindrance = _hindrance(verb, handling_list)
    return f"It {hindrance}." if hindrance else ""


def why_not_listable(shipment: Shipment) -> str:
    """Why a shipment cannot go on a new list, in a sentence; "" when it can. The services' own rule."""
    hindrance = _listing_hindrance(shipment)
    return f"It {hindrance}." if hindrance else ""


def why_not_together(shipments: Sequence[Shipment]) -> str:
    """Why shipments that can be listed cannot be on one list, in a sentence; "" when they can."""
    if len({shipment.is_outbound for shipment in shipments}) > 1:
        return "Some of the shipments go out and some come in: a list is either for picking or for sorting."
    if len({shipment.location_remote_id for shipment in shipments}) > 1:
        return "The shipments are of different locations: a list is walked at one."
    return ""


def _hindrance(verb: str, handling_list: HandlingList) -> str:
    if verb == "refresh":
        return ""
    if handling_list.vanished_at is not None:
        return GONE
    if handling_list.is_cancelled:
        return "is cancelled already" if verb == "delete" else "is cancelled"
    if handling_list.is_finished:
        return "is finished"
    if verb == "release" and not handling_list.is_on_hold:
        return "is not on hold"
    if verb == "hold" and handling_list.is_on_hold:
        return "is on hold already"
    if verb == "mark_handled" and handling_list.is_on_hold:
        return "is on hold: release it first"
    return ""


def _listing_hindrance(shipment: Shipment) -> str:
    if shipment.vanished_at is not None:
        return GONE
    if shipment.is_canceled:
        return "is cancelled"
    if shipment.is_finished:
        return "is finished"
    if shipment.is_in_transit:
        return "is in transit"
    if shipment.is_listed or shipment.list_remote_id:
        return "is on a list already"
    return ""


def refuse_unless_may(verb: str, handling_list: HandlingList) -> None:
    """Raises NotInThisState."""
    if hindrance := _hindrance(verb, handling_list):
        raise NotInThisState(f"List {handling_list} {hindrance}. Nothing was sent.")


def refuse_unless_listable(shipments: Sequence[Shipment]) -> None:
    """Raises NotInThisState where they cannot make a new list."""
    if not shipments:
        raise NotInThisState("A list takes at least one shipment. Nothing was sent.")
    reasons = [f"Shipment {its} {hindrance}." for its in shipments if (hindrance := _listing_hindrance(its))]
    if told := " ".join(reasons[:5]) or why_not_together(shipments):
        more = f" And {len(reasons) - 5} more." if len(reasons) > 5 else ""
        raise NotInThisState(f"{told}{more} Nothing was sent.")


def refuse_strangers(handling_list: HandlingList, wanted: Iterable[str], there: dict[str, bool]) -> None:
    """Raises NotInThisState for pieces that are not among those ``there``."""
    if strangers := [id for id in wanted if id not in there]:
        raise NotInThisState(f"List {handling_list} has no piece {', '.join(strangers[:5])}. Nothing was sent.")
