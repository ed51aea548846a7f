"""``/healthz``: the process lives. ``/readyz``: it can do its work. Neither needs a log-in, neither names a host."""

import os
import threading

from celery import current_app
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from kombu.exceptions import OperationalError as BrokerDown

from backoffice.database import pending_migrations

OK, DOWN, PENDING, UNKNOWN = "ok", "down", "pending", "unknown"
BROKER_WITHIN_S = 1.5


@never_cache
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """200 ``ok`` while the process answers at all."""
    return HttpResponse("ok", content_type="text/plain")


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """The database, the broker and the migrations in a word each: 200 when all are ``ok``, else 503."""
    broker = _Broker()
    broker.start()
    state = {"database": database_state(), "broker": UNKNOWN, "migrations": UNKNOWN}
    if state["database"] == OK:
        state["migrations"] = migrations_state()
    state["broker"] = broker.state()
    return JsonResponse(state, status=200 if set(state.values()) == {OK} else 503)


def database_state() -> str:
    """``ok`` or ``down``."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return DOWN
    return OK


def migrations_state() -> str:
    """``ok``, or ``pending`` while the tables are older than the code."""
    try:
        return PENDING if pending_migrations() else OK
    except DatabaseError:
        return UNKNOWN


def broker_state() -> str:
    """``ok`` or ``down``; as slow to find out as the network is."""
    if settings.CELERY_BROKER_URL.startswith("filesystem:"):
        queue = settings.BROKER_DIR / "queue"
        return OK if os.access(queue, os.R_OK | os.W_OK | os.X_OK) else DOWN
    try:
        with current_app.connection_for_write(settings.CELERY_BROKER_URL) as broker:
            broker.ensure_connection(max_retries=1, timeout=1)
    except (BrokerDown, OSError):
        return DOWN
    return OK


class _Broker(threading.Thread):
    """Asks the broker beside the request: name resolution and connecting know no common time limit."""

    def __init__(self) -> None:
        super().__init__(name="readyz-broker", daemon=True)
        self._state = DOWN

    def run(self) -> None:
        self._state = broker_state()

    def state(self) -> str:
        """What it found, ``down`` if it found nothing in time."""
        self.join(BROKER_WITHIN_S)
        return self._state
