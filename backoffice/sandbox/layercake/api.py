"""L4YERCAK3's HTTP side: the key, the tenant in the header, error bodies, and which call is which operation."""

from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from backoffice.sandbox.http import flask_app, is_bearer_of, json_response, url_map
from backoffice.sandbox.layercake.operations import OPERATIONS, Answer, Operations
from backoffice.sandbox.layercake.refusal import Refusal
from backoffice.sandbox.layercake.state import Layercake

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

TENANT_HEADER = "X-Organization-Id"


@cache
def _urls() -> Map:
    return url_map(OPERATIONS)


class LayercakeAPI:
    """L4YERCAK3 as a WSGI app. Its state is asked for with the first call."""

    def __init__(self, state: Callable[[], Layercake]) -> None:
        self._state = state

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one call."""
        return self._flask(environ, start_response)

    def error_body(self, status: int, code: str | None = None) -> bytes:
        """The JSON body of an error that no operation decided on."""
        return msgspec.json.encode(self._error(Refusal(status, code)))

    @cached_property
    def _flask(self) -> Flask:
        operations = Operations(self._state())
        views = {endpoint: _answered(getattr(operations, name)) for endpoint, name in OPERATIONS.items()}
        app = flask_app(_urls(), views)
        app.before_request(self._begin)
        app.register_error_handler(Refusal, self._refused)
        app.register_error_handler(HTTPException, self._not_routed)
        return app

    def _begin(self) -> None:
        """Raise Refusal unless the call may be made now."""
        layercake = self._state()
        if not is_bearer_of(layercake.api_key):
            raise Refusal(401)
        left = layercake.calls.take()
        if left.remaining < 0:
            wait_s = max(1, left.resets_at - int(layercake.now().timestamp()))
            raise Refusal(429, headers={"Retry-After": str(wait_s)})
        if request.headers.get(TENANT_HEADER, layercake.organization_id) != layercake.organization_id:
            raise Refusal(403)

    def _error(self, refusal: Refusal) -> dict[str, str]:
        return refusal.body(member="message" if self._state().habits.errors_say_message else "error")

    def _refused(self, refusal: Refusal) -> Response:
        return json_response(self._error(refusal), refusal.status, refusal.headers)

    def _not_routed(self, error: HTTPException) -> Response:
        """Unknown path, wrong method, or a bug here (Flask has logged it): the same body as any refusal."""
        response = self._refused(Refusal(error.code or 500))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response


def _answered(operation: Callable[..., Answer]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        answer = operation(**path)
        if answer.body is None:
            return Response(status=answer.status)
        return json_response(answer.body, answer.status)

    return view
