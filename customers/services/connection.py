"""The state of Apideck's connection to the service behind it, as its webhooks tell it; nothing reads it.

Events may come late and in any order: of two, the one that happened later counts.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from backoffice import times, upstreams
from customers.models import ConnectionState

BROKEN = {
    "vault.connection.revoked": "was revoked",
    "vault.connection.disabled": "was switched off",
    "vault.connection.deleted": "was deleted",
    "vault.connection.token_refresh.failed": "could not renew its token",
    "vault.connection.downstream.degraded": "meets trouble in the service behind it",
}
"""The events after which calls are likely to fail, and what each means."""
SOUND = (
    "vault.connection.created", "vault.connection.updated", "vault.connection.callable", "vault.connection.migrated",
    "vault.connection.token_refresh.pending", "vault.connection.token_refresh.recovered",
    "vault.connection.downstream.recovered",
)  # fmt: skip


def keep(event: str, state: str, occurred_at: datetime) -> bool:
    """Keep what an event told; whether it was newer than what was known."""
    identity = upstreams.identity("apideck")
    told = {"event": event, "state": state[:255], "occurred_at": occurred_at, "told_at": timezone.now()}
    with transaction.atomic():
        row, is_new = ConnectionState.objects.select_for_update().get_or_create(identity=identity, defaults=told)
        if is_new or row.occurred_at > occurred_at:
            return is_new
        ConnectionState.objects.filter(pk=row.pk).update(**told)
    return True


def trouble() -> str:
    """What is wrong with the connection as far as was told, in a sentence; "" where nothing is."""
    row = ConnectionState.objects.filter(identity=upstreams.identity("apideck")).first()
    if row is None or row.event not in BROKEN:
        return ""
    worked_at = upstreams.state_of("apideck").last_success_at
    if worked_at and worked_at > max(row.occurred_at, row.told_at):
        return ""  # it has worked since, whatever event was missed
    told = f", and is {row.state} now" if row.state else ""
    return f"Its connection {BROKEN[row.event]} {times.relative(row.occurred_at)}{told}. Its owner has to repair it."
