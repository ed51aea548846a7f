"""The desk: how each upstream stands, how fresh each resource is, and what needs a person now."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Count
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_text_list

from backoffice import freshness, times, upstreams
from backoffice.access import readable_resources
from backoffice.badges import Tone
from backoffice.freshness import Freshness
from backoffice.models import Drift, RejectedRecord, SyncRun, UpstreamState
from backoffice.upstreams import Upstream
from backoffice.wording import error_in_words, label_of, phase_in_words, things

STALE_AFTER = timedelta(hours=1)


@dataclass(frozen=True)
class Health:
    """One upstream in a sentence."""

    label: str
    tone: Tone
    word: str
    sentence: Any
    advice: str = ""


@dataclass(frozen=True)
class ResourceLine:
    """One resource on the desk."""

    label: str
    list_url: str
    as_of: Any
    state: str
    live: SyncRun | None
    phase: str
    last: SyncRun | None


@dataclass(frozen=True)
class Matter:
    """Something that needs a person."""

    text: str
    url: str
    action: str


def desk_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback for the admin's index, which is the desk."""
    return context | {"title": "Desk", **desk(request)}


def desk(request: HttpRequest) -> dict[str, Any]:
    """What the desk shows to this person. At most ten queries."""
    user = request.user
    if not user.has_perms(["backoffice.view_syncrun", "backoffice.view_upstreamstate"]):
        return {"healths": [], "lines": [], "matters": [], "is_live": False}
    resources = freshness.all_resources()
    states = {state.upstream: state for state in UpstreamState.objects.all()}
    healths = [
        health(upstream, states.get(name), [item for item in resources if item.resource.upstream == name])
        for name, upstream in upstreams.UPSTREAMS.items()
    ]
    return {
        "healths": healths,
        "lines": [_line(request, item) for item in resources],
        "matters": _matters(request, resources),
        "is_live": any(item.live for item in resources),
    }


def health(upstream: Upstream, state: UpstreamState | None, resources: list[Freshness]) -> Health:
    """How the upstream stands. The first thing that applies is told, the worst first."""
    needed = upstreams.to_do(upstream.name)
    if needed:
        what = "Records that were read before are still shown." if any(item.sweep for item in resources) else ""
        return Health(
            upstream.label,
            "dull",
            "off",
            f"Off: nothing is read or sent. {what}".strip(),
            f"To turn it on: {needed}, and start again.",
        )
    if state and state.identity and state.identity != upstreams.identity(upstream.name):
        return Health(
            upstream.label,
            "bad",
            "stopped",
            f"The records here came from {state.identity}, but {upstreams.identity(upstream.name)} is configured now. "
            "Nothing is read or sent.",
            f"Set the base URL back, or confirm: manage.py doctor --accept-upstream {upstream.name}",
        )
    if state and state.key_refused:
        advice = f"Check {upstream.variables[-1]}; the next sync tries again."
        return Health(upstream.label, "bad", "key refused", f"Our key is refused: {state.pause_reason}", advice)
    running = _first_sync(resources)
    if running:
        return Health(upstream.label, "info", "first sync", running)
    if state and state.paused_until and state.paused_until > timezone.now():
        sentence = format_html("Paused until {}: {}", times.at(state.paused_until), state.pause_reason)
        return Health(upstream.label, "warn", "paused", sentence, "It is tried again by itself.")
    return _by_last_runs(upstream, resources)


def _first_sync(resources: list[Freshness]) -> str:
    missing = [item for item in resources if item.sweep is None]
    live = [item for item in missing if item.live]
    if not live:
        return ""
    running = [item.live for item in live if item.live and item.live.state == SyncRun.State.RUNNING]
    done = len(resources) - len(missing)
    if not running:
        return f"The first sync waits for a worker; {done} of {len(resources)} lists are here."
    so_far = ", ".join(f"{run.fetched:,} {things(run.resource)}" for run in running)
    return f"The first sync is running: {so_far} read so far; {done} of {len(resources)} lists are here."


