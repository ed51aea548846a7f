"""The words of Kirim's and Apideck's states with their colours and labels, and what they mean to staff."""

from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from backoffice.badges import Vocabulary
from customers.apideck import ERASURE
from customers.models import SetupLink

CUSTOMER = Vocabulary(
    {"pending": "info", "active": "good", "suspended": "bad", "archived": "dull"},
    {"pending": _("pending"), "active": _("active"), "suspended": _("suspended"), "archived": _("archived")},
)
ACCOUNT = Vocabulary(
    {"connected": "good", "degraded": "warn", "disconnected": "bad", "onboarding": "info"},
    {
        "connected": _("connected"),
        "degraded": _("degraded"),
        "disconnected": _("disconnected"),
        "onboarding": _("onboarding"),
    },
)
LINK = Vocabulary(
    {"active": "good", "consumed": "info", "expired": "dull", "revoked": "bad"},
    {"active": _("active"), "consumed": _("consumed"), "expired": _("expired"), "revoked": _("revoked")},
)
SUPPORT = Vocabulary(
    {"active": "good", "archived": "dull", ERASURE: "bad", "unknown": "warn"},
    {
        "active": _("active"),
        "archived": _("archived"),
        ERASURE: _("gdpr-erasure-request"),
        "unknown": _("unknown"),
    },
)

ENDING_SOON = timedelta(days=1)
ENDING_IN_TIME_TO_ACT = timedelta(hours=48)  # what the desk tells of: there is a working day left to send another
SIGNING_UP_TAKES = timedelta(minutes=2)  # until the customer of a link that was used just now is active as well


def link_state(link: SetupLink, now: datetime | None = None) -> str:
    """The link's state as staff see it: Kirim's last word, but expired once its time is over."""
    is_over = link.expires_at <= (now or timezone.now())
    return "expired" if link.status == "active" and is_over else link.status


def is_usable(link: SetupLink) -> bool:
    """Whether somebody can still sign up with it, by all that is known here."""
    return link.vanished_at is None and link_state(link) == "active"


def usable_links() -> Q:
    """Links that can still be used."""
    return Q(status="active", expires_at__gt=timezone.now(), vanished_at=None)


def links_ending_soon(within: timedelta = ENDING_SOON) -> Q:
    """Usable links that end within that time, by default a day."""
    return usable_links() & Q(expires_at__lte=timezone.now() + within)


def was_eaten(link: SetupLink, swept_from: datetime | None) -> bool:
    """Whether a link was used up without anybody signing up, as a mail scanner or a chat preview that opens it does.

    Told only by a reading of the customer that is newer than the use. ``swept_from``: when the last complete sweep of
    the customers began.
    """
    customer = link.customer
    if customer is None or link.status != "consumed" or link.consumed_at is None or customer.vanished_at:
        return False
    read_at = max(customer.synced_at, swept_from) if swept_from else customer.synced_at
    return customer.status == "pending" and read_at > link.consumed_at + SIGNING_UP_TAKES
