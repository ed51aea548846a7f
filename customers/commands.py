"""What the commands of this app print: which columns, and setup links with the state that staff see."""

from typing import Any

from customers.models import SetupLink, WhatsAppAccount
from customers.states import link_state
from customers.verbs.kirim import customer

CUSTOMER_MEMBERS = (
    "remote_id",
    "name",
    "email",
    "status",
    "team_id",
    "metadata",
    "archived_at",
    "remote_created_at",
    "remote_updated_at",
    "synced_at",
    "vanished_at",
)
ACCOUNT_COLUMNS = (
    "remote_id",
    "phone_number_id",
    "phone_number",
    "name",
    "status",
    "customer_remote_id",
    "synced_at",
    "vanished_at",
)
ACCOUNT_MEMBERS = ("remote_id", "phone_number_id", "phone_number", "name", "status", "synced_at")
LINK_MEMBERS = (
    "remote_id",
    "customer_remote_id",
    "status",
    "token_last4",
    "expires_at",
    "consumed_at",
    "success_redirect_url",
    "failure_redirect_url",
)


def mirrored_customer(remote_id: str) -> dict[str, Any]:
    """The columns of a mirrored customer. Raises NotFound, with a sentence that says how to get it here."""
    found = customer(remote_id)
    return {name: getattr(found, name) for name in CUSTOMER_MEMBERS}


def accounts_of(customer_remote_id: str) -> list[dict[str, Any]]:
    """The columns of the customer's WhatsApp accounts."""
    here = WhatsAppAccount.objects.filter(customer_remote_id=customer_remote_id, vanished_at=None)
    return list(here.values(*ACCOUNT_MEMBERS))


def links_of(customer_remote_id: str, *, with_vanished: bool = False) -> list[dict[str, Any]]:
    """The customer's setup links, the newest first: their columns, and ``state`` as staff see it."""
    links = SetupLink.objects.filter(customer_remote_id=customer_remote_id)
    if not with_vanished:
        links = links.filter(vanished_at=None)
    return [
        {**{name: getattr(link, name) for name in LINK_MEMBERS}, "state": link_state(link)}
        for link in links.only(*LINK_MEMBERS)
    ]
