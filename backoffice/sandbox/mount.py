"""A sandbox's apps under their paths. Imports Flask, so only a Sandbox being built imports this."""

from typing import TYPE_CHECKING

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from backoffice.sandbox.control import control_app
from backoffice.sandbox.kirim.api import KirimAPI
from backoffice.sandbox.kirim.state import Kirim
from backoffice.sandbox.switches import Switched, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def mounted(kirim: Kirim, kirim_path: str, kirim_api_key: str, switches: dict[str, Switches]) -> "WSGIApplication":
    """One WSGI app: each upstream behind its switches under its path, the control beside them."""
    api = KirimAPI(kirim, api_key=kirim_api_key)
    return DispatcherMiddleware(
        control_app(switches), {kirim_path: Switched(api.flask, switches["kirim"], api.error_body)}
    )
