"""What a person says about a pair: each is a POST, and comes back to where it was said."""

from collections.abc import Callable
from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice.access import readable_resources
from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.returning import came_from
from backoffice.views import staff_page
from backoffice.writes.plan import Actor
from customers.identitypage.compare import cards
from customers.identitypage.words import called
from customers.models import IdentityDecision, IdentityLink
from customers.services.identity import LINK, IdentityService, SecondLink


@require_POST
@staff_page("customers.view_identitylink", LINK)
def confirm(request: HttpRequest, pk: int) -> HttpResponseBase:
    """They are the same. A second link is asked for once more, with the reason."""
    link = _link(request, pk)
    if link is None:
        return _back(request)
    knowingly = request.POST.get("knowingly") == "yes"
    seen, reason = request.POST.get("seen"), request.POST.get("reason", "")
    try:
        _service(request).confirm(link, seen=seen, knowingly=knowingly, reason=reason)
    except NotInThisState as error:
        messages.error(request, f"{error}")
    except SecondLink as error:
        context = {
            **admin.site.each_context(request),
            "title": _("A second link?"),
            "card": cards(request, [link])[0],
            "why": f"{error}",
            "seen": seen or link.state,
            "reason": reason,
            "next": _next(request),
        }
        return TemplateResponse(request, "customers/identity/second.html", context)
    else:
        said = _("Linked: {customer} and {record} are the same customer.")
        messages.success(request, said.format(customer=link.customer, record=called(link)))
    return _back(request)


@require_POST
@staff_page("customers.view_identitylink", LINK)
def reject(request: HttpRequest, pk: int) -> HttpResponseBase:
    """They are not the same."""
    said = _(
        "Rejected: {customer} and {record} are not the same. They are not suggested again while the same values are "
        "equal."
    )
    return _say(request, pk, lambda service: service.reject, said)


@require_POST
@staff_page("customers.view_identitylink", LINK)
def unlink(request: HttpRequest, pk: int) -> HttpResponseBase:
    """They were linked, and are not the same after all."""
    said = _("Unlinked: {customer} and {record}. Neither was changed by it.")
    return _say(request, pk, lambda service: service.unlink, said)


@require_POST
@staff_page("customers.view_identitylink", LINK)
def undo(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Put a pair back as it was before its newest decision."""
    decision = IdentityDecision.objects.select_related("customer").filter(pk=pk).first()
    if decision is None:
        messages.error(request, _("Nothing was changed: there is no such decision."))
        return _back(request)
    _check(request, decision.resource)
    try:
        _service(request).undo(decision)
    except (NotInThisState, SecondLink) as error:
        messages.error(request, _("Nothing was undone. {why}").format(why=error))
    else:
        before = IdentityLink.State(decision.before).label if decision.before else _("not linked")
        said = _("Undone: {customer} and {record} are {state} again.")
        messages.success(request, said.format(customer=decision.customer, record=called(decision), state=before))
    return _back(request)


Decide = Callable[..., IdentityDecision]


def _say(request: HttpRequest, pk: int, verb: Callable[[IdentityService], Decide], said: str) -> HttpResponseBase:
    link = _link(request, pk)
    if link is not None:
        try:
            verb(_service(request))(link, seen=request.POST.get("seen"), reason=request.POST.get("reason", ""))
        except NotInThisState as error:
            messages.error(request, f"{error}")
        else:
            messages.success(request, said.format(customer=link.customer, record=called(link)))
    return _back(request)


def _link(request: HttpRequest, pk: int) -> IdentityLink | None:
    """The pair; None, and told, where it is not there any more. Raises PermissionDenied."""
    link = IdentityLink.objects.select_related("customer").filter(pk=pk).first()
    if link is None:
        gone = _("Nothing was changed: this pair is not suggested any more, as what spoke for it has changed.")
        messages.error(request, gone)
    else:
        _check(request, link.resource)
    return link


def _check(request: HttpRequest, resource: str) -> None:
    """Only who may see both sides can say anything about them."""
    if not {"kirim.customers", resource} <= set(readable_resources(request.user)):
        raise PermissionDenied


def _service(request: HttpRequest) -> IdentityService:
    return IdentityService(Actor(cast(User, request.user), RemoteWrite.Door.PAGE))  # staff_page let them in


def _back(request: HttpRequest) -> HttpResponseBase:
    return redirect(_next(request))


def _next(request: HttpRequest) -> str:
    """Where the person came from; else the queue."""
    return came_from(request, reverse("identity"))
