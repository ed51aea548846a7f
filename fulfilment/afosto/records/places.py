"""Where goods lie, how they travel and who gets them."""

from typing import Any, ClassVar

from backoffice.records import Aware
from fulfilment.afosto.records.base import AfostoRecord, Part


class LocationRecord(AfostoRecord, frozen=True, kw_only=True):
    """A warehouse or store. Source: items of ``GET /lcs/locations``."""

    id: str
    name: str | None = None
    reference: str | None = None
    address_id: str | None = None
    is_disabled: bool | None = None
    created_at: Aware | None = None
    updated_at: Aware | None = None


class CountryPrice(Part, frozen=True, kw_only=True):
    """Where a method goes, and for how many cents."""

    code: str | None = None
    amount: int | None = None


class MethodRecord(AfostoRecord, frozen=True, kw_only=True):
    """A shipping method. ``max_weight`` in grams, as it is taken. Source: items of ``GET /lcs/methods``."""

    words: ClassVar = {
        "delivery_during": frozenset({"daytime", "morning", "afternoon", "evening"}),
        "provider": frozenset({"sendcloud", "default"}),
    }

    id: str
    carrier_code: str | None = None
    name: str | None = None
    label: str | None = None
    description: str | None = None
    max_weight: int | None = None
    countries: list[CountryPrice] | None = None
    delivery_during: str | None = None
    is_configured: bool | None = None
    is_enabled: bool | None = None
    is_same_day: bool | None = None
    is_sunday: bool | None = None
    is_carrier_location: bool | None = None
    is_neighbour_allowed: bool | None = None
    provider: str | None = None
    provider_method_id: str | None = None
    priority: int | None = None


class AddressRecord(Part, frozen=True, kw_only=True):
    """An address, as far as we show it. Source: ``GET /rel/addresses/{id}``, and inside contacts."""

    id: str | None = None
    country_code: str | None = None
    locality: str | None = None
    postal_code: str | None = None
    address_line_1: str | None = None
    address_line_2: str | None = None
    organisation: str | None = None
    given_name: str | None = None
    additional_name: str | None = None
    family_name: str | None = None


class AddressSet(Part, frozen=True, kw_only=True):
    """The addresses of one purpose."""

    primary: AddressRecord | None = None


class PhoneNumber(Part, frozen=True, kw_only=True):
    """A phone number; ``number`` is E.164."""

    number: str | None = None


class PhoneNumbers(Part, frozen=True, kw_only=True):
    """The phone numbers of a contact."""

    primary: PhoneNumber | None = None


class Organisation(Part, frozen=True, kw_only=True):
    """The organisation of a contact."""

    name: str | None = None


class Organisations(Part, frozen=True, kw_only=True):
    """The organisations of a contact."""

    primary: Organisation | None = None


class ContactRecord(AfostoRecord, frozen=True, kw_only=True):
    """Who parcels go to. Its e-mail is not unique. Source: items of ``GET /rel/contacts``."""

    id: str
    version: str | None = None
    email: str | None = None
    is_guest: bool | None = None
    audience: str | None = None
    tags: list[str] | None = None
    given_name: str | None = None
    additional_name: str | None = None
    family_name: str | None = None
    organisations: Organisations | None = None
    billing: AddressSet | None = None
    shipping: AddressSet | None = None
    phone_numbers: PhoneNumbers | None = None
    metadata: dict[str, Any] | None = None
    created_at: Aware | None = None
    updated_at: Aware | None = None
    deleted_at: Aware | None = None

    @property
    def address(self) -> AddressRecord | None:
        """Where parcels go: the shipping address, else the billing address."""
        shipping, billing = self.shipping, self.billing
        return (shipping and shipping.primary) or (billing and billing.primary) or None

    @property
    def phone(self) -> str | None:
        """The first phone number."""
        return self.phone_numbers.primary.number if self.phone_numbers and self.phone_numbers.primary else None

    @property
    def organisation(self) -> str | None:
        """The name of the first organisation."""
        return self.organisations.primary.name if self.organisations and self.organisations.primary else None


class SkuRecord(AfostoRecord, frozen=True, kw_only=True):
    """Where an SKU lies. Source: ``GET /lcs/locations/{id}/skus``."""

    sku: str
    position: str | None = None


class PositionRecord(AfostoRecord, frozen=True, kw_only=True):
    """A shelf; ``sorting`` is its place in the walking order. Source: ``GET /lcs/locations/{id}/positions``."""

    code: str
    sorting: int | None = None
    skus: list[SkuRecord] | None = None


class PointRecord(AfostoRecord, frozen=True, kw_only=True):
    """A service point of a carrier. Source: ``GET /lcs/points/{carrier}/{id}``."""

    id: str
    name: str | None = None
    carrier: str | None = None
    address: AddressRecord | None = None


class PointHitRecord(AfostoRecord, frozen=True, kw_only=True):
    """A service point that was found, and how far it is (metres, as it is taken)."""

    point: PointRecord
    distance: float | None = None


class DpdPointRecord(AfostoRecord, frozen=True, kw_only=True, rename="camel"):
    """A service point of DPD, in its own shape. Source: ``GET /lcs/dpd/points``."""

    pudo_id: str | None = None
    parcel_shop_id: int | None = None
    company: str | None = None
    street: str | None = None
    house_no: str | None = None
    zip_code: str | None = None
    city: str | None = None
    distance: float | None = None
