"""``/notifications/``, and the bell in the header, whose count and panel are asked for by the open page."""

from typing import Any, cast

from django.contrib import admin
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from backoffice.models import Notification
from backoffice.roles import has_role
from backoffice.views import staff_page

LATEST = 10
ROWS_A_PAGE = 50
STOP_POLLING = 286  # htmx asks no more


@require_safe
@staff_page()
def notifications(request: HttpRequest) -> HttpResponseBase:
    """All that the person was told, newest first."""
    page = Paginator(_mine(request), ROWS_A_PAGE).get_page(request.GET.get("p"))
    unread = _mine(request).filter(read_at=None).count()
    context = {
        **admin.site.each_context(request),
        "title": _("Notifications"),
        "page": page,
        "lines": page.object_list,
        "unread": unread,
    }
    return TemplateResponse(request, "backoffice/notifications.html", context)


@require_safe
def bell(request: HttpRequest) -> HttpResponseBase:
    """How many are unread, for the bell. 204 where that is what it shows.

    The bell is on every page, so unlike other parts it never has the page loaded anew when the person was logged out:
    what was typed there would be lost.
    """
    is_known = admin.site.has_permission(request) and has_role(request.user)
    if request.headers.get("HX-Request") and not is_known:
        return HttpResponse(status=STOP_POLLING)
    return _count(request)


@require_safe
@staff_page()
def latest(request: HttpRequest) -> HttpResponseBase:
    """The last ten, for the bell's panel."""
    return _panel(request)


@require_POST
@staff_page()
def open_notification(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read one, and go to what it is about."""
    told = get_object_or_404(_mine(request), pk=pk)
    _mark(_mine(request).filter(pk=pk))
    return redirect(told.url)


@require_POST
@staff_page()
def mark_read(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Mark one as read."""
    get_object_or_404(_mine(request), pk=pk)
    _mark(_mine(request).filter(pk=pk))
    return _back(request)


@require_POST
@staff_page()
def mark_all_read(request: HttpRequest) -> HttpResponseBase:
    """Mark all as read that there were when the page was made: what came since was not seen."""
    newest = request.POST.get("newest", "")
    seen = _mine(request).filter(pk__lte=int(newest)) if newest.isascii() and newest.isdigit() else _mine(request)
    _mark(seen)
    return _back(request)


@staff_page()
def _count(request: HttpRequest) -> HttpResponseBase:
    told = _mine(request).filter(read_at=None).aggregate(count=Count("pk"), newest=Max("pk"))
    version = f"{told['count']}-{told['newest'] or 0}"
    if request.GET.get("shown") == version:
        return HttpResponse(status=204)
    context = {"count": told["count"], "version": version}
    return TemplateResponse(request, "backoffice/parts/_bell_count.html", context)


def _panel(request: HttpRequest) -> TemplateResponse:
    lines = list(_mine(request)[:LATEST])
    context: dict[str, Any] = {"lines": lines, "unread": any(line.read_at is None for line in lines), "is_panel": True}
    return TemplateResponse(request, "backoffice/parts/_notifications.html", context)


def _back(request: HttpRequest) -> HttpResponseBase:
    """The panel anew, and the bell with it; the page where there is no script."""
    if not request.headers.get("HX-Request"):
        return redirect("notifications")
    answer = _panel(request)
    answer["HX-Trigger"] = "bell"
    return answer


def _mark(told: QuerySet[Notification]) -> None:
    told.filter(read_at=None).update(read_at=timezone.now())


def _mine(request: HttpRequest) -> QuerySet[Notification]:
    return Notification.objects.filter(user=cast(User, request.user))
