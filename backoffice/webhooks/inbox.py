"""``POST /webhooks/<upstream>/``: verify, keep one row an event, answer at once. The work comes later, from the row."""

from collections.abc import Mapping
from typing import Any

import structlog
from django.db import Error as DatabaseTrouble
from django.db import connection, transaction
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from backoffice import correlation
from backoffice.models import UpstreamState
from backoffice.webhooks import bodies
from backoffice.webhooks.bell import BELL
from backoffice.webhooks.bodies import Unreadable
from backoffice.webhooks.inboxes import INBOXES, Inbox, SignatureRefused

log = structlog.get_logger(__name__)

MAX_BODY_BYTES = 1024 * 1024
MAX_CHARS = 255  # of an event's id and of its name

Row = tuple[Any, ...]

# One statement, because the answer has to be fast, and so that of two equal deliveries exactly one makes the row.
_KEEP = """
INSERT INTO backoffice_webhookdelivery
    (upstream, event_id, event, payload, state, error, tries, correlation_id, received_at)
VALUES (%s, %s, %s, %s, 'received', '', 0, %s, %s) ON CONFLICT (upstream, event_id) DO NOTHING
"""


@csrf_exempt
def inbox(request: HttpRequest, upstream: str) -> HttpResponse:
    """One delivery: 204 once it is kept, also when it was here before; the sender need not know more.

    400: the signature does not hold (nothing is kept but a count), or the signed body makes no sense. 413: over 1 MiB,
    told before the body is read. 503: the signature cannot be verified, or the row cannot be kept, now.
    """
    its = INBOXES.get(upstream)
    if its is None:
        raise Http404
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    try:
        body = _body_of(request)
    except OSError:  # the sender went away in the middle, or its chunks are none
        return _told(400, "The delivery broke off.")
    if body is None:
        return _told(413, f"A delivery may have at most {MAX_BODY_BYTES:,} bytes.")
    if not its.is_open():
        return _told(503, "This inbox has no secret to verify deliveries with.")
    headers = {name: request.META.get(f"HTTP_{name.upper().replace('-', '_')}", "") for name in its.headers}
    try:
        its.verify(headers, body)
        row = _row(its, headers, body)
    except SignatureRefused:
        _count_refusal(upstream)
        return _told(400, "The signature does not hold.")
    except Unreadable as error:
        log.warning("signed delivery refused", upstream=upstream, reason=str(error))
        return _told(400, f"Not taken: {error}.")
    try:
        is_new = _keep(row)
    except DatabaseTrouble as error:
        log.error("delivery not kept", upstream=upstream, error=type(error).__name__)
        return _told(503, "It cannot be kept now; deliver it again.")
    if is_new:
        transaction.on_commit(BELL.ring)
    return HttpResponse(status=204)


def _body_of(request: HttpRequest) -> bytes | None:
    """The raw body; None where it is too large, of which at most one byte too many was read."""
    declared = request.META.get("CONTENT_LENGTH") or ""
    if declared.isascii() and declared.isdigit():
        return request.body if int(declared) <= MAX_BODY_BYTES else None
    if not request.META.get("wsgi.input_terminated"):
        return b""
    body: bytes = request.META["wsgi.input"].read(MAX_BODY_BYTES + 1)  # sent in chunks, of which Django knows nothing
    return body if len(body) <= MAX_BODY_BYTES else None


def _row(its: Inbox, headers: Mapping[str, str], body: bytes) -> Row:
    """The values of ``_KEEP``. Raises Unreadable."""
    members = bodies.read(body, its.secret_members)
    event_id, event = its.identify(headers, members)
    for what, text in (("an id", event_id), ("a type", event)):
        if not (0 < len(text) <= MAX_CHARS and text.isprintable()):
            raise Unreadable(f"it lacks {what} of 1 to {MAX_CHARS} printable characters")
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    return its.upstream, event_id, event, bodies.kept(members), correlation.current(), now


def _keep(row: Row) -> bool:
    """Write the row unless its event is here already; whether it was new. Raises DatabaseTrouble."""
    # Django asks a kept connection whether it lives before it is used. Here the statement finds that out by itself, in
    # half the time, and where the server had closed the connection meanwhile it may safely come again.
    kept: Any = connection  # what is told to it here is not in the stubs
    may_repeat = kept.health_check_enabled and not connection.in_atomic_block
    kept.health_check_done = True
    try:
        return _insert(row)
    except DatabaseTrouble:
        if not may_repeat or connection.is_usable():
            raise
        connection.close()
        return _insert(row)


def _insert(row: Row) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_KEEP, row)
        return bool(cursor.rowcount)


def _count_refusal(upstream: str) -> None:
    """Nothing of a delivery that nobody signed is kept, but that there was one. Without a database not even that."""
    told = {"refused_deliveries": F("refused_deliveries") + 1, "delivery_refused_at": timezone.now()}
    try:
        if not UpstreamState.objects.filter(upstream=upstream).update(**told):
            UpstreamState.objects.get_or_create(upstream=upstream)
            UpstreamState.objects.filter(upstream=upstream).update(**told)
    except DatabaseTrouble as error:
        log.error("refused delivery not counted", upstream=upstream, error=type(error).__name__)


def _told(status: int, sentence: str) -> HttpResponse:
    """A refusal, for the log of whoever sends."""
    return HttpResponse(f"{sentence}\n", status=status, content_type="text/plain; charset=utf-8")
