"""Afosto's webhooks: how they are signed and worded, and what each makes us read again. To be replaced here alone.

Source: ``webhooks:`` of the contract, which only assumes that the guide of Afosto's newer platform holds here: names of
events and entities, the header, the body. A delivery is a hint: its objects are read again, so disorder and repeats do
no harm. No time is signed, so an old delivery is as good as a new one.
"""

import hmac
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar
from weakref import WeakKeyDictionary

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.client import Patience
from backoffice.errors import RemoteNotFound
from backoffice.sync import single
from backoffice.sync.changes import Cause
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text
from backoffice.webhooks.bodies import Members
from backoffice.webhooks.inboxes import Ignored, Inbox, SignatureRefused, Subject, Unprocessable, register
from fulfilment.afosto import AfostoAPI
from fulfilment.models import Parcel, Shipment
from fulfilment.pieces import contents_of
from fulfilment.services.rereads import fetch
from fulfilment.sync import Parcels, Shipments

SIGNATURE = "X-Afosto-Hmac-Sha256"
PARCEL, SHIPMENT, ORDER = "parcel", "shipment", "order"
MAX_ID_CHARS = 255
IDS_A_SEARCH = 100

# What an event is about where its ``entity_type`` does not say so in a word that we know.
_EVENTS: Mapping[str, str] = {
    "ORDER_OPENED": ORDER,
    "ORDER_UPDATED": ORDER,
    "ORDER_CLOSED": ORDER,
    "IN_TRANSIT": PARCEL,
    "DELIVERED": PARCEL,
}
_ENTITIES: Mapping[str, str] = {"delivery": PARCEL, "parcel": PARCEL, "shipment": SHIPMENT, "order": ORDER}
_RESOURCES: Mapping[str, str] = {PARCEL: Parcels.name, SHIPMENT: Shipments.name, ORDER: ""}  # orders are not mirrored
_NAMELESS: Mapping[str, Text] = {
    PARCEL: _("It names no parcel, so nobody can tell what to read; the next sync finds the change."),
    SHIPMENT: _("It names no shipment, so nobody can tell what to read; the next sync finds the change."),
    ORDER: _("It names no order, so nobody can tell what to read; the next sync finds the change."),
}
_TOLD_OF_PARCELS = ("is_in_transit", "is_delivered")


