"""Shipments inside another page: of a list, of a recipient."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from backoffice.admin.readonly import Section
from backoffice.admin.related import linked, url_of
from backoffice.badges import word
from fulfilment.admin.shown import due, progress, recipient_name
from fulfilment.models import Shipment
from fulfilment.states import SENT, SHIPMENT

SHOWN = 50


@dataclass(frozen=True)
class ShipmentLine:
    """One shipment."""

    name: str
    url: str
    state: SafeString
    recipient: SafeString | str
    ship_at: SafeString | str
    packed: SafeString | str


def shipment_section(request: HttpRequest, rows: QuerySet[Shipment], ids: Iterable[str] = ()) -> Section:
    """The newest of these shipments, and the ids of those that are not mirrored here. Two queries at most."""
    found = list(rows.select_related("contact").defer("payload", "detail", "contact__payload")[: SHOWN + 1])
    wanted = list(ids)
    known = set(rows.filter(remote_id__in=wanted).values_list("remote_id", flat=True)) if wanted else set()
    part: dict[str, Any] = {
        "lines": [_line(request, shipment) for shipment in found[:SHOWN]],
        "is_cut": len(found) > SHOWN,
        "shown": SHOWN,
        "unknown": [id for id in wanted if id not in known][:SHOWN],
    }
    return Section(_("Shipments"), "fulfilment/admin/parts/_shipments.html", part)


def _line(request: HttpRequest, shipment: Shipment) -> ShipmentLine:
    return ShipmentLine(
        str(shipment),
        url_of(shipment),
        word(shipment.state, SHIPMENT),
        linked(request, shipment.contact, shipment.contact_remote_id, recipient_name(shipment)),
        due(shipment.ship_at, is_over=shipment.state in SENT),
        progress(shipment.boxed_count, shipment.piece_count, shipment.missing_count),
    )
