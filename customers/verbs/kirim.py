"""Kirim's verbs, for every door: who may, through which service, and how each is looked for."""

from typing import Any

from django.db.models import Q
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice.errors import NotFound
from backoffice.mirror import GONE
from backoffice.models import RemoteWrite
from backoffice.subscriptions import SUBSCRIBE
from backoffice.writes.verbs import ReadVerb, WriteVerb, register
from customers.kirim import ARCHIVED
from customers.models import Customer, SetupLink, WhatsAppAccount
from customers.services import AccountService, CustomerService, SetupLinkService
from customers.services.customers import MAY_BE
from customers.services.subscriptions import SUBSCRIPTION, SubscriptionService

CUSTOMER, LINK, ACCOUNT = "customer", "setup_link", "account"


def customer(remote_id: str) -> Customer:
    """The mirrored customer. Raises NotFound, with a sentence that says how to get it here."""
    found = Customer.objects.filter(remote_id=remote_id).first()
    if found is None:
        told = _("Customer {remote_id} is not mirrored here. To read it: manage.py customers fetch {remote_id}")
        raise NotFound(format_lazy(told, remote_id=remote_id))
    return found


def setup_link(remote_id: str) -> SetupLink:
    """The mirrored link with its customer. Raises NotFound."""
    found = SetupLink.objects.select_related("customer").filter(remote_id=remote_id).first()
    if found is None:
        told = _("Setup link {remote_id} is not mirrored here. To read all: manage.py sync kirim.setup_links")
        raise NotFound(format_lazy(told, remote_id=remote_id))
    return found


def account(remote_id: str) -> WhatsAppAccount:
    """The mirrored account. Raises NotFound."""
    found = WhatsAppAccount.objects.select_related("customer").filter(remote_id=remote_id).first()
    if found is None:
        told = _("Account {remote_id} is not mirrored here. To read all: manage.py sync kirim.accounts")
        raise NotFound(format_lazy(told, remote_id=remote_id))
    return found


def _refresh_customer(api: Any, remote_id: str) -> None:
    CustomerService(api).refresh(customer(remote_id))


def _create_link(api: Any, write: RemoteWrite) -> object:
    return SetupLinkService(api).create(customer(write.owner_remote_id), write)


