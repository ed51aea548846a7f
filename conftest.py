"""Fixtures of the whole suite: a remote that is only a function, so that no test can reach the network."""

import gc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.test import Client
from django.utils import translation
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from backoffice import auditlock
from backoffice.tests.factories import person

# How long an example takes is the machine's business: on a busy one it must not fail.
hypothesis_settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("suite")

Handler = Callable[[httpx.Request], httpx.Response]


def pytest_collection_finish() -> None:
    """What was loaded stays: a collector that looks through all of it again and again takes a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@dataclass
class FakeRemote:
    """A remote API in memory. An unplanned call raises KeyError and fails the test."""

    answers: dict[tuple[str, str], httpx.Response | Handler] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers[request.method, request.url.path]
        return answer(request) if callable(answer) else answer


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """English, whatever language the last page of the test before was in: a request leaves its own behind."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def remote(settings: pytest.FixtureRequest) -> Iterator[FakeRemote]:
    """The upstream of every test, empty until the test plans its answers."""
    fake = FakeRemote()
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)  # type: ignore[attr-defined]
    yield fake


@pytest.fixture(autouse=True)
def _emptied_afterwards(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test with real transactions ends with the database emptied, which the audit's triggers would refuse."""
    marker = request.node.get_closest_marker("django_db")
    real = bool({"transactional_db", "live_server"} & set(request.fixturenames))
    if not real and not (marker and marker.kwargs.get("transaction")):
        yield
        return
    request.getfixturevalue("transactional_db")  # so that this ends before it does
    yield
    auditlock.unlock()


@pytest.fixture(autouse=True)
def _nothing_kept() -> None:
    """What one test counted is not told in another."""
    cache.clear()


@pytest.fixture
def user(db: None) -> User:
    """A supervisor."""
    return person("supervisor")


@pytest.fixture
def supervisor(client: Client, user: User) -> Client:
    """That supervisor, signed in."""
    client.force_login(user)
    return client


@pytest.fixture
def desk(client: Client, db: None) -> Client:
    """Somebody of the customer desk, signed in."""
    client.force_login(person("customer desk"))
    return client


@pytest.fixture
def viewer(client: Client, db: None) -> Client:
    """A viewer, signed in."""
    client.force_login(person("viewer"))
    return client
