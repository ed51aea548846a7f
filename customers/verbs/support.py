"""Apideck's verbs, for every door: who may, through which service, and how each is looked for."""

from typing import Any

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import NotFound
from backoffice.mirror import GONE
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from customers.models import SupportCustomer
from customers.services.support import CUSTOMERS, SupportCustomerService

CUSTOMER = "support_customer"


def support_customer(remote_id: str) -> SupportCustomer:
    """The mirrored customer. Raises NotFound, with a sentence that says how to get it here."""
    found = SupportCustomer.objects.filter(remote_id=remote_id).first()
    if found is None:
        told = _("Support customer {remote_id} is not mirrored here. To read it: {command}")
        command = f"manage.py support_customer fetch {remote_id}"
        raise NotFound(format_lazy(told, remote_id=remote_id, command=command))
    return found


def _refresh(api: Any, remote_id: str) -> None:
    SupportCustomerService(api).refresh(support_customer(remote_id))


CREATE = WriteVerb(
    CUSTOMER, "create", _("Create"), "customers.create_supportcustomer", CUSTOMERS,
    carry_out=lambda api, write: SupportCustomerService(api).create(write),
    look=lambda api, write, is_late: SupportCustomerService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE = WriteVerb(
    CUSTOMER, "update", _("Edit"), "customers.update_supportcustomer", CUSTOMERS,
    carry_out=lambda api, write: SupportCustomerService(api).update(support_customer(write.remote_id), write),
    look=lambda api, write, is_late: SupportCustomerService(api).look_for_changed(write, is_late),
)  # fmt: skip
DELETE = WriteVerb(
    CUSTOMER, "delete", _("Delete"), "customers.delete_supportcustomer", CUSTOMERS, asks_reason=True,
    consequence=_("Deleting is for good: Apideck and the support tool behind it keep nothing of the customer."),
    refuses=GONE,
    carry_out=lambda api, write: SupportCustomerService(api).delete(support_customer(write.remote_id), write),
    look=lambda api, write, is_late: SupportCustomerService(api).look_for_deleted(write, is_late),
)  # fmt: skip
REFRESH = ReadVerb(
    CUSTOMER, "refresh", _("Refresh"), "customers.refresh_supportcustomer", CUSTOMERS, read=_refresh
)  # fmt: skip

register(CREATE, UPDATE, DELETE, REFRESH)
