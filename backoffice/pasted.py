"""Secrets that people paste into a search box: taken out before a page, a log or an address keeps them.

Each app says what its secrets look like and by which harmless part their record is found. A script on the page does the
same before anything is sent, where an app brings one; this is for whoever has none, and for links that hold one.
"""

from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.utils.http import escape_leading_slashes
from django.utils.translation import gettext as _

Shorten = Callable[[str], str]
"""From what was typed to the same without secrets; unchanged where it holds none."""

_known: list[Shorten] = []


def register(shorten: Shorten) -> None:
    """Make one kind of secret known."""
    if shorten not in _known:
        _known.append(shorten)


def without_secrets(text: str) -> str:
    """``text`` with every known kind of secret replaced by what its record is found by."""
    for shorten in _known:
        text = shorten(text)
    return text


def middleware(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """A page that is asked for with a secret in its query is answered by the address without it, before any view."""

    def answered(request: HttpRequest) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"} or not request.GET:
            return answer(request)
        query = request.GET.copy()
        for name, values in request.GET.lists():
            query.setlist(name, [without_secrets(value) for value in values])
        if query == request.GET:
            return answer(request)
        if not request.headers.get("HX-Request"):
            messages.info(request, _("You pasted a secret link. Only its last four characters were used and kept."))
        response = HttpResponseRedirect(escape_leading_slashes(f"{request.path}?{query.urlencode()}"))
        response["Cache-Control"] = "no-store"
        return response

    return answered
