"""What staff can do with customers, the same for every door. So far: read them."""

from dataclasses import dataclass
from datetime import datetime

import msgspec
from django.db import transaction
from django.db.models import Q

from backoffice.errors import RemoteContractError, RemoteNotFound
from backoffice.models import RejectedRecord
from backoffice.records import RecordError, read_members
from backoffice.sync import references
from backoffice.sync.resource import RESOURCES, Batch
from backoffice.sync.store import Store
from backoffice.sync.tally import Met, Tally
from customers.kirim import CustomerDetailRecord, KirimAPI
from customers.models import Customer
from customers.sync import list_shape

READ_CUSTOMER = "GET /customers/{id}"


@dataclass(frozen=True)
class CustomerService:
    """Called by admin, commands and tasks, with a client that has their patience."""

    api: KirimAPI

    def fetch(self, remote_id: str) -> Customer:
        """Mirror one customer by its id, with its accounts. Source: ``GET /customers/{id}``.

        A body that was asked for earlier than the stored one changes nothing; safe to repeat.

        Raises:
            RemoteNotFound: Kirim knows no such customer. Nothing is changed here: what becomes of a row that we have
                is settled by the next complete sync.
            RemoteContractError: the answer cannot be taken; it is among the rejected records, a stored row stays.
            RemoteError: Kirim cannot be asked now.
        """
        try:
            body, sent_at = self.api.retrieve_customer(remote_id)
        except RemoteNotFound as error:
            reason = f"Kirim knows no customer {remote_id!r}"
            raise RemoteNotFound(error.endpoint, reason, error.status, error.request_id) from error
        if _id_in(body) not in {remote_id, None}:
            raise RemoteContractError(READ_CUSTOMER, "answered with another customer; nothing was stored")
        with transaction.atomic():
            self._take("kirim.customers", Batch([list_shape(body)], sent_at))
            _keep_detail(remote_id, body, sent_at)
            references.resolve(Customer)
        customer = Customer.objects.filter(remote_id=remote_id).first()
        problem = _rejection(remote_id) if _id_in(body) else "it has no usable id"
        if customer is None or problem:
            raise RemoteContractError(READ_CUSTOMER, f"the answer cannot be taken, see rejected records: {problem}")
        return customer

    def refresh(self, customer: Customer) -> Customer:
        """Read a mirrored customer and its 50 newest setup links again.

        Sources: ``GET /customers/{id}``, ``GET /customers/{id}/setup_links``. Raises as ``fetch``; what was read before
        the error stays.
        """
        fresh = self.fetch(customer.remote_id)
        self.refresh_links(fresh)
        fresh.refresh_from_db()
        return fresh

    def refresh_links(self, customer: Customer) -> None:
        """Read the 50 newest setup links of a customer again. Source: ``GET /customers/{id}/setup_links``."""
        links = RESOURCES["kirim.setup_links"]
        batch = links.read_owned(self.api, customer.remote_id)
        with transaction.atomic():
            self._take(links.name, batch)
            links.batches_stored([batch])

    def _take(self, resource: str, batch: Batch) -> None:
        Store(RESOURCES[resource], run=None).take([batch], Met(), Tally())


class _Identified(msgspec.Struct):
    id: str


def _id_in(body: bytes) -> str | None:
    """The id that the answer names; None where it names none, which the store then says."""
    try:
        return msgspec.json.decode(body, type=_Identified).id
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _keep_detail(remote_id: str, body: bytes, sent_at: datetime) -> None:
    """Keep the whole single read, unless a later one is here or it is not what the contract says."""
    try:
        CustomerDetailRecord.read(body)
        detail = read_members(body)
    except RecordError:
        return
    older = Q(detail_at=None) | Q(detail_at__lte=sent_at)
    Customer.objects.filter(older, remote_id=remote_id).update(detail=detail, detail_at=sent_at)


def _rejection(remote_id: str) -> str:
    rejected = RejectedRecord.objects.filter(resource="kirim.customers", remote_id=remote_id, resolved_at=None)
    return rejected.values_list("reason", flat=True).first() or ""
