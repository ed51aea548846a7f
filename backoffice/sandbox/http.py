"""What the upstreams' HTTP sides share: Flask apps over rules that are compiled once, and JSON bodies."""

import hmac
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from flask import Flask, Response, request
from werkzeug.routing import Map, Rule


def url_map(endpoints: Iterable[str]) -> Map:
    """The rules of these endpoints, such as ``GET /customers/<customer_id>``.

    Compiling them is slow, so a module does it once for all of its apps. A doubled slash is an unknown path.
    """
    split = [(endpoint, *endpoint.split(" ", 1)) for endpoint in endpoints]
    rules = [Rule(path, endpoint=endpoint, methods=[method]) for endpoint, method, path in split]
    return Map(rules, merge_slashes=False)


def flask_app(urls: Map, views: Mapping[str, Callable[..., Response]]) -> Flask:
    """An app that answers each endpoint of ``urls`` with its view."""
    app = Flask(__name__, static_folder=None)
    app.url_map = urls
    app.view_functions.update(views)
    return app


def json_response(body: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """``body`` as JSON."""
    return Response(msgspec.json.encode(body), status, headers, mimetype="application/json")


def bearer_token() -> str:
    """The token in the request's ``Authorization: Bearer ...``; "" where there is none."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def is_bearer_of(secret: str) -> bool:
    """Whether the request's bearer token is this one."""
    return hmac.compare_digest(bearer_token().encode(), secret.encode())


def read_json() -> Any:
    """The request's JSON body. Raises ValueError with what is wrong with it."""
    if request.mimetype != "application/json":
        raise ValueError("the body must be application/json")
    try:
        return msgspec.json.decode(request.get_data())
    except (msgspec.DecodeError, RecursionError):
        raise ValueError("the body is not JSON") from None
