"""The upstreams in small: stateful, faithful to their contracts, for the tests and the demo.

One object serves both: ``httpx.WSGITransport(app=sandbox.wsgi)`` in a test, a loopback port in the demo (server.py).
Importing this package needs no web framework; building a ``Sandbox`` needs Flask, a development dependency.
"""

from backoffice.sandbox.app import AFOSTO_PATH, APIDECK_PATH, KIRIM_PATH, LAYERCAKE_PATH, Sandbox
from backoffice.sandbox.switches import AnswerDropped, Switch, Unreachable

__all__ = [
    "AFOSTO_PATH",
    "APIDECK_PATH",
    "KIRIM_PATH",
    "LAYERCAKE_PATH",
    "AnswerDropped",
    "Sandbox",
    "Switch",
    "Unreachable",
]
