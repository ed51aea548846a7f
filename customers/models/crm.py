"""What L4YERCAK3, the CRM, knows: contacts, customer companies, invoices and transactions, as mirrored here.

Members of ``customProperties`` are columns of their own. Money is in minor units of its currency.
"""

from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import MirrorModel, list_indexes
from customers.layercake import ContactRecord, InvoiceRecord, OrganizationRecord, TransactionRecord, moment, whole
from customers.layercake.records import LineItem


class Contact(MirrorModel):
    """A person in the CRM. Not the customer of Kirim, though it may be the same human being."""

    display_name = models.CharField(_("name"), max_length=600, blank=True)
    email = models.CharField(_("e-mail"), max_length=600, blank=True)
    phone = models.CharField(max_length=255, blank=True)
    company = models.CharField(max_length=600, blank=True)
    status = models.CharField(max_length=255, blank=True)
    subtype = models.CharField(_("kind"), max_length=255, blank=True)
    tags = models.JSONField(default=list)
    search_text = models.TextField(blank=True, help_text="Name, e-mail, phone, company, tags and id, in lower case.")

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ("display_name", "id")
        indexes: ClassVar = [
            *list_indexes("contact", "email", "phone", "company", "status", "subtype", own=("display_name",)),
            models.Index(Lower("email"), name="contact_by_lower_email"),
            models.Index(fields=["id", "payload_hash", "vanished_at"], name="contact_state"),
        ]
        permissions: ClassVar = [
            ("create_contact", "Can create a contact at L4YERCAK3"),
            ("update_contact", "Can change a contact at L4YERCAK3"),
            ("fetch_contact", "Can fetch a contact from L4YERCAK3 by id"),
            ("refresh_contact", "Can refresh a contact from L4YERCAK3"),
            ("view_payload_contact", "Can see the raw payload of contacts"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.email or gettext("(no name)")

    @classmethod
    def values_from(cls, record: ContactRecord) -> dict[str, Any]:
        own, tags = record.properties, record.properties.tags or []
        names = (record.display_name, own.first_name, own.last_name, own.company)
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "display_name": record.display_name,
            "email": own.email or "",
            "phone": own.phone or "",
            "company": own.company or "",
            "status": record.status or "",
            "subtype": record.subtype or "",
            "tags": tags,
            "search_text": _searched(*names, own.email, own.phone, record.id, *tags),
        }


class Organization(MirrorModel):
    """A customer company in the CRM."""

    name = models.CharField(max_length=600, blank=True)
    website = models.CharField(max_length=2000, blank=True)
    industry = models.CharField(max_length=255, blank=True, db_index=True)
    tax_id = models.CharField(_("tax id"), max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True, db_index=True)
    subtype = models.CharField(_("kind"), max_length=255, blank=True)
    contact_count = models.BigIntegerField(_("contacts"), null=True, blank=True)
    search_text = models.TextField(blank=True, help_text="Name, website, industry, tax id and id, in lower case.")

    class Meta:
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")
        ordering = ("name", "id")
        indexes: ClassVar = [
            models.Index(fields=["name", "id"], name="organization_by_name"),
            models.Index(fields=["id", "payload_hash", "vanished_at"], name="organization_state"),
        ]
        permissions: ClassVar = [
            ("create_organization", "Can create an organization at L4YERCAK3"),
            ("fetch_organization", "Can fetch an organization from L4YERCAK3 by id"),
            ("refresh_organization", "Can refresh an organization from L4YERCAK3"),
            ("view_payload_organization", "Can see the raw payload of organizations"),
        ]

    def __str__(self) -> str:
        return self.name or gettext("(no name)")

    @classmethod
    def values_from(cls, record: OrganizationRecord) -> dict[str, Any]:
        own = record.properties
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "name": record.display_name,
            "website": own.website or "",
            "industry": own.industry or "",
            "tax_id": own.tax_id or "",
            "status": record.status or "",
            "subtype": record.subtype or "",
            "contact_count": whole(record.contactCount),
            "search_text": _searched(record.display_name, own.website, own.industry, own.tax_id, record.id),
        }


