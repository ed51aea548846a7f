"""Afosto behind our client: the sandbox in this process with its requests counted, and what a sync made of it."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import httpx

from backoffice.models import SyncRun
from backoffice.sandbox import AFOSTO_PATH, Sandbox, Switch
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sync import engine, runs
from backoffice.sync.resource import RESOURCES
from fulfilment.models import HandlingList, Location, Parcel, Recipient, Shipment, ShippingMethod

ALL = (
    "afosto.locations", "afosto.methods", "afosto.contacts", "afosto.shipments", "afosto.handling_lists",
    "afosto.parcels",
)  # fmt: skip
PATHS = {
    "afosto.locations": "/lcs/locations",
    "afosto.methods": "/lcs/methods",
    "afosto.contacts": "/rel/contacts",
    "afosto.shipments": "/lcs/shipments",
    "afosto.handling_lists": "/lcs/lists",
    "afosto.parcels": "/lcs/parcels",
}
MODELS: Any = {
    "afosto.locations": Location,
    "afosto.methods": ShippingMethod,
    "afosto.contacts": Recipient,
    "afosto.shipments": Shipment,
    "afosto.handling_lists": HandlingList,
    "afosto.parcels": Parcel,
}
Call = tuple[str, str, str]
"""Method, path after the base URL, page asked for ("" for none)."""


@dataclass
class Upstream(httpx.BaseTransport):
    """The sandbox, with every request that reaches it; ``watch`` is called before each, and may answer instead."""

    sandbox: Sandbox
    calls: list[Call] = field(default_factory=list)
    watch: Callable[[httpx.Request], httpx.Response | None] = lambda request: None

    def __post_init__(self) -> None:
        self._inner = httpx.WSGITransport(app=self.sandbox.wsgi)
        self._lock = threading.Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix(AFOSTO_PATH)
        with self._lock:
            self.calls.append((request.method, path, request.headers.get("x-page", "")))
            instead = self.watch(request)
        return instead or self._inner.handle_request(request)

    def answer(self, request: httpx.Request) -> httpx.Response:
        """What the sandbox answers, read, for a ``watch`` that changes it."""
        answer = self._inner.handle_request(request)
        answer.read()
        return answer

    @property
    def afosto(self) -> Afosto:
        return self.sandbox.afosto

    def turn_on(self, kind: str, **how: Any) -> None:
        """Trouble."""
        self.sandbox.switches["afosto"].turn_on(Switch(kind, **how))

    def turn_off(self, kind: str) -> None:
        """No more of it."""
        self.sandbox.switches["afosto"].turn_off(kind)

    def pages(self, resource: str) -> list[str]:
        """The pages of a resource's list that were asked for."""
        return [page for method, path, page in self.calls if (method, path) == ("GET", PATHS[resource])]

    def paths(self, method: str = "GET") -> list[str]:
        """The paths that were asked for with this method."""
        return [path for used, path, _ in self.calls if used == method]

    def bodies(self, resource: str) -> dict[str, Any]:
        """The sandbox's own list less secrets, read without any code of ours, by id."""
        headers = {"Authorization": f"Bearer {self.afosto.tokens.issue()}", "x-page-size": "100"}
        rows: list[dict[str, Any]] = []
        page = "1"
        with httpx.Client(transport=self._inner, base_url=f"http://x{AFOSTO_PATH}", headers=headers) as http:
            while page:
                answer = http.get(PATHS[resource], headers={"x-page": page}).raise_for_status()
                rows += answer.json()
                is_numbered = "x-count" in answer.headers and answer.json()
                page = str(int(page) + 1) if is_numbered else answer.headers.get("x-page", "")
        return {row["id"]: {name: value for name, value in row.items() if name != "secret"} for row in rows}


@contextmanager
def upstream(settings: Any, *, lists: int = 4, parcels: int = 6, page_size: int = 0) -> Iterator[Upstream]:
    """A small Afosto that nothing of is mirrored yet.

    Args:
        page_size: rows a page, so that little data has many pages; 0: as many as our client asks for.
    """
    client = {"afosto_client_id": f"id-{uuid4()}", "afosto_client_secret": f"secret-{uuid4()}"}
    with Sandbox(customers=0, lists=lists, parcels=parcels, **client) as sandbox:
        there = Upstream(sandbox)
        if page_size:
            there.watch = lambda request: _resize(request, page_size)
        settings.REMOTE_TRANSPORT = there
        settings.AFOSTO_BASE_URL = f"http://127.0.0.1:9000{AFOSTO_PATH}"
        settings.AFOSTO_CLIENT_ID = client["afosto_client_id"]
        settings.AFOSTO_CLIENT_SECRET = client["afosto_client_secret"]
        yield there


def _resize(request: httpx.Request, page_size: int) -> None:
    if "x-page-size" in request.headers:
        request.headers["x-page-size"] = str(page_size)


def sync(resource: str, mode: str = SyncRun.Mode.NORMAL, **how: Any) -> SyncRun:
    """One run to its end."""
    run = runs.queue(resource, trigger="command", mode=mode, is_dry=how.pop("is_dry", False))
    return engine.carry_out(run, busy_wait_s=0, is_trial=True, **how)


def sync_all(mode: str = SyncRun.Mode.NORMAL) -> list[SyncRun]:
    """One run of each resource, all of which succeed."""
    done = [sync(resource, mode) for resource in ALL]
    assert {(run.state, run.error) for run in done} == {(SyncRun.State.SUCCEEDED, "")}
    return done


def mirrored(resource: str) -> dict[str, Any]:
    """Living rows as the remote would state them in its list, by id."""
    rows = MODELS[resource].objects.filter(vanished_at=None)
    return dict(rows.values_list("remote_id", "payload"))


def stored(resource: str) -> list[dict[str, Any]]:
    """Every column of every row."""
    return list(RESOURCES[resource].model._default_manager.order_by("pk").values())
