"""The sandbox's own door: turn an upstream's switches (switches.py) over HTTP.

    POST /sandbox/control/kirim/latency  {"ms": 200}
    POST /sandbox/control/kirim/limit    {"times": 3, "retry_after": 2}
    POST /sandbox/control/kirim/fail     {"status": 500, "times": 2}          "after_work": true = commit, then fail
    POST /sandbox/control/kirim/drop     {"times": 1, "method": "POST"}       commit, then lose the answer
    POST /sandbox/control/kirim/down     {}       /up ends it       /reset ends everything
    POST /sandbox/control/kirim/redeliver  {"path": "customer.*"}             also /lose and /shuffle: what events meet
    POST /sandbox/control/afosto/expire  {"times": 1}                         end the life of the call's token
    POST /sandbox/control/afosto/shift   {"path": "/lcs/*"}                   also /count {"value": "junk"} and /repeat
    POST /sandbox/control/afosto/task_fail  {"path": "lcs:label", "value": "words"}    also /task_slow {"ms": 60000}
    POST /sandbox/control/layercake/fail  {"status": 429, "value": "RESOURCE_LIMIT"}   the upstream's own word for it
    POST /sandbox/control/apideck/unpaged  {}                                 also /short, /bare and /repeat
    POST /sandbox/control/apideck/event  {"type": "vault.connection.revoked"} let it happen, and tell of it
    GET  /sandbox/control/                        what is on, by upstream

Bodies are JSON or form fields. ``times``, ``method`` and ``path`` (shell pattern after the base URL, such as
``/customers/*``; of events their type, of tasks their name) narrow any switch down; without ``times`` it stays on.
"""

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from backoffice.sandbox.switches import KINDS, Switch, Switches

CONTROL_PATH = "/sandbox/control"

Tell = Callable[[], Callable[[str], None]]
"""Answers, once the upstream is there, what lets an event of a type happen; that raises ValueError for a wrong one."""


def control_app(switches: dict[str, Switches], tells: Mapping[str, Tell]) -> Flask:
    """The control of these upstreams' switches, and of those where events happen on demand, as a Flask app."""
    app = Flask(__name__, static_folder=None)

    @app.get(f"{CONTROL_PATH}/")
    def show() -> ResponseReturnValue:
        return jsonify({upstream: its.as_json() for upstream, its in switches.items()})

    @app.post(f"{CONTROL_PATH}/<upstream>/<kind>")
    def turn(upstream: str, kind: str) -> ResponseReturnValue:
        if upstream not in switches or kind not in {*KINDS, "up", "reset"}:
            return jsonify(error=f"no such switch; there are {', '.join([*KINDS, 'up', 'reset'])}"), 404
        its = switches[upstream]
        if kind in {"up", "reset"}:
            its.turn_off(*(["down"] if kind == "up" else KINDS))
            return jsonify(its.as_json())
        try:
            its.turn_on(_switch(kind, request.get_json() if request.is_json else request.form.to_dict()))
        except (TypeError, ValueError) as error:
            return jsonify(error=str(error)), 400
        return jsonify(its.as_json())

    @app.post(f"{CONTROL_PATH}/<upstream>/event")
    def let_happen(upstream: str) -> ResponseReturnValue:
        if upstream not in tells:
            return jsonify(error=f"events happen on demand at {', '.join(tells)} only"), 404
        given = request.get_json() if request.is_json else request.form.to_dict()
        try:
            tells[upstream]()(str(given.get("type")))
        except (AttributeError, ValueError) as error:
            return jsonify(error=str(error)), 400
        return jsonify(told=given["type"])

    @app.errorhandler(HTTPException)
    def refuse(error: HTTPException) -> ResponseReturnValue:
        return jsonify(error=error.name), error.code or 500

    return app


def _switch(kind: str, given: Any) -> Switch:
    """Read one switch. Raises TypeError or ValueError with a sentence."""
    if not isinstance(given, dict):
        raise TypeError("the body must be an object")
    unknown = given.keys() - {"times", "method", "path", "ms", "retry_after", "status", "after_work", "value"}
    if unknown:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
    switch = Switch(kind)
    for name in ("times", "ms", "status"):
        if name in given:
            setattr(switch, name, _number(name, given[name]))
    for name in ("method", "path", "retry_after", "value"):
        if name in given:
            setattr(switch, name, str(given[name]))
    if not 400 <= switch.status <= 599:
        raise ValueError("status must be 400 to 599")
    switch.method = switch.method and switch.method.upper()
    switch.after_work = given.get("after_work") in (True, "true", "1")
    return switch


def _number(name: str, value: Any) -> int:
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit()):
        raise ValueError(f"{name} must be a whole number")
    return int(text)
