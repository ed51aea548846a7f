"""The upstreams by name: are they on, which one is it, and may we call it now."""

from dataclasses import dataclass
from functools import cache
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.errors import NotConfigured, UpstreamChanged
from backoffice.gate import Breaker, Budget
from backoffice.models import UpstreamState
from backoffice.texts import together

SANDBOX = "sandbox"


@dataclass(frozen=True)
class Upstream:
    """One remote system."""

    name: str
    label: str
    address: str
    """The setting that says where it is."""
    credentials: tuple[tuple[str, ...], ...]
    """The settings that say who we are there: one set of these is needed, the first that is whole counts."""
    scope: tuple[tuple[str, str], ...] = ()
    """Within what its ids are unique, where that is not the whole address: a word for people, and the setting."""

    @property
    def variables(self) -> tuple[str, ...]:
        """The settings that count: the address and the credentials in use, or those that are asked for."""
        whole = (keys for keys in self.credentials if all(getattr(settings, key) for key in keys))
        begun = (keys for keys in self.credentials if any(getattr(settings, key) for key in keys))
        return (self.address, *next(whole, next(begun, self.credentials[0])))


UPSTREAMS = {
    upstream.name: upstream
    for upstream in (
        Upstream("kirim", "Kirim", "KIRIM_BASE_URL", (("KIRIM_API_KEY",),)),
        Upstream(
            "apideck",
            "Apideck",
            "APIDECK_BASE_URL",
            (("APIDECK_API_KEY", "APIDECK_APP_ID", "APIDECK_CONSUMER_ID", "APIDECK_SERVICE_ID"),),
            scope=(("consumer", "APIDECK_CONSUMER_ID"), ("service", "APIDECK_SERVICE_ID")),
        ),
        Upstream(
            "layercake",
            "L4YERCAK3",
            "LAYERCAKE_BASE_URL",
            (("LAYERCAKE_API_KEY", "LAYERCAKE_ORGANIZATION_ID"),),
            scope=(("organization", "LAYERCAKE_ORGANIZATION_ID"),),
        ),
        Upstream(
            "afosto", "Afosto", "AFOSTO_BASE_URL", (("AFOSTO_TOKEN",), ("AFOSTO_CLIENT_ID", "AFOSTO_CLIENT_SECRET"))
        ),
    )
}


def missing_variables(name: str) -> list[str]:
    """The variables that must be set before the upstream is on."""
    return [variable for variable in UPSTREAMS[name].variables if not getattr(settings, variable)]


def unusable_variables(name: str) -> list[str]:
    """What is wrong with variables that are set, a phrase each."""
    problems = []
    for variable in UPSTREAMS[name].variables:
        value = str(getattr(settings, variable))
        if variable.endswith("_BASE_URL") and not _is_web_address(value):
            told = _("{variable} must be a whole address, https://..., without user, query and fragment")
            problems.append(told.format(variable=variable))
        elif not (value.isascii() and value.isprintable() and " " not in value):
            told = _("{variable} must not hold spaces or characters that cannot be sent")
            problems.append(told.format(variable=variable))
    return problems


def _is_web_address(value: str) -> bool:
    try:
        url = urlsplit(value)
        is_plain = not (url.username or url.password or url.query or url.fragment)
        return url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0 and is_plain
    except ValueError:
        return False


def to_do(name: str) -> str:
    """What an operator has to do before the upstream is on: "set A and B"; "" when it is on."""
    missing = missing_variables(name)
    if not missing:
        return "; ".join(unusable_variables(name))
    first, *others = UPSTREAMS[name].credentials
    is_open = set(first) <= set(missing)  # nothing of any set is there yet
    told = _("set {variables}").format(variables=together(missing))
    for other in others if is_open else ():
        told = _("{told} (or {variables})").format(told=told, variables=together(other))
    return told


