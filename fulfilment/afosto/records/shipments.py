"""Shipments, and parcels with their labels."""

from typing import ClassVar

from backoffice.records import Aware
from fulfilment.afosto.records.base import AfostoRecord, Part
from fulfilment.afosto.records.lists import PieceRecord


class CarrierEnd(Part, frozen=True, kw_only=True):
    """Whether an end of a shipment is a service point, and which."""

    is_carrier_location: bool | None = None
    carrier_location_reference: str | None = None


class AddressRef(Part, frozen=True, kw_only=True):
    """One end of a shipment: an address or a location of ours, by ``entity_type``."""

    entity_type: str | None = None
    entity_id: str | None = None
    carrier: CarrierEnd | None = None


class Addressing(Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """Both ends of a shipment."""

    to: AddressRef | None = None
    from_: AddressRef | None = None


class CorrectionRecord(Part, frozen=True, kw_only=True):
    """More or fewer pieces than were listed. Source: ``backorders`` and ``overage`` of a shipment."""

    sku: str
    quantity: int
    position: str | None = None
    description: str | None = None


class ShipmentRowRecord(AfostoRecord, frozen=True, kw_only=True):
    """A shipment without pieces and parcels. Source: items of ``GET /lcs/shipments``."""

    secrets: ClassVar = frozenset({"secret"})
    words: ClassVar = {"type": frozenset({"delivery", "collect", "internal"})}

    id: str
    number: str | None = None
    type: str | None = None
    method_id: str | None = None
    contact_id: str | None = None
    channel_id: str | None = None
    list_id: str | None = None
    stack_id: str | None = None
    addressing: Addressing | None = None
    prior_shipments: list[str] | None = None
    ship_at: Aware | None = None
    estimated_ship_at: Aware | None = None
    expected_at: Aware | None = None
    is_outbound: bool | None = None
    is_editable: bool | None = None
    is_complete: bool | None = None
    is_overcomplete: bool | None = None
    is_listed: bool | None = None
    is_finished: bool | None = None
    is_in_transit: bool | None = None
    is_canceled: bool | None = None
    created_at: Aware | None = None
    updated_at: Aware | None = None

    @property
    def own_end(self) -> AddressRef | None:
        """Our location at one of its ends: where it leaves from, or where it comes to."""
        ends = self.addressing and ((self.addressing.from_, self.addressing.to))
        ours = (end for end in ends or () if end and end.entity_type == "location")
        return next(ours, None)

    @property
    def service_point_id(self) -> str:
        """The service point that it goes to; "" for none."""
        carrier = self.addressing and self.addressing.to and self.addressing.to.carrier
        return (carrier and carrier.is_carrier_location and carrier.carrier_location_reference) or ""


class ShipmentRecord(ShipmentRowRecord, frozen=True, kw_only=True):
    """A shipment in full. Source: ``GET /lcs/shipments/{id}``."""

    order_id: str | None = None
    is_handled: bool | None = None
    is_boxed: bool | None = None
    is_labeled: bool | None = None
    is_serviced: bool | None = None
    items: list[PieceRecord] | None = None
    parcels: list["ParcelPart"] | None = None
    backorders: list[CorrectionRecord] | None = None
    overage: list[CorrectionRecord] | None = None


class ParcelPieceRecord(Part, frozen=True, kw_only=True):
    """A piece in a parcel."""

    id: str
    sku: str | None = None
    quantity: int | None = None
    description: str | None = None


class LabelRecord(Part, frozen=True, kw_only=True):
    """The label of a parcel; ``file_id`` is empty until the carrier has answered."""

    file_id: str | None = None
    reference: str | None = None
    label_text: str | None = None
    requested_at: Aware | None = None


class ParcelPart(Part, frozen=True, kw_only=True):
    """A parcel inside a shipment, as far as it is needed there."""

    id: str
    number: str | None = None
    items: list[ParcelPieceRecord] | None = None


class ParcelRecord(AfostoRecord, frozen=True, kw_only=True):
    """A parcel. Grams and centimetres, as they are taken. Sources: items of ``GET /lcs/parcels``, its single read."""

    id: str
    number: str | None = None
    shipment_id: str | None = None
    weight: int | None = None
    length: int | None = None
    width: int | None = None
    height: int | None = None
    tracking_code: str | None = None
    tracking_url: str | None = None
    position: str | None = None
    label: LabelRecord | None = None
    count: int | None = None
    items: list[ParcelPieceRecord] | None = None
    is_in_transit: bool | None = None
    is_delivered: bool | None = None
    is_outbound: bool | None = None
    is_finished: bool | None = None
    file_id: str | None = None  # a second document, taken as the packing slip; the label is ``label.file_id``
    ship_at: Aware | None = None
    in_transit_at: Aware | None = None
    finished_at: Aware | None = None
    created_at: Aware | None = None
    updated_at: Aware | None = None
