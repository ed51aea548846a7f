"""The page of ours that somebody came from: named as ``next`` by a button or a form, it is where what follows leads."""

from django.http import HttpRequest, HttpResponseRedirect
from django.utils.http import url_has_allowed_host_and_scheme

NEXT = "next"


def came_from(request: HttpRequest, otherwise: str = "") -> str:
    """Its address, as the form or else the request's own address names it; ``otherwise`` where it is none of ours."""
    wanted = request.POST.get(NEXT) or request.GET.get(NEXT) or ""
    is_ours = url_has_allowed_host_and_scheme(wanted, {request.get_host()}, require_https=request.is_secure())
    return wanted if is_ours else otherwise


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """To it, as it was checked: its path alone may name another host ("//there")."""
    return HttpResponseRedirect(came_from(request, otherwise))
