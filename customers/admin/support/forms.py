"""The pages that create a support customer and edit one."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from backoffice.access import hidden_members, note_seen
from backoffice.admin.deeds import UNCHANGED, created, page
from backoffice.admin.doing import do, in_hand, tell
from backoffice.admin.showing import shows
from backoffice.models import RemoteWrite
from backoffice.sync.changes import is_same
from backoffice.views import staff_page
from customers.forms.support import SupportForm
from customers.models import SupportCustomer
from customers.services.support import CUSTOMERS, why_not, why_unsupported
from customers.verbs.support import CREATE, UPDATE

State = RemoteWrite.State
PART = "customers/support/parts/_fields.html"
LIST = "admin:customers_supportcustomer_changelist"


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_supportcustomer", CREATE.permission)
def create(request: HttpRequest) -> HttpResponseBase:
    """The form of a new support customer; POST creates it at Apideck and goes to its page."""
    if why := why_unsupported("create"):
        messages.error(request, _("No support customer can be created now. {why}").format(why=why))
        return redirect(LIST)
    form = _form(request, None)
    if request.method != "POST" or "do" in request.POST or not form.is_valid():
        return _create_page(request, form)
    return created(
        request, CREATE, form,
        _created,
        lambda: _create_page(request, form),
    )  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_supportcustomer", UPDATE.permission)
def update(request: HttpRequest, pk: int) -> HttpResponseBase:
    """The form of a support customer; POST sends to Apideck what was changed in it, and goes back to its page."""
    customer = get_object_or_404(SupportCustomer, pk=pk)
    if why := why_not("update", customer):
        messages.error(request, _("{customer} cannot be edited. {why}").format(customer=customer, why=why))
        return _to(customer)
    form = _form(request, customer)
    if request.method != "POST" or "do" in request.POST or not form.is_valid():
        return _edit_page(request, form)
    sends = form.sends()
    if not sends:
        messages.info(request, UNCHANGED)
        return _to(customer)
    wanted = {
        "again": form.earlier_id, "remote_id": customer.remote_id, "sends": sends, "before": form.before(),
        "reason": form.cleaned_data["reason"],
    }  # fmt: skip
    if shows(request, form, UPDATE, **wanted):
        return _edit_page(request, form)
    write = do(request, UPDATE, id=form.id, **wanted).write
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    customer.refresh_from_db()
    is_same_form = is_same(write.sends, sends)
    if write.state == State.UNKNOWN or (write.state == State.CONFIRMED and is_same_form) or why_not("update", customer):
        tell(request, write, _("{customer} was changed at Apideck.").format(customer=customer))
        return _to(customer)
    form.row = customer  # as it is by now
    if is_same_form and write.state == State.REFUSED and write.status is None:  # with a status Apideck itself refused
        form.tell_conflict(write)
    form.come_back(write, sends)
    return _edit_page(request, form)


def _form(request: HttpRequest, row: SupportCustomer | None) -> SupportForm:
    hidden = hidden_members(request.user, CUSTOMERS)
    if row is not None:
        note_seen(request.user, CUSTOMERS, row.remote_id, row.payload)
    if request.method != "POST":
        return SupportForm(row=row, hidden=hidden)
    if "do" in request.POST:
        return SupportForm.rearranged(request.POST, request.POST["do"], row=row, hidden=hidden)
    return SupportForm(request.POST, row=row, hidden=hidden)


def _create_page(request: HttpRequest, form: SupportForm) -> HttpResponseBase:
    does = (_("What is left empty is not sent."),)
    return page(request, CREATE, form, _("New support customer"), does=does, part=PART)


def _edit_page(request: HttpRequest, form: SupportForm) -> HttpResponseBase:
    does = (_("Only what you change is sent; of a list that you change, all of its rows."),)
    title = _("Edit {customer}").format(customer=form.row)
    return page(request, UPDATE, form, title, form.row, does=does, part=PART)


def _created(made: Any) -> str:
    if made is None:
        return _("The support customer was created at Apideck.")
    return _("{customer} was created at Apideck.").format(customer=made)


def _to(customer: SupportCustomer) -> HttpResponseBase:
    return redirect("admin:customers_supportcustomer_change", customer.pk)
