"""The pages that create a contact or a customer company."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from backoffice.admin.deed_forms import DeedForm, RowsForm
from backoffice.admin.deeds import created, page
from backoffice.models import RemoteWrite
from backoffice.sync.resource import RESOURCES
from backoffice.texts import Text
from backoffice.views import staff_page
from backoffice.writes.verbs import WriteVerb
from customers.creations import open_creations
from customers.forms.crm import NewContactForm, NewOrganizationForm
from customers.services import contacts, organizations
from customers.services.crm import LABEL, Kind, bare
from customers.verbs.crm import CREATE_CONTACT, CREATE_ORGANIZATION


@dataclass(frozen=True)
class New:
    """One kind of object that is created."""

    verb: WriteVerb
    form: type[DeedForm]
    kind: Kind
    twin_by: str  # the member that two of them should not share
    name: str  # the member that names it
    does: tuple[Text, ...]


CONTACT = New(
    CREATE_CONTACT, NewContactForm, contacts.KIND, "email", "displayName",
    (
        format_lazy(
            _("{label} itself may have this person already under another spelling: search the list first."),
            label=LABEL,
        ),
    ),
)  # fmt: skip
ORGANIZATION = New(
    CREATE_ORGANIZATION, NewOrganizationForm, organizations.KIND, "name", "name",
    (format_lazy(_("{label} lets nobody change or delete an organization from here: look twice."), label=LABEL),),
)  # fmt: skip


def view_of(new: New) -> Callable[[HttpRequest], HttpResponseBase]:
    """The form; POST creates the object at L4YERCAK3 and goes to its page."""
    meta = RESOURCES[new.verb.resource].model._meta

    @require_http_methods(["GET", "HEAD", "POST"])
    @staff_page(f"{meta.app_label}.view_{meta.model_name}", new.verb.permission)
    def view(request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST":
            return _page(request, new, new.form(row=None))
        if "do" in request.POST and issubclass(new.form, RowsForm):
            return _page(request, new, new.form.rearranged(request.POST, request.POST["do"], row=None))
        form = new.form(request.POST, row=None)
        if form.is_valid() and (twin := _twin(new, form)):
            form.add_error(None, twin)
        if not form.is_valid():
            return _page(request, new, form)
        done = gettext("{name} was created at {label}.").format(name=form.sends()[new.name], label=LABEL)
        return created(request, new.verb, form, lambda made: done, lambda: _page(request, new, form))

    return view


def _twin(new: New, form: DeedForm) -> Any:
    """Why it may be there already, in a sentence; "" where nothing says so, or the person knows better."""
    value = form.sends().get(new.twin_by)
    if not value or form.cleaned_data["is_another"]:
        return ""
    known = new.kind.rows.filter(vanished_at=None, **{f"{new.kind.column_of[new.twin_by]}__iexact": value}).first()
    ours = {form.id, form.earlier_id}
    if known and not RemoteWrite.objects.filter(pk__in=filter(None, ours), remote_id=known.remote_id).exists():
        url = reverse(f"admin:customers_{new.kind.noun}_change", args=[known.pk])
        told = gettext(
            '{value} is here already: <a href="{url}">{row}</a>. If this is another one, tick so below. '
            "Nothing was sent."
        )
        return format_html(told, value=value, url=url, row=str(known))
    others = (creation for creation in open_creations(new.verb) if creation.id not in ours)
    if any(bare(creation.sends.get(new.twin_by)) == bare(value) for creation in others):
        told = gettext(
            "{value} may be at {label} already: another creation was sent, and its answer is still open. Look at the "
            "writes, and tick below if this is another one. Nothing was sent."
        )
        return told.format(value=value, label=LABEL)
    return ""


def _page(request: HttpRequest, new: New, form: DeedForm) -> HttpResponseBase:
    return page(request, new.verb, form, str(new.verb.label), does=new.does)
