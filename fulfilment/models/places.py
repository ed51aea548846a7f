"""Where goods lie, how they travel and who gets them."""

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import MirrorModel, list_indexes
from fulfilment.afosto import ContactRecord, LocationRecord, MethodRecord


class Location(MirrorModel):
    """A warehouse or store. Afosto never deletes one: it is disabled instead."""

    name = models.CharField(max_length=600)
    reference = models.CharField(max_length=255, blank=True)
    address_remote_id = models.CharField(max_length=255, blank=True)
    is_disabled = models.BooleanField(default=False)
    positions = models.JSONField(null=True, blank=True, help_text="Its shelves with their SKUs, in walking order.")
    positions_at = models.DateTimeField(null=True, blank=True, help_text="When the shelves were last asked for.")

    class Meta:
        verbose_name = _("location")
        verbose_name_plural = _("locations")
        ordering = ("name", "id")
        permissions: ClassVar = [
            ("create_location", "Can create a location at Afosto"),
            ("rename_location", "Can rename a location at Afosto"),
            ("enable_location", "Can enable a location at Afosto"),
            ("disable_location", "Can disable a location at Afosto"),
            ("set_walk_order_location", "Can set the walking order of a location at Afosto"),
            ("set_skus_location", "Can set which SKUs lie where in a location at Afosto"),
            ("refresh_location", "Can refresh a location from Afosto"),
            ("view_payload_location", "Can see the raw payload of locations"),
        ]

    def __str__(self) -> str:
        return self.name or gettext("(no name)")

    @classmethod
    def values_from(cls, record: LocationRecord) -> dict[str, Any]:
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "name": record.name or "",
            "reference": record.reference or "",
            "address_remote_id": record.address_id or "",
            "is_disabled": bool(record.is_disabled),
        }


class ShippingMethod(MirrorModel):
    """A way to send a parcel."""

    name = models.CharField(max_length=600)
    label = models.CharField(max_length=600, blank=True)
    carrier_code = models.CharField(_("carrier"), max_length=255, blank=True)
    provider = models.CharField(max_length=255, blank=True)
    delivery_during = models.CharField(max_length=255, blank=True)
    max_weight = models.BigIntegerField(null=True, blank=True, help_text="Grams.")
    priority = models.BigIntegerField(null=True, blank=True)
    is_enabled = models.BooleanField(default=False)
    is_configured = models.BooleanField(default=False)
    is_carrier_location = models.BooleanField(_("needs a service point"), default=False)

    class Meta:
        verbose_name = _("shipping method")
        verbose_name_plural = _("shipping methods")
        ordering = ("priority", "name", "id")
        permissions: ClassVar = [("view_payload_shippingmethod", "Can see the raw payload of shipping methods")]

    def __str__(self) -> str:
        return self.name or self.label or gettext("(no name)")

    @classmethod
    def values_from(cls, record: MethodRecord) -> dict[str, Any]:
        return {
            "name": record.name or "",
            "label": record.label or "",
            "carrier_code": record.carrier_code or "",
            "provider": record.provider or "",
            "delivery_during": record.delivery_during or "",
            "max_weight": record.max_weight,
            "priority": record.priority,
            "is_enabled": bool(record.is_enabled),
            "is_configured": bool(record.is_configured),
            "is_carrier_location": bool(record.is_carrier_location),
        }


class Recipient(MirrorModel):
    """Who parcels go to: a contact of Afosto's. Its e-mail is not unique."""

    email = models.CharField(max_length=600, blank=True)
    given_name = models.CharField(max_length=600, blank=True)
    additional_name = models.CharField(max_length=600, blank=True)
    family_name = models.CharField(max_length=600, blank=True)
    organisation = models.CharField(max_length=600, blank=True)
    phone = models.CharField(max_length=255, blank=True)
    locality = models.CharField(_("city"), max_length=600, blank=True)
    postal_code = models.CharField(max_length=255, blank=True)
    country_code = models.CharField(_("country"), max_length=255, blank=True)
    is_guest = models.BooleanField(default=False)
    deleted_at = models.DateTimeField(null=True, blank=True, help_text="When Afosto deleted it; it may list it still.")
    search_text = models.TextField(blank=True, help_text="Name, e-mail, phone, address and id, in lower case.")

    class Meta:
        verbose_name = _("recipient")
        verbose_name_plural = _("recipients")
        ordering = ("family_name", "given_name", "id")
        indexes: ClassVar = [
            *list_indexes(
                "recipient", "email", "postal_code", "country_code", "is_guest", own=("family_name", "given_name")
            ),
            models.Index(fields=["id", "payload_hash", "vanished_at", "deleted_at"], name="recipient_state"),
        ]
        permissions: ClassVar = [
            ("refresh_recipient", "Can refresh a recipient from Afosto"),
            ("view_payload_recipient", "Can see the raw payload of recipients"),
        ]

    def __str__(self) -> str:
        return self.name or self.organisation or self.email or gettext("(no name)")

    @property
    def name(self) -> str:
        """The whole name, as it is spoken."""
        return " ".join(filter(None, (self.given_name, self.additional_name, self.family_name)))

    @classmethod
    def values_from(cls, record: ContactRecord) -> dict[str, Any]:
        address = record.address
        values = {
            "email": record.email or "",
            "given_name": record.given_name or "",
            "additional_name": record.additional_name or "",
            "family_name": record.family_name or "",
            "organisation": record.organisation or "",
            "phone": record.phone or "",
            "locality": (address and address.locality) or "",
            "postal_code": (address and address.postal_code) or "",
            "country_code": (address and address.country_code) or "",
        }
        street = (address and address.address_line_1) or ""
        name = " ".join(filter(None, (record.given_name, record.additional_name, record.family_name)))
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            **values,
            "is_guest": bool(record.is_guest),
            "deleted_at": record.deleted_at,
            "search_text": "\n".join([name, street, record.id, *values.values()]).lower(),
        }
