"""The work board at ``/board/``, and its export."""

from collections.abc import Mapping
from typing import Any

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from backoffice import export, freshness, times, upstreams
from backoffice.admin import live
from backoffice.admin.readonly import Button
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text, number
from backoffice.views import staff_page
from fulfilment import listdeeds
from fulfilment.board import Share, by_location, by_person, holders, lists, locations, sub_of
from fulfilment.filters import BoardFilter
from fulfilment.listdeeds import NO_SUB, SEE_LISTS
from fulfilment.models import HandlingList
from fulfilment.states import OVER
from fulfilment.tables import EXPORTED, BoardTable, exported
from fulfilment.verbs.lists import ASSIGN_LIST, MARK_HANDLED

LISTS = "afosto.handling_lists"


@require_safe
@staff_page(SEE_LISTS)
def board(request: HttpRequest) -> HttpResponseBase:
    """Handling lists, the most urgent first; an open page follows them."""
    names, sub = holders(), sub_of(request.user)
    places, people = by_location(), by_person(names)
    narrowed = _narrowed(request, sub, names, people)
    off = upstreams.why_off("afosto")
    version = live.version_of(
        sub, off, sorted(names.items()), places, people, traces=[live.trace("lists", narrowed.qs, "synced_at")]
    )
    if version == live.shown_version(request):
        return HttpResponse(status=204)

    def buttons(row: HandlingList) -> list[Button]:
        return [*_pick(request, row), *(listdeeds.buttons(request, row, sub, names, tells_why=False))]

    query = f"?{request.GET.urlencode()}" if request.GET else ""
    context = {
        **admin.site.each_context(request),
        "title": _("Work board"),
        "frame": live.CONTENT if live.shown_version(request) else live.WHOLE,
        "version": version,
        "version_header": live.VERSION_HEADER,
        "notices": list(_notices(request, sub, off, narrowed)),
        "how_old": _how_old(),
        "filter": narrowed,
        "heading": _("Lists") if narrowed.is_narrowed else _("Open work"),
        "table": BoardTable(request, narrowed.qs, names, buttons),
        "empty_sentence": _why_empty(narrowed),
        "by_location": places,
        "by_person": people,
        "exports": [(kind.upper(), reverse("board_export", args=[kind]) + query) for kind in ("csv", "xlsx")],
    }
    return TemplateResponse(request, "fulfilment/board.html", context)


@require_safe
@staff_page(SEE_LISTS)
def board_export(request: HttpRequest, kind: str) -> HttpResponseBase:
    """The board as a file, with the filters that it has."""
    names, sub = holders(), sub_of(request.user)
    narrowed = _narrowed(request, sub, names, by_person(names))
    rows, heads = narrowed.qs, [str(head) for head in EXPORTED]
    if kind == "csv":
        chunks = rows.iterator(chunk_size=export.ROWS_A_CHUNK)
        return export.csv_answer("board", heads, (exported(row, names) for row in chunks))
    if kind != "xlsx":
        return HttpResponse(_("Export is offered as csv and xlsx."), status=404, content_type="text/plain")
    if rows[export.MAX_XLSX_ROWS :].exists():
        told = _("An XLSX file takes {count} rows here. Narrow it, or take CSV.")
        messages.error(request, told.format(count=number(export.MAX_XLSX_ROWS)))
        return redirect(f"{reverse('board')}?{request.GET.urlencode()}")
    return export.xlsx_answer("board", heads, (exported(row, names) for row in rows))


def _narrowed(request: HttpRequest, sub: str, names: Mapping[str, str], people: list[Share]) -> BoardFilter:
    holding = {share.key: share.name for share in people}
    return BoardFilter(request.GET, lists(), sub=sub, locations=locations(), people={**holding, **names})


def _pick(request: HttpRequest, row: HandlingList) -> list[Button]:
    if row.state in OVER or not request.user.has_perm(MARK_HANDLED.permission):
        return []
    label = _("Pick") if row.is_outbound else pgettext("goods that came in", "Sort")
    return [Button(label, reverse("pick_list", args=[row.remote_id]), is_main=True, is_link=True)]


def _notices(request: HttpRequest, sub: str, off: Text, narrowed: BoardFilter) -> Any:
    if off:
        yield _("Nothing can be taken or held now. {reason}").format(reason=off)
    if not sub and request.user.has_perm(ASSIGN_LIST.permission):
        yield NO_SUB
    if narrowed.is_refused:
        yield _("The address asks for a filter that there is not, so nothing is shown. Choose anew.")


def _how_old() -> SafeString | str:
    swept_from = freshness.swept_from_of(HandlingList)
    return format_html(_("Read completely {ago}."), ago=times.ago(swept_from)) if swept_from else ""


def _why_empty(narrowed: BoardFilter) -> Text:
    if not narrowed.is_narrowed and HandlingList.objects.exists():
        return _("Nothing waits: no handling list is open.")
    return freshness.why_empty(RESOURCES[LISTS], is_narrowed=narrowed.is_narrowed)
