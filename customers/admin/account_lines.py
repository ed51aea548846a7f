"""A customer's WhatsApp accounts as its page shows them, and what can be done with each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import msgspec
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from backoffice import freshness, times, upstreams
from backoffice.admin.readonly import Button
from backoffice.badges import word
from backoffice.records import Aware
from customers import states
from customers.models import Customer, WhatsAppAccount
from customers.services.accounts import why_no_templates
from customers.verbs.kirim import SYNC_TEMPLATES

REFRESH = "customers.refresh_whatsappaccount"


@dataclass(frozen=True)
class AccountLine:
    """An account as the customer's page shows it. ``url`` is its page's, "" where it has none here."""

    name: str
    number: str
    state: SafeString
    onboarded: Any
    url: str
    buttons: list[Button]


def account_section(
    request: HttpRequest, customer: Customer, home: str, stored: Sequence[WhatsAppAccount] | None = None
) -> dict[str, Any]:
    """What the block of accounts on a customer's page needs.

    Args:
        home: the page that it stands on, where its buttons lead back to.
        stored: its accounts that are still there, where they were loaded already.
    """
    lines = account_lines(request, customer, home, stored)
    off = upstreams.why_off("kirim")
    refresh = Button(_("Refresh accounts"), reverse("admin:refresh_accounts_of", args=[customer.pk]), off=off)
    return {
        "accounts": lines,
        "can_do": any(line.buttons for line in lines),
        "buttons": [refresh.leading_back(home)] if request.user.has_perm(REFRESH) else [],
    }


def sync_button(request: HttpRequest, account: WhatsAppAccount) -> Iterable[Button]:
    """ "Sync templates", for those who may."""
    if request.user.has_perm(SYNC_TEMPLATES.permission):
        url = reverse("admin:sync_templates", args=[account.pk])
        fields = {"write_id": str(uuid4())}
        off = why_no_templates(account) or upstreams.why_off("kirim")
        yield Button(_("Sync templates"), url, "sync", off=off, fields=fields)


def account_lines(
    request: HttpRequest, customer: Customer, home: str, stored: Sequence[WhatsAppAccount] | None = None
) -> list[AccountLine]:
    """The customer's accounts: from the last single read where it is newer than the list, else from the list.

    The single read tells when an account was onboarded; the list does not.
    """
    if stored is None:
        stored = list(customer.accounts.filter(vanished_at=None))
    listed = [account.synced_at for account in stored]
    swept_from = freshness.swept_from_of(WhatsAppAccount)
    if swept_from:
        listed.append(swept_from)
    detailed = (customer.detail or {}).get("whatsapp_accounts") or []
    if customer.detail and customer.detail_at and all(customer.detail_at >= moment for moment in listed):
        rows = {account.phone_number_id: account for account in stored if account.phone_number_id}
        return [
            _line(request, account, rows.get(account.get("phone_number_id")), home, _("not yet"))
            for account in detailed
        ]
    onboarded = {account["phone_number_id"]: account for account in detailed if account.get("phone_number_id")}
    return [
        _line(
            request,
            {**_told(row), "onboarded_at": onboarded.get(row.phone_number_id, {}).get("onboarded_at")},
            row,
            home,
        )
        for row in stored
    ]


def _line(
    request: HttpRequest, told: dict[str, Any], row: WhatsAppAccount | None, home: str, never: str = ""
) -> AccountLine:
    return AccountLine(
        told.get("name") or "",
        told.get("phone_number") or "",
        word(told.get("status"), states.ACCOUNT),
        times.at(_time(told.get("onboarded_at")), never or _("not known")),
        reverse("admin:customers_whatsappaccount_change", args=[row.pk]) if row else "",
        [button.leading_back(home) for button in sync_button(request, row)] if row else [],
    )


def _told(row: WhatsAppAccount) -> dict[str, Any]:
    return {"name": row.name, "phone_number": row.phone_number, "status": row.status}


def _time(text: Any) -> datetime | None:
    """A time of a stored single read, in UTC. None for what cannot be read: only columns are checked when stored."""
    try:
        return msgspec.convert(text, Aware).astimezone(UTC)
    except (msgspec.ValidationError, OverflowError):
        return None
