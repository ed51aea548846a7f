"""The request of a write before there is one: the verb's own code runs, and what it would send is stopped and shown.

The service is given a write whose row goes again with its transaction, and a client that lets nothing out. Its first
request is shown. What it would read before that is taken from the mirror, as nothing is read for a preview either.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from backoffice import limits
from backoffice.access import hidden_members, note_seen
from backoffice.badges import WRITE_TONES, in_words
from backoffice.client import PERSON, ReadsFirst
from backoffice.errors import BackofficeError, RemoteError
from backoffice.logs import MASK, redact
from backoffice.masking import MASKED
from backoffice.models import RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text
from backoffice.writes.plan import Actor, columns_of
from backoffice.writes.verbs import WriteVerb

PREVIEW = "backoffice.preview_remotewrite"
SHOWN_HEADERS = (
    "accept", "content-type", "idempotency-key", "if-match", "x-organization-id", "x-apideck-consumer-id",
    "x-apideck-service-id",
)  # fmt: skip
"""Headers that hold no secret; of all others but these of the network only the name is shown."""
NETWORK_HEADERS = frozenset({"host", "accept-encoding", "connection", "user-agent", "content-length"})
State = RemoteWrite.State


@dataclass(frozen=True)
class Preview:
    """What would be sent: a request, or why there is none."""

    label: Text  # of the verb
    method: str = ""
    url: str = ""
    headers: tuple[tuple[str, str], ...] = ()
    body: str = ""
    told: str = ""
    """Why nothing would be sent, or why that cannot be told, in a sentence."""
    left_out: tuple[str, ...] = ()
    """What is read before it is sent, by endpoint: another answer than what is mirrored may make another request."""


class _Stopped(Exception):
    """A request came to the door."""

    def __init__(self, request: httpx.Request) -> None:
        super().__init__()
        self.request = request


class _Door(httpx.BaseTransport):
    """Lets nothing through."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        raise _Stopped(request)


def preview(verb: WriteVerb, actor: Actor, *, id: UUID, failed: RemoteWrite | None = None, **wanted: Any) -> Preview:
    """What ``plan`` and ``carry_out`` of the same would send first. Nothing is sent, read or kept.

    Args:
        id: of the form, which becomes the write's and may go along.
        failed: a write that is sent again in place of a new one.
        wanted: as ``columns_of``.

    Raises NotAllowed.
    """
    columns = columns_of(verb, actor, **wanted)
    if earlier := RemoteWrite.objects.filter(pk=id).first():
        told = _("This form was sent already, and that is {state}: it is not sent once more.")
        return Preview(verb.label, told=told.format(state=in_words(earlier.state, WRITE_TONES)))
    write = failed or RemoteWrite(pk=id, **columns)
    write.is_preview = True
    left_out: list[str] = []
    try:
        with verb.client(PERSON) as api, _going_again(write), limits.everything():
            api.only_show(_Door())
            left_out = api.left_out
            verb.carry_out(api, write)
    except _Stopped as stopped:
        return _shown(verb, actor, write, stopped.request, left_out)
    except ReadsFirst as error:
        told = _("{endpoint} is read first, and too little of that is here to tell what is sent then.")
        return Preview(verb.label, told=told.format(endpoint=error))
    except (BackofficeError, RemoteError) as error:
        return Preview(verb.label, told=str(error), left_out=tuple(left_out))
    return Preview(verb.label, told=write.error or write.remark, left_out=tuple(left_out))


@contextmanager
def _going_again(write: RemoteWrite) -> Iterator[None]:
    """The write as if it was planned, inside; whatever was stored meanwhile is gone afterwards."""
    with transaction.atomic():
        try:
            write.state = State.PLANNED
            write.save()
            yield
        finally:
            transaction.set_rollback(True)


def _shown(verb: WriteVerb, actor: Actor, write: RemoteWrite, request: httpx.Request, left_out: list[str]) -> Preview:
    body = ""
    if content := request.read():
        members = msgspec.json.decode(content)
        if write.remote_id and isinstance(members, Mapping):
            note_seen(actor.user, verb.resource, write.remote_id, members)
        hidden = hidden_members(actor.user, verb.resource)
        secret = RESOURCES[verb.resource].record.secrets
        shown = msgspec.json.encode(_veiled(members, hidden, secret))
        body = redact(msgspec.json.format(shown, indent=2).decode())
    return Preview(
        verb.label,
        request.method,
        redact(str(request.url)),
        tuple(_headers(request.headers)),
        body,
        left_out=tuple(left_out),
    )


def _headers(headers: httpx.Headers) -> Iterator[tuple[str, str]]:
    for name, value in headers.items():
        if name in SHOWN_HEADERS:
            yield name.title(), redact(value)
        elif name not in NETWORK_HEADERS:
            kind = value.partition(" ")[0] if name == "authorization" else ""
            yield name.title(), f"{kind} {MASK}".strip()


def _veiled(value: Any, hidden: frozenset[str], secrets: frozenset[str]) -> Any:
    """The same without what the person may not see, and without what nobody shall see in a page."""
    if isinstance(value, list):
        return [_veiled(item, hidden, secrets) for item in value]
    if not isinstance(value, Mapping):
        return value
    veiled = {}
    for name, item in value.items():
        is_secret = name in secrets or any(word in name.lower() for word in ("secret", "token", "password"))
        veiled[name] = MASKED if name in hidden else MASK if is_secret else _veiled(item, hidden, secrets)
    return veiled
