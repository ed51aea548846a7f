"""What can be done with a WhatsApp account from its page, and from that of its customer."""

from django.contrib import messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from backoffice.admin.doing import VerbForm, do, tell
from backoffice.admin.related import url_of
from backoffice.client import PERSON
from backoffice.errors import BackofficeError, RemoteError
from backoffice.returning import back
from backoffice.texts import number
from backoffice.views import staff_page
from backoffice.wording import remote_error_in_words
from customers.admin.account_lines import REFRESH
from customers.kirim import KirimAPI
from customers.models import Customer, WhatsAppAccount
from customers.services import AccountService
from customers.verbs.kirim import SYNC_TEMPLATES


def urls() -> list[URLPattern]:
    """Under the list of accounts."""
    return [
        path("<int:pk>/sync-templates/", sync_templates, name="sync_templates"),
        path("<int:pk>/refresh/", refresh_one, name="refresh_account"),
        path("of/<int:pk>/refresh/", refresh_all, name="refresh_accounts_of"),
    ]


@require_POST
@staff_page("customers.view_whatsappaccount", SYNC_TEMPLATES.permission)
def sync_templates(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Let Kirim read the account's templates at Meta again."""
    account = get_object_or_404(WhatsAppAccount.objects.select_related("customer"), pk=pk)
    form = VerbForm(request.POST)
    if form.is_valid():
        write = do(request, SYNC_TEMPLATES, id=form.id, remote_id=account.remote_id).write
        tell(request, write, _("The templates of {account} were synced.").format(account=account))
    else:
        messages.error(request, _("Nothing was sent: the button came back damaged. Load the page anew and try again."))
    return back(request, url_of(account))


@require_POST
@staff_page("customers.view_whatsappaccount", REFRESH)
def refresh_one(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read the accounts of the account's customer at Kirim again: there is no reading of one."""
    account = get_object_or_404(WhatsAppAccount.objects.select_related("customer"), pk=pk)
    if account.customer is None:
        messages.error(request, why_not_refreshed(account))
    else:
        _refresh(request, account.customer)
    still = WhatsAppAccount.objects.filter(pk=pk).exists()  # one without a number is rewritten by each sync
    return back(request, url_of(account)) if still else redirect("admin:customers_whatsappaccount_changelist")


@require_POST
@staff_page("customers.view_customer", "customers.view_whatsappaccount", REFRESH)
def refresh_all(request: HttpRequest, pk: int) -> HttpResponseBase:
    """Read the accounts of a customer at Kirim again."""
    customer = get_object_or_404(Customer, pk=pk)
    _refresh(request, customer)
    return back(request, url_of(customer))


def why_not_refreshed(account: WhatsAppAccount) -> str:
    """Why an account cannot be read by itself, in a sentence; "" when it can."""
    if account.customer is not None:
        return ""
    if account.customer_remote_id:
        return _("Its customer is not mirrored here, so only a sync of all accounts reads it again.")
    return _("The organization itself owns it, so only a sync of all accounts reads it again.")


def _refresh(request: HttpRequest, customer: Customer) -> None:
    try:
        with KirimAPI.from_settings(PERSON) as api:
            AccountService(api).refresh(customer)
    except RemoteError as error:
        messages.error(request, _not_all(remote_error_in_words(error, "Kirim")))
    except BackofficeError as error:
        messages.error(request, _not_all(error))
    else:
        count = customer.accounts.filter(vanished_at=None).exclude(phone_number_id=None).count()
        told = ngettext(
            "Refreshed from Kirim: {customer} has {count} account with a number.",
            "Refreshed from Kirim: {customer} has {count} accounts with a number.",
            count,
        )
        messages.success(request, told.format(customer=customer, count=number(count)))


def _not_all(why: object) -> str:
    return _("Not all accounts could be refreshed. {why}").format(why=why)
