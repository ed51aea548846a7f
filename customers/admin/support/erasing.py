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
from customers.forms.support import EraseForm
from customers.models import SupportCustomer
from customers.services.erasure import ERASE, erase, why_not_erasable


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_supportcustomer", ERASE)
def page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Asks; POST erases and goes back to the customer's page."""
    customer = get_object_or_404(SupportCustomer, pk=pk)
    back = reverse("admin:customers_supportcustomer_change", args=[pk])
    if why := why_not_erasable(customer):
        messages.error(request, f"{customer} is left as it is. {why}")
        return redirect(back)
    form = EraseForm(request.POST if request.method == "POST" else None, row=customer)
    if form.is_bound and form.is_valid():
        actor = Actor(cast(User, request.user), RemoteWrite.Door.PAGE)
        try:
            erase(customer, actor, form.cleaned_data["reason"])
        except NotInThisState as error:
            messages.error(request, str(error))
        else:
            messages.success(request, f"What was kept here of {customer.remote_id} is erased.")
        return redirect(back)
    context = {
        **admin.site.each_context(request),
        "title": f"Erase what is kept here of {customer}",
        "opts": SupportCustomer._meta,
        "row": customer,
        "form": form,
        "back_url": back,
    }
    return TemplateResponse(request, "customers/support/erase.html", context)
