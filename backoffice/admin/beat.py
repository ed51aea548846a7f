"""django-celery-beat's schedules, in the theme. Edits take effect within seconds, without a restart."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_celery_beat.admin import ClockedScheduleAdmin as BeatClockedAdmin
from django_celery_beat.admin import CrontabScheduleAdmin as BeatCrontabAdmin
from django_celery_beat.admin import PeriodicTaskAdmin as BeatTaskAdmin
from django_celery_beat.admin import PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.admin import ModelAdmin, TabularInline
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from backoffice.admin.noted import NotedAdmin
from backoffice.times import ago, at

_RENAMED = {"last_run_at": "last_run_moment"}  # in the person's own zone


class ThemedTaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]  # both are untyped
    """The registered tasks, drawn as the theme draws a choice."""


class ThemedTaskForm(PeriodicTaskForm):  # type: ignore[misc]
    """The form of a schedule with the theme's widgets."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
        if "regtask" in self.fields:
            self.fields["regtask"].widget = ThemedTaskSelect()


class PeriodicTaskAdmin(NotedAdmin, BeatTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """What runs when. Switch a default off rather than delete it: the next migrate would bring it back."""

    noted_kind = "schedule"
    form = ThemedTaskForm
    list_display = ("name", "enabled", "scheduler", "last_run")
    fieldsets = tuple(
        (title, {**how, "fields": tuple(_RENAMED.get(name, name) for name in how["fields"])})
        for title, how in BeatTaskAdmin.fieldsets
    )
    readonly_fields = ("last_run_moment", "crontab_translation")
    date_hierarchy = None
    # Not run_tasks: "Refresh now" on the lists does that, and writes down who asked.
    actions = ("enable_tasks", "disable_tasks", "toggle_tasks")

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """The package lets everybody who sees the list use them; they change schedules."""
        return super().get_actions(request) if self.has_change_permission(request) else {}

    def noted_state(self, obj: PeriodicTask) -> str:
        told = _("Now on, {schedule}.") if obj.enabled else _("Now off, {schedule}.")
        return told.format(schedule=obj.schedule)

    @admin.action(description=_("Enable selected tasks"))
    def enable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, super().enable_tasks)

    @admin.action(description=_("Disable selected tasks"))
    def disable_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, super().disable_tasks)

    @admin.action(description=_("Toggle activity of selected tasks"))
    def toggle_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        self._switch(request, queryset, super().toggle_tasks)

    @transaction.atomic
    def _switch(self, request: HttpRequest, queryset: QuerySet[PeriodicTask], do: Callable[..., None]) -> None:
        chosen = list(queryset.values_list("pk", flat=True))
        do(request, queryset)
        for task in PeriodicTask.objects.filter(pk__in=chosen):
            self.note("change", task, _("Switched."))

    @admin.display(description=_("scheduler"))
    def scheduler(self, task: PeriodicTask) -> str:
        return str(task.scheduler)

    @admin.display(description=_("crontab translation"))
    def crontab_translation(self, task: PeriodicTask) -> str:
        return str(super().crontab_translation(task))

    @admin.display(description=_("last run"), ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> str:
        return ago(task.last_run_at)

    @admin.display(description=_("last run"))
    def last_run_moment(self, task: PeriodicTask) -> str:
        return at(task.last_run_at, empty=_("never"))


class UsersInline(TabularInline):  # type: ignore[misc]
    """The tasks that use a schedule."""

    model = PeriodicTask
    fields = readonly_fields = ("name", "task_name", "args")
    can_delete = False
    extra = 0
    verbose_name_plural = _("used by")

    @admin.display(description=_("Task Name"))
    def task_name(self, task: PeriodicTask) -> str:
        return str(task.task)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class IntervalScheduleAdmin(NotedAdmin, ModelAdmin):  # type: ignore[misc]
    """Every so often."""

    noted_kind = "schedule"

    inlines = (UsersInline,)


class CrontabScheduleAdmin(NotedAdmin, BeatCrontabAdmin, ModelAdmin):  # type: ignore[misc]
    """At times of the day."""

    noted_kind = "schedule"

    inlines = (UsersInline,)


class SolarScheduleAdmin(NotedAdmin, ModelAdmin):  # type: ignore[misc]
    """By the sun."""

    noted_kind = "schedule"


class ClockedScheduleAdmin(NotedAdmin, BeatClockedAdmin, ModelAdmin):  # type: ignore[misc]
    """Once."""

    noted_kind = "schedule"

    inlines = (UsersInline,)


for model, model_admin in (
    (PeriodicTask, PeriodicTaskAdmin),
    (IntervalSchedule, IntervalScheduleAdmin),
    (CrontabSchedule, CrontabScheduleAdmin),
    (SolarSchedule, SolarScheduleAdmin),
    (ClockedSchedule, ClockedScheduleAdmin),
):
    if admin.site.is_registered(model):
        admin.site.unregister(model)
    admin.site.register(model, model_admin)
