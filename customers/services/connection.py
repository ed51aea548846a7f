"""The state of Apideck's connection to the service behind it, as its webhooks tell it; nothing reads it.

Events may come late and in any order: of two, the one that happened later counts.
"""

from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from backoffice import times, upstreams
from backoffice.texts import Text
from customers.models import ConnectionState

BROKEN = {
    "vault.connection.revoked": _("Its connection was revoked {ago}"),
    "vault.connection.disabled": _("Its connection was switched off {ago}"),
    "vault.connection.deleted": _("Its connection was deleted {ago}"),
    "vault.connection.token_refresh.failed": _("Its connection could not renew its token {ago}"),
    "vault.connection.downstream.degraded": _("Its connection meets trouble in the service behind it {ago}"),
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


def trouble() -> Text:
    """What is wrong with the connection as far as was told, in a sentence; "" where nothing is."""
    row = ConnectionState.objects.filter(identity=upstreams.identity("apideck")).first()
    if row is None or row.event not in BROKEN:
        return ""
    worked_at = upstreams.state_of("apideck").last_success_at
    if worked_at and worked_at > max(row.occurred_at, row.told_at):
        return ""  # it has worked since, whatever event was missed
    happened = format_lazy(BROKEN[row.event], ago=lazy(times.relative, str)(row.occurred_at))
    if row.state:
        told = _("{happened}, and is {state} now. Its owner has to repair it.")
        return format_lazy(told, happened=happened, state=row.state)
    return format_lazy(_("{happened}. Its owner has to repair it."), happened=happened)
