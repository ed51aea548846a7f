"""Staff pages beside the admin's own: the desk at ``/`` and the page of a run."""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from backoffice import runpage, tasks, upstreams
from backoffice.admin import live
from backoffice.dashboard import shown_desk
from backoffice.models import AuditEntry, SyncRun
from backoffice.site import View, reload
from backoffice.sync import runs
from backoffice.sync.resource import RESOURCES

BROKER_DOWN = gettext_lazy(
    "The broker is down. The work is kept and starts by itself within two minutes of the broker's return."
)


def staff_page(*permissions: str) -> Callable[[View], View]:
    """A page for signed-in staff who hold ``permissions``. Others: log-in, or 403, as ``BackofficeSite`` says it."""

    def decorate(view: View) -> View:
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.has_perms(permissions):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        guarded: View = admin.site.admin_view(checked)
        return guarded

    return decorate


@require_safe
def desk(request: HttpRequest) -> HttpResponseBase:
    """The desk; the same page as the admin's index."""
    view: View = admin.site.admin_view(admin.site.index)
    return view(request)


@require_safe
@staff_page()
def desk_live(request: HttpRequest) -> HttpResponseBase:
    """The desk for a page of it that is open; 204 where it would show the same."""
    context = shown_desk(request)
    if context["version"] == live.shown_version(request):
        return HttpResponse(status=204)
    return TemplateResponse(request, "admin/index.html", {"frame": live.CONTENT, "title": _("Desk"), **context})


@require_safe
@staff_page("backoffice.view_syncrun")
def run_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One run."""
    run = get_object_or_404(SyncRun.objects.select_related("started_by", "resumes", "accepts", "after"), pk=pk)
    context = {
        **admin.site.each_context(request),
        "title": _("Run #{run}").format(run=run.pk),
        **runpage.parts(request, run),
    }
    return TemplateResponse(request, "backoffice/run.html", context)


@require_safe
@staff_page("backoffice.view_syncrun")
def run_live(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The part of a run's page that changes while it goes on. Once it is over, the whole page is loaded again."""
    run = get_object_or_404(SyncRun.objects.select_related("started_by", "resumes", "accepts", "after"), pk=pk)
    if run.is_over:
        return reload()
    return TemplateResponse(request, "backoffice/parts/_run.html", runpage.parts(request, run))


@require_POST
@staff_page("backoffice.view_syncrun", "backoffice.start_syncrun")
def start_run(request: HttpRequest, resource: str) -> HttpResponseBase:
    """Queue a run of a whole resource."""
    if resource not in RESOURCES:
        told = _("There is no resource {resource}; nothing was started.")
        messages.error(request, told.format(resource=repr(resource[:60])))
        return redirect("desk")
    return _start(request, resource)


@require_POST
@staff_page("backoffice.view_syncrun", "backoffice.start_syncrun")
def run_again(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Queue a run like this one; where it was cut off, the new one goes on at its checkpoint."""
    run = get_object_or_404(SyncRun, pk=pk, resource__in=RESOURCES)
    return _start(request, run.resource, mode=run.mode, is_dry=run.is_dry)


@require_POST
@staff_page("backoffice.view_syncrun", "backoffice.stop_syncrun")
def stop_run(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Ask a run to stop."""
    run = get_object_or_404(SyncRun, pk=pk)
    if runs.request_stop(run):
        runs.note_run("sync_stop", run, cast(User, request.user), AuditEntry.Door.PAGE)
        messages.success(request, _("The run is stopping. What it has stored stays; the next run goes on from there."))
    else:
        messages.info(request, _("The run was over already; nothing was stopped."))
    return redirect("run", pk)


@staff_page("backoffice.view_syncrun", "backoffice.approve_syncrun")
def approve_run(request: HttpRequest, pk: int) -> HttpResponseBase:
    """GET asks for confirmation, POST queues the run that marks the held rows as gone."""
    run = get_object_or_404(SyncRun, pk=pk, resource__in=RESOURCES)
    refusal = runs.why_not_acceptable(run)
    if refusal:
        messages.error(request, refusal)
        return redirect("run", pk)
    if request.method == "POST":
        return _start(request, run.resource, mode=run.mode, accepts=run)
    title = _("Approve run #{run}").format(run=run.pk)
    context = {**admin.site.each_context(request), "title": title, **runpage.parts(request, run)}
    return TemplateResponse(request, "backoffice/approve.html", context)


def _start(request: HttpRequest, resource: str, **wanted: Any) -> HttpResponseBase:
    off = upstreams.why_off(RESOURCES[resource].upstream)
    if off:
        messages.error(request, _("Nothing was started. {off}").format(off=off))
        return redirect("desk")
    run = runs.queue(resource, trigger="person", user=cast(User, request.user), **wanted)  # staff_page let them in
    if not tasks.send(run.pk):
        messages.warning(request, BROKER_DOWN)
    return redirect("run", run.pk)
