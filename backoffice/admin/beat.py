"""django-celery-beat's schedules, in the theme. Edits take effect within seconds, without a restart."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
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


class PeriodicTaskAdmin(BeatTaskAdmin, ModelAdmin):  # type: ignore[misc]
    """What runs when. Switch a default off rather than delete it: the next migrate would bring it back."""

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

    @admin.display(description="last run", ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> str:
        return ago(task.last_run_at)

    @admin.display(description="last run")
    def last_run_moment(self, task: PeriodicTask) -> str:
        return at(task.last_run_at, empty="never")


class UsersInline(TabularInline):  # type: ignore[misc]
    """The tasks that use a schedule."""

    model = PeriodicTask
    fields = readonly_fields = ("name", "task", "args")
    can_delete = False
    extra = 0
    verbose_name_plural = "used by"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class IntervalScheduleAdmin(ModelAdmin):  # type: ignore[misc]
    """Every so often."""

    inlines = (UsersInline,)


class CrontabScheduleAdmin(BeatCrontabAdmin, ModelAdmin):  # type: ignore[misc]
    """At times of the day."""

    inlines = (UsersInline,)


class SolarScheduleAdmin(ModelAdmin):  # type: ignore[misc]
    """By the sun."""


class ClockedScheduleAdmin(BeatClockedAdmin, ModelAdmin):  # type: ignore[misc]
    """Once."""

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
