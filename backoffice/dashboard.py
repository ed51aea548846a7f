"""The desk: how each upstream stands, how fresh each resource is, and what needs a person now."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from backoffice import freshness, times, upstreams
from backoffice.admin import live
from backoffice.badges import Tone
from backoffice.desk.work import work
from backoffice.freshness import Freshness
from backoffice.links import page
from backoffice.models import SyncRun, UpstreamState
from backoffice.needs import section as needs
from backoffice.texts import Text, number
from backoffice.upstreams import Upstream
from backoffice.webhooks.inboxes import INBOXES
from backoffice.webhooks.summary import summaries
from backoffice.wording import error_in_words, phase_in_words, things

STALE_AFTER = timedelta(hours=1)
_AGE = re.compile(r"(?<=>)[^<]*(?=</time>)")
"""How long ago something was: it changes though nothing did."""


@dataclass(frozen=True)
class Health:
    """One upstream in a sentence."""

    label: Text
    tone: Tone
    word: Text
    sentence: Any
    advice: Text = ""
    is_down: bool = False
    """Whether it cannot be asked now, though it is configured."""


@dataclass(frozen=True)
class ResourceLine:
    """One resource on the desk."""

    label: Text
    list_url: str
    as_of: Any
    state: str
    live: SyncRun | None
    phase: str
    last: SyncRun | None


def desk_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Unfold's callback for the admin's index, which is the desk."""
    return context | {"title": _("Desk"), "frame": live.WHOLE, **shown_desk(request)}


