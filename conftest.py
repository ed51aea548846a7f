"""Fixtures of the whole suite: a remote that is only a function, so that no test can reach the network."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import httpx
import pytest

Handler = Callable[[httpx.Request], httpx.Response]


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
def remote(settings: pytest.FixtureRequest) -> Iterator[FakeRemote]:
    """The upstream of every test, empty until the test plans its answers."""
    fake = FakeRemote()
    settings.REMOTE_TRANSPORT = httpx.MockTransport(fake)  # type: ignore[attr-defined]
    yield fake