@register
class AfostoInbox(Inbox):
    """Afosto's deliveries."""

    upstream = "afosto"
    headers = (SIGNATURE,)
    secret_members = frozenset({"secret", "transaction_secret"})
    events = tuple(_EVENTS)
    silent = ~Q(resource=Shipments.name) & ~Q(resource=Parcels.name, member__in=_TOLD_OF_PARCELS)
    resources: ClassVar = (
        ("ORDER_", Shipments.name), ("IN_TRANSIT", Parcels.name), ("DELIVERED", Parcels.name),
    )  # fmt: skip

    subject_resource = Shipments.name
    untold = _("what changes in lists, locations, methods and recipients, nor of a parcel before it leaves")

    def __init__(self) -> None:
        self._looked_for_new: WeakKeyDictionary[AfostoAPI, datetime] = WeakKeyDictionary()

    def is_open(self) -> bool:
        return bool(secrets())

    def to_do(self) -> Text:
        return "" if secrets() else _("set AFOSTO_WEBHOOK_SECRET to what `manage.py webhooks subscribe afosto` prints")

    def verify(self, headers: Mapping[str, str], body: bytes) -> None:
        given = headers[SIGNATURE].strip().lower()
        if not re.fullmatch(r"[0-9a-f]{64}", given):
            raise SignatureRefused
        if not any([hmac.compare_digest(given, _signature(body, secret)) for secret in secrets()]):  # all, always
            raise SignatureRefused

    def identify(self, headers: Mapping[str, str], members: Members) -> tuple[str, str]:
        return _text(members.get("message_id")), _text(members.get("event"))

    def subject(self, event: str, members: Members) -> Subject:
        if event not in _EVENTS:
            raise Ignored(_("Afosto's contract, as this version knows it, has no such event."))
        kind = _ENTITIES.get(_text(members.get("entity_type")).lower(), _EVENTS[event])
        data = members.get("data")
        id = _id(members.get("entity_id")) or _id(data.get("id") if isinstance(data, dict) else None)
        if not id:
            raise Unprocessable(_NAMELESS[kind])
        return Subject(id, frozenset({kind}), _RESOURCES[kind])

    def client(self, patience: Patience) -> AfostoAPI:
        return AfostoAPI.from_settings(patience)

    def read(self, api: Any, subject: Subject, cause: Cause) -> None:
        if PARCEL in subject.parts:
            _read_parcel(api, subject.id, cause)
        if SHIPMENT in subject.parts:
            _read_shipment(api, subject.id, cause)
        if ORDER in subject.parts:
            self._read_order(api, subject.id, cause)

    def _read_order(self, api: AfostoAPI, order_id: str, cause: Cause) -> None:
        """Its shipments as they are known here; where none is, those that are new at Afosto are looked for first."""
        its = Shipment.objects.filter(order_id=order_id, vanished_at=None).order_by("pk")
        if not its.exists():
            self._look_for_new(api, cause)
        for remote_id in list(its.values_list("remote_id", flat=True)):
            with suppress(RemoteNotFound):  # the next sweep settles what becomes of it; the others are there
                _read_shipment(api, remote_id, cause)

    def _look_for_new(self, api: AfostoAPI, cause: Cause) -> None:
        """Mirror open shipments that are not here yet, unless this client did that since the delivery came."""
        looked_at = self._looked_for_new.get(api)
        if looked_at and cause.delivery and cause.delivery.received_at <= looked_at:
            return
        self._looked_for_new[api] = timezone.now()
        for stream in RESOURCES[Shipments.name].hot_streams(api):
            for batch in stream:
                single.take(Shipments.name, batch, cause)


def secrets() -> list[str]:
    """The signing secrets that are set here: two while one takes over from the other."""
    return [secret.strip() for secret in settings.AFOSTO_WEBHOOK_SECRET.split(",") if secret.strip()]


def _signature(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, sha256).hexdigest()


def _read_parcel(api: AfostoAPI, remote_id: str, cause: Cause) -> None:
    """A parcel and the shipment that it is of. A delivery may be either's id: the contract does not say."""
    try:
        parcel = fetch(api, Parcel, remote_id, cause)
    except RemoteNotFound as error:
        with suppress(RemoteNotFound):
            return _read_shipment(api, remote_id, cause)
        raise error
    if parcel.shipment_remote_id:
        with suppress(RemoteNotFound):
            fetch(api, Shipment, parcel.shipment_remote_id, cause)


def _read_shipment(api: AfostoAPI, remote_id: str, cause: Cause) -> None:
    """A shipment and its parcels."""
    shipment = fetch(api, Shipment, remote_id, cause)
    _read_parcels(api, [parcel.id for parcel in contents_of(shipment).parcels], cause)


def _read_parcels(api: AfostoAPI, ids: list[str], cause: Cause) -> None:
    resource = RESOURCES[Parcels.name]
    assert isinstance(resource, Parcels)  # noqa: S101  our own registry
    for start in range(0, len(ids), IDS_A_SEARCH):
        found = partial(api.search_parcels, {"ids": ids[start : start + IDS_A_SEARCH]})
        _take_all(resource.pages(found), cause)


def _take_all(batches: Iterable[Any], cause: Cause) -> None:
    for batch in batches:
        single.take(Parcels.name, batch, cause)


def _text(value: Any) -> str:
    """A word or a number as text; "" for anything else."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _id(value: Any) -> str:
    text = _text(value)
    return text if text.isascii() and text.isprintable() and len(text) <= MAX_ID_CHARS else ""
