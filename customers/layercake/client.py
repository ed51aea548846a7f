"""L4YERCAK3's client: a method for each endpoint, nothing else. Contract: L4YERCAK3 1.0."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import NoneType
from typing import Any

import msgspec

from backoffice.client import Answer, Attempts, OffsetPage, Repeats
from backoffice.errors import RemoteContractError
from backoffice.records import RecordError, id_in
from customers.layercake import endpoints
from customers.layercake.calls import LayercakeCalls, Members
from customers.layercake.records import WebhookRecord

Body = tuple[bytes, datetime]
"""An object as JSON, and when it was asked for."""


@dataclass(frozen=True)
class Made:
    """What the answer to a creation tells: always the id, and the object where it came along."""

    id: str
    body: bytes | None
    sent_at: datetime


class LayercakeAPI(LayercakeCalls):
    """L4YERCAK3's API, one method per endpoint."""

    # -- contacts -----------------------------------------------------------------------------------------------------

    def list_contacts(self, offset: int) -> OffsetPage:
        """One page of contacts. Source: ``GET /api/v1/crm/contacts``."""
        return self.page(f"GET {endpoints.CONTACTS}", "contacts", offset)

    def search_contacts(self, text: str) -> OffsetPage:
        """What L4YERCAK3 finds by ``text``, the first page of it. Only published code knows the parameter.

        So a server may leave it out of account: what comes is to be compared, and not finding proves nothing.
        Source: ``GET /api/v1/crm/contacts?search=``.
        """
        return self.page(f"GET {endpoints.CONTACTS}", "contacts", 0, {"search": text[:200]})

    def retrieve_contact(self, contact_id: str) -> Body:
        """One contact. Source: ``GET /api/v1/crm/contacts/{contactId}``."""
        return self._object(f"GET {endpoints.CONTACT}", {"contactId": contact_id}, ("contact",))

    def create_contact(self, members: Mapping[str, Any], attempts: Attempts) -> Made:
        """Create one. Repeated after 429 only. Source: ``POST /api/v1/crm/contacts``."""
        return self._create(f"POST {endpoints.CONTACTS}", members, attempts, "contactId", ("contact",))

    def update_contact(self, contact_id: str, members: Mapping[str, Any], attempts: Attempts) -> None:
        """Set members. The answer may be the contact or only that it was done, so nobody reads it.

        Source: ``PATCH /api/v1/crm/contacts/{contactId}``.
        """
        endpoint, path = f"PATCH {endpoints.CONTACT}", {"contactId": contact_id}
        self.send(endpoint, NoneType, path=path, body=members, attempts=attempts, repeats=Repeats.SAFE)

    def delete_contact(self, contact_id: str, attempts: Attempts) -> None:
        """Remove one; 404 also on a repeat of a removal whose answer was lost.

        Source: ``DELETE /api/v1/crm/contacts/{contactId}``.
        """
        endpoint, path = f"DELETE {endpoints.CONTACT}", {"contactId": contact_id}
        self.send(endpoint, NoneType, path=path, attempts=attempts, repeats=Repeats.SAFE)

    # -- customer companies -------------------------------------------------------------------------------------------

    def list_organizations(self, offset: int) -> OffsetPage:
        """One page of customer companies. Source: ``GET /api/v1/crm/organizations``."""
        return self.page(f"GET {endpoints.ORGANIZATIONS}", "organizations", offset)

    def retrieve_organization(self, company_id: str) -> Body:
        """One of them; only published code knows it. Source: ``GET /api/v1/crm/organizations/{companyId}``."""
        path = {"companyId": company_id}
        return self._object(f"GET {endpoints.ORGANIZATION}", path, ("organization", "crmOrganization"))

    def create_organization(self, members: Mapping[str, Any], attempts: Attempts) -> Made:
        """Create one. Repeated after 429 only. Source: ``POST /api/v1/crm/organizations``."""
        names = ("organization", "crmOrganization")
        return self._create(f"POST {endpoints.ORGANIZATIONS}", members, attempts, "crmOrganizationId", names)

    # -- money --------------------------------------------------------------------------------------------------------

    def list_invoices(self, offset: int) -> OffsetPage:
        """One page of invoices. Source: ``GET /api/v1/invoices``."""
        return self.page(f"GET {endpoints.INVOICES}", "invoices", offset)

    def retrieve_invoice(self, invoice_id: str) -> Body:
        """One invoice. Source: ``GET /api/v1/invoices/{invoiceId}``."""
        return self._object(f"GET {endpoints.INVOICE}", {"invoiceId": invoice_id}, ("invoice",))

    def list_transactions(self, offset: int) -> OffsetPage:
        """One page of transactions. Source: ``GET /api/v1/transactions``."""
        return self.page(f"GET {endpoints.TRANSACTIONS}", "transactions", offset)

    def retrieve_transaction(self, transaction_id: str) -> Body:
        """One transaction. Source: ``GET /api/v1/transactions/{transactionId}``."""
        path = {"transactionId": transaction_id}
        return self._object(f"GET {endpoints.TRANSACTION}", path, ("transaction",))

    # -- webhooks -----------------------------------------------------------------------------------------------------

    def list_webhooks(self) -> list[WebhookRecord]:
        """All webhook subscriptions, whoever made them. Source: ``GET /api/v1/webhooks``."""
        endpoint = f"GET {endpoints.WEBHOOKS}"
        answer = self.call(endpoint, Members, params=self.tenant)
        return [_webhook(endpoint, row, answer.status) for row in self.rows(endpoint, answer, "webhooks")]

    def create_webhook(self, members: Mapping[str, Any], attempts: Attempts) -> str:
        """Subscribe; the new one's id. Repeated after 429 only. Source: ``POST /api/v1/webhooks``."""
        endpoint = f"POST {endpoints.WEBHOOKS}"
        return self._create(endpoint, members, attempts, "webhookId", ("webhook",), is_secret=True).id

    def delete_webhook(self, webhook_id: str, attempts: Attempts) -> None:
        """Unsubscribe; 404 also on a repeat. Source: ``DELETE /api/v1/webhooks/{webhookId}``."""
        endpoint, path = f"DELETE {endpoints.WEBHOOK}", {"webhookId": webhook_id}
        self.send(endpoint, NoneType, path=path, attempts=attempts, repeats=Repeats.SAFE)

    # -- parts --------------------------------------------------------------------------------------------------------

    def _object(self, endpoint: str, path: Mapping[str, str], names: Sequence[str]) -> Body:
        answer = self.call(endpoint, Members, path=path)
        return self.body(endpoint, answer, names), answer.sent_at

    def _create(
        self,
        endpoint: str,
        members: Mapping[str, Any],
        attempts: Attempts,
        id_member: str,
        names: Sequence[str],
        *,
        is_secret: bool = False,
    ) -> Made:
        """Create an object of the tenant. The answer is the object, or only its id under ``id_member``."""
        answer: Answer[Members] = self.send(
            endpoint,
            Members,
            body={**self.tenant, **members},
            attempts=attempts,
            repeats=Repeats.ONLY_WHEN_LIMITED,
            is_secret=is_secret,
        )
        if remote_id := id_in(msgspec.json.encode(answer.value), id_member):
            return Made(remote_id, None, answer.sent_at)
        body = self.body(endpoint, answer, names)
        if not (remote_id := id_in(body)):
            raise RemoteContractError(endpoint, "the answer names no id", answer.status)
        return Made(remote_id, body, answer.sent_at)


def _webhook(endpoint: str, row: bytes, status: int) -> WebhookRecord:
    try:
        return WebhookRecord.read(row)
    except RecordError as error:
        raise RemoteContractError(endpoint, f"unreadable answer: {error}", status) from None
