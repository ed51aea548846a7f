"""Kirim's HTTP side: the key, the envelopes, and which call is which operation."""

import hmac
import itertools
from collections.abc import Callable
from typing import Any

import msgspec
from flask import Flask, Response, g, request
from werkzeug.exceptions import HTTPException

from backoffice.sandbox.clock import milliseconds
from backoffice.sandbox.ids import scrambled, ulid
from backoffice.sandbox.kirim.operations import OPERATIONS, Operations
from backoffice.sandbox.kirim.refusal import Refusal
from backoffice.sandbox.kirim.state import Kirim

OPEN_PATHS = {"/health"}  # need no key

Answer = dict[str, Any]


class KirimAPI:
    """Kirim as a Flask app with the version prefix cut off."""

    def __init__(self, kirim: Kirim, *, api_key: str) -> None:
        self._kirim, self._expected = kirim, api_key.encode()
        self._numbers = itertools.count(1)
        self.flask = Flask(__name__, static_folder=None)
        self.flask.url_map.merge_slashes = False  # a doubled slash is an unknown path, not a redirect
        self.flask.before_request(self._begin)
        self.flask.register_error_handler(Refusal, self._refused)
        self.flask.register_error_handler(HTTPException, self._not_routed)
        operations = Operations(kirim)
        for endpoint, name in OPERATIONS.items():
            method, path = endpoint.split(" ", 1)
            self.flask.add_url_rule(
                path,
                endpoint,
                self._answered(getattr(operations, name)),
                methods=[method],
                provide_automatic_options=False,
            )

    def error_body(self, status: int) -> bytes:
        """The JSON body of an error that no operation decided on."""
        return msgspec.json.encode(_envelope(Refusal(status, "The sandbox was told to answer so."), self._request_id()))

    def _begin(self) -> None:
        g.request_id = self._request_id()
        scheme, _, key = request.headers.get("Authorization", "").partition(" ")
        authorized = scheme.lower() == "bearer" and hmac.compare_digest(key.strip().encode(), self._expected)
        if request.path not in OPEN_PATHS and not authorized:
            raise Refusal(401, "Missing or invalid API key.")

    def _request_id(self) -> str:
        """Unique within this process; the time in it tells processes apart."""
        randomness = int.from_bytes(scrambled(self._kirim.seed, "requests", next(self._numbers), 10))
        return ulid("req_", milliseconds(self._kirim.now()), randomness)

    def _answered(self, operation: Callable[..., Answer]) -> Callable[..., Response]:
        def view(**path: str) -> Response:
            return _response({**operation(**path), "request_id": g.request_id})

        return view

    def _refused(self, refusal: Refusal) -> Response:
        return _response(_envelope(refusal, g.request_id), refusal.status)

    def _not_routed(self, error: HTTPException) -> Response:
        """Unknown path, wrong method, or a bug here (Flask has logged it): the same envelope as any refusal."""
        status = error.code or 500
        response = _response(_envelope(Refusal(status, error.name), g.request_id), status)
        if allowed := getattr(error, "valid_methods", None):
            response.headers["Allow"] = ", ".join(sorted(allowed))
        return response


def _envelope(refusal: Refusal, request_id: str) -> Answer:
    error: dict[str, Any] = {"code": refusal.code, "message": refusal.message}
    if refusal.details:
        error["details"] = [{"path": path, "message": message} for path, message in refusal.details]
    return {"error": error, "request_id": request_id}


def _response(body: Answer, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, mimetype="application/json")
