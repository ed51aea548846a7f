"""A preview and then the real thing: what was shown must be what the network receives."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from backoffice.client import PERSON
from backoffice.models import AuditEntry, BulkAction, RemoteWrite, WriteAttempt
from backoffice.tests.everywhere import every_table
from backoffice.writes.carry_out import carry_out
from backoffice.writes.plan import Actor, plan
from backoffice.writes.preview import Preview, preview
from backoffice.writes.verbs import VERBS, WriteVerb

OPERATOR = Actor(None, RemoteWrite.Door.COMMAND)
SEARCHES = "/search"


@dataclass
class Watched(httpx.BaseTransport):
    """The network of a test, with every request that goes out."""

    inner: httpx.BaseTransport
    requests: list[httpx.Request] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self.inner.handle_request(request)

    @property
    def changing(self) -> list[httpx.Request]:
        """Those that change something: no readings, and no request for an access token."""
        is_read = ("/search", "/iam/oauth")
        return [one for one in self.requests if one.method != "GET" and not any(w in one.url.path for w in is_read)]


def watched(settings: Any) -> Watched:
    """Have all requests of the test go through here from now on."""
    settings.REMOTE_TRANSPORT = Watched(settings.REMOTE_TRANSPORT)
    network: Watched = settings.REMOTE_TRANSPORT
    return network


def verbs_of(upstream: str) -> set[tuple[str, str]]:
    """All verbs that change something at an upstream."""
    return {key for key, verb in VERBS.items() if isinstance(verb, WriteVerb) and verb.upstream == upstream}


def written_down() -> tuple[int, ...]:
    """How much there is of what a write leaves behind."""
    return tuple(model._base_manager.count() for model in (RemoteWrite, WriteAttempt, AuditEntry, BulkAction))


def assert_shown_as_sent(network: Watched, verb: WriteVerb, wanted: Mapping[str, Any]) -> Preview:
    """Show the request of a verb, then do it: nothing came of the first, and the second sent what was shown."""
    id, before, tables = uuid4(), written_down(), every_table()
    network.requests.clear()
    shown = preview(verb, OPERATOR, id=id, **wanted)
    assert shown.method, shown.told
    assert network.requests == [] and written_down() == before
    assert every_table() == tables
    write, is_new = plan(verb, OPERATOR, id=id, **wanted)
    assert is_new
    carry_out(write, PERSON)
    write.refresh_from_db()
    assert write.state == RemoteWrite.State.CONFIRMED, write.error
    sent = network.changing[0]
    assert (shown.method, shown.url) == (sent.method, str(sent.url))
    assert (json.loads(shown.body) if shown.body else None) == _shown_body(sent)
    headers = {name.lower(): value for name, value in shown.headers}
    assert headers.get("content-type") == sent.headers.get("content-type")
    assert headers["authorization"] == "Bearer •••"
    whole = f"{shown.url} {shown.body} {shown.headers}"
    assert sent.headers["authorization"].partition(" ")[2] not in whole
    assert sent.headers.get("x-apideck-app-id", "no app") not in whole
    return shown


def _shown_body(request: httpx.Request) -> Any:
    """The body as a preview shows it: a signing secret is sent with a subscription."""
    if not request.content:
        return None
    members = json.loads(request.content)
    return {**members, "secret": "•••"} if isinstance(members, dict) and "secret" in members else members
