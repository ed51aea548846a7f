"""``/getting-started/``: each step looks by itself once the page is open, and again while something is left to do."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import transaction
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice import firststeps, tasks, upstreams
from backoffice.checks import broker_trouble
from backoffice.firststeps import Step, StepState
from backoffice.models import SyncRun
from backoffice.views import BROKER_DOWN, staff_page

PERMISSIONS = ("backoffice.subscribe_upstreamstate", "backoffice.start_syncrun")


@require_safe
@staff_page(*PERMISSIONS)
def first_steps(request: HttpRequest) -> HttpResponseBase:
    """All steps as far as they can be told without asking anybody."""
    return _page(request)


@require_POST
@staff_page(*PERMISSIONS)
def look(request: HttpRequest, step: str) -> HttpResponseBase:
    """Carry out the checks of one step: its part of the page for the script, else the whole page."""
    known = _known(step)
    if not request.headers.get("HX-Request"):
        return _page(request, looked=known.name)
    state = firststeps.state_of(known, is_looked=True)
    return TemplateResponse(request, "backoffice/parts/_first_step.html", {"state": state})


@require_POST
@staff_page(*PERMISSIONS)
def read_upstream(request: HttpRequest, upstream: str) -> HttpResponseBase:
    """Queue the first sync of all of an upstream's resources, those that others hang on first."""
    known = _known(upstream)
    if not known.upstream:
        raise Http404
    if off := upstreams.why_off(known.upstream):
        messages.error(request, _("Nothing was started. {off}").format(off=off))
    elif not queue_unread(firststeps.state_of(known, is_looked=False), cast(User, request.user)):
        messages.warning(request, BROKER_DOWN)
    return redirect(f"{reverse('first_steps')}#{known.name}")


def queue_unread(state: StepState, user: User) -> bool:
    """Queue what was never read, one after another. False where the broker is down: the runs are kept."""
    before: SyncRun | None = None
    with transaction.atomic():  # all rows are there before the first run can end
        for item in state.unread:
            before = tasks.queue_after(item.resource.name, before, trigger=SyncRun.Trigger.PERSON, user=user)
    return not broker_trouble()


def _known(name: str) -> Step:
    step = firststeps.step_named(name)
    if step is None:
        raise Http404
    return step


def _page(request: HttpRequest, looked: str = "") -> HttpResponseBase:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        "title": _("Getting started"),
        "states": firststeps.states(looked),
    }
    return TemplateResponse(request, "backoffice/first_steps.html", context)
