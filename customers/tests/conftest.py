"""Fixtures of the customers app: a faithful Kirim behind the client, as rows in memory or as the whole sandbox."""

from collections.abc import Iterator

import httpx
import pytest

from backoffice.sandbox import Sandbox
from customers.tests.kirim import FakeKirim
from customers.tests.linking import Counted
from customers.tests.mirrored import mirrored_sandbox
from customers.tests.write_commands import World, add_link


@pytest.fixture
def kirim(settings: object) -> FakeKirim:
    """The upstream of the test, empty until rows are put in."""
    fake = FakeKirim()
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)  # type: ignore[attr-defined]
    return fake


@pytest.fixture
def sandbox(settings: object, db: None) -> Iterator[Sandbox]:
    """A Kirim that keeps what is written to it, with switches for trouble; its twelve customers are mirrored."""
    with mirrored_sandbox(settings, customers=12) as sandbox:
        yield sandbox


@pytest.fixture
def world(settings: object, db: None) -> Iterator[World]:
    """A mirrored sandbox with an object for each command that writes."""
    with mirrored_sandbox(settings, customers=12, prepare=add_link) as sandbox:
        yield World.of(sandbox, settings)


@pytest.fixture
def counted(sandbox: Sandbox, settings: object) -> Counted:
    """The sandbox, with its requests counted."""
    settings.REMOTE_TRANSPORT = Counted(sandbox)  # type: ignore[attr-defined]
    return settings.REMOTE_TRANSPORT  # type: ignore[attr-defined, no-any-return]
