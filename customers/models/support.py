"""Apideck's support customers as mirrored here, and what the connected service was found not to support."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backoffice.mirror import MirrorModel, list_indexes
from customers.apideck import ERASURE, SupportCustomerRecord

ERASED = "(erased)"
"""What stands in the place of what was erased; kept, and compared with, so it is the same in every language."""
ERASED_MEMBERS = frozenset({"id", "status"})
"""What stays of the payload of a customer whose local copy was erased."""


class SupportCustomer(MirrorModel):
    """A customer of the connected support tool. What its record masks is in the payload only, never in a column."""

    name = models.CharField(max_length=600, blank=True, help_text="Of the person, else of the company.")
    company_name = models.CharField(max_length=600, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    first_name = models.CharField(max_length=600, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    last_name = models.CharField(max_length=600, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    individual = models.BooleanField(null=True, blank=True)
    status = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    currency = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001  null is the remote's word
    email = models.CharField(max_length=600, null=True, blank=True, help_text="The primary one, else the first.")  # noqa: DJ001
    phone = models.CharField(max_length=600, null=True, blank=True, help_text="The primary one, else the first.")  # noqa: DJ001
    search_text = models.TextField(
        blank=True, help_text="Names, e-mails, phones (also as bare digits) and id, in lower case."
    )
    erased_at = models.DateTimeField(null=True, blank=True, help_text="When the local copy was last erased.")
    erased_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+",
        help_text="Empty: the operator of the machine.",
    )  # fmt: skip
    erase_reason = models.TextField(blank=True, db_default="")

    class Meta:
        ordering = ("name", "id")
        verbose_name = _("support customer")
        verbose_name_plural = _("support customers")
        indexes: ClassVar = [
            *list_indexes(
                "support", "company_name", "email", "phone", "status", "currency", "individual", own=("name",)
            ),
            models.Index(fields=["remote_id"], name="support_erased", condition=models.Q(erased_at__isnull=False)),
        ]
        permissions: ClassVar = [
            ("create_supportcustomer", "Can create a support customer at Apideck"),
            ("update_supportcustomer", "Can change a support customer at Apideck"),
            ("fetch_supportcustomer", "Can fetch a support customer from Apideck by id"),
            ("refresh_supportcustomer", "Can refresh a support customer from Apideck"),
            ("erase_supportcustomer", "Can erase the local copy of a support customer"),
            ("view_masked_supportcustomer", "Can see tax number and bank account of support customers"),
            ("view_payload_supportcustomer", "Can see the raw payload of support customers"),
        ]

    def __str__(self) -> str:
        return self.name or self.email or (gettext("(erased)") if self.erased_at else gettext("(no name)"))

    @property
    def is_erased(self) -> bool:
        """Whether no personal data of it is here: its copy was erased, and the remote still asks for that."""
        return self.erased_at is not None and self.payload.keys() <= ERASED_MEMBERS

    @property
    def wants_erasure(self) -> bool:
        """Whether the remote asks for its erasure and the copy here was not erased yet."""
        return self.status == ERASURE and not self.is_erased

    @classmethod
    def values_from(cls, record: SupportCustomerRecord) -> dict[str, Any]:
        person = " ".join(filter(None, (record.first_name, record.last_name)))
        emails = [(one.type, one.email) for one in record.emails or ()]
        numbers = record.phone_numbers or ()
        phones = [(one.type, _number(one.country_code, one.area_code, one.number)) for one in numbers]
        texts = [person, record.company_name or "", record.id]
        texts += [email for _, email in emails]
        texts += [text for _, phone in phones for text in (phone, _digits(phone))]
        return {
            "remote_created_at": record.created_at,
            "remote_updated_at": record.updated_at,
            "name": (person or record.company_name or "")[:600],
            "company_name": record.company_name,
            "first_name": record.first_name,
            "last_name": record.last_name,
            "individual": record.individual,
            "status": record.status,
            "currency": record.currency,
            "email": _first(emails),
            "phone": _first(phones),
            "search_text": "\n".join(dict.fromkeys(filter(None, texts))).lower(),
        }


def erased_here() -> models.Q:
    """Customers of whom no personal data is here: their copy was erased, and has not come back since."""
    return models.Q(erased_at__isnull=False, search_text=Lower("remote_id"))


def _first(items: list[tuple[str | None, str]]) -> str | None:
    """The primary one, else the first; None of none."""
    values = [value for type, value in items if type == "primary"] or [value for _, value in items]
    return values[0][:600] if values else None


def _number(country_code: str | None, area_code: str | None, number: str) -> str:
    """A phone number as people read it: "+32 2 555 01 00"."""
    country = f"+{country_code.removeprefix('+')}" if country_code else ""
    return " ".join(filter(None, (country, area_code, number)))


def _digits(text: str) -> str:
    return "".join(filter(str.isdigit, text))


def phone_text(phone: Mapping[str, Any]) -> str:
    """A phone number of a payload as people read it, in the notation that ``phonenumbers`` takes."""
    number = _number(phone.get("country_code"), phone.get("area_code"), str(phone.get("number") or ""))
    extension = phone.get("extension")
    return f"{number} ext. {extension}" if extension else number


class UnsupportedOperation(models.Model):
    """Something that the connected service said it cannot do; offered again after a while, as it may learn to."""

    OFFERED_AGAIN_AFTER: ClassVar = timedelta(days=7)

    identity = models.CharField(max_length=500, help_text="Of the upstream: the service is a part of it.")
    operation = models.CharField(max_length=32, help_text="As Apideck names it: one, add, update, delete.")
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["identity", "operation"], name="unsupported_operation")
        ]
        default_permissions = ()

    def __str__(self) -> str:
        return self.operation

    @classmethod
    def still_told(cls, identity: str) -> "Iterator[UnsupportedOperation]":
        """Those that are not offered now."""
        since = timezone.now() - cls.OFFERED_AGAIN_AFTER
        return cls.objects.filter(identity=identity, told_at__gt=since).iterator()


class ConnectionState(models.Model):
    """What Apideck's webhooks last told of the connection to a service. There is no call that reads it."""

    identity = models.CharField(max_length=500, unique=True, help_text="Of the upstream: the service is a part of it.")
    event = models.CharField(max_length=255, help_text="The last one, as Apideck names it.")
    state = models.CharField(max_length=255, blank=True, help_text="As the event told it: callable, invalid, ...")
    occurred_at = models.DateTimeField(help_text="When it happened, as Apideck says.")
    told_at = models.DateTimeField(default=timezone.now)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return self.event
