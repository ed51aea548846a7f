"""The upstreams: credentials, our webhook subscriptions, what they delivered."""

from collections.abc import Iterator

from django.utils import timezone

from backoffice import times, upstreams
from backoffice.checks.finding import QUEUED_TOO_LONG, Finding, Health, either
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteAuthFailed, RemoteError, RemoteUnconnected
from backoffice.models import UpstreamState, WebhookDelivery
from backoffice.subscriptions import SUBSCRIBERS, delivery_url, why_unreachable
from backoffice.sync.resource import RESOURCES, CursorResource, OffsetResource
from backoffice.webhooks.inboxes import INBOXES, Inbox
from backoffice.webhooks.summary import only_refused


def check_upstreams() -> Iterator[Finding]:
    """Each upstream."""
    for name in upstreams.UPSTREAMS:
        yield from check_upstream(name)


def check_upstream(name: str) -> Iterator[Finding]:
    """One upstream: its variables, whether it is the one mirrored here, and whether it takes our key."""
    yield why_upstream_is_off(name) or _credentials(name)


def why_upstream_is_off(name: str) -> Finding | None:
    """What its variables lack; None where it is on. Asks nobody."""
    missing = upstreams.missing_variables(name)
    if missing:
        half = len(missing) < len(upstreams.UPSTREAMS[name].variables)
        return Finding(
            name,
            Health.FAIL if half else Health.WARN,
            f"off: {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set",
            upstreams.to_do(name),
        )
    if not upstreams.is_on(name):
        return Finding(name, Health.FAIL, "off: a variable cannot be used", upstreams.to_do(name))
    return None


def _credentials(name: str) -> Finding:
    """One page of the upstream's first list, read as a person would: a pause after failures is no reason to wait."""
    keys = " and ".join(variable for variable in upstreams.UPSTREAMS[name].variables if "BASE_URL" not in variable)
    kinds = (CursorResource, OffsetResource)
    resource = next(r for r in RESOURCES.values() if r.upstream == name and isinstance(r, kinds))
    try:
        with resource.client(PERSON) as api:
            api.breaker.paused_until = None
            if isinstance(resource, CursorResource):
                resource.page(api, resource.parts[0], None)
            else:
                resource.page(api, 0)
    except RemoteAuthFailed as error:
        return Finding(name, Health.FAIL, f"refuses us: {error}", f"correct {keys}")
    except RemoteUnconnected as error:
        fix = f"repair the connection in {upstreams.UPSTREAMS[name].label}; {keys} say which one"
        return Finding(name, Health.FAIL, f"takes our key, but is not connected: {error}", fix)
    except RemoteError as error:
        return Finding(name, Health.FAIL, str(error), f"check {name.upper()}_BASE_URL and the network")
    except BackofficeError as error:  # its records here came from another one
        return Finding(name, Health.FAIL, str(error), f"manage.py doctor --accept-upstream {name}")
    if told := INBOXES[name].trouble() if name in INBOXES else "":
        return Finding(name, Health.WARN, f"answers and takes {keys}, but: {told}", "repair the connection there")
    return Finding(name, Health.OK, f"{upstreams.identity(name)} answers and takes {keys}")


def check_webhooks() -> Iterator[Finding]:
    """Each upstream that is on and can tell us of changes: whether it does, and whether we could verify that."""
    for name in INBOXES:
        yield from check_webhooks_of(name)


def check_webhooks_of(name: str) -> Iterator[Finding]:
    """One upstream's webhooks; nothing where it is off."""
    if name in INBOXES and upstreams.is_on(name):
        yield _webhooks(f"{name} webhooks", INBOXES[name])


def _webhooks(name: str, inbox: Inbox) -> Finding:
    upstream, to_do = inbox.upstream, inbox.to_do()
    subscribe = f"manage.py webhooks subscribe {upstream}"
    if not inbox.is_open():
        return Finding(name, Health.WARN, "not set up: what changes there shows after the next sync", to_do)
    if to_do:
        return Finding(name, Health.FAIL, "a secret cannot be used", to_do)
    unreachable = why_unreachable(upstream)
    if unreachable:
        return Finding(name, Health.WARN, unreachable, f"set PUBLIC_BASE_URL, then {subscribe}")
    if upstream not in SUBSCRIBERS:
        return _by_hand(name, inbox)
    try:
        trouble = SUBSCRIBERS[upstream].trouble()
    except (RemoteError, BackofficeError) as error:
        return Finding(name, Health.WARN, f"nobody can tell whether it delivers here: {error}")
    if trouble:
        return Finding(name, Health.WARN, trouble, subscribe)
    variable = SUBSCRIBERS[upstream].variable
    return either(
        name,
        not only_refused(upstream),
        f"{upstreams.UPSTREAMS[upstream].label} delivers to {delivery_url(upstream)}",
        Finding(
            "",
            Health.WARN,
            f"{upstreams.UPSTREAMS[upstream].label} delivers, but its signature does not hold",
            f"set {variable} to the subscription's secret; if it is lost, unset {variable} and {subscribe}",
        ),
    )


def _by_hand(name: str, inbox: Inbox) -> Finding:
    """A subscription that only people can make, so only what it delivered tells of it."""
    label, fix = upstreams.UPSTREAMS[inbox.upstream].label, f"{inbox.by_hand} {delivery_url(inbox.upstream)}"
    if only_refused(inbox.upstream):
        told = f"{label} delivers, but its signature does not hold"
        keys = " and ".join(upstreams.UPSTREAMS[inbox.upstream].credentials[0])
        return Finding(name, Health.WARN, told, f"correct {keys}")
    if not WebhookDelivery.objects.filter(upstream=inbox.upstream).exists():
        return Finding(name, Health.WARN, "nothing was delivered yet", fix)
    return Finding(name, Health.OK, f"{label} delivers to {delivery_url(inbox.upstream)}")


def check_deliveries() -> Iterator[Finding]:
    """Deliveries that wait for a worker or for a person, and those that nobody signed as agreed."""
    waiting = WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED)
    failed = WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED).count()
    told = f"{waiting.count():,} wait, {failed:,} failed"
    for state in UpstreamState.objects.filter(refused_deliveries__gt=0, delivery_refused_at__isnull=False):
        assert state.delivery_refused_at is not None  # noqa: S101  as asked for
        last = times.relative(state.delivery_refused_at)
        told += f"; {state.upstream}: {state.refused_deliveries:,} refused for their signature, the last {last}"
    if waiting.filter(tries=0, received_at__lt=timezone.now() - QUEUED_TOO_LONG).exists():
        yield Finding("deliveries", Health.WARN, f"no worker takes them: {told}", "start a worker: manage.py run")
    elif failed:
        fix = "manage.py webhooks list --state failed says why, manage.py webhooks replay --failed tries again"
        yield Finding("deliveries", Health.WARN, told, fix)
    else:
        yield Finding("deliveries", Health.OK, told)
