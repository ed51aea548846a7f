"""Kirim's HTTP side: the key, the envelopes, and which call is which operation."""

import itertools
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Response, g, request
from werkzeug.exceptions import HTTPException

from backoffice.sandbox.clock import milliseconds
from backoffice.sandbox.http import flask_app, is_bearer_of, json_response, url_map
from backoffice.sandbox.ids import scrambled, ulid
from backoffice.sandbox.kirim.operations import OPERATIONS, Operations
from backoffice.sandbox.kirim.refusal import Refusal
from backoffice.sandbox.kirim.state import Kirim

OPEN_PATHS = {"/health"}  # need no key
URLS = url_map(OPERATIONS)

Answer = dict[str, Any]


class KirimAPI:
    """Kirim as a Flask app with the version prefix cut off."""

    def __init__(self, kirim: Kirim, *, api_key: str) -> None:
        self._kirim, self._api_key = kirim, api_key
        self._numbers = itertools.count(1)
        operations = Operations(kirim)
        views = {endpoint: self._answered(getattr(operations, name)) for endpoint, name in OPERATIONS.items()}
        self.flask = flask_app(URLS, views)
        self.flask.before_request(self._begin)
        self.flask.register_error_handler(Refusal, self._refused)
        self.flask.register_error_handler(HTTPException, self._not_routed)

    def error_body(self, status: int, code: str | None = None) -> bytes:
        """The JSON body of an error that no operation decided on."""
        refusal = Refusal(status, "The sandbox was told to answer so.", code=code)
        return msgspec.json.encode(_envelope(refusal, self._request_id()))

    def _begin(self) -> None:
        g.request_id = self._request_id()
        if request.path not in OPEN_PATHS and not is_bearer_of(self._api_key):
            raise Refusal(401, "Missing or invalid API key.")

    def _request_id(self) -> str:
        """Unique within this process; the time in it tells processes apart."""
        randomness = int.from_bytes(scrambled(self._kirim.seed, "requests", next(self._numbers), 10))
        return ulid("req_", milliseconds(self._kirim.now()), randomness)

    def _answered(self, operation: Callable[..., Answer]) -> Callable[..., Response]:
        def view(**path: str) -> Response:
            return json_response({**operation(**path), "request_id": g.request_id})

        return view

    def _refused(self, refusal: Refusal) -> Response:
        return json_response(_envelope(refusal, g.request_id), refusal.status)

    def _not_routed(self, error: HTTPException) -> Response:
        """Unknown path, wrong method, or a bug here (Flask has logged it): the same envelope as any refusal."""
        status = error.code or 500
        response = json_response(_envelope(Refusal(status, error.name), g.request_id), status)
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response


def _envelope(refusal: Refusal, request_id: str) -> Answer:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = [{"path": path, "message": message} for path, message in refusal.details]
    return {"error": error, "request_id": request_id}
