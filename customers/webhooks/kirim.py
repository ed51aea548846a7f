"""Kirim's webhooks: how they are signed and worded, and what each makes us read again. To be replaced here alone.

Source: ``webhooks:`` of the contract, which assumes all of it (Standard Webhooks: base64 HMAC-SHA256 over
``id.timestamp.rawbody``). A delivery is a hint: its object is read again, so disorder and repeats do no harm.
"""

import re
from binascii import Error as NotBase64
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from standardwebhooks import Webhook, WebhookVerificationError
from standardwebhooks.webhooks import EmptyWebhookSecretError

from backoffice.client import Patience
from backoffice.sync.changes import Cause
from backoffice.texts import Text
from backoffice.webhooks.bodies import Members
from backoffice.webhooks.inboxes import Ignored, Inbox, SignatureRefused, Subject, Unprocessable, register
from customers.kirim import KirimAPI, NewSubscription, SetupLinkRecord
from customers.models import Customer, SetupLink
from customers.services import AccountService, CustomerService, SetupLinkService

CUSTOMER, LINKS, ACCOUNTS = "customer", "setup links", "accounts"
MAX_ID_CHARS = 255

_READS: Mapping[str, frozenset[str]] = {
    "customer.created": frozenset({CUSTOMER}),
    "customer.updated": frozenset({CUSTOMER}),
    "customer.archived": frozenset({CUSTOMER}),
    "customer.onboarded": frozenset({CUSTOMER, LINKS, ACCOUNTS}),
    "customer.setup_link.created": frozenset({LINKS}),
    "customer.setup_link.consumed": frozenset({CUSTOMER, LINKS}),
}
_ABOUT_LINKS = "customer.setup_link."
_NOT_KEPT = ("conversation.", "contact.")
_SIGNATURE = re.compile(r"v1,[A-Za-z0-9+/]{43}=")  # 32 bytes; whatever else stands in the header is no match


@register
class KirimInbox(Inbox):
    """Kirim's deliveries."""

    upstream = "kirim"
    headers = ("webhook-id", "webhook-timestamp", "webhook-signature")
    secret_members = SetupLinkRecord.secrets | NewSubscription.secrets
    events = (*_READS, "conversation.assigned", "conversation.closed", "contact.created", "contact.updated")
    # Nothing is told of an account once it is connected, nor of a link that is revoked or runs out.
    silent = Q(resource="kirim.accounts") | Q(resource="kirim.setup_links", after__in=['"revoked"', '"expired"'])
    resources: ClassVar = ((_ABOUT_LINKS, "kirim.setup_links"), ("customer.", "kirim.customers"))

    subject_resource = "kirim.customers"
    untold = _("that a setup link was revoked or has expired, or that a connected account changed")

    def is_open(self) -> bool:
        return bool(_verifiers(settings.KIRIM_WEBHOOK_SECRET)[0])

    def to_do(self) -> Text:
        return _verifiers(settings.KIRIM_WEBHOOK_SECRET)[1]

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        signatures = " ".join(part for part in headers["webhook-signature"].split() if _SIGNATURE.fullmatch(part))
        given = {**headers, "webhook-signature": signatures}
        for verifier in _verifiers(settings.KIRIM_WEBHOOK_SECRET)[0]:
            try:
                verifier.verify(body, given, json_parse=False)
                return
            except (WebhookVerificationError, ValueError):  # ValueError: the body is not even text
                continue
        raise SignatureRefused

    def identify(self, headers: Mapping[str, str], members: Members) -> tuple[str, str]:
        event = members.get("type")
        return headers["webhook-id"], event if isinstance(event, str) else ""

    def subject(self, event: str, members: Members) -> Subject:
        parts = _READS.get(event)
        if parts is None and event.startswith(_NOT_KEPT):
            raise Ignored(_("Conversations and contacts are not kept here."))
        if parts is None:
            raise Ignored(_("Kirim's contract, as this version knows it, has no such event."))
        data = members.get("data")
        data = data if isinstance(data, dict) else {}
        return Subject(_customer_of_link(data) if event.startswith(_ABOUT_LINKS) else _customer_in(data), parts)

    def client(self, patience: Patience) -> KirimAPI:
        return KirimAPI.from_settings(patience)

    def read(self, api: Any, subject: Subject, cause: Cause) -> None:
        customer = Customer.objects.filter(remote_id=subject.id).first()
        if customer is None or CUSTOMER in subject.parts:
            customer = CustomerService(api).fetch(subject.id, cause)
        if LINKS in subject.parts:
            SetupLinkService(api).refresh_of(subject.id, cause)
        if ACCOUNTS in subject.parts:
            AccountService(api).refresh(customer, cause)


def _customer_in(data: Mapping[str, Any]) -> str:
    """The id of the customer that an event is about. Raises Unprocessable."""
    for member in ("id", "customer_id"):
        if customer_id := _id_in(data, member, "cus_"):
            return customer_id
    raise Unprocessable(_("It names no customer, so nobody can tell what to read; the next sync brings what changed."))


def _customer_of_link(data: Mapping[str, Any]) -> str:
    """The id of the customer whose link an event is about, as told, else as we know the link. Raises Unprocessable."""
    if customer_id := _id_in(data, "customer_id", "cus_"):
        return customer_id
    link_id = _id_in(data, "id", "csl_")
    owner = SetupLink.objects.filter(remote_id=link_id).values_list("customer_remote_id", flat=True).first()
    if owner:
        return owner
    if not link_id:
        raise Unprocessable(_("It names neither a setup link nor its customer; the next sync brings what changed."))
    told = _("Nobody here knows whose setup link {link} is; the next sync of setup links brings it.")
    raise Unprocessable(format_lazy(told, link=link_id))


def _id_in(data: Mapping[str, Any], member: str, start: str) -> str:
    value = data.get(member)
    if not (isinstance(value, str) and value.startswith(start)):
        return ""
    return value if value.isascii() and value.isprintable() and len(value) <= MAX_ID_CHARS else ""


@lru_cache(maxsize=4)
def _verifiers(secrets: str) -> tuple[tuple[Webhook, ...], Text]:
    """One for each of the comma-separated secrets that can be used; what is to be done about the others, or for one."""
    given = [secret.strip() for secret in secrets.split(",") if secret.strip()]
    usable = []
    for secret in given:
        try:
            usable.append(Webhook(secret))
        except (NotBase64, ValueError, EmptyWebhookSecretError):
            continue
    if not given:
        return (), _("set KIRIM_WEBHOOK_SECRET to what `manage.py webhooks subscribe kirim` prints")
    bad = _("correct KIRIM_WEBHOOK_SECRET: each secret is whsec_ and base64")
    return tuple(usable), "" if len(usable) == len(given) else bad