def shown_desk(request: HttpRequest) -> dict[str, Any]:
    """The desk, and a version that changes with what it tells; at least each minute, so that ages stay right."""
    shown = render_to_string("admin/parts/_desk.html", desk(request), request)
    minute = int(timezone.now().timestamp() // 60)
    version = live.version_of(_AGE.sub("", shown), minute)
    return {"desk": SafeString(shown), "version": version, "version_header": live.VERSION_HEADER}


def desk(request: HttpRequest) -> dict[str, Any]:
    """What the desk shows to this person. At most ten queries, with those that tell who it is and what he pinned."""
    user = request.user
    resources = freshness.all_resources()
    context = {
        "matters": [line for section in needs.waiting(request) for line in section.lines],
        "works": work(user, resources),
    }
    if not user.has_perms(["backoffice.view_syncrun", "backoffice.view_upstreamstate"]):
        return context
    states = {state.upstream: state for state in UpstreamState.objects.all()}
    healths = [
        health(upstream, states.get(name), [item for item in resources if item.resource.upstream == name])
        for name, upstream in upstreams.UPSTREAMS.items()
    ]
    return context | {
        "healths": healths,
        "is_ill": any(health.tone == "bad" for health in healths),
        "webhooks": summaries(user, states),
        "lines": [_line(request, item) for item in resources],
    }


def health(upstream: Upstream, state: UpstreamState | None, resources: list[Freshness]) -> Health:
    """How the upstream stands. The first thing that applies is told, the worst first."""
    needed = upstreams.to_do(upstream.name)
    if needed:
        told = _("Off: nothing is read or sent.")
        if any(item.sweep for item in resources):
            told = _("Off: nothing is read or sent. Records that were read before are still shown.")
        advice = _("To turn it on: {what}, and start again.").format(what=needed)
        return Health(upstream.label, "dull", pgettext("an upstream is", "off"), told, advice)
    if state and state.identity and state.identity != upstreams.identity(upstream.name):
        told = _("The records here came from {before}, but {now} is configured now. Nothing is read or sent.")
        advice = _("Set the base URL back, or confirm: {command}").format(
            command=f"manage.py doctor --accept-upstream {upstream.name}"
        )
        told = told.format(before=state.identity, now=upstreams.identity(upstream.name))
        return Health(upstream.label, "bad", pgettext("an upstream is", "stopped"), told, advice, is_down=True)
    if state and state.key_refused:
        told = _("Our key is refused: {reason}").format(reason=state.pause_reason)
        advice = _("Check {variable}; the next sync tries again.").format(variable=upstream.variables[-1])
        return Health(upstream.label, "bad", _("key refused"), told, advice, is_down=True)
    inbox = INBOXES.get(upstream.name)
    if trouble := inbox.trouble() if inbox else "":
        return Health(
            upstream.label, "bad", _("not connected"), trouble, _("What is read or sent until then may fail.")
        )
    running = _first_sync(resources)
    if running:
        return Health(upstream.label, "info", _("first sync"), running)
    if state and state.paused_until and state.paused_until > timezone.now():
        until, why = times.at(state.paused_until), state.pause_reason.rstrip(".")
        sentence = _together(
            format_html(_("Paused until {moment}: {reason}."), moment=until, reason=why), _silent_since(state)
        )
        advice = _("It is tried again by itself.")
        return Health(upstream.label, "warn", pgettext("an upstream is", "paused"), sentence, advice, is_down=True)
    return _by_last_runs(upstream, state, resources)


def _first_sync(resources: list[Freshness]) -> str:
    missing = [item for item in resources if item.sweep is None]
    live = [item for item in missing if item.live]
    if not live:
        return ""
    running = [item.live for item in live if item.live and item.live.state == SyncRun.State.RUNNING]
    done, total = number(len(resources) - len(missing)), number(len(resources))
    if not running:
        told = _("The first sync waits for a worker; {done} of {total} lists are here.")
        return told.format(done=done, total=total)
    one = pgettext("how many of what", "{count} {things}")
    so_far = ", ".join(one.format(count=number(run.fetched), things=things(run.resource)) for run in running)
    told = _("The first sync is running: {so_far} read so far; {done} of {total} lists are here.")
    return told.format(so_far=so_far, done=done, total=total)


def _together(*sentences: SafeString | str) -> SafeString:
    """One sentence after another; empty ones are left out."""
    return format_html_join(" ", "{}", ((sentence,) for sentence in sentences if sentence))


def _silent_since(state: UpstreamState | None) -> SafeString | str:
    """Since when no sync of an upstream in trouble has ended well, as a sentence; "" if none ever did."""
    moment = state and state.last_success_at
    if not moment:
        return ""
    return format_html(_("It has not answered a whole sync since {moment}."), moment=times.at(moment))


def _ended_well_before(state: UpstreamState | None, run: SyncRun) -> bool:
    """Whether nothing of the upstream was read to its end after this run."""
    return bool(state and state.last_success_at and run.ended_at and state.last_success_at < run.ended_at)


def _by_last_runs(upstream: Upstream, state: UpstreamState | None, resources: list[Freshness]) -> Health:
    failed = [item.latest for item in resources if item.latest and item.latest.state == SyncRun.State.FAILED]
    swept = [item.swept_from for item in resources if item.swept_from]
    if failed:
        run = failed[0]
        sentence = _together(
            format_html(
                _("The last sync of {things} failed {ago}: {error}."),
                things=things(run.resource),
                ago=times.ago(run.ended_at),
                error=str(error_in_words(run)).rstrip("."),
            ),
            _silent_since(state) if _ended_well_before(state, run) else "",
            format_html(_("What is shown: {ages}."), ages=_how_old(resources)) if swept else "",
        )
        advice = _("It is tried again on schedule; nothing is lost.")
        return Health(upstream.label, "bad", pgettext("an upstream is", "failing"), sentence, advice, is_down=True)
    never = [things(item.resource.name) for item in resources if item.sweep is None]
    if len(never) == len(resources):
        advice = _("Press 'Refresh now' on a list, or start a worker.")
        return Health(upstream.label, "warn", _("never synced"), _("Never synced."), advice)
    if never:
        told = _("Never read to the end: {things}. The rest: {ages}.")
        sentence = format_html(told, things=", ".join(never), ages=_how_old(resources))
        return Health(upstream.label, "warn", _("incomplete"), sentence, _("The next sync goes on with it."))
    sentence = format_html(_("Fresh: {ages}."), ages=_how_old(resources))
    if timezone.now() - min(swept) > STALE_AFTER:
        advice = _("Are worker and beat running? `doctor` says.")
        return Health(upstream.label, "warn", pgettext("an upstream is", "stale"), sentence, advice)
    return Health(upstream.label, "good", pgettext("an upstream is", "fresh"), sentence)


def _how_old(resources: list[Freshness]) -> SafeString:
    """What was complete when, and of what only the due records were read."""
    clauses = []
    complete = [item for item in resources if item.complete_from]
    if complete:
        them = get_text_list([things(item.resource.name) for item in complete], _("and"))
        oldest = min(item.complete_from for item in complete if item.complete_from)
        clauses.append(format_html(_("{things} were complete {ago}"), things=them, ago=times.ago(oldest)))
    for item in resources:
        if item.swept_from and not item.complete_from:
            them = things(item.resource.name)
            read = times.ago(item.swept_from)
            clauses.append(format_html(_("{things} that were due were read {ago}"), things=them, ago=read))
    return format_html_join("; ", "{}", ((clause,) for clause in clauses))


def _line(request: HttpRequest, item: Freshness) -> ResourceLine:
    meta = item.resource.model._meta
    may_see = request.user.has_perm(f"{meta.app_label}.view_{meta.model_name}")
    url = page(f"admin:{meta.app_label}_{meta.model_name}_changelist") if may_see else ""
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
        return format_html(_("those due, {ago}"), ago=times.ago(item.swept_from))
    return times.ago(item.complete_from)
