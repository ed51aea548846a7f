"""L4YERCAK3's webhooks: how they are signed and worded, and what each makes us read again. To be replaced here alone.

Source: ``webhooks:`` of the contract; the header is known from published code only. A delivery is a hint: its object is
read again, so disorder and repeats do no harm. Nothing tells of deliveries that failed, so sweeps catch those.
"""

import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.client import Patience
from backoffice.sync import single
from backoffice.sync.changes import Cause
from backoffice.texts import Text
from backoffice.webhooks.bodies import Members
from backoffice.webhooks.inboxes import Ignored, Inbox, SignatureRefused, Subject, Unprocessable, register
from customers.layercake import LayercakeAPI

SIGNATURE = "X-L4yercak3-Signature"
TOLERANCE = timedelta(seconds=300)
MAX_ID_CHARS = 255
_CONTACTS, _ORGANIZATIONS = "layercake.contacts", "layercake.organizations"
_INVOICES, _TRANSACTIONS = "layercake.invoices", "layercake.transactions"

_READS: Mapping[str, str] = {
    "contact.created": _CONTACTS,
    "contact.updated": _CONTACTS,
    "contact.deleted": _CONTACTS,
    "transaction.completed": _TRANSACTIONS,
    "transaction.refunded": _TRANSACTIONS,
    "invoice.created": _INVOICES,
    "invoice.sent": _INVOICES,
    "invoice.paid": _INVOICES,
}
# Not in the reference, but seen in published code: taken where they come, not asked for.
_ALSO_SEEN: Mapping[str, str] = {
    "invoice.overdue": _INVOICES,
    "organization.created": _ORGANIZATIONS,
    "organization.updated": _ORGANIZATIONS,
}
_NOT_KEPT = ("event.", "ticket.", "form.", "project.", "attendee.", "order.", "certificate.", "webhook.")


@register
class LayercakeInbox(Inbox):
    """L4YERCAK3's deliveries."""

    upstream = "layercake"
    headers = (SIGNATURE,)
    secret_members = frozenset({"secret"})
    events = tuple(_READS)
    silent = ~Q(resource=_CONTACTS)  # of the others only some changes have an event
    resources: ClassVar = (
        ("transaction.", _TRANSACTIONS), ("invoice.", _INVOICES), ("organization.", _ORGANIZATIONS),
        ("contact.", _CONTACTS),
    )  # fmt: skip

    subject_resource = _CONTACTS
    untold = _("what changes in organizations, nor what of invoices and transactions has no event of its own")

    def is_open(self) -> bool:
        return bool(secrets())

    def to_do(self) -> Text:
        needed = _("set LAYERCAKE_WEBHOOK_SECRET to what `manage.py webhooks subscribe layercake` prints")
        return "" if secrets() else needed

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        moment, given = _parts_of(headers[SIGNATURE])
        sent_at = datetime.fromtimestamp(int(moment), UTC)
        if abs(timezone.now() - sent_at) > TOLERANCE:
            raise SignatureRefused
        wanted = [_signature(moment, body, secret) for secret in secrets()]
        if not any([hmac.compare_digest(one, other) for one in given for other in wanted]):  # all, always
            raise SignatureRefused

    def identify(self, headers: Mapping[str, str], members: Members) -> tuple[str, str]:
        return _text(members.get("id")), _text(members.get("type"))

    def subject(self, event: str, members: Members) -> Subject:
        resource = _READS.get(event) or _ALSO_SEEN.get(event)
        if resource is None and event.startswith(_NOT_KEPT):
            raise Ignored(_("Events, tickets, forms, projects and the like are not kept here."))
        if resource is None:
            raise Ignored(_("L4YERCAK3's contract, as this version knows it, has no such event."))
        if _text(members.get("organizationId")) not in {"", settings.LAYERCAKE_ORGANIZATION_ID}:
            raise Ignored(_("It is about another tenant than the one that is configured here."))
        data = members.get("data")
        id = _id(data.get("id") or data.get("_id")) if isinstance(data, dict) else ""
        if not id:
            raise Unprocessable(
                _("It names no object, so nobody can tell what to read; the next sync finds the change.")
            )
        return Subject(id, frozenset({resource}), resource)

    def client(self, patience: Patience) -> LayercakeAPI:
        return LayercakeAPI.from_settings(patience)

    def read(self, api: Any, subject: Subject, cause: Cause) -> None:
        single.fetch(subject.resource, api, subject.id, cause)


def secrets() -> list[str]:
    """The signing secrets that are set here: two while one takes over from the other, the first is the new one."""
    return [secret.strip() for secret in settings.LAYERCAKE_WEBHOOK_SECRET.split(",") if secret.strip()]


def _signature(moment: str, body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), moment.encode() + b"." + body, sha256).hexdigest()


def _parts_of(header: str) -> tuple[str, list[str]]:
    """The time and the signatures of ``t=<unix s>,v1=<hex>``. Raises SignatureRefused."""
    pairs = [part.strip().partition("=") for part in header.split(",")]
    moments = [value for name, _, value in pairs if name == "t"]
    given = [value.lower() for name, _, value in pairs if name == "v1" and re.fullmatch("[0-9a-fA-F]{64}", value)]
    if len(moments) != 1 or not re.fullmatch("[0-9]{1,11}", moments[0]) or not given:
        raise SignatureRefused
    return moments[0], given


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _id(value: Any) -> str:
    text = _text(value)
    return text if text.isascii() and text.isprintable() and len(text) <= MAX_ID_CHARS else ""
