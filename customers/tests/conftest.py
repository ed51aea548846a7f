"""Fixtures of the customers app: a faithful Kirim behind the client."""

import httpx
import pytest

from customers.tests.kirim import FakeKirim


@pytest.fixture
def kirim(settings: object) -> FakeKirim:
    """The upstream of the test, empty until rows are put in."""
    fake = FakeKirim()
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)  # type: ignore[attr-defined]
    return fake
