"""Apideck's resource: what the sync engine has to know about support customers."""

from datetime import datetime
from typing import Any

import msgspec
from django.utils.translation import gettext_lazy as _

from backoffice.client import Page, Patience
from backoffice.sync.resource import CursorResource, register
from customers.apideck import ERASURE, ApideckAPI, SupportCustomerRecord
from customers.models.support import ERASED_MEMBERS, SupportCustomer


@register
class SupportCustomers(CursorResource):
    """All support customers. There is no filter, no order and no delta read, so each run reads them all.

    Of one whose copy was erased here nothing but id and status is taken, as long as Apideck shows it as to be erased.
    """

    name = "apideck.customers"
    upstream = "apideck"
    label = _("Support customers")
    model = SupportCustomer
    record = SupportCustomerRecord
    endpoint = "GET /customer-support/customers/{id}"
    every_minutes = 30  # a whole list each time, from a plan with a quota

    def client(self, patience: Patience) -> ApideckAPI:
        return ApideckAPI.from_settings(patience)

    def page(self, api: ApideckAPI, part: str, cursor: str | None) -> Page:
        return api.list_customers(cursor)

    def read(self, api: ApideckAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_customer(remote_id)

    def withheld(self) -> frozenset[str]:
        erased = SupportCustomer.objects.filter(erased_at__isnull=False).only("remote_id", "erased_at", "payload")
        return frozenset(row.remote_id for row in erased if row.is_erased)

    def reduced(self, body: bytes) -> bytes:
        members: dict[str, Any] = msgspec.json.decode(body)
        status = members.get("status")
        if isinstance(status, str) and status != ERASURE:
            return body
        return erased_body(members["id"], ERASURE)


def erased_body(remote_id: str, status: str | None) -> bytes:
    """The payload of a customer whose copy was erased, with the status that Apideck showed last."""
    kept = {"id": remote_id, "status": status}
    assert kept.keys() == ERASED_MEMBERS  # noqa: S101  our own names
    return msgspec.json.encode(kept)
