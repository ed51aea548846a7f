"""Suspend, activate, archive: a small page each, which says what it does and asks why."""

from dataclasses import dataclass

from django.contrib import admin, messages
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext, pgettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from backoffice import upstreams
from backoffice.admin.doing import ReasonForm, do, in_hand, tell, writes_to
from backoffice.admin.readonly import Button
from backoffice.admin.related import url_of
from backoffice.admin.showing import shows
from backoffice.models import RemoteWrite
from backoffice.returning import back
from backoffice.site import View
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.writes.verbs import WriteVerb
from customers.forms.customers import ArchiveForm
from customers.models import Customer
from customers.services.customers import why_not
from customers.verbs.kirim import ACTIVATE_CUSTOMER, ARCHIVE_CUSTOMER, SUSPEND_CUSTOMER

State = RemoteWrite.State


@dataclass(frozen=True)
class Deed:
    """One verb as its page tells it."""

    verb: WriteVerb
    becomes: str  # the state in which the customer is then
    done: Text  # the sentence of success, with ``{customer}``
    does: tuple[Text, ...]
    form: type[ReasonForm] = ReasonForm

    @property
    def url_name(self) -> str:
        """Of its page."""
        return f"{self.verb.name}_customer"


DEEDS = (
    Deed(
        SUSPEND_CUSTOMER,
        "suspended",
        _("{customer} is suspended."),
        (
            _("Nothing can be sent from its WhatsApp accounts while it is suspended; what is tried fails."),
            _("Nothing is deleted. It can be activated again at any time."),
        ),
    ),
    Deed(
        ACTIVATE_CUSTOMER,
        "active",
        _("{customer} is active."),
        (
            _("Its WhatsApp accounts can send again."),
            _(
                "Where Kirim itself suspended it, only Kirim's dashboard may be able to lift that. "
                "The customer is read again afterwards, and you are told whether it took."
            ),
        ),
    ),
    Deed(
        ARCHIVE_CUSTOMER,
        "archived",
        _("{customer} is archived."),
        (
            _(
                "This is final: nobody can bring an archived customer back, and nothing about it can be changed "
                "any more."
            ),
            _("Nothing can be sent from its WhatsApp accounts, and it gets no setup link any more."),
            _("Nothing is deleted: it stays here and at Kirim, with its accounts and its history."),
        ),
        ArchiveForm,
    ),
)


def urls() -> list[URLPattern]:
    """The pages, under the list of customers."""
    return [path(f"<int:pk>/{deed.verb.name}/", _view(deed), name=deed.url_name) for deed in DEEDS]


def buttons(request: HttpRequest, customer: Customer, url: str, off: str) -> list[Button]:
    """The buttons that the person may press, each with why it is off.

    Args:
        url: what the addresses of the customer's pages begin with.
        off: why Kirim cannot be asked at all.
    """
    return [
        Button(deed.verb.label, f"{url}{deed.verb.name}/", off=why_not(deed.verb.name, customer) or off, is_link=True)
        for deed in DEEDS
        if request.user.has_perm(deed.verb.permission)
    ]


def _view(deed: Deed) -> View:
    @require_http_methods(["GET", "HEAD", "POST"])
    @staff_page("customers.view_customer", deed.verb.permission)
    def view(request: HttpRequest, pk: int) -> HttpResponseBase:
        customer = get_object_or_404(Customer, pk=pk)
        if request.method != "POST":
            return _asked(request, deed, customer)
        form = deed.form(request.POST)
        return _done(request, deed, customer, form) if form.is_valid() else _page(request, deed, customer, form)

    return view


def _asked(request: HttpRequest, deed: Deed, customer: Customer) -> HttpResponseBase:
    why = why_not(deed.verb.name, customer)
    if not why:
        return _page(request, deed, customer, deed.form())
    told = gettext("{verb}: {thing} is left as it is. {why}")
    messages.error(request, told.format(verb=deed.verb.label, thing=customer, why=why))
    return back(request, url_of(customer))


def _done(request: HttpRequest, deed: Deed, customer: Customer, form: ReasonForm) -> HttpResponseBase:
    reason = form.cleaned_data["reason"]
    wanted = {"again": form.earlier_id, "remote_id": customer.remote_id, "reason": reason}
    if shows(request, form, deed.verb, **wanted):
        return _page(request, deed, customer, form)
    write = do(request, deed.verb, id=form.id, **wanted).write
    if write.state in {State.PLANNED, State.SENT}:
        return in_hand(request, write)
    if write.state == State.FAILED:
        form.come_back(write)
        return _page(request, deed, customer, form)
    customer.refresh_from_db()
    is_so = customer.status == deed.becomes
    is_odd = write.state == State.CONFIRMED and not is_so  # Kirim took it and shows something else: the remark says
    told = str(deed.done).format(customer=customer) if is_so else ""
    tell(request, write, told, messages.WARNING if is_odd else None)
    return back(request, url_of(customer))


def _page(request: HttpRequest, deed: Deed, customer: Customer, form: ReasonForm) -> HttpResponseBase:
    context = {
        **admin.site.each_context(request),
        **writes_to("kirim"),
        "title": pgettext("what is done, to whom", "{verb} {customer}").format(verb=deed.verb.label, customer=customer),
        "opts": Customer._meta,
        "customer": customer,
        "deed": deed,
        "form": form,
        "off": upstreams.why_off("kirim"),
    }
    return TemplateResponse(request, "customers/customer_verb.html", context)
