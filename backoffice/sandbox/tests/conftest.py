"""A Kirim whose clock the test moves, and a client that holds its key."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from backoffice.sandbox import KIRIM_PATH, Sandbox

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


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def sandbox(clock: MovableClock) -> Iterator[Sandbox]:
    """An empty one."""
    with Sandbox(customers=0, now=clock) as sandbox:
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
