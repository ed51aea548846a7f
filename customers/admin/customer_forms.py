"""The pages that create a customer and edit one, and the page that asks what to do about somebody else's change."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Q
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from backoffice import upstreams
from backoffice.admin.doing import VerbForm, do, in_hand, tell, writes_to
from backoffice.admin.related import url_of
from backoffice.admin.showing import shows
from backoffice.distinct import values_of
from backoffice.models import RemoteWrite
from backoffice.returning import back
from backoffice.sync.changes import is_same
from backoffice.texts import Text
from backoffice.views import staff_page
from customers.conflict import ConflictForm, Seen
from customers.forms.customers import CreateForm, CustomerForm, EditForm, base_of
from customers.metadata_field import Typed
from customers.models import Customer
from customers.services.customers import why_not
from customers.verbs.kirim import CREATE_CUSTOMER, UPDATE_CUSTOMER

MAX_TEAMS = 50
OPEN = (RemoteWrite.State.PLANNED, RemoteWrite.State.SENT, RemoteWrite.State.UNKNOWN)
State = RemoteWrite.State
Values = dict[str, Any]


# -- a new one --------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_customer", CREATE_CUSTOMER.permission)
def create(request: HttpRequest) -> HttpResponseBase:
    """The form of a new customer; POST creates it at Kirim and goes to its page."""
    if request.method != "POST":
        return _create_page(request, CreateForm())
    if "do" in request.POST:
        return _create_page(request, CreateForm.rearranged(request.POST, request.POST["do"]))
    form = CreateForm(request.POST)
    if not form.is_valid():
        return _create_page(request, form)
    twin = None if form.cleaned_data["is_another"] else _creation_under_way(form)
    if twin:
        form.add_error(None, _("A customer like this may be at Kirim already: see below. Nothing was sent."))
        return _create_page(request, form, twin)
    if shows(request, form, CREATE_CUSTOMER, again=form.earlier_id, sends=form.sends()):
        return _create_page(request, form)
    write = do(request, CREATE_CUSTOMER, id=form.id, again=form.earlier_id, sends=form.sends()).write
    return _created(request, form, write)


def _created(request: HttpRequest, form: CreateForm, write: RemoteWrite) -> HttpResponseBase:
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    if write.state == State.UNKNOWN:
        return TemplateResponse(
            request, "customers/create_unknown.html", _context(request, _("Not known yet"), write=write)
        )
    if write.state == State.CONFIRMED and is_same(write.sends, form.sends()):
        customer = Customer.objects.filter(remote_id=write.remote_id).first()
        tell(request, write, _("{name} was created at Kirim.").format(name=write.sends.get("name")))
        return back(request, url_of(customer)) if customer else redirect("admin:customers_customer_changelist")
    form.come_back(write, form.sends())
    return _create_page(request, form)


def _creation_under_way(form: CreateForm) -> RemoteWrite | None:
    """Another creation of a customer of this name or e-mail, of which nobody knows yet whether it was done."""
    sends = form.sends()
    alike = Q(sends__name=sends["name"])
    if sends.get("email"):
        alike |= Q(sends__email=sends["email"])
    others = RemoteWrite.objects.filter(alike, target=CREATE_CUSTOMER.target, verb=CREATE_CUSTOMER.name)
    return others.filter(state__in=OPEN).exclude(pk__in=filter(None, (form.id, form.earlier_id))).first()


def _create_page(request: HttpRequest, form: CustomerForm, twin: RemoteWrite | None = None) -> HttpResponseBase:
    teams = values_of(Customer, "team_id", MAX_TEAMS)
    context = _context(
        request, _("New customer"), form=form, teams=sorted(teams), twin=twin, submit=_("Create at Kirim")
    )
    return TemplateResponse(request, "customers/customer_form.html", context)


# -- editing ----------------------------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_customer", UPDATE_CUSTOMER.permission)
def update(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The form of a customer; POST sends to Kirim what was changed in it, and goes back to the customer's page."""
    customer = get_object_or_404(Customer, pk=pk)
    if request.method != "POST":
        why = why_not("update", customer)
        return _not_now(request, customer, why) if why else _edit_page(request, customer, EditForm(customer=customer))
    if "do" in request.POST:
        form = EditForm.rearranged(request.POST, request.POST["do"], customer=customer)
        return _edit_page(request, customer, form)
    form = EditForm(request.POST, customer=customer)
    if not form.is_valid():
        return _edit_page(request, customer, form)
    if not form.sends():
        messages.info(request, _("Nothing was changed in the form, so nothing was sent."))
        return back(request, url_of(customer))
    wanted = _wanted(customer, form, form.sends(), form.before())
    if shows(request, form, UPDATE_CUSTOMER, **wanted):
        return _edit_page(request, customer, form)
    write = do(request, UPDATE_CUSTOMER, id=form.id, **wanted).write
    return _updated(request, customer, form, write)


