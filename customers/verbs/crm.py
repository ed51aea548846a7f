"""The CRM's verbs, for every door: who may, through which service, and how each is looked for."""

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext_lazy as _

from backoffice.mirror import GONE
from backoffice.sync import single
from backoffice.sync.changes import BY_HAND
from backoffice.writes.known import known
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from customers.models import Contact
from customers.services.contacts import ContactService
from customers.services.organizations import OrganizationService

CONTACT, ORGANIZATION, INVOICE, TRANSACTION = "contact", "organization", "invoice", "transaction"


def contact(remote_id: str) -> Contact:
    """The mirrored contact. Raises NotFound."""
    return known(Contact, CONTACT, remote_id)


def _rereading(resource: str) -> Callable[[Any, str], None]:
    def read(api: Any, remote_id: str) -> None:
        single.fetch(resource, api, remote_id, BY_HAND)

    return read


CREATE_CONTACT = WriteVerb(
    CONTACT, "create", _("New contact"), "customers.create_contact", "layercake.contacts",
    carry_out=lambda api, write: ContactService(api).create(write),
    look=lambda api, write, is_late: ContactService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_CONTACT = WriteVerb(
    CONTACT, "update", _("Edit"), "customers.update_contact", "layercake.contacts", refuses=GONE,
    carry_out=lambda api, write: ContactService(api).update(contact(write.remote_id), write),
    look=lambda api, write, is_late: ContactService(api).look_for_changed(write, is_late),
)  # fmt: skip
DELETE_CONTACT = WriteVerb(
    CONTACT, "delete", _("Delete"), "customers.delete_contact", "layercake.contacts", asks_reason=True, refuses=GONE,
    consequence=_("Nobody can bring a deleted contact back from here."),
    carry_out=lambda api, write: ContactService(api).delete(contact(write.remote_id), write),
    look=lambda api, write, is_late: ContactService(api).look_for_deleted(write, is_late),
)  # fmt: skip
REFRESH_CONTACT = ReadVerb(
    CONTACT, "refresh", _("Refresh"), "customers.refresh_contact", "layercake.contacts",
    read=_rereading("layercake.contacts"),
)  # fmt: skip
CREATE_ORGANIZATION = WriteVerb(
    ORGANIZATION, "create", _("New organization"), "customers.create_organization", "layercake.organizations",
    carry_out=lambda api, write: OrganizationService(api).create(write),
    look=lambda api, write, is_late: OrganizationService(api).look_for_created(write, is_late),
)  # fmt: skip
REFRESH_ORGANIZATION = ReadVerb(
    ORGANIZATION, "refresh", _("Refresh"), "customers.refresh_organization", "layercake.organizations",
    read=_rereading("layercake.organizations"),
)  # fmt: skip
REFRESH_INVOICE = ReadVerb(
    INVOICE, "refresh", _("Refresh"), "customers.refresh_invoice", "layercake.invoices",
    read=_rereading("layercake.invoices"),
)  # fmt: skip
REFRESH_TRANSACTION = ReadVerb(
    TRANSACTION, "refresh", _("Refresh"), "customers.refresh_transaction", "layercake.transactions",
    read=_rereading("layercake.transactions"),
)  # fmt: skip

register(
    CREATE_CONTACT, UPDATE_CONTACT, DELETE_CONTACT, REFRESH_CONTACT, CREATE_ORGANIZATION, REFRESH_ORGANIZATION,
    REFRESH_INVOICE, REFRESH_TRANSACTION,
)  # fmt: skip
