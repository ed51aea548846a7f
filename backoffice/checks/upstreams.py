"""The upstreams: credentials, our webhook subscriptions, what they delivered."""

from collections.abc import Iterator

from django.utils import timezone
from django.utils.functional import lazystr
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from backoffice import times, upstreams
from backoffice.checks.finding import QUEUED_TOO_LONG, Finding, Health, either
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteAuthFailed, RemoteError, RemoteUnconnected
from backoffice.models import UpstreamState, WebhookDelivery
from backoffice.subscriptions import SUBSCRIBERS, delivery_url, why_unreachable
from backoffice.sync.resource import RESOURCES, CursorResource, OffsetResource
from backoffice.texts import Text, number, together_lazy
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
            format_lazy(
                ngettext_lazy("off: {variables} is not set", "off: {variables} are not set", len(missing)),
                variables=together_lazy(missing),
            ),
            upstreams.to_do(name),
        )
    if not upstreams.is_on(name):
        return Finding(name, Health.FAIL, _("off: a variable cannot be used"), upstreams.to_do(name))
    return None


def _credentials(name: str) -> Finding:
    """One page of the upstream's first list, read as a person would: a pause after failures is no reason to wait."""
    label = upstreams.UPSTREAMS[name].label
    keys = together_lazy([key for key in upstreams.UPSTREAMS[name].variables if "BASE_URL" not in key])
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
        refused = format_lazy(_("refuses us: {error}"), error=error)
        return Finding(name, Health.FAIL, refused, format_lazy(_("correct {variables}"), variables=keys))
    except RemoteUnconnected as error:
        fix = format_lazy(
            _("repair the connection in {upstream}; {variables} say which one"), upstream=label, variables=keys
        )
        unconnected = format_lazy(_("takes our key, but is not connected: {error}"), error=error)
        return Finding(name, Health.FAIL, unconnected, fix)
    except RemoteError as error:
        fix = format_lazy(_("check {variable} and the network"), variable=f"{name.upper()}_BASE_URL")
        return Finding(name, Health.FAIL, str(error), fix)
    except BackofficeError as error:  # its records here came from another one
        return Finding(name, Health.FAIL, lazystr(error), f"manage.py doctor --accept-upstream {name}")
    if trouble := INBOXES[name].trouble() if name in INBOXES else "":
        told = format_lazy(_("answers and takes {variables}, but: {trouble}"), variables=keys, trouble=trouble)
        return Finding(name, Health.WARN, told, _("repair the connection there"))
    told = format_lazy(
        _("{installation} answers and takes {variables}"), installation=upstreams.identity(name), variables=keys
    )
    return Finding(name, Health.OK, told)


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
        return Finding(name, Health.WARN, _("not set up: what changes there shows after the next sync"), to_do)
    if to_do:
        return Finding(name, Health.FAIL, _("a secret cannot be used"), to_do)
    unreachable = why_unreachable(upstream)
    if unreachable:
        fix = format_lazy(_("set PUBLIC_BASE_URL, then {command}"), command=subscribe)
        return Finding(name, Health.WARN, unreachable, fix)
    if upstream not in SUBSCRIBERS:
        return _by_hand(name, inbox)
    try:
        trouble = SUBSCRIBERS[upstream].trouble()
    except (RemoteError, BackofficeError) as error:
        told = format_lazy(_("nobody can tell whether it delivers here: {error}"), error=error)
        return Finding(name, Health.WARN, told)
    if trouble:
        return Finding(name, Health.WARN, trouble, subscribe)
    fix = format_lazy(
        _("set {variable} to the subscription's secret; if it is lost, unset {variable} and {command}"),
        variable=SUBSCRIBERS[upstream].variable,
        command=subscribe,
    )
    unsigned = Finding("", Health.WARN, _unsigned(upstream), fix)
    return either(name, not only_refused(upstream), _delivers(upstream), unsigned)


def _delivers(upstream: str) -> Text:
    label, address = upstreams.UPSTREAMS[upstream].label, delivery_url(upstream)
    return format_lazy(_("{upstream} delivers to {address}"), upstream=label, address=address)


def _unsigned(upstream: str) -> Text:
    label = upstreams.UPSTREAMS[upstream].label
    return format_lazy(_("{upstream} delivers, but its signature does not hold"), upstream=label)


def _by_hand(name: str, inbox: Inbox) -> Finding:
    """A subscription that only people can make, so only what it delivered tells of it."""
    if only_refused(inbox.upstream):
        keys = together_lazy(upstreams.UPSTREAMS[inbox.upstream].credentials[0])
        fix = format_lazy(_("correct {variables}"), variables=keys)
        return Finding(name, Health.WARN, _unsigned(inbox.upstream), fix)
    if not WebhookDelivery.objects.filter(upstream=inbox.upstream).exists():
        fix = format_lazy("{} {}", inbox.by_hand, delivery_url(inbox.upstream))
        return Finding(name, Health.WARN, _("nothing was delivered yet"), fix)
    return Finding(name, Health.OK, _delivers(inbox.upstream))


def check_deliveries() -> Iterator[Finding]:
    """Deliveries that wait for a worker or for a person, and those that nobody signed as agreed."""
    waiting = WebhookDelivery.objects.filter(state=WebhookDelivery.State.RECEIVED)
    failed = WebhookDelivery.objects.filter(state=WebhookDelivery.State.FAILED).count()
    told: Text = format_lazy(
        _("{waiting} wait, {failed} failed"), waiting=number(waiting.count()), failed=number(failed)
    )
    for state in UpstreamState.objects.filter(refused_deliveries__gt=0, delivery_refused_at__isnull=False):
        assert state.delivery_refused_at is not None  # noqa: S101  as asked for
        last = times.relative(state.delivery_refused_at)
        told = format_lazy(
            _("{told}; {upstream}: {count} refused for their signature, the last {ago}"),
            told=told,
            upstream=state.upstream,
            count=number(state.refused_deliveries),
            ago=last,
        )
    if waiting.filter(tries=0, received_at__lt=timezone.now() - QUEUED_TOO_LONG).exists():
        untaken = format_lazy(_("no worker takes them: {told}"), told=told)
        yield Finding("deliveries", Health.WARN, untaken, _("start a worker: manage.py run"))
    elif failed:
        fix = _("manage.py webhooks list --state failed says why, manage.py webhooks replay --failed tries again")
        yield Finding("deliveries", Health.WARN, told, fix)
    else:
        yield Finding("deliveries", Health.OK, told)