CREATE_CUSTOMER = WriteVerb(
    CUSTOMER, "create", _("Create"), "customers.create_customer", "kirim.customers",
    carry_out=lambda api, write: CustomerService(api).create(write),
    look=lambda api, write, is_late: CustomerService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_CUSTOMER = WriteVerb(
    CUSTOMER, "update", _("Edit"), "customers.update_customer", "kirim.customers",
    carry_out=lambda api, write: CustomerService(api).update(customer(write.remote_id), write),
    look=lambda api, write, is_late: CustomerService(api).look_for_changed(write, is_late),
)  # fmt: skip
SUSPEND_CUSTOMER = WriteVerb(
    CUSTOMER, "suspend", _("Suspend"), "customers.suspend_customer", "kirim.customers", sends={"status": "suspended"},
    consequence=_("A suspended customer sends nothing until it is active again."),
    refuses=GONE | ~Q(status__in=MAY_BE["suspend"]),
    carry_out=lambda api, write: CustomerService(api).suspend(customer(write.remote_id), write),
    look=lambda api, write, is_late: CustomerService(api).look_for_changed(write, is_late),
)  # fmt: skip
ACTIVATE_CUSTOMER = WriteVerb(
    CUSTOMER, "activate", _("Activate"), "customers.activate_customer", "kirim.customers", sends={"status": "active"},
    consequence=_("Kirim may go on suspending a customer until its dashboard lifts the suspension; each row says so."),
    refuses=GONE | ~Q(status__in=MAY_BE["activate"]),
    carry_out=lambda api, write: CustomerService(api).activate(customer(write.remote_id), write),
    look=lambda api, write, is_late: CustomerService(api).look_for_changed(write, is_late),
)  # fmt: skip
ARCHIVE_CUSTOMER = WriteVerb(
    CUSTOMER, "archive", _("Archive"), "customers.archive_customer", "kirim.customers", asks_reason=True,
    consequence=_("Archiving is for good: an archived customer takes no more changes and no new setup link."),
    refuses=GONE | Q(status=ARCHIVED),
    carry_out=lambda api, write: CustomerService(api).archive(customer(write.remote_id), write),
    look=lambda api, write, is_late: CustomerService(api).look_for_archived(write, is_late),
)  # fmt: skip
REFRESH_CUSTOMER = ReadVerb(
    CUSTOMER, "refresh", _("Refresh"), "customers.refresh_customer", "kirim.customers", read=_refresh_customer
)
CREATE_LINK = WriteVerb(
    LINK, "create", _("Create setup link"), "customers.create_setuplink", "kirim.setup_links", has_secret=True,
    shows="setup_url", form="admin:create_setup_link", owner_resource="kirim.customers",
    carry_out=_create_link,
    look=lambda api, write, is_late: SetupLinkService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_REDIRECTS = WriteVerb(
    LINK, "update_redirects", _("Change redirects"), "customers.update_redirects_setuplink", "kirim.setup_links",
    owner_resource="kirim.customers",
    carry_out=lambda api, write: SetupLinkService(api).update_redirects(setup_link(write.remote_id), write),
    look=lambda api, write, is_late: SetupLinkService(api).look_for_changed(write, is_late),
)  # fmt: skip
REVOKE_LINK = WriteVerb(
    LINK, "revoke", _("Revoke"), "customers.revoke_setuplink", "kirim.setup_links",
    owner_resource="kirim.customers",
    carry_out=lambda api, write: SetupLinkService(api).revoke(setup_link(write.remote_id), write),
    look=lambda api, write, is_late: SetupLinkService(api).look_for_revoked(write, is_late),
)  # fmt: skip
SYNC_TEMPLATES = WriteVerb(
    ACCOUNT, "sync_templates", _("Sync templates"), "customers.sync_templates_whatsappaccount", "kirim.accounts",
    consequence=_("Kirim reads the templates of each account at Meta; nothing else is changed."),
    refuses=GONE | Q(phone_number_id=None) | Q(phone_number_id=""),
    carry_out=lambda api, write: AccountService(api).sync_templates(account(write.remote_id), write),
    look=lambda api, write, is_late: AccountService(api).look_for_synced(write, is_late),
)  # fmt: skip
CREATE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "create", _("Subscribe"), SUBSCRIBE, "kirim.customers", has_secret=True, shows="secret",
    carry_out=lambda api, write: SubscriptionService(api).create(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_created(write, is_late),
)  # fmt: skip
UPDATE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "update", _("Change the subscription"), SUBSCRIBE, "kirim.customers",
    carry_out=lambda api, write: SubscriptionService(api).update(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_updated(write, is_late),
)  # fmt: skip
DELETE_SUBSCRIPTION = WriteVerb(
    SUBSCRIPTION, "delete", _("Remove the subscription"), SUBSCRIBE, "kirim.customers",
    carry_out=lambda api, write: SubscriptionService(api).delete(write),
    look=lambda api, write, is_late: SubscriptionService(api).look_for_deleted(write, is_late),
)  # fmt: skip

REPLACE_LINK_PERMISSION = "customers.replace_setuplink"
"""A replacement is two writes, a create and a revoke, under a permission of its own."""

register(
    CREATE_CUSTOMER, UPDATE_CUSTOMER, SUSPEND_CUSTOMER, ACTIVATE_CUSTOMER, ARCHIVE_CUSTOMER, REFRESH_CUSTOMER,
    CREATE_LINK, UPDATE_REDIRECTS, REVOKE_LINK, SYNC_TEMPLATES,
    CREATE_SUBSCRIPTION, UPDATE_SUBSCRIPTION, DELETE_SUBSCRIPTION,
)  # fmt: skip
