"""A sandbox's apps under their paths. Imports Flask, so only a Sandbox being built imports this."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from backoffice.sandbox.afosto.api import AfostoAPI
from backoffice.sandbox.afosto.state import Afosto
from backoffice.sandbox.apideck.api import ApideckAPI
from backoffice.sandbox.apideck.state import Apideck
from backoffice.sandbox.control import Tell, control_app
from backoffice.sandbox.kirim.api import KirimAPI
from backoffice.sandbox.kirim.state import Kirim
from backoffice.sandbox.layercake.api import LayercakeAPI
from backoffice.sandbox.layercake.state import Layercake
from backoffice.sandbox.switches import Switched, Switches

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def kirim_app(kirim: Kirim, api_key: str, switches: Switches) -> "WSGIApplication":
    """Kirim behind its switches."""
    api = KirimAPI(kirim, api_key=api_key)
    return Switched(api.flask, switches, api.error_body)


def afosto_app(state: Callable[[], Afosto], switches: Switches) -> "WSGIApplication":
    """Afosto behind its switches; ``state`` is asked for with the first call."""
    api = AfostoAPI(state)
    return Switched(api, switches, api.error_body)


def apideck_app(state: Callable[[], Apideck], switches: Switches) -> "WSGIApplication":
    """Apideck behind its switches; ``state`` is asked for with the first call."""
    api = ApideckAPI(state)
    return Switched(api, switches, api.error_body)


def layercake_app(state: Callable[[], Layercake], switches: Switches) -> "WSGIApplication":
    """L4YERCAK3 behind its switches; ``state`` is asked for with the first call."""
    api = LayercakeAPI(state)
    return Switched(api, switches, api.error_body)


def mounted(
    apps: "Mapping[str, WSGIApplication]", switches: dict[str, Switches], tells: Mapping[str, Tell]
) -> "WSGIApplication":
    """One WSGI app: each of ``apps`` under its path, the control of ``switches`` and ``tells`` beside them."""
    return DispatcherMiddleware(control_app(switches, tells), dict(apps))
