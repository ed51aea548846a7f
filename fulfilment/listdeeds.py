"""What can be done to a handling list with one click: take it, hold it, release it, read it again."""

from collections.abc import Callable, Mapping

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from backoffice.admin.deeds import read_again
from backoffice.admin.readonly import Button
from backoffice.returning import back
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.writes.verbs import WriteVerb
from fulfilment.board import holder_of, sub_of
from fulfilment.deeds import button, deed
from fulfilment.models import HandlingList
from fulfilment.services.lists import why_not
from fulfilment.states import OVER
from fulfilment.verbs.lists import ASSIGN_LIST, HOLD_LIST, REFRESH_LIST, RELEASE_LIST

SEE_LISTS = "fulfilment.view_handlinglist"
NO_SUB = _(
    "Afosto knows people by ids of its own, and nobody has said yet which one is yours. A supervisor adds you under "
    "Pickers; then you can take lists."
)


def buttons(
    request: HttpRequest, handling_list: HandlingList, sub: str, names: Mapping[str, str], *, tells_why: bool
) -> list[Button]:
    """The buttons that the person may press.

    Args:
        sub: the person's id at Afosto.
        names: of the people who hold lists.
        tells_why: show those that are off as well, with the reason; else they are left out.
    """
    refresh = button(request, REFRESH_LIST, _url_named("refresh_list", handling_list), "") if tells_why else []
    if handling_list.state in OVER:
        return refresh
    found = _take(request, handling_list, sub, holder_of(handling_list, names) if tells_why else "")
    held = RELEASE_LIST if handling_list.is_on_hold else HOLD_LIST
    found += button(request, held, _url(held, handling_list), why_not(held.name, handling_list))
    return [*found, *refresh] if tells_why else [one for one in found if not one.off]


def _take(request: HttpRequest, handling_list: HandlingList, sub: str, holder: str) -> list[Button]:
    """The button that takes a list; it names the holder where that is given."""
    if sub and handling_list.sub == sub:
        return []
    off = why_not(ASSIGN_LIST.name, handling_list) or ("" if sub else NO_SUB)
    label: Text = _("Take over") if handling_list.sub else _("Take")
    if holder:
        label = format_lazy(_("Take over from {holder}"), holder=holder[:40])
    return button(request, ASSIGN_LIST, _url(ASSIGN_LIST, handling_list), off, label, {"seen": handling_list.sub})


@require_POST
@staff_page(SEE_LISTS, ASSIGN_LIST.permission)
def take_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Assign a list to the person who asks, also where somebody else holds it."""
    sub = sub_of(request.user)
    handling_list = get_object_or_404(HandlingList, remote_id=remote_id)
    if sub:
        done = format_lazy(_("{list} is yours now."), list=handling_list)
        seen = {"sub": request.POST["seen"]} if "seen" in request.POST else {}
        deed(request, ASSIGN_LIST, done, remote_id=handling_list.remote_id, sends={"sub": sub}, before=seen)
    else:
        messages.error(request, NO_SUB)
    return back(request, reverse("board"))


@require_POST
@staff_page(SEE_LISTS)
def hold_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Put a list on hold: nothing of it can be picked until it is released."""
    return _done(request, HOLD_LIST, remote_id, lambda its: format_lazy(_("{list} is on hold now."), list=its))


@require_POST
@staff_page(SEE_LISTS)
def release_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Release a list that is on hold."""
    return _done(request, RELEASE_LIST, remote_id, lambda its: format_lazy(_("{list} is released."), list=its))


@require_POST
@staff_page(SEE_LISTS)
def refresh_list(request: HttpRequest, remote_id: str) -> HttpResponseBase:
    """Read a list again."""
    handling_list = get_object_or_404(HandlingList, remote_id=remote_id)
    done = gettext("{list} was read again.").format(list=handling_list)
    read_again(request, REFRESH_LIST, handling_list.remote_id, done)
    return back(request, reverse("pick_list", args=[handling_list.remote_id]))


def _done(
    request: HttpRequest, verb: WriteVerb, remote_id: str, done: Callable[[HandlingList], Text]
) -> HttpResponseBase:
    handling_list = get_object_or_404(HandlingList, remote_id=remote_id)
    deed(request, verb, done(handling_list), remote_id=handling_list.remote_id)
    return back(request, reverse("board"))


def _url(verb: WriteVerb, handling_list: HandlingList) -> str:
    names = {ASSIGN_LIST.name: "take_list", HOLD_LIST.name: "hold_list", RELEASE_LIST.name: "release_list"}
    return _url_named(names[verb.name], handling_list)


def _url_named(name: str, handling_list: HandlingList) -> str:
    return reverse(name, args=[handling_list.remote_id])
