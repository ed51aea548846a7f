"""Apideck's HTTP side: who may call, the envelopes, and which call is which operation."""

import itertools
from collections.abc import Callable, Iterable
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from backoffice.sandbox.apideck.operations import OPERATIONS, Operations
from backoffice.sandbox.apideck.refusal import Refusal, invalid
from backoffice.sandbox.apideck.state import Apideck
from backoffice.sandbox.http import bearer_token, flask_app, is_bearer_of, json_response, url_map
from backoffice.sandbox.ids import scrambled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

APP_ID, CONSUMER_ID, SERVICE_ID = "x-apideck-app-id", "x-apideck-consumer-id", "x-apideck-service-id"
_STATUS_WORDS = {200: "OK", 201: "Created"}


@cache
def _urls() -> Map:
    return url_map(OPERATIONS)


class ApideckAPI:
    """Apideck as a WSGI app. Its state is asked for with the first call."""

    def __init__(self, state: Callable[[], Apideck]) -> None:
        self._state = state
        self._numbers = itertools.count(1)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one call."""
        return self._flask(environ, start_response)

    def error_body(self, status: int, type_name: str | None = None) -> bytes:
        """The JSON body of an error that no operation decided on."""
        return msgspec.json.encode(Refusal(status, type_name).body())

    @cached_property
    def _flask(self) -> Flask:
        operations = Operations(self._state())
        views = {endpoint: self._answered(getattr(operations, name), name) for endpoint, name in OPERATIONS.items()}
        app = flask_app(_urls(), views)
        app.before_request(self._begin)
        app.after_request(self._add_headers)
        app.register_error_handler(Refusal, self._refused)
        app.register_error_handler(HTTPException, self._not_routed)
        return app

    def _begin(self) -> None:
        """Raise Refusal unless the call may go through to the connected service."""
        apideck, g.left = self._state(), None
        if lacking := [name for name in (APP_ID, CONSUMER_ID) if not request.headers.get(name)]:
            raise invalid(*((name, "is required") for name in lacking))
        if not bearer_token():
            raise Refusal(401, detail="The API key is missing.")
        if not is_bearer_of(apideck.api_key) or request.headers[APP_ID] != apideck.connection.app_id:
            raise Refusal(401, detail="The API key does not belong to this application.")
        if request.args.get("raw", "false") not in {"true", "false"}:
            raise invalid(("raw", "must be true or false"))
        service_id = request.headers.get(SERVICE_ID, apideck.connection.service_id)
        apideck.check(request.headers[CONSUMER_ID], service_id)
        g.left = apideck.calls.take()
        if g.left.remaining < 0:
            detail = {"context": service_id, "error": {"limit": g.left.limit}}
            wait_s = max(1, g.left.resets_at - int(apideck.now().timestamp()))
            raise Refusal(429, detail=detail, headers={"Retry-After": str(wait_s)})

    def _answered(self, operation: Callable[..., dict[str, Any]], name: str) -> Callable[..., Response]:
        def view(**path: str) -> Response:
            answer = operation(**path)
            if request.args.get("raw") == "true":
                answer["_raw"] = {"data": answer["data"]}
            status = 201 if name == "add" else 200
            envelope = {
                "status_code": status,
                "status": _STATUS_WORDS[status],
                "service": self._state().connection.service_id,
                "resource": "customers",
                "operation": name,
            }
            return json_response({**envelope, **answer}, status)

        return view

    def _add_headers(self, response: Response) -> Response:
        """The number of the request, unique within this process, and what is left of the connected service's quota."""
        response.headers["Request-Id"] = scrambled(self._state().seed, "requests", next(self._numbers), 16).hex()
        if g.left is not None:
            response.headers["x-downstream-ratelimit-limit"] = str(g.left.limit)
            response.headers["x-downstream-ratelimit-remaining"] = str(max(0, g.left.remaining))
            response.headers["x-downstream-ratelimit-reset"] = str(g.left.resets_at)
        return response

    def _refused(self, refusal: Refusal) -> Response:
        return json_response(refusal.body(), refusal.status, refusal.headers)

    def _not_routed(self, error: HTTPException) -> Response:
        """Unknown path, wrong method, or a bug here (Flask has logged it): the same body as any refusal."""
        response = self._refused(Refusal(error.code or 500))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response
