"""What several lists and pages of the warehouse show alike: due times, progress, links to what hangs together."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy

from backoffice import times
from backoffice.admin.readonly import Button
from backoffice.badges import badge
from backoffice.links import outward
from backoffice.texts import Text
from fulfilment import counts
from fulfilment.counts import done_of
from fulfilment.models import HandlingList, Parcel, Recipient, Shipment

TYPES: Mapping[str, Text] = {
    "delivery": pgettext_lazy("a type of shipment", "delivery"),
    "collect": pgettext_lazy("a type of shipment", "collect"),
    "internal": pgettext_lazy("a type of shipment", "internal"),
}
DAYTIMES: Mapping[str, Text] = {
    "daytime": pgettext_lazy("when a carrier delivers", "daytime"),
    "morning": pgettext_lazy("when a carrier delivers", "morning"),
    "afternoon": pgettext_lazy("when a carrier delivers", "afternoon"),
    "evening": pgettext_lazy("when a carrier delivers", "evening"),
}


def due(moment: datetime | None, *, is_over: bool) -> SafeString | str:
    """When something should be done, and in words that it is late; "–" where no time is set."""
    if moment is None or is_over or moment >= timezone.now():
        return times.at(moment)
    late = gettext("overdue by {span}").format(span=times.spell(timezone.now() - moment))
    return format_html("{} {}", times.at(moment), badge(late, "bad"))


def progress(done: int | None, total: int | None, missing: int | None = 0) -> SafeString | str:
    """How many pieces of all are done, with those that are missing; a sign where that is not known yet."""
    if done is None or total is None:
        return gettext("not read yet")
    told = done_of(done, total)
    return format_html("{} {}", told, counts.missing(missing)) if missing else told


def tracking(parcel: Parcel) -> SafeString | str:
    """The tracking code, as a link where the address is one of the web."""
    if parcel.tracking_url:
        return outward(parcel.tracking_url, parcel.tracking_code)
    return parcel.tracking_code or "–"


def recipient_name(shipment: Shipment) -> str:
    """Whom a shipment goes to, as lists show it."""
    return str(shipment.contact) if shipment.contact else shipment.contact_remote_id or "–"


def address_lines(recipient: Recipient) -> list[str]:
    """The address of a recipient as one writes it on a parcel, as far as it is known."""
    address = _address(recipient.payload)
    texts = {name: str(value) for name, value in address.items() if isinstance(value, str | int) and value != ""}
    place = " ".join(filter(None, (texts.get("postal_code"), texts.get("locality"))))
    lines = (
        recipient.organisation or texts.get("organisation"), recipient.name, texts.get("address_line_1"),
        texts.get("address_line_2"), place, texts.get("country_code"),
    )  # fmt: skip
    return [line for line in lines if line]


def _address(payload: Any) -> dict[str, Any]:
    """The shipping address of a contact's payload, else the billing address."""
    for purpose in ("shipping", "billing"):
        found = payload.get(purpose) if isinstance(payload, dict) else None
        primary = found.get("primary") if isinstance(found, dict) else None
        if isinstance(primary, dict):
            return primary
    return {}


def station(
    name: str, row: HandlingList | Shipment, label: Text, permission: str, request: HttpRequest
) -> Iterable[Button]:
    """The button to a page of the warehouse floor; none for an id that no address can carry."""
    if request.user.has_perm(permission) and row.remote_id and "/" not in row.remote_id:
        yield Button(label, reverse(name, args=[row.remote_id]), is_link=True)
