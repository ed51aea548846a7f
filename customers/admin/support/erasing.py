"""The page that erases what is kept here of a support customer; it says what that means and asks why."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.views import staff_page
from backoffice.writes.plan import Actor
from customers.apideck import ERASURE
from customers.forms.support import EraseForm
from customers.models import SupportCustomer
from customers.person.address import page_url
from customers.services.erasure import ERASE, SEE_NOTES, erase, linked_customers, notes_about, why_not_erasable


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_supportcustomer", ERASE)
def page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Asks; POST erases and goes back to the customer's page."""
    customer = get_object_or_404(SupportCustomer, pk=pk)
    back = reverse("admin:customers_supportcustomer_change", args=[pk])
    if why := why_not_erasable(customer):
        messages.error(request, f"{customer} is left as it is. {why}")
        return redirect(back)
    notes = notes_about(customer).count()
    offered = notes if request.user.has_perm(SEE_NOTES) else 0
    form = EraseForm(request.POST if request.method == "POST" else None, row=customer, notes=offered)
    if form.is_bound and form.is_valid():
        actor = Actor(cast(User, request.user), RemoteWrite.Door.PAGE)
        try:
            with_notes = bool(form.cleaned_data.get("with_notes"))
            blanked = erase(customer, actor, form.cleaned_data["reason"], with_notes=with_notes)
        except NotInThisState as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"What was kept here of {customer.remote_id} is erased.{_told(blanked, notes)}")
        return redirect(back)
    context = {
        **admin.site.each_context(request),
        "title": f"Erase what is kept here of {customer}",
        "opts": SupportCustomer._meta,
        "row": customer,
        "form": form,
        "back_url": back,
        "is_asked_for": customer.status == ERASURE,
        "linked": [(one, page_url(one)) for one in linked_customers(customer)],
        "notes": _counted(notes),
    }
    return TemplateResponse(request, "customers/support/erase.html", context)


def _told(blanked: int, notes: int) -> str:
    if blanked:
        return f" {_counted(blanked)} on the linked customer {'was' if blanked == 1 else 'were'} blanked."
    return f" {_counted(notes)} on the linked customer {'stays' if notes == 1 else 'stay'}." if notes else ""


def _counted(notes: int) -> str:
    return f"{notes:,} note{'s' * (notes != 1)}" if notes else ""
