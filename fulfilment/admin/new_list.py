"""The page that makes a handling list of shipments."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from backoffice.admin.deeds import page
from backoffice.admin.doing import do, in_hand, tell
from backoffice.admin.showing import shows
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from backoffice.views import staff_page
from fulfilment.forms.lists import NewListForm
from fulfilment.models import HandlingList, Shipment
from fulfilment.services.lists import why_not_listable
from fulfilment.verbs.lists import CREATE_LIST

MAX_CHOSEN = 100
State = RemoteWrite.State


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("fulfilment.view_handlinglist", "fulfilment.view_shipment", CREATE_LIST.permission)
def create(request: HttpRequest) -> HttpResponseBase:
    """The form of a new list; ``?shipment=<key>`` ticks shipments. POST makes it at Afosto and goes to its page."""
    if request.method != "POST":
        return show(request, NewListForm(chosen=_chosen(request)))
    form = NewListForm(request.POST)
    if not form.is_valid():
        return show(request, form)
    sends = form.sends()
    if shows(request, form, CREATE_LIST, again=form.earlier_id, sends=sends):
        return show(request, form)
    write = do(request, CREATE_LIST, id=form.id, again=form.earlier_id, sends=sends).write
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    if write.state == State.UNKNOWN or (write.state == State.CONFIRMED and is_same(write.sends, sends)):
        made = HandlingList.objects.filter(remote_id=write.remote_id).first() if write.remote_id else None
        done: Text = _("The list was made; the next sync brings it here.")
        if made:
            done = format_lazy(_("List {list} was made."), list=made)
        tell(request, write, done)
        return redirect("admin:fulfilment_handlinglist_change", made.pk) if made else _to_lists()
    form.come_back(write, sends)
    return show(request, form)


def show(request: HttpRequest, form: NewListForm) -> HttpResponseBase:
    """The page with the form."""
    does = (
        _("All shipments of a list go out, or all come in, and they are of one location."),
        _("Afosto is asked first whether each of them can be listed."),
    )
    part = "fulfilment/admin/parts/_listable.html"
    return page(request, CREATE_LIST, form, gettext("New handling list"), does=does, part=part)


def _chosen(request: HttpRequest) -> list[str]:
    """The shipments that the address names, as far as they can be listed; the others are told."""
    keys = [key for key in request.GET.getlist("shipment") if key.isdecimal() and len(key) < 19][:MAX_CHOSEN]
    rows = Shipment.objects.filter(pk__in=keys).defer("payload", "detail")
    refused = [f"{shipment}: {why}" for shipment in rows if (why := why_not_listable(shipment))]
    if refused:
        told = gettext("Left out, as they cannot go on a list. {reasons}")
        messages.warning(request, told.format(reasons=" ".join(refused[:5])))
    return [shipment.remote_id for shipment in rows if not why_not_listable(shipment)]


def _to_lists() -> HttpResponseBase:
    return redirect("admin:fulfilment_handlinglist_changelist")
