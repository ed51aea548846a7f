"""What the page of a run shows, and which of its buttons are on."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from backoffice import freshness, upstreams
from backoffice.access import readable_resources
from backoffice.badges import RUN_TONES, word
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number
from backoffice.wording import error_in_words, label_of, phase_in_words, started_by_in_words


@dataclass(frozen=True)
class Can:
    """Which buttons the person gets."""

    stop: bool
    again: bool
    approve: bool
    again_label: str
    off: str
    """Why nothing can be started, in a sentence."""
    why_not_approved: Text
    """Why the rows that were held back cannot be approved any more, in a sentence; "" where none were."""


def parts(request: HttpRequest, run: SyncRun) -> dict[str, Any]:
    """Everything that the page, or its live part, shows."""
    expected = _expected(run)
    return {
        "run": run,
        "label": label_of(run.resource),
        "state": word(run.state, RUN_TONES),
        "phase": phase_in_words(run),
        "started_by": started_by_in_words(run),
        "told": error_in_words(run),
        "expected": expected,
        "percent": min(100, round(100 * run.fetched / expected)) if expected else None,
        "links": _links(request, run),
        "can": _can(request, run),
    }


def resumable(run: SyncRun) -> bool:
    """Whether a run like this one, started now, goes on at this one's checkpoint."""
    candidate = SyncRun(pk=_after_all(), resource=run.resource, mode=run.mode, is_dry=run.is_dry)
    return runs.to_resume(candidate) == run


def _after_all() -> int:
    newest = SyncRun.objects.order_by("-pk").values_list("pk", flat=True).first()
    return (newest or 0) + 1


def _expected(run: SyncRun) -> int | None:
    """How many records there will be, as far as the last complete sweep tells."""
    resource = RESOURCES.get(run.resource)
    if run.is_over or resource is None or not resource.proves_absence or run.mode == SyncRun.Mode.HOT:
        return None
    sweep = freshness.complete_sweeps().filter(resource=run.resource, pk__lt=run.pk).first()
    return sweep.fetched or None if sweep else None


def _links(request: HttpRequest, run: SyncRun) -> list[tuple[str, str]]:
    links: list[tuple[str, str]] = []
    if run.resource not in readable_resources(request.user):
        return links
    if request.user.has_perm("backoffice.view_rejectedrecord"):
        count = run.rejected.count()
        if count:
            url = reverse("admin:backoffice_rejectedrecord_changelist")
            told = _("Rejected records last met by this run: {count}").format(count=number(count))
            links.append((told, f"{url}?state=all&run={run.pk}"))
    if request.user.has_perm("backoffice.view_rowchange"):
        count = run.changes.count()
        if count:
            url = reverse("admin:backoffice_rowchange_changelist")
            links.append((_("Changes: {count}").format(count=number(count)), f"{url}?run={run.pk}"))
    return links


def _can(request: HttpRequest, run: SyncRun) -> Can:
    user = request.user
    known = run.resource in RESOURCES
    approves = known and user.has_perm("backoffice.approve_syncrun")
    refusal = runs.why_not_acceptable(run) if approves else ""
    return Can(
        stop=not run.is_over and not run.stop_requested_at and user.has_perm("backoffice.stop_syncrun"),
        again=known and run.is_over and user.has_perm("backoffice.start_syncrun"),
        approve=approves and not refusal,
        again_label=_("Resume where it stopped") if known and run.is_over and resumable(run) else _("Run again"),
        off=upstreams.why_off(RESOURCES[run.resource].upstream) if known else "",
        why_not_approved=refusal if run.error == runs.HELD else "",
    )
