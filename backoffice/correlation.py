"""One id from a click, a command or a task to all it causes: writes, calls, deliveries, changed rows, log lines."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from uuid import uuid4

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from structlog.contextvars import bound_contextvars

_current: ContextVar[str] = ContextVar("correlation", default="")


def current() -> str:
    """The id that holds here; a fresh one outside of any."""
    return _current.get() or str(uuid4())


@contextmanager
def correlated(correlation_id: str = "") -> Iterator[str]:
    """All that is done inside belongs together, under ``correlation_id``, else the id that holds, else a new one."""
    value = correlation_id or current()
    before = _current.set(value)
    try:
        with bound_contextvars(correlation=value):
            yield value
    finally:
        _current.reset(before)


def middleware(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Every request is one click."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        with correlated(str(uuid4())):
            return answer(request)

    return answered
