"""The pick list on paper."""

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from backoffice.views import staff_page
from fulfilment.board import holder_of, holders
from fulfilment.listdeeds import SEE_LISTS
from fulfilment.models import HandlingList
from fulfilment.pieces import pick_lines
from fulfilment.states import OVER, in_words
from fulfilment.stations.printing import bins_of, code, rows_of


@require_safe
@staff_page(SEE_LISTS)
def printed_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """One list as a page to print: the walk, then the bins."""
    handling_list = get_object_or_404(HandlingList.objects.select_related("location"), remote_id=remote_id)
    rows = rows_of(pick_lines(handling_list))
    context = {
        "list": handling_list,
        "code": code(handling_list.number or handling_list.remote_id),
        "holder": holder_of(handling_list, holders()) or _("nobody"),
        "is_open": handling_list.state not in OVER and not handling_list.is_on_hold,
        "state": in_words(handling_list.state),
        "rows": rows,
        "bins": bins_of(rows),
        "pieces": sum(len(row.line.ids) for row in rows),
        "left": sum(row.left for row in rows),
        "printed_at": timezone.now(),
    }
    return TemplateResponse(request, "fulfilment/printed_list.html", context)
