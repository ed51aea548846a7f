"""Afosto's HTTP side: tokens and their scopes, error bodies, and which call is which operation."""

import itertools
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

import msgspec
from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.routing import Map

from backoffice.sandbox.afosto.documents import Body
from backoffice.sandbox.afosto.operations import GROUPS
from backoffice.sandbox.afosto.operations.base import Answer
from backoffice.sandbox.afosto.refusal import Refusal
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.http import bearer_token, flask_app, json_response, url_map
from backoffice.sandbox.ids import scrambled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

OPEN_PATHS = {"/iam/oauth/authorize"}  # need no token
CONTENT = "GET /files/<file_id>/<filename>"  # where the ``url`` of a file leads; the contract does not name it
CONTENT_SCOPE = "cnt:files:read"


@cache
def _urls() -> Map:
    return url_map([CONTENT, *(endpoint for _, operations in GROUPS for endpoint in operations)])


class AfostoAPI:
    """Afosto as a WSGI app. Its state is asked for with the first call."""

    def __init__(self, state: Callable[[], Afosto]) -> None:
        self._state = state
        self._numbers = itertools.count(1)

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one call."""
        return self._flask(environ, start_response)

    def error_body(self, status: int, message: str | None = None) -> bytes:
        """The JSON body of an error that no operation decided on."""
        return msgspec.json.encode(self._error(Refusal(status, message or "")))

    @cached_property
    def _flask(self) -> Flask:
        afosto = self._state()
        views = {CONTENT: _scoped(CONTENT_SCOPE, afosto, self._content)}
        for calls, operations in GROUPS:
            group = calls(afosto)
            for endpoint, (name, scopes) in operations.items():
                views[endpoint] = _scoped(scopes, afosto, _answered(getattr(group, name)))
        app = flask_app(_urls(), views)
        app.before_request(self._begin)
        app.register_error_handler(Refusal, self._refused)
        app.register_error_handler(HTTPException, self._not_routed)
        return app

    def _begin(self) -> None:
        afosto = self._state()
        if request.path not in OPEN_PATHS:
            if afosto.switches.take("expire", request.method, request.path):
                afosto.tokens.revoke(bearer_token())
            afosto.tokens.scope_of(bearer_token())
        afosto.carry_out_due()

    def _content(self, file_id: str, filename: str) -> Response:
        """The bytes of a file."""
        return Response(self._state().labelling.content(file_id), mimetype="application/pdf")

    def _error(self, refusal: Refusal) -> Body:
        """Its reference is unique within this process."""
        reference = scrambled(0, "references", next(self._numbers), 4).hex()
        return {
            "code": refusal.status,
            "message": refusal.message,
            "reference": f"req-{refusal.status}-{reference}",
            "errors": refusal.errors,
        }

    def _refused(self, refusal: Refusal) -> Response:
        return json_response(self._error(refusal), refusal.status)

    def _not_routed(self, error: HTTPException) -> Response:
        """Unknown path, wrong method, or a bug here (Flask has logged it): the same body as any refusal."""
        response = self._refused(Refusal(error.code or 500))
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response


def _scoped(scopes: str, afosto: Afosto, view: Callable[..., Response]) -> Callable[..., Response]:
    """A view that refuses a token without these scopes; a token that was asked for without any has all."""
    needed = set(scopes.split())

    def guarded(**path: str) -> Response:
        granted = needed and afosto.tokens.scope_of(bearer_token())
        if granted and not needed <= set(granted.split()):
            raise Refusal(403, errors={"scope": sorted(needed - set(granted.split()))})
        return view(**path)

    return guarded


def _answered(operation: Callable[..., Answer]) -> Callable[..., Response]:
    def view(**path: str) -> Response:
        answer = operation(**path)
        if answer.body is None:
            return _empty(answer.headers)
        return json_response(answer.body, headers=answer.headers)

    return view


def _empty(headers: Mapping[str, str]) -> Response:
    response = Response(status=204, headers=dict(headers))
    response.headers.remove("Content-Type")
    return response