def _by_last_runs(upstream: Upstream, resources: list[Freshness]) -> Health:
    failed = [item.latest for item in resources if item.latest and item.latest.state == SyncRun.State.FAILED]
    swept = [item.swept_from for item in resources if item.swept_from]
    if failed:
        run = failed[0]
        shown = format_html(" What is shown: {}.", _how_old(resources)) if swept else ""
        sentence: SafeString | str = format_html(
            "The last sync of {} failed {}: {}{}",
            things(run.resource),
            times.ago(run.ended_at),
            error_in_words(run).rstrip(".") + ".",
            shown,
        )
        return Health(upstream.label, "bad", "failing", sentence, "It is tried again on schedule; nothing is lost.")
    never = [things(item.resource.name) for item in resources if item.sweep is None]
    if len(never) == len(resources):
        return Health(
            upstream.label, "warn", "never synced", "Never synced.", "Press 'Refresh now' on a list, or start a worker."
        )
    if never:
        sentence = format_html("Never read to the end: {}. The rest: {}.", ", ".join(never), _how_old(resources))
        return Health(upstream.label, "warn", "incomplete", sentence, "The next sync goes on with it.")
    sentence = format_html("Fresh: {}.", _how_old(resources))
    if timezone.now() - min(swept) > STALE_AFTER:
        return Health(upstream.label, "warn", "stale", sentence, "Are worker and beat running? `doctor` says.")
    return Health(upstream.label, "good", "fresh", sentence)


def _how_old(resources: list[Freshness]) -> SafeString:
    """What was complete when, and of what only the due records were read."""
    clauses = []
    complete = [item for item in resources if item.complete_from]
    if complete:
        them = get_text_list([things(item.resource.name) for item in complete], "and")
        oldest = min(item.complete_from for item in complete if item.complete_from)
        clauses.append(format_html("{} were complete {}", them, times.ago(oldest)))
    for item in resources:
        if item.swept_from and not item.complete_from:
            them = things(item.resource.name)
            clauses.append(format_html("{} that were due were read {}", them, times.ago(item.swept_from)))
    return format_html_join("; ", "{}", ((clause,) for clause in clauses))


def _line(request: HttpRequest, item: Freshness) -> ResourceLine:
    meta = item.resource.model._meta
    may_see = request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist") if may_see else ""
    return ResourceLine(
        label=item.resource.label,
        list_url=url,
        as_of=_as_of(item),
        state=item.live.state if item.live else item.latest.state if item.latest else "",
        live=item.live,
        phase=phase_in_words(item.live) if item.live else "",
        last=item.latest,
    )


def _as_of(item: Freshness) -> SafeString | str:
    if item.swept_from and not item.complete_from:
        return format_html("those due, {}", times.ago(item.swept_from))
    return times.ago(item.complete_from)


def _matters(request: HttpRequest, resources: list[Freshness]) -> list[Matter]:
    user = request.user
    matters = []
    for item in resources:
        if item.held and user.has_perm("backoffice.approve_syncrun"):
            text = f"{item.resource.label} that look gone and wait for an approval: {item.held.held:,}"
            matters.append(Matter(text, reverse("run", args=[item.held.pk]), "Look at the run"))
    if user.has_perm("backoffice.view_rejectedrecord"):
        rejected = RejectedRecord.objects.filter(resolved_at=None, resource__in=readable_resources(user))
        counts = rejected.order_by().values("resource").annotate(n=Count("pk"))
        url = reverse("admin:backoffice_rejectedrecord_changelist")
        for row in counts:
            text = f"{label_of(row['resource'])} that could not be taken: {row['n']:,}"
            matters.append(Matter(text, f"{url}?resource={row['resource']}", "See why"))
    if user.has_perm("backoffice.view_drift"):
        count = Drift.objects.filter(last_seen_at__gte=timezone.now() - timedelta(days=7)).count()
        if count:
            text = f"Members or words that the contract does not know, met this week: {count:,}"
            matters.append(Matter(text, reverse("admin:backoffice_drift_changelist"), "See which"))
    return matters
