"""The page of a bulk action at ``/bulk/<id>/``, and what a person can do there."""

import json
from typing import Any, cast
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from backoffice import audit, bulkpage, export, tasks, upstreams
from backoffice.bulk import again
from backoffice.bulk.outcome import verb_of, visible_bulk_actions
from backoffice.errors import NotAllowed
from backoffice.models import BulkAction, BulkItem
from backoffice.site import reload
from backoffice.texts import number, number_lazy
from backoffice.views import BROKER_DOWN, staff_page
from backoffice.writes.plan import may


@require_safe
@staff_page("backoffice.view_bulkaction")
def bulk_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """One bulk action."""
    bulk = _visible(request, pk)
    context = {**admin.site.each_context(request), "title": _("Bulk action"), **bulkpage.parts(request, bulk)}
    return TemplateResponse(request, "backoffice/bulk.html", context)


@require_safe
@staff_page("backoffice.view_bulkaction")
def bulk_live(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The part of the page that changes while it goes on. Once it is over, the whole page is loaded again."""
    bulk = _visible(request, pk)
    if bulk.is_over:
        return reload()
    return TemplateResponse(request, "backoffice/parts/_bulk.html", bulkpage.parts(request, bulk))


@require_safe
@staff_page("backoffice.view_bulkaction")
def bulk_rest(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """The rows with members of their own that did not end confirmed, as a file: to be corrected and given again."""
    bulk = _visible(request, pk)
    if not may(cast(User, request.user), verb_of(bulk).permission):
        raise PermissionDenied
    rows = bulk.items.exclude(state=BulkItem.State.CONFIRMED).exclude(sends={}).order_by("position")
    names = sorted({name for sends in rows.values_list("sends", flat=True) for name in sends})
    told = ([*(_cell(row.sends.get(name)) for name in names), row.state, row.error] for row in rows.iterator())
    noted = gettext_lazy("csv, the rows that are not confirmed: {count}")
    audit.entry_of_bulk("export", bulk, detail=format_lazy(noted, count=number_lazy(rows.count()))).save()
    return export.csv_answer(f"{bulk.target}s-not-confirmed", [*names, "state", "error"], told)


@require_POST
@staff_page("backoffice.view_bulkaction")
def cancel_bulk(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Take back the rows that wait."""
    bulk = _visible(request, pk)
    try:
        count = again.cancel(bulk, cast(User, request.user))
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    if count:
        told = ngettext(
            "{count} row is cancelled and stays as it was. What was in hand ends normally.",
            "{count} rows are cancelled and stay as they were. What was in hand ends normally.",
            count,
        )
        messages.success(request, told.format(count=number(count)))
    else:
        messages.info(request, _("No row waited any more; nothing was cancelled."))
    return _back(request, bulk)


@require_POST
@staff_page("backoffice.view_bulkaction")
def retry_bulk(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """Send the failed rows again, after looking for those that are unknown."""
    bulk = _visible(request, pk)
    off = upstreams.why_off(verb_of(bulk).upstream)
    if off:
        messages.error(request, _("Nothing was sent again. {off}").format(off=off))
        return _back(request, bulk)
    try:
        count = again.retry(bulk, cast(User, request.user))
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    if not count:
        messages.info(request, _("No row is failed or unknown any more; nothing was sent again."))
    elif not tasks.start_bulk(bulk):
        messages.warning(request, BROKER_DOWN)
    return _back(request, bulk)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value


def _visible(request: HttpRequest, pk: UUID) -> BulkAction:
    return get_object_or_404(visible_bulk_actions(cast(User, request.user)), pk=pk)


def _back(request: HttpRequest, bulk: BulkAction) -> HttpResponseBase:
    query = f"?{urlencode({'list': request.GET['list']})}" if request.GET.get("list") else ""
    return redirect(f"{reverse('bulk', args=[bulk.pk])}{query}")
