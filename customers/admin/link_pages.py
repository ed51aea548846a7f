"""The pages that make a setup link: a new one, a replacement, and what became of it. The answer shows its URL, once."""

from collections.abc import Callable, Mapping
from typing import Any, cast
from uuid import UUID, uuid4

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from backoffice import audit, upstreams
from backoffice.admin.doing import Done, do, writes_to
from backoffice.admin.showing import previewed, shows
from backoffice.badges import WRITE_TONES, in_words
from backoffice.models import RemoteWrite
from backoffice.site import reload
from backoffice.views import staff_page
from backoffice.writes.history import visible_writes
from backoffice.writes.plan import Actor
from customers import states
from customers.admin import link_changes
from customers.forms.links import UNTOLD, NewLinkForm, values_again, values_of
from customers.models import Customer, SetupLink
from customers.replacements import half_done_of, keep_lost, plan_revocation, replace, revocation_of
from customers.reveal import reveal
from customers.services import NewLink, SetupLinkService
from customers.services.links import REPLACES, why_inactive, why_no_link
from customers.verbs.kirim import CREATE_LINK, LINK, REPLACE_LINK_PERMISSION, REVOKE_LINK

State = RemoteWrite.State
SHOWN_OTHERS = 5


def urls() -> list[URLPattern]:
    """All pages about one setup link but its record's, below the list's own address."""
    return [
        path("new/<int:pk>/", create_page, name="create_setup_link"),
        path("<int:pk>/replace/", replace_page, name="replace_setup_link"),
        path("made/<uuid:pk>/", made_page, name="made_setup_link"),
        *link_changes.urls(),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_customer", "customers.view_setuplink", CREATE_LINK.permission)
def create_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The form of a new link for the customer; POST makes it and answers with its URL, this once.

    ``?again=<write>``: begin with what a failed write was to send. The same content then sends that one again.
    """
    customer = get_object_or_404(Customer, pk=pk)
    again = _failed(request, customer)
    if again is not None and again.state != State.FAILED:
        return redirect("admin:made_setup_link", again.pk)
    if again is not None and (old := _replaced_by(again)):
        return redirect(f"{reverse('admin:replace_setup_link', args=[old.pk])}?again={again.pk}")
    form = _form(request, again, {})
    context = _context(request, _("New setup link for {customer}").format(customer=customer), customer, form)
    if request.method != "POST" or not form.is_valid():
        return _page(request, {**context, "others": _usable(customer)})
    wanted = _wanted(customer, form)
    if shows(request, form, CREATE_LINK, **wanted):
        return _page(request, {**context, "others": _usable(customer)})
    done = do(
        request,
        CREATE_LINK,
        id=form.id,
        work=lambda write: lambda api: SetupLinkService(api).create(customer, write),
        **wanted,
    )
    return _answer(request, done, {**context, "others": _usable(customer)})


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_customer", "customers.view_setuplink", REPLACE_LINK_PERMISSION)
def replace_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The form of a replacement; POST makes the new link, revokes the old one and answers with the URL, this once.

    An old link that nobody can use any more is not revoked. ``?again=<write>`` as on the page of a new link.
    """
    old = get_object_or_404(SetupLink.objects.select_related("customer"), pk=pk)
    customer = old.customer
    again = _failed(request, customer)
    if again is not None and again.state != State.FAILED:
        return redirect("admin:made_setup_link", again.pk)
    form = _form(request, again, values_of(old))
    context = _context(request, _("Replace the setup link {link}").format(link=old), customer, form) | {
        "old": old,
        "over": why_inactive(old),
        "half_done": half_done_of([old]).get(old.remote_id),
    }
    if request.method != "POST" or customer is None or not form.is_valid():
        return _page(request, context)
    actor = Actor(cast(User, request.user), RemoteWrite.Door.PAGE)

    def work(write: RemoteWrite) -> Callable[[Any], NewLink]:
        if states.is_usable(old):
            plan_revocation(old, write, actor)
        return lambda api: replace(SetupLinkService(api), customer, old, write, actor)

    may_so = {"permission": REPLACE_LINK_PERMISSION}
    wanted = {**_wanted(customer, form), "before": {REPLACES: old.remote_id}, **may_so}
    if shows(request, form, CREATE_LINK, **wanted):
        if states.is_usable(old):
            ids = {"remote_id": old.remote_id, "owner_remote_id": old.customer_remote_id}
            form.previews = [*form.previews, previewed(request, REVOKE_LINK, id=uuid4(), **ids, **may_so)]
        return _page(request, context)
    done = do(request, CREATE_LINK, id=form.id, work=work, **wanted)
    return _answer(request, done, context)


@require_safe
@staff_page("customers.view_setuplink", "backoffice.view_remotewrite")
def made_page(request: HttpRequest, pk: UUID) -> HttpResponseBase:
    """What became of a submitted create or replacement, without its URL; it follows one that is not over yet."""
    write = get_object_or_404(visible_writes(request.user), pk=pk, target=LINK, verb="create")
    is_open = write.state in {State.PLANNED, State.SENT, State.UNKNOWN}
    if request.headers.get("HX-Request") and not is_open:
        return reload()
    customer = Customer.objects.filter(remote_id=write.owner_remote_id).first()
    link = SetupLink.objects.filter(remote_id=write.remote_id).first() if write.remote_id else None
    context = {
        **admin.site.each_context(request),
        **story_of(write),
        "title": _("Setup link"),
        "write": write,
        "customer": customer,
        "link": link,
        "is_usable": link is not None and states.is_usable(link),
        "poll_s": None if not is_open else 10 if write.state == State.UNKNOWN else 2,
    }
    return TemplateResponse(request, "customers/link_made.html", context)


def story_of(write: RemoteWrite) -> Mapping[str, Any]:
    """Of a replacement: the old link, and how its revocation ended. Empty for a plain create."""
    old = _replaced_by(write)
    if old is None:
        return {}
    revocation = revocation_of(write)
    is_missing = write.state == State.CONFIRMED and old.remote_id in half_done_of([old])
    return {"old": old, "over": why_inactive(old), "revocation": revocation, "is_half_done": is_missing}


def _answer(request: HttpRequest, done: Done[NewLink], context: dict[str, Any]) -> HttpResponseBase:
    """The URL where it came just now; the form again where nothing was done; else the page that tells."""
    write, form = done.write, context["form"]
    if done.answer is not None:
        keep_lost(write)
        shown = {**context, **story_of(write), "write": write, "link": done.answer.link, "title": _("New setup link")}
        audit.note_done_with("reveal", [write], cast(User, request.user), write.door)
        page = reveal(request, done.answer.setup_url, shown)
        keep_lost(write, False)
        return page
    if write.state in {State.REFUSED, State.FAILED}:
        form.come_back(write)
        return _page(request, context)
    return redirect("admin:made_setup_link", write.pk)


def _failed(request: HttpRequest, customer: Customer | None) -> RemoteWrite | None:
    """The write that is to be sent again, of this customer. Raises Http404 for any other, and for what is none."""
    if request.method == "POST" or "again" not in request.GET:
        return None
    try:
        pk = UUID(request.GET["again"])
    except ValueError:
        raise Http404 from None
    owner = customer.remote_id if customer else ""
    write = get_object_or_404(visible_writes(request.user), pk=pk, target=LINK, verb="create", owner_remote_id=owner)
    if write.state != State.FAILED:
        told = _("It is {state}, so there is nothing to send again.")
        messages.info(request, told.format(state=in_words(write.state, WRITE_TONES)))
    return write


def _replaced_by(write: RemoteWrite) -> SetupLink | None:
    old_id = write.before.get(REPLACES)
    return SetupLink.objects.filter(remote_id=old_id).first() if old_id else None


def _form(request: HttpRequest, again: RemoteWrite | None, values: dict[str, Any]) -> NewLinkForm:
    if request.method == "POST":
        return NewLinkForm(request.POST, is_untold=request.POST.get("lifetime") == UNTOLD)
    initial = values_again(again) if again else values
    return NewLinkForm(initial=initial, is_untold=initial.get("lifetime") == UNTOLD)


def _wanted(customer: Customer, form: NewLinkForm) -> dict[str, Any]:
    return {
        "again": form.earlier_id,
        "owner_remote_id": customer.remote_id,
        "sends": form.sends,
        "reason": form.cleaned_data["reason"],
    }


def _usable(customer: Customer) -> list[SetupLink]:
    links = SetupLink.objects.filter(states.usable_links(), customer=customer)
    return list(links.order_by("-expires_at")[:SHOWN_OTHERS])


def _context(request: HttpRequest, title: str, customer: Customer | None, form: NewLinkForm) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        **writes_to("kirim"),
        "title": title,
        "customer": customer,
        "form": form,
        "off": why_no_link(customer) or upstreams.why_off("kirim"),
        "may_replace": request.user.has_perm(REPLACE_LINK_PERMISSION),
    }


def _page(request: HttpRequest, context: dict[str, Any]) -> HttpResponseBase:
    form = context["form"]
    shown = {**context, "lifetimes": form.choices_with_ends(timezone.now()), "chosen": str(form["lifetime"].value())}
    return TemplateResponse(request, "customers/link_form.html", shown)
