"""L4YERCAK3's resources: what the sync engine has to know about contacts, companies, invoices and transactions.

No list is sorted or filtered by the time of a change, so there is no delta read: sweeps read everything.
"""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from backoffice.client import OffsetPage, Patience
from backoffice.sync.resource import OffsetResource, register
from customers.layercake import ContactRecord, InvoiceRecord, LayercakeAPI, OrganizationRecord, TransactionRecord
from customers.layercake.calls import PAGE_SIZE
from customers.models import Contact, Invoice, Organization, Transaction


class LayercakeResource(OffsetResource):
    """What all of them share."""

    upstream = "layercake"
    every_minutes = 30
    LIMIT = PAGE_SIZE

    def client(self, patience: Patience) -> LayercakeAPI:
        return LayercakeAPI.from_settings(patience)


@register
class Contacts(LayercakeResource):
    """All contacts of the tenant."""

    name = "layercake.contacts"
    label = _("Contacts")
    model = Contact
    record = ContactRecord
    endpoint = "GET /api/v1/crm/contacts/{contactId}"

    def page(self, api: LayercakeAPI, offset: int) -> OffsetPage:
        return api.list_contacts(offset)

    def read(self, api: LayercakeAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_contact(remote_id)


@register
class Organizations(LayercakeResource):
    """All customer companies of the tenant. Only published code knows the single read, so its 404 proves little.

    It counts where the answer says NOT_FOUND in so many words, as a path that does not exist would not.
    """

    name = "layercake.organizations"
    label = _("Organizations")
    model = Organization
    record = OrganizationRecord
    endpoint = "GET /api/v1/crm/organizations/{companyId}"

    def page(self, api: LayercakeAPI, offset: int) -> OffsetPage:
        return api.list_organizations(offset)

    def read(self, api: LayercakeAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_organization(remote_id)


@register
class Invoices(LayercakeResource):
    """All invoices of the tenant."""

    name = "layercake.invoices"
    label = _("Invoices")
    model = Invoice
    record = InvoiceRecord
    endpoint = "GET /api/v1/invoices/{invoiceId}"

    def page(self, api: LayercakeAPI, offset: int) -> OffsetPage:
        return api.list_invoices(offset)

    def read(self, api: LayercakeAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_invoice(remote_id)


@register
class Transactions(LayercakeResource):
    """All transactions of the tenant."""

    name = "layercake.transactions"
    label = _("Transactions")
    model = Transaction
    record = TransactionRecord
    endpoint = "GET /api/v1/transactions/{transactionId}"

    def page(self, api: LayercakeAPI, offset: int) -> OffsetPage:
        return api.list_transactions(offset)

    def read(self, api: LayercakeAPI, remote_id: str) -> tuple[bytes, datetime]:
        return api.retrieve_transaction(remote_id)
