"""Fixtures: an Apideck behind the client, empty or with customers that are mirrored."""

import httpx
import pytest

from customers.tests.kirim import sync
from customers.tests.support.apideck import KEY, FakeApideck, customer

BASE_URL = "https://unify.example"


@pytest.fixture
def apideck(settings: object, db: None) -> FakeApideck:
    """The upstream of the test, empty until rows are put in."""
    fake = FakeApideck()
    settings.APIDECK_BASE_URL = BASE_URL  # type: ignore[attr-defined]
    settings.APIDECK_API_KEY = f"{KEY},the-next-key"  # type: ignore[attr-defined]
    settings.APIDECK_APP_ID = "app-1"  # type: ignore[attr-defined]
    settings.APIDECK_CONSUMER_ID = "tenant-7"  # type: ignore[attr-defined]
    settings.APIDECK_SERVICE_ID = "kustomer"  # type: ignore[attr-defined]
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)  # type: ignore[attr-defined]
    return fake


@pytest.fixture
def mirrored(apideck: FakeApideck) -> FakeApideck:
    """The same with three customers, mirrored; what was asked for so far is forgotten."""
    apideck.customers = [customer(number) for number in (1, 2, 3)]
    sync("apideck.customers")
    apideck.requests.clear()
    return apideck