def why_off(name: str) -> str:
    """Why the upstream is off, in a sentence; "" when it is on."""
    needed = to_do(name)
    return _("{label} is off: {needed}.").format(label=UPSTREAMS[name].label, needed=needed) if needed else ""


why_off_lazy = lazy(why_off, str)
"""The same for lazy sentences."""


def is_on(name: str) -> bool:
    """Whether the upstream is configured."""
    return not to_do(name)


def identity(name: str) -> str:
    """Which installation of the upstream the configuration names, or ``sandbox`` whatever its port.

    The base URL, and the account where ids are unique only within one: two accounts never share a mirror.
    """
    url = urlsplit(str(getattr(settings, f"{name.upper()}_BASE_URL")))
    if url.hostname in {"127.0.0.1", "localhost", "::1"} and url.path.startswith("/sandbox/"):
        return SANDBOX
    return f"{url.geturl().rstrip('/')}{_account(name)}"


def _account(name: str) -> str:
    """The upstream's scope as an identity ends with it: " (consumer a, service b)"; empty where it has none."""
    told = ", ".join(f"{word} {getattr(settings, variable)}" for word, variable in UPSTREAMS[name].scope)
    return f" ({told})" if told else ""


def installation(name: str) -> str:
    """The same for people: "Sandbox", or "Live · kirim.example"."""
    if identity(name) == SANDBOX:
        return _("Sandbox")
    address = str(getattr(settings, f"{name.upper()}_BASE_URL"))
    return _("Live · {installation}").format(installation=f"{urlsplit(address).netloc or address}{_account(name)}")


def base_url(name: str) -> str:
    """The configured base URL.

    Raises NotConfigured where the upstream is off, UpstreamChanged where its records came from another one.
    """
    if why_off(name):
        raise NotConfigured(format_lazy(gettext_lazy("{off} `doctor` says more."), off=why_off_lazy(name)))
    known = state_of(name).identity
    if known and known != identity(name):
        told = gettext_lazy(
            "The {label} records here came from {before}, but {now} is configured now. "
            "Nothing was sent. If that is meant: manage.py doctor --accept-upstream {name}"
        )
        now = identity(name)
        raise UpstreamChanged(format_lazy(told, label=UPSTREAMS[name].label, before=known, now=now, name=name))
    return str(getattr(settings, f"{name.upper()}_BASE_URL"))


def state_of(name: str) -> UpstreamState:
    """The upstream's row; a fresh unsaved one before anything was ever kept."""
    return UpstreamState.objects.filter(upstream=name).first() or UpstreamState(upstream=name)


@cache
def budget(name: str) -> Budget:
    """This process's share of the upstream's rate."""
    return Budget(getattr(settings, f"{name.upper()}_REQUESTS_PER_MINUTE") / settings.PROCESSES)


def open_breaker(name: str) -> Breaker:
    """The breaker as the last caller left it."""
    state = state_of(name)
    return Breaker(state.paused_until, state.pause_reason, state.failures, state.key_refused)


def keep_breaker(name: str, breaker: Breaker) -> None:
    """Write down what the calls since ``open_breaker`` taught, if they taught anything."""
    if not breaker.changed:
        return
    breaker.changed = False
    _update(
        name,
        paused_until=breaker.paused_until,
        pause_reason=breaker.reason[:500],
        failures=breaker.failures,
        key_refused=breaker.key_refused,
    )


def own(name: str) -> None:
    """From now on the records here belong to the upstream that is configured now, if they belonged to none yet.

    Called in the transaction that stores the first of them.
    """
    if not state_of(name).identity:
        _update(name, identity=identity(name))


def remember(name: str) -> None:
    """A sync reached its end."""
    _update(name, last_success_at=timezone.now())


def accept(name: str) -> None:
    """An operator confirmed that the configured upstream takes the place of the one remembered."""
    _update(name, identity=identity(name))


@transaction.atomic
def _update(name: str, **values: object) -> None:
    UpstreamState.objects.update_or_create(upstream=name, defaults=values)
