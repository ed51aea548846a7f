"""The list of runs. The page of a run is ``/runs/<id>/``."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from backoffice import times
from backoffice.admin.filters import Filter, ResourceFilter, choice_filter
from backoffice.admin.readonly import ReadOnlyAdmin
from backoffice.badges import RUN_TONES, word
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number
from backoffice.wording import error_in_words, started_by_in_words

REMARK_CHARS = 60  # the page of the run has it all
MODES: dict[str, Text] = {
    SyncRun.Mode.HOT: pgettext_lazy("a run that reads what changes often", "hot"),
    SyncRun.Mode.FULL: pgettext_lazy("a run that reads everything", "full"),
}
"""Modes as they stand behind a run's name; the normal one is not told."""


class StateFilter(Filter):
    """How it stands with the run."""

    title, parameter_name = _("state"), "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [*SyncRun.State.choices, (runs.HELD, _("Held for approval"))]

    def narrow(self, rows: Any, value: str) -> Any:
        if value == runs.HELD:
            return rows.filter(error=runs.HELD)
        return rows.filter(state=value)


class DryFilter(Filter):
    """Whether the run only compares."""

    title, parameter_name = _("dry run"), "dry"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Text]]:
        return [("yes", _("Dry runs")), ("no", _("Real runs"))]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(is_dry=value == "yes")


def _counted(name: str, title: Any) -> Callable[[SyncRun], str]:
    """A column of counts, under a title short enough for all of them to fit beside the menu."""

    @admin.display(description=title, ordering=name)
    def shown(run: SyncRun) -> str:
        return number(getattr(run, name))

    shown.__name__ = f"shown_{name}"  # names the cells' class
    return shown


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Runs, newest first."""

    list_about = _("Each reading of a system: how far it came, and what was new, changed, rejected or gone.")

    list_display = (
        "name", "shown_state", "begun", "started", _counted("fetched", pgettext_lazy("how many were", "read")),
        _counted("created", pgettext_lazy("how many were", "new")),
        _counted("updated", pgettext_lazy("how many were", "changed")),
        _counted("unchanged", pgettext_lazy("how many were", "same")),
        _counted("failed", pgettext_lazy("how many were", "rejected")),
        _counted("vanished", pgettext_lazy("how many were", "gone")), "told",
    )  # fmt: skip
    list_display_links = ("name",)
    list_select_related = ("started_by",)
    list_filter = (
        StateFilter, ResourceFilter, choice_filter("trigger", _("started by"), SyncRun.Trigger.choices), DryFilter,
    )  # fmt: skip
    export_columns = (
        ("id", "pk"), ("resource", "resource"), ("mode", "mode"), ("dry", "is_dry"), ("state", "state"),
        ("trigger", "trigger"), ("queued_at", "queued_at"), ("started_at", "started_at"), ("ended_at", "ended_at"),
        ("seconds", "seconds"), ("fetched", "fetched"), ("created", "created"), ("updated", "updated"),
        ("unchanged", "unchanged"), ("failed", "failed"), ("vanished", "vanished"), ("held", "held"),
        ("error", "error"),
    )  # fmt: skip

    @admin.display(description=_("run"), ordering="pk")
    def name(self, run: SyncRun) -> str:
        resource = RESOURCES.get(run.resource)
        kind = pgettext_lazy("a run that only compares", "dry") if run.is_dry else MODES.get(run.mode)
        told = f"#{run.pk} {resource.label if resource else run.resource}"
        return f"{told} ({kind})" if kind else told

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, run: SyncRun) -> SafeString:
        return word(run.state, RUN_TONES)

    @admin.display(description=_("when"), ordering="queued_at")
    def begun(self, run: SyncRun) -> SafeString | str:
        return times.ago(run.started_at or run.queued_at)

    @admin.display(description=_("started by"), ordering="trigger")
    def started(self, run: SyncRun) -> str:
        return str(started_by_in_words(run))

    @admin.display(description=_("remark"))
    def told(self, run: SyncRun) -> str:
        return Truncator(error_in_words(run)).chars(REMARK_CHARS)

    def record_page(self, request: HttpRequest, obj: SyncRun) -> HttpResponseBase:
        return redirect("run", obj.pk)
