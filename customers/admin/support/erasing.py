"""The page that erases what is kept here of a support customer; it says what that means and asks why."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from backoffice.errors import NotInThisState
from backoffice.models import RemoteWrite
from backoffice.texts import number
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
        messages.error(request, _("{customer} is left as it is. {why}").format(customer=customer, why=why))
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
            told = _("What was kept here of {remote_id} is erased.").format(remote_id=customer.remote_id)
            messages.success(request, f"{told} {_told(blanked, notes)}".rstrip())
        return redirect(back)
    context = {
        **admin.site.each_context(request),
        "title": _("Erase what is kept here of {customer}").format(customer=customer),
        "opts": SupportCustomer._meta,
        "row": customer,
        "form": form,
        "back_url": back,
        "is_asked_for": customer.status == ERASURE,
        "linked": [(one, page_url(one)) for one in linked_customers(customer)],
        "notes": notes,
    }
    return TemplateResponse(request, "customers/support/erase.html", context)


def _told(blanked: int, notes: int) -> str:
    if blanked:
        told = ngettext(
            "{count} note on the linked customer was blanked.",
            "{count} notes on the linked customer were blanked.",
            blanked,
        )
        return told.format(count=number(blanked))
    if notes:
        told = ngettext(
            "{count} note on the linked customer stays.", "{count} notes on the linked customer stay.", notes
        )
        return told.format(count=number(notes))
    return ""