@require_POST
@staff_page("customers.view_customer", UPDATE_CUSTOMER.permission)
def resolve(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Send what was chosen between somebody else's change and one's own; or back to the form with it."""
    customer = get_object_or_404(Customer, pk=pk)
    conflict = ConflictForm(request.POST)
    seen = conflict.seen
    if not conflict.is_valid() or seen is None:
        return _conflict_page(request, customer, conflict)
    wanted = conflict.wanted()
    if "edit" in request.POST:
        return _edit_page(request, customer, _edit_again(customer, seen.theirs, wanted))
    sends = {name: value for name, value in wanted.items() if not is_same(value, seen.theirs[name])}
    if not sends:
        messages.info(request, _("Everything stays as it is at Kirim; nothing was sent."))
        return back(request, url_of(customer))
    sent = _wanted(customer, conflict, sends, {name: seen.theirs[name] for name in sends})
    if shows(request, conflict, UPDATE_CUSTOMER, **sent):
        return _conflict_page(request, customer, conflict)
    write = do(request, UPDATE_CUSTOMER, id=conflict.id, **sent).write
    form = EditForm(_as_data(conflict, {**seen.theirs, **wanted}), customer=customer)
    form.begin_with(seen.theirs)
    form.full_clean()
    return _updated(request, customer, form, write)


def _wanted(customer: Customer, form: VerbForm, sends: Values, before: Values) -> Values:
    return {"again": form.earlier_id, "remote_id": customer.remote_id, "sends": sends, "before": before}


def _updated(request: HttpRequest, customer: Customer, form: EditForm, write: RemoteWrite) -> HttpResponseBase:
    """The page that tells how an edit ended."""
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    customer.refresh_from_db()
    is_same_form = is_same(write.sends, form.sends())
    if write.state == State.UNKNOWN or (write.state == State.CONFIRMED and is_same_form):
        tell(request, write, _("{customer} was changed at Kirim.").format(customer=customer))
        return back(request, url_of(customer))
    if write.state == State.REFUSED and why_not("update", customer):
        tell(request, write, "")
        return back(request, url_of(customer))
    if is_same_form and (seen := _conflict(customer, form, write)):
        return _conflict_page(request, customer, ConflictForm(seen=seen, initial={"again": write.pk}))
    form.come_back(write, form.sends())
    return _edit_page(request, customer, form)


def _conflict(customer: Customer, form: EditForm, write: RemoteWrite) -> Seen | None:
    """What somebody else changed, where that is why we refused: the service has read the customer just before."""
    if write.state != State.REFUSED or write.status is not None:  # with a status it was Kirim that refused
        return None
    theirs, yours = base_of(customer), form.sends()
    moved = [name for name in yours if name not in theirs or not is_same(theirs[name], form.base[name])]
    if not moved or not yours.keys() <= theirs.keys():
        return None
    return Seen(dict(form.base), theirs, yours)


def _conflict_page(request: HttpRequest, customer: Customer, form: ConflictForm) -> HttpResponseBase:
    title = _("{customer} was changed meanwhile").format(customer=customer)
    context = _context(request, title, customer=customer, form=form)
    return TemplateResponse(request, "customers/conflict.html", context)


def _edit_again(customer: Customer, base: Values, wanted: Values) -> EditForm:
    shown = {**base, **wanted}
    initial = {"name": shown["name"], "email": shown["email"] or ""}
    if "metadata" in shown:
        initial["metadata"] = Typed.of(shown["metadata"])
    form = EditForm(initial=initial, customer=customer)
    form.begin_with(base)
    return form


def _as_data(conflict: ConflictForm, values: Values) -> QueryDict:
    """The chosen values as the edit form would have sent them."""
    data = QueryDict(mutable=True)
    typed = [(name, conflict.data.get(name, "")) for name in ("write_id", "again")]
    typed += [("name", values["name"]), ("email", values["email"] or "")]
    for name, value in [*typed, *Typed.of(values.get("metadata")).as_data("metadata")]:
        data.appendlist(name, value)
    return data


def _edit_page(request: HttpRequest, customer: Customer, form: CustomerForm) -> HttpResponseBase:
    title = _("Edit {customer}").format(customer=customer)
    context = _context(request, title, form=form, customer=customer, submit=_("Save at Kirim"))
    return TemplateResponse(request, "customers/customer_form.html", context)


# -- parts ------------------------------------------------------------------------------------------------------------


def _not_now(request: HttpRequest, customer: Customer, why: Text) -> HttpResponseBase:
    messages.error(request, _("{customer} cannot be edited. {why}").format(customer=customer, why=why))
    return back(request, url_of(customer))


def _context(request: HttpRequest, title: str, **more: Any) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        **writes_to("kirim"),
        "title": title,
        "opts": Customer._meta,
        "off": upstreams.why_off("kirim"),
        "list_url": reverse("admin:customers_customer_changelist"),
        **more,
    }