class Invoice(MirrorModel):
    """A bill to a company or a person. Whether it is paid or overdue is told by ``customers.invoicing``."""

    invoice_number = models.CharField(_("number"), max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True, help_text="L4YERCAK3's word.")
    client_remote_id = models.CharField(max_length=255, blank=True, db_index=True)
    client_name = models.CharField(_("client"), max_length=600, blank=True)
    organization = models.ForeignKey(
        Organization, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices"
    )
    contact = models.ForeignKey(Contact, null=True, blank=True, on_delete=models.PROTECT, related_name="invoices")
    currency = models.CharField(max_length=255, blank=True)
    subtotal = models.BigIntegerField(null=True, blank=True)
    tax = models.BigIntegerField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    paid_amount = models.BigIntegerField(_("paid"), null=True, blank=True)
    due_date = models.DateField(_("due"), null=True, blank=True)
    paid_at = models.DateTimeField(null=True, blank=True)
    line_items = models.JSONField(default=list, help_text="text, quantity, unit_price and total of each line.")
    search_text = models.TextField(blank=True, help_text="Number, client and ids, in lower case.")

    references = ("organization", "contact")

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            *list_indexes("invoice", "invoice_number", "client_name", "status", "due_date", "total", "currency"),
            models.Index(fields=["status", "due_date"], name="invoice_due"),
        ]
        permissions: ClassVar = [
            ("refresh_invoice", "Can refresh an invoice from L4YERCAK3"),
            ("view_payload_invoice", "Can see the raw payload of invoices"),
        ]

    def __str__(self) -> str:
        return self.invoice_number or self.remote_id

    @classmethod
    def reference_column(cls, reference: str) -> str:
        return "client_remote_id"  # one id, which may be that of a company or of a contact

    @classmethod
    def values_from(cls, record: InvoiceRecord) -> dict[str, Any]:
        own = record.properties
        number = own.invoice_number or record.displayName or ""
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "invoice_number": number,
            "status": record.status or "",
            "client_remote_id": own.client_id or "",
            "client_name": own.client_name or "",
            "currency": own.currency or "",
            "subtotal": whole(own.subtotal),
            "tax": whole(own.tax),
            "total": whole(own.total),
            "paid_amount": whole(own.paid_amount),
            "due_date": own.due_date,
            "paid_at": moment(own.paid_at),
            "line_items": _lines(own.line_items),
            "search_text": _searched(number, own.client_name, own.client_id, record.id),
        }


class Transaction(MirrorModel):
    """A purchase, with what was bought."""

    display_name = models.CharField(_("name"), max_length=600, blank=True)
    subtype = models.CharField(_("kind"), max_length=255, blank=True)
    status = models.CharField(max_length=255, blank=True)
    currency = models.CharField(max_length=255, blank=True)
    subtotal = models.BigIntegerField(null=True, blank=True)
    tax = models.BigIntegerField(null=True, blank=True)
    total = models.BigIntegerField(null=True, blank=True)
    customer_email = models.CharField(_("customer's e-mail"), max_length=600, blank=True)
    customer_name = models.CharField(_("customer"), max_length=600, blank=True)
    payment_method = models.CharField(max_length=255, blank=True)
    invoice_remote_id = models.CharField(max_length=255, blank=True, db_index=True)
    invoice = models.ForeignKey(Invoice, null=True, blank=True, on_delete=models.PROTECT, related_name="transactions")
    line_items = models.JSONField(default=list, help_text="text, quantity, unit_price and total of each line.")
    search_text = models.TextField(blank=True, help_text="Name, customer, e-mail and ids, in lower case.")

    references = ("invoice",)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ("-remote_created_at", "-id")
        indexes: ClassVar = [
            *list_indexes(
                "transaction", "display_name", "customer_email", "status", "payment_method", "total", "currency"
            ),
            models.Index(Lower("customer_email"), name="transaction_by_email"),
        ]
        permissions: ClassVar = [
            ("refresh_transaction", "Can refresh a transaction from L4YERCAK3"),
            ("view_payload_transaction", "Can see the raw payload of transactions"),
        ]

    def __str__(self) -> str:
        return self.display_name or self.remote_id

    @classmethod
    def values_from(cls, record: TransactionRecord) -> dict[str, Any]:
        own, name = record.properties, record.displayName or ""
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "display_name": name,
            "subtype": record.subtype or "",
            "status": record.status or "",
            "currency": own.currency or "",
            "subtotal": whole(own.subtotal),
            "tax": whole(own.tax),
            "total": whole(own.total),
            "customer_email": own.customer_email or "",
            "customer_name": own.customer_name or "",
            "payment_method": own.payment_method or "",
            "invoice_remote_id": own.invoice_id or "",
            "line_items": _lines(own.line_items),
            "search_text": _searched(name, own.customer_name, own.customer_email, own.invoice_id, record.id),
        }


def _searched(*texts: str | None) -> str:
    return "\n".join(filter(None, texts)).lower()


def _lines(items: list[LineItem] | None) -> list[dict[str, Any]]:
    return [item.as_column() for item in items or []]
