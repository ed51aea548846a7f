"""Kirim's customers, their setup links and their WhatsApp accounts, as mirrored here."""

from collections.abc import Iterator
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import DetailedModel, MirrorModel, list_indexes
from customers.kirim import AccountRecord, CustomerRecord, SetupLinkRecord


class Customer(DetailedModel):
    """A client of the platform. Not a WhatsApp contact."""

    name = models.CharField(max_length=600)
    email = models.CharField(max_length=600, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    status = models.CharField(max_length=255)
    team_id = models.CharField(_("team"), max_length=255)
    metadata = models.JSONField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    search_text = models.TextField(blank=True, help_text="Name, e-mail, id and metadata values, in lower case.")
    links_read_at = models.DateTimeField(null=True, blank=True, help_text="When its setup links were last asked for.")

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            *list_indexes("customer", "name", "email", "status", "team_id"),
            models.Index(fields=["id", "payload_hash", "vanished_at"], name="customer_state"),
            models.Index(fields=["links_read_at"], name="customer_links_read"),
        ]
        permissions: ClassVar = [
            ("create_customer", "Can create a customer at Kirim"),
            ("update_customer", "Can change a customer at Kirim"),
            ("suspend_customer", "Can suspend a customer at Kirim"),
            ("activate_customer", "Can activate a customer at Kirim"),
            ("archive_customer", "Can archive a customer at Kirim"),
            ("fetch_customer", "Can fetch a customer from Kirim by id"),
            ("refresh_customer", "Can refresh a customer from Kirim"),
            ("view_payload_customer", "Can see the raw payload of customers"),
        ]

    def __str__(self) -> str:
        return self.name or gettext("(no name)")

    @classmethod
    def values_from(cls, record: CustomerRecord) -> dict[str, Any]:
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "name": record.name,
            "email": record.email,
            "status": record.status,
            "team_id": record.team_id,
            "metadata": record.metadata,
            "archived_at": record.archived_at,
            "search_text": "\n".join([record.name, record.email or "", record.id, *_texts_in(record.metadata)]).lower(),
        }


def _texts_in(value: Any) -> Iterator[str]:
    """Every scalar in a piece of metadata, as people would type it."""
    if isinstance(value, dict):
        for item in value.values():
            yield from _texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts_in(item)
    elif value is not None:
        yield str(value)


class SetupLink(MirrorModel):
    """A one-time onboarding link. Known by its last four; the secret was never here."""

    customer_remote_id = models.CharField(max_length=255, db_index=True)
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="setup_links")
    status = models.CharField(max_length=255, help_text="Kirim's last word; expiry is told by expires_at.")
    token_last4 = models.CharField(_("last four"), max_length=255)
    expires_at = models.DateTimeField()
    consumed_at = models.DateTimeField(null=True, blank=True)
    success_redirect_url = models.TextField(null=True, blank=True)  # noqa: DJ001  null is the remote's word
    failure_redirect_url = models.TextField(null=True, blank=True)  # noqa: DJ001  null is the remote's word

    references = ("customer",)

    class Meta:
        verbose_name = _("setup link")
        verbose_name_plural = _("setup links")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            *list_indexes("setup_link", "status", "expires_at"),
            models.Index(fields=["status", "expires_at"], name="setup_link_ending"),
            models.Index(Lower("token_last4"), name="setup_link_by_lower_last4"),
            models.Index(Lower("remote_id"), name="setup_link_by_lower_id"),
            models.Index(Lower("customer_remote_id"), name="setup_link_by_owner_id"),
            models.Index(fields=["remote_created_at", "consumed_at"], name="setup_link_made"),
            models.Index(fields=["consumed_at"], condition=models.Q(consumed_at__isnull=False), name="setup_link_used"),
        ]
        permissions: ClassVar = [
            ("create_setuplink", "Can create a setup link at Kirim"),
            ("replace_setuplink", "Can replace a setup link at Kirim"),
            ("update_redirects_setuplink", "Can change the redirects of a setup link at Kirim"),
            ("revoke_setuplink", "Can revoke a setup link at Kirim"),
            ("view_payload_setuplink", "Can see the raw payload of setup links"),
        ]

    def __str__(self) -> str:
        return f"…{self.token_last4}"

    @classmethod
    def values_from(cls, record: SetupLinkRecord) -> dict[str, Any]:
        return {
            "remote_created_at": record.created_at,
            "customer_remote_id": record.customer_id,
            "status": record.status,
            "token_last4": record.token_last4,
            "expires_at": record.expires_at,
            "consumed_at": record.consumed_at,
            "success_redirect_url": record.success_redirect_url,
            "failure_redirect_url": record.failure_redirect_url,
        }


class WhatsAppAccount(MirrorModel):
    """A connected WhatsApp account. Its remote id is the number's; without one, ``onboarding:<owner>:<n>``."""

    phone_number_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    phone_number = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    name = models.CharField(max_length=600, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    status = models.CharField(max_length=255)
    customer_remote_id = models.CharField(
        max_length=255, blank=True, db_index=True, help_text="Empty when the organization itself owns it."
    )
    customer = models.ForeignKey(Customer, null=True, blank=True, on_delete=models.PROTECT, related_name="accounts")
    search_text = models.TextField(
        blank=True, db_default="", help_text="Name, number, its id and the customer's id, in lower case."
    )

    references = ("customer",)

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("WhatsApp account")
        verbose_name_plural = _("WhatsApp accounts")
        indexes: ClassVar = [
            *list_indexes("account", "phone_number", "status", own=("name",)),
            models.Index(
                fields=["id", "payload_hash", "vanished_at", "phone_number", "customer"], name="account_state"
            ),
        ]
        permissions: ClassVar = [
            ("refresh_whatsappaccount", "Can refresh the accounts of a customer from Kirim"),
            ("sync_templates_whatsappaccount", "Can sync the templates of an account at Kirim"),
            ("view_payload_whatsappaccount", "Can see the raw payload of accounts"),
        ]

    def __str__(self) -> str:
        return self.name or self.phone_number or gettext("(onboarding)")

    @classmethod
    def values_from(cls, record: AccountRecord) -> dict[str, Any]:
        words = (record.name, record.phone_number, record.phone_number_id, record.customer_id)
        return {
            "phone_number_id": record.phone_number_id,
            "phone_number": record.phone_number,
            "name": record.name,
            "status": record.status,
            "customer_remote_id": record.customer_id or "",
            "search_text": "\n".join(filter(None, words)).lower(),
        }
