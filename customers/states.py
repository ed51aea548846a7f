"""The words of Kirim's states with their colours, and what they mean to staff."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils import timezone

from backoffice.badges import Tone
from customers.models import SetupLink

CUSTOMER: Mapping[str, Tone] = {"pending": "info", "active": "good", "suspended": "bad", "archived": "dull"}
ACCOUNT: Mapping[str, Tone] = {"connected": "good", "degraded": "warn", "disconnected": "bad", "onboarding": "info"}
LINK: Mapping[str, Tone] = {"active": "good", "consumed": "info", "expired": "dull", "revoked": "bad"}

ENDING_SOON = timedelta(days=1)


def link_state(link: SetupLink, now: datetime | None = None) -> str:
    """The link's state as staff see it: Kirim's last word, but expired once its time is over."""
    is_over = link.expires_at <= (now or timezone.now())
    return "expired" if link.status == "active" and is_over else link.status


def usable_links() -> Q:
    """Links that can still be used."""
    return Q(status="active", expires_at__gt=timezone.now(), vanished_at=None)


def links_ending_soon() -> Q:
    """Usable links that end within a day."""
    return usable_links() & Q(expires_at__lte=timezone.now() + ENDING_SOON)
