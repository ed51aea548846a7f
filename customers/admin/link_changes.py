"""The pages that change a setup link: revoke it, finish a half-done replacement, other redirects."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import upstreams
from backoffice.admin.doing import Done, ReasonForm, do, tell, writes_to
from backoffice.admin.showing import shows
from backoffice.errors import NotAllowed, WriteIsSettled
from backoffice.models import RemoteWrite
from backoffice.views import staff_page
from backoffice.writes.plan import Actor
from backoffice.writes.verbs import WriteVerb
from customers.forms.links import RedirectsForm
from customers.models import SetupLink
from customers.replacements import half_done_of, resume
from customers.services.links import REDIRECTS, why_inactive
from customers.verbs.kirim import REPLACE_LINK_PERMISSION, REVOKE_LINK, UPDATE_REDIRECTS

State = RemoteWrite.State


def urls() -> list[URLPattern]:
    """Below the list's own address."""
    return [
        path("<int:pk>/revoke/", revoke_page, name="revoke_setup_link"),
        path("<int:pk>/resume/", resume_view, name="resume_setup_link"),
        path("<int:pk>/redirects/", redirects_page, name="setup_link_redirects"),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_setuplink", REVOKE_LINK.permission)
def revoke_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Says what revoking means and asks for a reason; POST does it. A link that has ended says how."""
    link = _link(pk)
    form = ReasonForm(request.POST or None)
    context = _context(request, _("Revoke the setup link {link}").format(link=link), link, form)
    if request.method == "POST" and form.is_valid():
        told = _("{link} is revoked: nobody can sign up with it any more.").format(link=link)
        if page := _carry_out(request, REVOKE_LINK, link, form, told):
            return page
    half_done = half_done_of([link]).get(link.remote_id)
    may_resume = half_done and not why_not_resumed(half_done) and request.user.has_perm(REPLACE_LINK_PERMISSION)
    context |= {"half_done": half_done, "may_resume": may_resume}
    return TemplateResponse(request, "customers/link_revoke.html", context)


@require_POST
@staff_page("customers.view_setuplink", REPLACE_LINK_PERMISSION)
def resume_view(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Revoke the old link of a half-done replacement: its failed revocation is sent again."""
    link = _link(pk)
    page = redirect("admin:customers_setuplink_change", link.pk)
    revocation = half_done_of([link]).get(link.remote_id)
    if revocation is None:
        why = why_inactive(link) or _("{link} is in no replacement.").format(link=link)
        messages.info(request, _("There is nothing to finish: {why}").format(why=why))
        return page
    if why := why_not_resumed(revocation):
        messages.warning(request, why)
        return redirect("admin:revoke_setup_link", link.pk) if revocation.state == State.REFUSED else page
    try:
        resume(revocation, Actor(cast(User, request.user), RemoteWrite.Door.PAGE))
    except NotAllowed as error:
        raise PermissionDenied(str(error)) from error
    except WriteIsSettled as error:
        messages.info(request, str(error))
        return page
    tell(request, revocation, _("{link} is revoked, so its replacement is complete.").format(link=link))
    return page


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_setuplink", UPDATE_REDIRECTS.permission)
def redirects_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Where the browser goes after signing up; POST sends what differs from the link's."""
    link = _link(pk)
    now = {name: getattr(link, name) or "" for name in REDIRECTS}
    form = RedirectsForm(request.POST or None, initial=now)
    context = _context(request, _("Redirects of the setup link {link}").format(link=link), link, form)
    if request.method == "POST" and form.is_valid():
        changes = form.changes_of(link)
        if not changes and not RemoteWrite.objects.filter(pk=form.id).exists():
            messages.info(request, _("Nothing was sent: these are its redirects already."))
            return redirect("admin:customers_setuplink_change", link.pk)
        told = _("The redirects of {link} are changed.").format(link=link)
        if page := _carry_out(request, UPDATE_REDIRECTS, link, form, told, sends=changes):
            return page
    return TemplateResponse(request, "customers/link_redirects.html", context)


def why_not_resumed(revocation: RemoteWrite) -> str:
    """Why a half-done replacement's revocation cannot just be sent again, in a sentence; "" when it can."""
    if revocation.state == State.UNKNOWN:
        return _("Whether it was revoked is not known yet; we look for it by ourselves.")
    if revocation.state == State.REFUSED:
        told = _("Kirim refused to revoke it, so that is not repeated: {error} Revoke it once that is mended.")
        return told.format(error=revocation.error)
    return ""


def _carry_out(
    request: HttpRequest, verb: WriteVerb, link: SetupLink, form: ReasonForm, told: str, **wanted: Any
) -> HttpResponseBase | None:
    """Do a verb to the link; the page to go to then, None where the form is to be shown again with what was typed.

    Args:
        told: the sentence of success.
        wanted: as ``do``.
    """
    wanted |= {
        "again": form.earlier_id,
        "remote_id": link.remote_id,
        "owner_remote_id": link.customer_remote_id,
        "reason": form.cleaned_data["reason"],
    }
    if shows(request, form, verb, **wanted):
        return None
    done: Done[object] = do(request, verb, id=form.id, **wanted)
    link.refresh_from_db()
    if done.write.state in {State.REFUSED, State.FAILED} and not why_inactive(link):
        form.come_back(done.write)
        return None
    tell(request, done.write, told)
    return redirect("admin:customers_setuplink_change", link.pk)


def _link(pk: int) -> SetupLink:
    return get_object_or_404(SetupLink.objects.select_related("customer"), pk=pk)


def _context(request: HttpRequest, title: str, link: SetupLink, form: Any) -> dict[str, Any]:
    over = why_inactive(link)
    return {
        **admin.site.each_context(request),
        **writes_to("kirim"),
        "title": title,
        "link": link,
        "form": form,
        "over": over,
        "off": upstreams.why_off("kirim") if not over else "",
    }
