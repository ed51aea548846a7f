"""Upstreams whose clock the test moves, and clients that hold their keys."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from backoffice.sandbox import AFOSTO_PATH, APIDECK_PATH, KIRIM_PATH, LAYERCAKE_PATH, Sandbox
from backoffice.sandbox.afosto.state import Afosto

KEY = "kirim-sandbox-key"


@dataclass
class MovableClock:
    """Stands still until it is moved."""

    moment: datetime = field(default=datetime(2026, 1, 1, 12, tzinfo=UTC))

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **span: float) -> None:
        self.moment += timedelta(**span)


def client_of(sandbox: Sandbox, key: str = KEY) -> httpx.Client:
    """A client of the sandbox's Kirim, without a network."""
    return httpx.Client(
        transport=httpx.WSGITransport(app=sandbox.wsgi),
        base_url=f"http://sandbox{KIRIM_PATH}",
        headers={"Authorization": f"Bearer {key}"},
    )


def desk_of(sandbox: Sandbox, scope: str = "") -> httpx.Client:
    """A client of the sandbox's Afosto with a token of its own, without a network."""
    return httpx.Client(
        transport=httpx.WSGITransport(app=sandbox.wsgi),
        base_url=f"http://sandbox{AFOSTO_PATH}",
        headers={"Authorization": f"Bearer {sandbox.afosto.tokens.issue(scope)}"},
    )


def support_of(sandbox: Sandbox, **headers: str) -> httpx.Client:
    """A client of the customers in the sandbox's Apideck, without a network; ``headers`` replace those it sends."""
    keys = sandbox.apideck_keys
    own = {"Authorization": f"Bearer {keys.api_key}", "x-apideck-app-id": keys.app_id}
    own |= {"x-apideck-consumer-id": keys.consumer_id, "x-apideck-service-id": keys.service_id}
    return httpx.Client(
        transport=httpx.WSGITransport(app=sandbox.wsgi),
        base_url=f"http://sandbox{APIDECK_PATH}",
        headers={**own, **headers},
    )


def crm_of(sandbox: Sandbox, **headers: str) -> httpx.Client:
    """A client of the sandbox's L4YERCAK3, without a network; ``headers`` replace those it sends."""
    return httpx.Client(
        transport=httpx.WSGITransport(app=sandbox.wsgi),
        base_url=f"http://sandbox{LAYERCAKE_PATH}/api/v1",
        headers={"Authorization": f"Bearer {sandbox.layercake_tenant.api_key}", **headers},
    )


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def sandbox(clock: MovableClock) -> Iterator[Sandbox]:
    """An empty one."""
    with Sandbox(customers=0, lists=0, parcels=0, now=clock) as sandbox:
        yield sandbox


@pytest.fixture
def full(clock: MovableClock) -> Iterator[Sandbox]:
    """One with 350 customers."""
    with Sandbox(now=clock) as sandbox:
        yield sandbox


@pytest.fixture
def api(sandbox: Sandbox) -> httpx.Client:
    return client_of(sandbox)


@pytest.fixture
def full_api(full: Sandbox) -> httpx.Client:
    return client_of(full)


@pytest.fixture
def afosto(sandbox: Sandbox) -> Afosto:
    """One without work."""
    return sandbox.afosto


@pytest.fixture
def desk(sandbox: Sandbox) -> httpx.Client:
    return desk_of(sandbox)


@pytest.fixture
def support(sandbox: Sandbox) -> httpx.Client:
    return support_of(sandbox)


@pytest.fixture
def crm(sandbox: Sandbox) -> httpx.Client:
    return crm_of(sandbox)


@pytest.fixture(scope="package")
def busy() -> Iterator[Sandbox]:
    """One whose Afosto is full of work; tests only read it."""
    with Sandbox(customers=30, lists=24, parcels=16, now=MovableClock()) as sandbox:
        yield sandbox
