"""Kirim's resources: what the sync engine has to know about customers, accounts and setup links."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import count
from typing import Any, ClassVar

import msgspec
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.client import Page, Patience
from backoffice.errors import RemoteError, RemoteNotFound
from backoffice.sync import rejected
from backoffice.sync.ahead import in_order
from backoffice.sync.resource import Batch, CursorResource, Resource, register
from backoffice.sync.store import Incoming, Store
from customers.kirim import ARCHIVED, AccountRecord, CustomerDetailRecord, CustomerRecord, KirimAPI, SetupLinkRecord
from customers.models import Customer, SetupLink, WhatsAppAccount

ONBOARDING = "onboarding"


@register
class Customers(CursorResource):
    """All customers. There is no delta read; archived ones may be left out of the plain list, so both are read."""

    name = "kirim.customers"
    upstream = "kirim"
    label = _("Customers")
    model = Customer
    record = CustomerRecord
    detail = CustomerDetailRecord
    endpoint = "GET /customers/{id}"
    parts: ClassVar = ("listed", ARCHIVED)

    def client(self, patience: Patience) -> KirimAPI:
        return KirimAPI.from_settings(patience)

    def page(self, api: KirimAPI, part: str, cursor: str | None) -> Page:
        return api.list_customers(cursor, status=ARCHIVED if part == ARCHIVED else None)

    def read(self, api: KirimAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_customer(remote_id)

    def list_shape(self, detail: bytes, stored: Mapping[str, Any] | None) -> bytes:
        try:
            members = msgspec.json.decode(detail, type=dict[str, msgspec.Raw])
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return detail
        return msgspec.json.encode({name: value for name, value in members.items() if name != "whatsapp_accounts"})

    def may_vanish(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.exclude(status=ARCHIVED)


@register
class Accounts(CursorResource):
    """All WhatsApp accounts. Those without a number yet have no id: they are rewritten whole per complete sweep."""

    name = "kirim.accounts"
    upstream = "kirim"
    label = _("WhatsApp accounts")
    model = WhatsAppAccount
    record = AccountRecord
    key = "phone_number_id"
    keyless_is_normal = True

    def client(self, patience: Patience) -> KirimAPI:
        return KirimAPI.from_settings(patience)

    def page(self, api: KirimAPI, part: str, cursor: str | None) -> Page:
        return api.list_accounts(cursor)

    def sweepable(self) -> QuerySet[Any]:
        return super().sweepable().exclude(remote_id__startswith=f"{ONBOARDING}:")

    def store_keyless(self, rows: list[tuple[bytes, datetime]], store: Store) -> dict[str, int]:
        stored = WhatsAppAccount.objects.filter(remote_id__startswith=f"{ONBOARDING}:")
        return store.rewrite(stored, list(self._numbered(rows, store)))

    def _numbered(self, rows: list[tuple[bytes, datetime]], store: Store) -> Iterator[Incoming]:
        """Each with an id made of its owner and its place among the owner's, whatever order the pages had."""
        numbers: dict[str, Iterator[int]] = {}
        for body, sent_at in sorted(rows):
            owner = _owner_of(body)
            number = next(numbers.setdefault(owner, count(1)))
            yield Incoming(f"{ONBOARDING}:{owner}:{number}", body, store.digest(body), sent_at, owner)


def _owner_of(account: bytes) -> str:
    try:
        owner = msgspec.json.decode(account, type=_Owner).customer_id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        owner = None
    return owner[:200] if owner else "organization"


class _Owner(msgspec.Struct):
    customer_id: str | None


@register
class SetupLinks(Resource):
    """The 50 newest setup links of each customer. A link that is absent from them proves nothing.

    A normal run reads the customers that are pending, have a link that was last seen active, or changed since their
    links were last read; a full run reads all.
    """

    name = "kirim.setup_links"
    upstream = "kirim"
    label = _("Setup links")
    model = SetupLink
    record = SetupLinkRecord
    proves_absence = False

    IN_FLIGHT = 4
    CHUNK = 500  # customers a stream

    def client(self, patience: Patience) -> KirimAPI:
        return KirimAPI.from_settings(patience)

    def streams(self, api: KirimAPI, *, full: bool, checkpoint: dict[str, Any] | None) -> Iterator[Iterable[Batch]]:
        after = (checkpoint or {}).get("customer", 0)
        due = Customer.objects.filter(vanished_at=None) if full else customers_with_links_due()
        last = due.order_by("-pk").values_list("pk", flat=True).first() or 0  # those read now must not be met again
        ids = due.order_by("pk").values_list("pk", "remote_id")
        while chunk := list(ids.filter(pk__gt=after, pk__lte=last)[: self.CHUNK]):
            yield in_order((_read_links_of(api, pk, remote_id) for pk, remote_id in chunk), self.IN_FLIGHT)
            after = chunk[-1][0]

    def read_owned(self, api: KirimAPI, owner_remote_id: str) -> Batch:
        page = api.list_setup_links(owner_remote_id)
        return Batch(page.rows, page.sent_at, owner=owner_remote_id)

    def batches_stored(self, batches: Sequence[Batch]) -> None:
        read = {batch.owner: batch.sent_at for batch in batches if batch.owner and batch.error is None}
        owners = Customer.objects.filter(remote_id__in=read)
        # Locked in one order, as a sweep of the customers does, so that neither waits for the other in a circle.
        for pk, remote_id in owners.select_for_update(no_key=True).order_by("pk").values_list("pk", "remote_id"):
            Customer.objects.filter(pk=pk).update(links_read_at=read[remote_id])
        rejected.settle_owned(self.name, read)


def customers_with_links_due() -> QuerySet[Customer]:
    """Customers whose links a normal run reads."""
    has_active = SetupLink.objects.filter(status="active", vanished_at=None).values("customer_id")
    return Customer.objects.filter(
        Q(status="pending") | Q(pk__in=has_active) | Q(links_read_at=None) | Q(synced_at__gt=F("links_read_at")),
        vanished_at=None,
    )


def _read_links_of(api: KirimAPI, pk: int, remote_id: str) -> Callable[[], Batch]:
    def read() -> Batch:
        asked_at = timezone.now()
        try:
            page = api.list_setup_links(remote_id)
        except RemoteNotFound:  # the customer is gone: the next sweep of customers settles it
            return Batch([], asked_at, {"customer": pk})
        except RemoteError as error:
            if error.is_for_all:
                raise
            return Batch([], asked_at, {"customer": pk}, remote_id, error)
        return Batch(page.rows, page.sent_at, {"customer": pk}, remote_id)

    return read
