"""The list of runs. The page of a run is ``/runs/<id>/``."""

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from backoffice import times
from backoffice.admin.filters import Filter, ResourceFilter, choice_filter
from backoffice.admin.readonly import ReadOnlyAdmin
from backoffice.badges import RUN_TONES, word
from backoffice.models import SyncRun
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES
from backoffice.wording import error_in_words, started_by_in_words

REMARK_CHARS = 60  # the page of the run has it all


class StateFilter(Filter):
    """How it stands with the run."""

    title, parameter_name = "state", "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [*SyncRun.State.choices, (runs.HELD, "Held for approval")]

    def narrow(self, rows: Any, value: str) -> Any:
        if value == runs.HELD:
            return rows.filter(error=runs.HELD)
        return rows.filter(state=value)


class DryFilter(Filter):
    """Whether the run only compares."""

    title, parameter_name = "dry run", "dry"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, str]]:
        return [("yes", "Dry runs"), ("no", "Real runs")]

    def narrow(self, rows: Any, value: str) -> Any:
        return rows.filter(is_dry=value == "yes")


def _counted(name: str, title: str) -> Callable[[SyncRun], str]:
    """A column of counts, under a title short enough for all of them to fit beside the menu."""

    @admin.display(description=title, ordering=name)
    def shown(run: SyncRun) -> str:
        return f"{getattr(run, name):,}"

    shown.__name__ = f"shown_{name}"  # names the cells' class
    return shown


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    """Runs, newest first."""

    list_display = (
        "name", "shown_state", "begun", "started", _counted("fetched", "read"), _counted("created", "new"),
        _counted("updated", "changed"), _counted("unchanged", "same"), _counted("failed", "rejected"),
        _counted("vanished", "gone"), "told",
    )  # fmt: skip
    list_display_links = ("name",)
    list_select_related = ("started_by",)
    list_filter = (
        StateFilter, ResourceFilter, choice_filter("trigger", "started by", SyncRun.Trigger.choices), DryFilter,
    )  # fmt: skip
    export_columns = (
        ("id", "pk"), ("resource", "resource"), ("mode", "mode"), ("dry", "is_dry"), ("state", "state"),
        ("trigger", "trigger"), ("queued_at", "queued_at"), ("started_at", "started_at"), ("ended_at", "ended_at"),
        ("seconds", "seconds"), ("fetched", "fetched"), ("created", "created"), ("updated", "updated"),
        ("unchanged", "unchanged"), ("failed", "failed"), ("vanished", "vanished"), ("held", "held"),
        ("error", "error"),
    )  # fmt: skip

    @admin.display(description="run", ordering="pk")
    def name(self, run: SyncRun) -> str:
        resource = RESOURCES.get(run.resource)
        kind = " (dry)" if run.is_dry else "" if run.mode == SyncRun.Mode.NORMAL else f" ({run.mode})"
        return f"#{run.pk} {resource.label if resource else run.resource}{kind}"

    @admin.display(description="state", ordering="state")
    def shown_state(self, run: SyncRun) -> SafeString:
        return word(run.state, RUN_TONES)

    @admin.display(description="when", ordering="queued_at")
    def begun(self, run: SyncRun) -> SafeString | str:
        return times.ago(run.started_at or run.queued_at)

    @admin.display(description="started by", ordering="trigger")
    def started(self, run: SyncRun) -> str:
        return started_by_in_words(run)

    @admin.display(description="remark")
    def told(self, run: SyncRun) -> str:
        return Truncator(error_in_words(run)).chars(REMARK_CHARS)

    def record_page(self, request: HttpRequest, obj: SyncRun) -> HttpResponseBase:
        return redirect("run", obj.pk)
