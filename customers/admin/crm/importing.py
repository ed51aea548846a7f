"""The page that imports contacts: a file or its text, what it comes to, and nothing is sent until that is confirmed."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.http import HttpRequest, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from backoffice import tasks, upstreams
from backoffice.admin.doing import SHOW, VerbForm, writes_to
from backoffice.admin.showing import show_first
from backoffice.bulk.freeze import freeze
from backoffice.models import BulkAction
from backoffice.views import BROKER_DOWN, staff_page
from customers.contact_import import MAX_BYTES, NotReadable, Plan, decoded, planned
from customers.models import Contact
from customers.verbs.crm import CREATE_CONTACT

SHOWN_ROWS = 20


class ImportForm(VerbForm):
    """A file, or its text. Its id becomes that of the bulk action, so a second click joins that."""

    file = forms.FileField(
        label=_("CSV file"),
        required=False,
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,text/csv,text/plain"}),
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        strip=False,
        max_length=MAX_BYTES,
        help_text=_(
            "Its first line names the columns: display_name, email, phone, company, custom_fields, custom:NAME."
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 10, "spellcheck": "false"}),
    )
    digest = forms.CharField(required=False, max_length=32, widget=forms.HiddenInput)

    def clean(self) -> None:
        file = self.cleaned_data.get("file")
        try:
            if file is not None:
                self.cleaned_data["text"] = decoded(file.read(MAX_BYTES + 1))
            if not self.cleaned_data.get("text", "").strip():
                raise NotReadable(_("Choose a file, or paste its text."))
            self.plan: Plan = planned(self.cleaned_data["text"])
            self.data = cast(QueryDict, self.data).copy()
            self.data["text"] = self.cleaned_data["text"]  # a file's, too, so that it can be corrected on the page
        except NotReadable as error:
            raise forms.ValidationError(format_lazy(_("{error} Nothing was sent."), error=str(error))) from None


@require_http_methods(["GET", "HEAD", "POST"])
@staff_page("customers.view_contact", CREATE_CONTACT.permission)
def view(request: HttpRequest) -> HttpResponseBase:
    """GET and the first POST only look; a POST with ``confirm`` of what was shown begins a bulk action."""
    if request.method != "POST":
        return _page(request, ImportForm())
    form = ImportForm(request.POST, request.FILES)
    if not form.is_valid():
        return _page(request, form)
    if not {"confirm", SHOW} & request.POST.keys():
        return _page(request, form, form.plan)
    earlier = BulkAction.objects.filter(pk=form.id).first()
    if earlier is not None:
        messages.info(request, _("This was confirmed already; it is not done twice. Here is what comes of it."))
        return redirect("bulk", earlier.pk)
    plan = form.plan
    if plan.problems or not plan.rows or upstreams.why_off(CREATE_CONTACT.upstream):
        return _page(request, form, plan)
    if plan.digest != form.cleaned_data["digest"]:
        form.add_error(None, _("What it comes to has changed since it was shown. Look at it and confirm again."))
        return _page(request, form, plan)
    if SHOW in request.POST:
        show_first(request, form, CREATE_CONTACT, plan.rows[0], len(plan.rows), sends={})
        return _page(request, form, plan)
    user = cast(User, request.user)
    bulk, is_new = freeze(CREATE_CONTACT, user, id=form.id, rows=plan.rows, words=plan.selection, reason="")
    if is_new and not tasks.start_bulk(bulk):
        messages.warning(request, BROKER_DOWN)
    return redirect("bulk", bulk.pk)


def _page(request: HttpRequest, form: ImportForm, plan: Plan | None = None) -> HttpResponseBase:
    context: dict[str, Any] = {
        **admin.site.each_context(request),
        **writes_to(CREATE_CONTACT.upstream),
        "title": _("Import contacts"),
        "opts": Contact._meta,
        "form": form,
        "plan": plan,
        "text": form.cleaned_data.get("text", "") if plan else "",
        "shown": SHOWN_ROWS,
        "off": upstreams.why_off(CREATE_CONTACT.upstream),
        "list_url": reverse("admin:customers_contact_changelist"),
    }
    return TemplateResponse(request, "customers/crm/import.html", context)
