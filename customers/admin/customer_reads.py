"""Reading a customer that is here at Kirim once more."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from backoffice.admin.related import url_of
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError, RemoteNotFound
from backoffice.returning import back
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from customers.kirim import KirimAPI
from customers.models import Customer
from customers.services import CustomerService


@require_POST
@staff_page("customers.view_customer", "customers.refresh_customer")
def refresh(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read the customer and its links at Kirim again."""
    customer = get_object_or_404(Customer, pk=pk)
    try:
        with KirimAPI.from_settings(PERSON) as api:
            CustomerService(api).refresh(customer)
    except RemoteNotFound:
        messages.warning(request, not_known(customer))
    except RemoteError as error:
        messages.error(request, _not_all(remote_error_in_words(error, "Kirim")))
    except BackofficeError as error:
        messages.error(request, _not_all(error))
    else:
        messages.success(request, _("Refreshed from Kirim, with its setup links."))
    return back(request, url_of(customer))


def not_known(customer: Customer) -> str:
    """What it means here that Kirim does not know the customer."""
    if customer.vanished_at:
        told = _("Kirim does not know {remote_id}; it is marked as gone here already.")
    else:
        told = _("Kirim no longer knows {remote_id}. The next full sync settles what becomes of it here.")
    return told.format(remote_id=customer.remote_id)


def _not_all(why: object) -> str:
    return _("Not everything could be refreshed. {why}").format(why=why)
