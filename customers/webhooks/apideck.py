"""Apideck's webhooks: how they are signed and worded. To be replaced here alone.

There are no events about customers, only about the connection to the service behind Apideck. The signature's form is
an assumption: HMAC-SHA256, keyed with the API key, over the body as compact JSON with the keys of all objects sorted,
as hex digits. Subscribing is done by hand in Apideck's dashboard: the contract has no call for it.
"""

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any, ClassVar

import msgspec
from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import upstreams
from backoffice.client import Patience
from backoffice.records import Aware
from backoffice.sync.changes import Cause
from backoffice.texts import Text
from backoffice.webhooks.bodies import Members
from backoffice.webhooks.inboxes import Ignored, Inbox, SignatureRefused, Subject, register
from customers.apideck import ApideckAPI
from customers.services import connection

SIGNATURE, IDEMPOTENCY, TYPE = "x-apideck-signature", "x-apideck-idempotency-key", "x-apideck-event-type"
CONNECTION = "connection"


class _Entity(msgspec.Struct):
    consumer_id: str = ""
    service_id: str = ""
    unified_api: str = ""
    state: str = ""


class _Event(msgspec.Struct):
    event_id: str = ""
    event_type: str = ""
    service_id: str = ""
    entity: _Entity | None = None
    occurred_at: Aware | None = None


@register
class ApideckInbox(Inbox):
    """Apideck's deliveries."""

    upstream = "apideck"
    headers = (SIGNATURE, IDEMPOTENCY, TYPE)
    secret_members: ClassVar = frozenset({"settings", "form_fields", "configuration", "credentials"})
    events = (*connection.BROKEN, *connection.SOUND)
    silent = Q(resource="apideck.customers")  # only sweeps tell of customers
    subject_resource = "apideck.customers"
    is_quiet = True
    by_hand = _("register this address for vault.connection events in Apideck's dashboard:")
    untold = _("that a support customer changed; its events are about the connection")

    def trouble(self) -> Text:
        return connection.trouble()

    def is_open(self) -> bool:
        return bool(_keys())

    def to_do(self) -> Text:
        return "" if _keys() else _("set APIDECK_API_KEY: deliveries are signed with it")

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        given = headers[SIGNATURE].strip().lower()
        try:
            text = signed_text(body)
        except (ValueError, RecursionError):
            raise SignatureRefused from None
        expected = [hmac.new(key.encode(), text, sha256).hexdigest() for key in _keys()]
        if not given.isascii() or not any([hmac.compare_digest(given, one) for one in expected]):
            raise SignatureRefused

    def identify(self, headers: Mapping[str, str], members: Members) -> tuple[str, str]:
        event = _event_in(members)
        return event.event_id or headers[IDEMPOTENCY], event.event_type or headers[TYPE]

    def subject(self, event: str, members: Members) -> Subject:
        read = _event_in(members)
        entity = read.entity or _Entity()
        if event not in self.events:
            raise Ignored(_("Apideck's contract, as this version knows it, has no such event."))
        if entity.unified_api not in {"", "customer-support"}:
            told = _("It is about a connection of {api}, which is not used here.")
            raise Ignored(format_lazy(told, api=entity.unified_api[:60]))
        # The service on the event itself may be a generic one: that of the connection counts.
        ours = (settings.APIDECK_CONSUMER_ID, settings.APIDECK_SERVICE_ID)
        if (entity.consumer_id or ours[0], entity.service_id or ours[1]) != ours:
            raise Ignored(_("It is about the connection of another consumer or service."))
        moment = read.occurred_at or timezone.now()
        return Subject(upstreams.identity("apideck")[:255], frozenset({f"{moment.isoformat()} {event} {entity.state}"}))

    def client(self, patience: Patience) -> ApideckAPI:
        return ApideckAPI.from_settings(patience)

    def read(self, api: Any, subject: Subject, cause: Cause) -> None:
        """Keep what was told: unlike other objects a connection cannot be read, so the event itself is the word."""
        for part in sorted(subject.parts):
            moment, event, state = part.split(" ", 2)
            connection.keep(event, state, datetime.fromisoformat(moment))


def signed_text(body: bytes) -> bytes:
    """The text that is signed: compact JSON, the keys of all objects sorted, arrays as they are.

    Raises ValueError for what is no JSON, RecursionError for what is nested too deep.
    """
    members = json.loads(body)
    return json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _keys() -> list[str]:
    return [key for key in str(settings.APIDECK_API_KEY).split(",") if key]


def _event_in(members: Members) -> _Event:
    try:
        return msgspec.convert(members.get("payload"), _Event)
    except (msgspec.ValidationError, RecursionError):
        return _Event()
